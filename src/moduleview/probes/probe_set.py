"""All probes of one run: which are wanted, which are due in a step, what each one costs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import torch

from moduleview import probes as probes_package
from moduleview.probes.base import Measured, Moment, Probe, StepView
from moduleview.probes.cost_clock import CostClock, event_maker
from moduleview.probes.governor import Account, Governor
from moduleview.probes.left_out import LeftOut
from moduleview.registry import discover

Take = Callable[[Probe, Measured], None]


@dataclass(frozen=True, eq=False)
class _Plan:
    """What is done in a step. Most steps have the same one as the step before.

    Attributes:
        due: Probes that measure.
        at: The same, by the moment at which they do.
        before_update: Those that look before the optimizer changes the weights.
        wanted: Their quantities.
    """

    due: list[Probe]
    at: Mapping[Moment, tuple[Probe, ...]]
    before_update: tuple[Probe, ...]
    wanted: frozenset[str]


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
        self._clock: CostClock[Probe] = CostClock()
        self._device: torch.device | None = None
        self._plan = _plan([])

    @property
    def wanted(self) -> frozenset[str]:
        """Quantities that are measured in the step that runs."""
        return self._plan.wanted

    @property
    def quantities(self) -> frozenset[str]:
        """All that are measured at all."""
        return frozenset(probe.quantity for probe in self._accounts)

    def begin_step(self, step: int) -> None:
        """Choose what is measured in it."""
        is_due = self._governor.is_due
        due = [probe for probe, account in self._accounts.items() if is_due(account, step)]
        if due != self._plan.due:
            self._plan = _plan(due)

    def set_device(self, device: torch.device | None) -> None:
        """The model is there now: that is where measuring costs time."""
        if device != self._device:
            self._device = device
            self._clock = CostClock(event_maker(device))

    def before_update(self, view: StepView) -> None:
        """The optimizer is about to change the weights."""
        for probe in self._plan.before_update:
            begun = self._clock.begin()
            try:
                probe.before_update(view)
            except Exception as error:
                self._switch_off(probe, error)
            self._clock.end(probe, begun)

    def measure(self, moment: Moment, view: StepView, take: Take) -> None:
        """Measure what is due at a moment and hand it to ``take``."""
        for probe in self._plan.at[moment]:
            begun = self._clock.begin()
            try:
                for measured in probe.measure(view):
                    take(probe, measured)
            except Exception as error:
                self._switch_off(probe, error)
            self._clock.end(probe, begun)
        self._left_out.look_at(view)

    def end_step(self) -> None:
        """Put on the bill what is known by now of what was measured: of a GPU that is the step before.

        Probes that share a read of memory share its cost: whichever asks first would be billed for all of them.
        """
        spent_s: dict[Probe, float] = {}
        for probe, seconds in self._clock.take_finished():
            spent_s[probe] = spent_s.get(probe, 0.0) + seconds
        sharing: dict[str, list[Probe]] = {}
        for probe in spent_s:
            if probe.shared_read:
                sharing.setdefault(probe.shared_read, []).append(probe)
        for probes in sharing.values():
            each_s = sum(spent_s[probe] for probe in probes) / len(probes)
            spent_s.update(dict.fromkeys(probes, each_s))
        for probe, seconds in spent_s.items():
            if probe in self._accounts:
                self._accounts[probe].charge(seconds)

    def forget(self) -> None:
        """Let go of what probes keep from step to step."""
        for probe in self._accounts:
            probe.forget()
        self._left_out.forget()

    def _switch_off(self, probe: Probe, error: Exception) -> None:
        del self._accounts[probe]
        self._plan = _plan([one for one in self._plan.due if one is not probe])
        self._report(probe.quantity, error)


def _plan(due: list[Probe]) -> _Plan:
    return _Plan(
        due,
        {moment: tuple(probe for probe in due if probe.moment is moment) for moment in Moment},
        tuple(probe for probe in due if type(probe).before_update is not Probe.before_update),
        frozenset(probe.quantity for probe in due),
    )
