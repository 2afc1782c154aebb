"""New starting values: says what they would change, in pieces while the run goes on, and gives them."""

from __future__ import annotations

import copy
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, ClassVar, assert_never

import msgspec
from torch import nn
from torch.utils.hooks import RemovableHandle

from moduleview.engine.model_call import call_model, split_batch
from moduleview.engine.services.base import LiveModel, Service
from moduleview.engine.tensor_tree import describe_tensors
from moduleview.engine.thread_state import ThreadState
from moduleview.errors import ModuleViewError
from moduleview.hooks.silent_hook import SilentHook
from moduleview.interventions.initialise import Initialise as Initialisation
from moduleview.interventions.initialising.catalogue import all_initialisers
from moduleview.interventions.initialising.function import RAISED_BY_CODE, words_of
from moduleview.interventions.initialising.old_values import MOST_KEPT_BYTES
from moduleview.interventions.initialising.preview import Batch, Preview
from moduleview.telemetry.commands import Command
from moduleview.telemetry.initialising_messages import (
    Choice,
    InitialisationAnswered,
    Initialise,
    InitialisersListed,
    InitialisingCommand,
    InitialisingRecord,
    PreviewEnded,
    PreviewInitialisation,
    RequestInitialisers,
    Suggestion,
)

PIECE_S = 0.03
"""Longest that the run is held at a time, but for a single tensor or forward pass that takes longer."""
_NO_BATCH = "There is no batch yet: make one step first."
_NO_CALL = "This task makes its own steps: how it calls the model is seen in the next one. Make a step, and look again."


