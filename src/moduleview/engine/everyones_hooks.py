"""Everyone's hooks on the open model, as the window is told of them: on a module, counted, and switched off."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from moduleview.hooks.board import Board
from moduleview.hooks.hook_set import HookSet
from moduleview.interventions.base import LiveRun
from moduleview.introspect.lookup import module_at
from moduleview.introspect.module_report import describe_module
from moduleview.telemetry.commands import CountHooks
from moduleview.telemetry.records import LogLine, Record


class EveryonesHooks:
    """Training thread only.

    Args:
        get_run: Gives the model and the optimizers that are known now.
        hooks: Ours.
        put: Takes what is found.
    """

    def __init__(self, get_run: Callable[[], LiveRun], hooks: HookSet, put: Callable[[Record], None]) -> None:
        self._get_run = get_run
        self._hooks = hooks
        self._put = put
        self._board = Board(get_run().model, hooks)

    def count(self, command: CountHooks) -> None:
        """Count those on a module while somebody looks at them."""
        self._look_at_optimizers()
        self._put(self._board.count(command.fqn, enabled=command.enabled))

    def send_report(self, fqn: str) -> None:
        """Say what can be read about one module, and whose hooks are on it; nothing where the module is gone."""
        model = self._get_run().model
        if module_at(model, fqn) is None:
            return
        self._look_at_optimizers()
        self._put(
            msgspec.structs.replace(
                describe_module(model, fqn, with_source=False),
                found_hooks=self._board.hooks_on(fqn),
                hook_forecasts=self._hooks.forecasts(fqn),
                is_compiled=self._hooks.fires_uncompiled(fqn),
            )
        )

    def send_news(self, *, at_once: bool = False) -> None:
        """What was counted since it was said last."""
        found = self._board.news(at_once=at_once)
        if found is not None:
            self._put(found)

    def switch_off(self, error: Exception, step: int) -> bool:
        """Where one of them raised ``error``, take it off and say so; False where none did."""
        self._look_at_optimizers()
        gone = self._board.switch_off(error, step)
        for fqn, hook in gone:
            place = fqn or "the model"
            title = f"A {hook.kind} hook on {place} raised {hook.last_error} and was switched off; training goes on."
            for line in (title, f"{hook.name} ({hook.location})", *hook.traceback.splitlines()):
                self._put(LogLine(time.time(), "moduleview", line))
        return bool(gone)

    def release(self) -> None:
        """Count nothing any more."""
        self._board.release()

    def _look_at_optimizers(self) -> None:
        self._board.optimizers = self._get_run().optimizers
