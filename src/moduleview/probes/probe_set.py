"""All probes of one run: which are wanted, which are due in a step, what each one costs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

import torch

from moduleview import probes as probes_package
from moduleview.probes.base import Measured, Moment, Probe, StepView
from moduleview.probes.cost_clock import CostClock, event_maker
from moduleview.probes.governor import Account, Governor
from moduleview.probes.left_out import LeftOut
from moduleview.registry import discover

Take = Callable[[Probe, Measured], None]


class ProbeSet:
    """Measures what is due. Training thread only. A probe that raises is switched off and reported.

    Args:
        governor: Says which are due.
        report: Takes (quantity, error) of a probe that raised.
        quantities: Only these; None for all there are.
        every: Each in one of so many steps; None leaves to each probe what it is made for.
        say: Takes a line on tensors that have no statistics.
    """

    def __init__(
        self,
        governor: Governor,
        report: Callable[[str, Exception], None],
        quantities: Collection[str] | None = None,
        every: int | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._governor = governor
        self._report = report
        self._left_out = LeftOut(say)
        self._accounts: dict[Probe, Account] = {}
        for kind in discover(probes_package, Probe):
            if quantities is None or kind.quantity in quantities:
                probe = kind()
                account = self._accounts[probe] = governor.account(probe.quantity)
                account.wish = probe.every if every is None else max(every, probe.every if probe.is_free else 1)
                account.is_free, account.is_first = probe.is_free, probe.is_first
        self._due: list[Probe] = []
        self._clock: CostClock[Probe] = CostClock()
        self._device: torch.device | None = None
        self._wanted: frozenset[str] = frozenset()

    @property
    def wanted(self) -> frozenset[str]:
        """Quantities that are measured in the step that runs."""
        return self._wanted

    @property
    def quantities(self) -> frozenset[str]:
        """All that are measured at all."""
        return frozenset(probe.quantity for probe in self._accounts)

    def begin_step(self, step: int) -> None:
        """Choose what is measured in it."""
        self._due = [probe for probe, account in self._accounts.items() if self._governor.is_due(account, step)]
        self._wanted = frozenset(probe.quantity for probe in self._due)

    def set_device(self, device: torch.device | None) -> None:
        """The model is there now: that is where measuring costs time."""
        if device != self._device:
            self._device = device
            self._clock = CostClock(event_maker(device))

    def before_update(self, view: StepView) -> None:
        """The optimizer is about to change the weights."""
        for probe in list(self._due):
            self._guarded(probe, partial(probe.before_update, view))

    def measure(self, moment: Moment, view: StepView, take: Take) -> None:
        """Measure what is due at a moment and hand it to ``take``."""
        for probe in list(self._due):
            if probe.moment is moment:
                self._guarded(probe, partial(_measure, probe, view, take))
        self._left_out.look_at(view)

    def end_step(self) -> None:
        """Put on the bill what is known by now of what was measured: of a GPU that is the step before."""
        spent_s: dict[Probe, float] = {}
        for probe, seconds in self._clock.take_finished():
            spent_s[probe] = spent_s.get(probe, 0.0) + seconds
        for probe, seconds in spent_s.items():
            if probe in self._accounts:
                self._accounts[probe].charge(seconds)

    def forget(self) -> None:
        """Let go of what probes keep from step to step."""
        for probe in self._accounts:
            probe.forget()
        self._left_out.forget()

    def _guarded(self, probe: Probe, run: Callable[[], object]) -> None:
        try:
            with self._clock.timing(probe):
                run()
        except Exception as error:
            del self._accounts[probe]
            self._due.remove(probe)
            self._report(probe.quantity, error)


def _measure(probe: Probe, view: StepView, take: Take) -> None:
    for measured in probe.measure(view):
        take(probe, measured)
