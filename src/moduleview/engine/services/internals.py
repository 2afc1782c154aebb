"""Answers what is asked of a module's inside and of its class, and says when lazy modules have got their shapes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import UnionType
from typing import ClassVar, assert_never

from torch import nn

from moduleview.engine.services.base import LiveModel, Service
from moduleview.errors import ModuleViewError
from moduleview.introspect.class_documentation import document_class
from moduleview.introspect.lazy_state import lazy_modules, lazy_state, tensors_told, waits
from moduleview.introspect.lookup import module_at
from moduleview.introspect.module_dict import attributes_in
from moduleview.introspect.recomputed import recomputed_in
from moduleview.introspect.saved_state import SavedStateWalk
from moduleview.telemetry.internals_messages import (
    InternalsCommand,
    InternalsReport,
    LazyMaterialised,
    RequestDocumentation,
    RequestInternals,
)
from moduleview.telemetry.records import LogLine

PIECE_S = 0.004  # a walk over a large tree stops after so long and goes on after the next step
_SHARE_OF_STEP, _LONGEST_PIECE_S = 0.25, 0.05  # or, after a long step, after a quarter of its time
_LOOKS_BETWEEN_CLOCKS = 16


class Internals(Service[InternalsCommand]):
    """A large tree is walked in pieces of 4 ms; the class is read on a thread of its own, since that parses files."""

    commands: ClassVar[type | UnionType] = InternalsCommand

    def __init__(self, live: LiveModel) -> None:
        super().__init__(live)
        self._asked: RequestInternals | None = None
        self._walk: SavedStateWalk | None = None
        self._pieces: Iterator[None] | None = None
        self._step_began_s = 0.0
        self._waiting = [(fqn, module, type(module).__name__) for fqn, module in lazy_modules(live.run.model)]

    def answer(self, command: InternalsCommand) -> None:
        """See ``Service``. Of several requests for an inside the last one counts."""
        module = self._module(command.fqn)
        match command:
            case RequestInternals():
                self._asked = command
                self._walk = SavedStateWalk(module, command.calls_state_dict)
                self._pieces = self._walk.pieces()
                self.go_on()
            case RequestDocumentation():
                self._document(command.fqn, type(module))
            case _:
                assert_never(command)

    def begin_step(self, step: int) -> None:  # noqa: ARG002  the base's own signature
        """Remember when, to know how long it was."""
        self._step_began_s = time.perf_counter()

    def end_step(self, step: int) -> None:
        """Look whether a lazy module waits no more, and go on with what was cut in pieces."""
        if self._waiting:
            self._say_materialised(step)
        if self._pieces is not None:
            step_s = time.perf_counter() - self._step_began_s
            self._walk_on(max(PIECE_S, min(_SHARE_OF_STEP * step_s, _LONGEST_PIECE_S)))

    @property
    def has_more_to_do(self) -> bool:
        """A walk was cut in pieces."""
        return self._pieces is not None

    def go_on(self) -> None:
        """Walk on for 4 ms; at the end of the tree the report is sent."""
        self._walk_on(PIECE_S)

    def release(self) -> None:
        """Let go of the modules."""
        self._asked = self._walk = self._pieces = None
        self._waiting = []

    # -- inside ----------------------------------------------------------------------------------------------------

    def _walk_on(self, for_s: float) -> None:
        assert self._pieces is not None
        until_s = time.perf_counter() + for_s
        try:
            for n_looked, _module in enumerate(self._pieces):
                if n_looked % _LOOKS_BETWEEN_CLOCKS == 0 and time.perf_counter() > until_s:
                    return
        except Exception as error:  # tables that are no tables, a tree that was changed meanwhile
            self._report(f"It could not be read whole: {type(error).__name__}: {error}")
            return
        self._report()

    def _module(self, fqn: str) -> nn.Module:
        module = module_at(self.live.run.model, fqn)
        if module is None:
            raise ModuleViewError(f"The model has no module called {fqn!r}; it was renamed or removed.")
        return module

    def _report(self, problem: str = "") -> None:
        asked, walk = self._asked, self._walk
        self._asked = self._walk = self._pieces = None
        if asked is None or walk is None:
            return
        attributes, n_attributes = attributes_in(walk.module)
        self.live.put(
            InternalsReport(
                fqn=asked.fqn,
                step=self.live.n_steps,
                attributes=attributes,
                n_attributes=n_attributes,
                saved=walk.result(),
                recomputed=recomputed_in(walk.module),
                lazy=lazy_state(walk.module),
                problem=problem,
            )
        )

    def _document(self, fqn: str, cls: type) -> None:
        """Holds neither a module nor the model: only its class, which stays anyway."""
        put = self.live.put
        reading = threading.Thread(
            target=lambda: put(document_class(fqn, cls)), name="moduleview-documentation", daemon=True
        )
        reading.start()

    def _say_materialised(self, step: int) -> None:
        done = [entry for entry in self._waiting if not waits(entry[1])]
        if not done:
            return
        self._waiting = [entry for entry in self._waiting if waits(entry[1])]
        for fqn, module, was in done:
            now, tensors = type(module).__name__, tensors_told(module)
            self.live.put(LazyMaterialised(fqn, step, was, now, tensors))
            line = f"{fqn or 'The model'}: {was} materialised in step {step} to {now} ({', '.join(tensors)})"
            self.live.put(LogLine(time.time(), "moduleview", line))