class Initialising(Service[InitialisingCommand]):
    """One preview at a time; a change goes through the journal."""

    commands: ClassVar[type | UnionType] = InitialisingCommand

    def __init__(self, live: LiveModel) -> None:
        super().__init__(live)
        self._request = 0
        self._preview: Preview | None = None
        self._pieces: Iterator[InitialisingRecord | None] | None = None
        self._held_s: list[float] = []
        self._suggestions: tuple[Choice, Mapping[str, Suggestion]] | None = None
        self._waiting: deque[Initialise] = deque()  # made in the order in which they were asked for
        self._search: tuple[Preview, Iterator[None]] | None = None  # of gains, for the first of them
        self._wants_call = False
        self._call = _CaughtCall()

    def answer(self, command: InitialisingCommand) -> None:
        """See ``Service``."""
        match command:
            case RequestInitialisers():
                self.live.put(InitialisersListed(all_initialisers()))
            case PreviewInitialisation():
                self._begin(command)
            case Initialise():
                self._waiting.append(command)
                self._apply_waiting()
            case _:
                assert_never(command)

    def begin_step(self, step: int) -> None:  # noqa: ARG002
        """See ``Service``."""
        if self._wants_call:
            self._wants_call = False
            self._call.catch_in(self.live.run.model)

    def end_step(self, step: int) -> None:  # noqa: ARG002
        """A piece of a preview that is under way."""
        self._call.take_off()
        self.go_on()

    @property
    def has_more_to_do(self) -> bool:
        """See ``Service``."""
        return self._pieces is not None or self._search is not None

    def go_on(self) -> None:
        """See ``Service``."""
        if not self.has_more_to_do:
            return
        began_s = time.perf_counter()
        with ThreadState():  # a person's code runs in between
            while self._search is not None and time.perf_counter() - began_s < PIECE_S:
                self._search_on(*self._search)
            while self._pieces is not None and time.perf_counter() - began_s < PIECE_S:
                record = self._next_record(self._pieces)
                if isinstance(record, PreviewEnded):
                    self._finish(record, time.perf_counter() - began_s)
                    return
                if record is not None:
                    self.live.put(record)
        self._held_s.append(time.perf_counter() - began_s)

    def commands_to_repeat(self) -> Sequence[Command]:
        """What stands is done again to the new model."""
        standing = [one for one in self.live.journal.standing if isinstance(one, Initialisation)]
        return [Initialise(0, one.choice, tuple(one.suggestions.items())) for one in standing]

    def release(self) -> None:
        """See ``Service``."""
        self._pieces = self._preview = self._search = None
        self._waiting.clear()
        self._call.take_off()
        self._call.forget()

    # -- the preview -----------------------------------------------------------------------------------------------

    def _begin(self, command: PreviewInitialisation) -> None:
        live = self.live
        self._request, self._held_s = command.request, []
        self._preview = Preview(command.request, command.choice, live.run, live.n_steps, self._batch())
        self._pieces = self._preview.pieces()

    def _next_record(self, pieces: Iterator[InitialisingRecord | None]) -> InitialisingRecord | None:
        """The next; what ends the preview where it cannot go on, as with a model that was changed meanwhile."""
        try:
            return next(pieces)
        except StopIteration:
            self._pieces = self._preview = None
            return None
        except RAISED_BY_CODE as error:
            reason = f"The preview could not go on: {words_of(error)} Preview again."
            return PreviewEnded(self._request, 0, reason, "", (), "", (0.0, 0.0))

    def _finish(self, record: PreviewEnded, last_s: float) -> None:
        held_s = [*self._held_s, last_s]
        if self._preview is not None:
            self._suggestions = (self._preview.choice, self._preview.suggestions)
        self._pieces = self._preview = None
        self.live.put(msgspec.structs.replace(record, took_ms=(max(held_s) * 1e3, sum(held_s) * 1e3)))

    def _batch(self) -> Batch:
        """How to call the model: as the usual step does, or as a task with a step of its own was seen to."""
        live = self.live
        if live.task.step is not None:
            self._wants_call = True
            return Batch(None, _NO_CALL) if self._call.is_empty else Batch(self._call.repeat, self._call.words)
        batch = live.last_batch
        if batch is None:
            return Batch(None, _NO_BATCH)

        def forward(model: nn.Module) -> object:
            inputs, target = split_batch(copied(batch))
            return call_model(model, inputs, is_whole_batch=inputs is target)

        return Batch(forward, f"the batch of step {live.n_steps - 1:,}: {describe_tensors(batch)}")

    # -- the change ------------------------------------------------------------------------------------------------

    def _apply_waiting(self) -> None:
        while self._waiting and self._search is None:
            choice = self._waiting[0].choice
            if self._gains_of(self._waiting[0]) is not None:
                self._apply(self._waiting.popleft())
            else:
                preview = Preview(0, choice, self.live.run, self.live.n_steps, self._batch())
                self._search = preview, preview.gain_pieces()

    def _search_on(self, preview: Preview, pieces: Iterator[None]) -> None:
        """A piece of looking for gains; at the end the change that waits for them."""
        try:
            next(pieces)
            return
        except StopIteration:
            self._suggestions = (preview.choice, preview.suggestions)
        except RAISED_BY_CODE as error:
            reason = f"The gains could not be found: {words_of(error)} Give a gain yourself."
            self.live.put(InitialisationAnswered(self._waiting.popleft().request, 0, refusal=reason))
        self._search = None
        self._apply_waiting()

    def _apply(self, command: Initialise) -> None:
        live = self.live
        change = Initialisation(command.choice, self._gains_of(command))
        standing = [one.kept_bytes for one in live.journal.standing if isinstance(one, Initialisation)]
        try:
            change.free_bytes = MOST_KEPT_BYTES - sum(standing)
            with ThreadState():
                entry = live.journal.apply(change, live.run, live.n_steps)
        except ModuleViewError as error:
            live.put(InitialisationAnswered(command.request, 0, refusal=str(error)))
            return
        live.put(InitialisationAnswered(command.request, entry, what=str(change), kept_bytes=change.kept_bytes))
        if change.changes_model:
            live.announce_change()

    def _gains_of(self, command: Initialise) -> Mapping[str, Suggestion] | None:
        """Those that came with it, or that a preview of the same choice showed; None where they are to be found."""
        if not command.choice.takes_gain_from_activation or command.gains:
            return dict(command.gains)
        is_known = self._suggestions is not None and self._suggestions[0] == command.choice
        return self._suggestions[1] if self._suggestions is not None and is_known else None


class _CaughtCall:
    """What the root module was called with, first in one step."""

    def __init__(self) -> None:
        self._handle: RemovableHandle | None = None
        self._inputs: tuple[tuple[Any, ...], dict[str, Any]] | None = None

    @property
    def is_empty(self) -> bool:
        """Nothing was caught."""
        return self._inputs is None

    @property
    def words(self) -> str:
        """On what."""
        return f"the model's first call in a step: {describe_tensors(self._inputs)}"

    def catch_in(self, model: nn.Module) -> None:
        """From now on, until ``take_off``."""
        self.take_off()
        self._inputs = None
        hook = SilentHook(self._on_call, lambda _error: None)
        self._handle = model.register_forward_pre_hook(hook, with_kwargs=True)

    def take_off(self) -> None:
        """The hook is gone; what it caught stays."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def forget(self) -> None:
        """Let go of the tensors."""
        self._inputs = None

    def repeat(self, model: nn.Module) -> object:
        """Call a module in the same way."""
        assert self._inputs is not None
        args, kwargs = copied(self._inputs)
        return model(*args, **kwargs)

    def _on_call(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:  # noqa: ARG002
        if self._inputs is None:
            self._inputs = args, dict(kwargs)


def copied(batch: Any) -> Any:
    """A batch of its own, since a forward may write into it; the same where it cannot be copied."""
    try:
        return copy.deepcopy(batch)
    except Exception:  # a tensor in the middle of a graph, an open file
        return batch
