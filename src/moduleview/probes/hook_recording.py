"""What ticked hooks see, and which modules run, on its way into the records of a step."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from torch import nn

from moduleview.hooks.hook_set import HookSet
from moduleview.hooks.model_index import ModelIndex
from moduleview.hooks.sighting_rows import in_tables
from moduleview.probes.coverage import CoverageCount
from moduleview.probes.emitter import Emitter
from moduleview.probes.governor import HOOKS, Governor
from moduleview.probes.hook_costs import hook_costs
from moduleview.probes.series_ids import RowName
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.hooks import HOOK_STATISTICS
from moduleview.telemetry.records import CoverageMeasured, HooksChanged, Record

_COUNTS_PERIOD_S = 0.5
_COVERAGE_PERIOD = 256  # steps from one count of all modules' calls to the next


class HookRecording:
    """Drives the hooks of one model through its steps, within the budget. Training thread only.

    Attributes:
        is_told: As in ``HookSet.attach``. Else whoever ticks is also the one who reads, and is told when he does.

    Args:
        index: The model.
        governor: Says in which steps hooks are measured.
        put: Takes the records.
    """

    def __init__(self, index: ModelIndex, governor: Governor, put: Callable[[Record], None]) -> None:
        self._index = index
        self._governor = governor
        self._put = put
        self._account = governor.account(HOOKS)
        self.hooks = HookSet(index)
        self._coverage: CoverageCount | None = CoverageCount()
        self._waiting: list[SetHooks] = []
        self._must_say, self.is_told = False, True
        self._may_count = False
        self._said_s = 0.0
        self._step = self._covered_step = 0

    def bind(self, index: ModelIndex) -> None:
        """The model changed."""
        if not index.has_same_structure(self._index):
            self._coverage = CoverageCount()
        self._index = index
        self.hooks.bind(index)

    def begin_step(self, step: int) -> None:
        """A step begins."""
        if self._coverage is None and step >= self._covered_step + _COVERAGE_PERIOD:
            self._coverage = CoverageCount()
        self._step = step
        is_measured = self._governor.is_due(self._account, step)
        # a step that nobody tells of begins with backward where nothing is ticked: then no call is seen
        self._may_count = self._coverage is not None and (self.is_told or len(self.hooks.entries()) > 0)
        self.hooks.begin_step(step, count_calls=self._may_count, is_measured=is_measured)

    def gradients_are_ready(self, parameters: Mapping[str, nn.Parameter]) -> None:
        """Just before the optimizer."""
        self.hooks.gradients_are_ready()
        if self._coverage is not None and self._may_count:
            self._coverage.see_gradients(parameters)

    def end_step(self, emitter: Emitter, generation: int) -> None:
        """A step ended: give what was seen to the emitter, and say which modules ran.

        Args:
            emitter: Takes the values.
            generation: Of the snapshot whose rows coverage is said in.
        """
        for seen, table in in_tables(self.hooks.end_step()):
            names = [RowName(one.kind, one.fqn, one.part, one.sample.is_part) for one in seen]
            emitter.add_rows(names, HOOK_STATISTICS, table)
        calls = self.hooks.take_calls()
        if self._coverage is not None and (calls or self.is_told):
            rows = self._coverage.rows(self._index, calls)
            self._coverage, self._covered_step = None, self._step
            self._put(CoverageMeasured(generation, rows))

    def charge(self) -> None:
        """Put on the bill what hooks cost in the step that ended."""
        if self.hooks.spent_s:
            self._account.charge(self.hooks.spent_s)

    def send_bill(self, n_steps: int) -> None:
        """Say what everything costs, hooks by node.

        Args:
            n_steps: Steps so far.
        """
        every = self.hooks.every = self._governor.every(self._account)
        self._put(self._governor.bill(hook_costs(self.hooks.entries(), n_steps, every)))

    def tick(self, command: SetHooks, *, is_in_step: bool) -> None:
        """Tick or untick hooks and say what stands now; within a step that waits for its end."""
        if is_in_step:
            self._waiting.append(command)
            return
        self.hooks.set(command)
        if self.is_told:
            self.say()
        else:
            self._must_say = True

    def tick_waiting(self) -> None:
        """The step is over: tick what waited for that."""
        waiting, self._waiting = self._waiting, []
        for command in waiting:
            self.hooks.set(command)
        are_counts_due = time.monotonic() - self._said_s >= _COUNTS_PERIOD_S
        if waiting or self._must_say or self.hooks.has_new_status or (are_counts_due and self.hooks.has_new_counts):
            self.say()

    def say_news(self) -> None:
        """Say what hooks stand, where somebody may not know."""
        if self._must_say or self.hooks.has_new_counts:
            self.say()

    def say(self) -> None:
        """Say what hooks stand."""
        self._said_s, self._must_say = time.monotonic(), False
        self._put(HooksChanged(self.hooks.tell()))
