"""Keeps the cost of measuring within a share of the step, by measuring in one of so many steps."""

from __future__ import annotations

import math
import statistics
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from moduleview.telemetry.costs import CostEntry, CostsMeasured

HOOKS = "hooks"  # account of all hooks together
DEFAULT_BUDGET = 0.02  # of the step's time
_N_COSTS = 7  # of the last measurements; their median counts, since other programs make some of them dear
_N_UNDECIDED = 8  # steps before the first decision: they pay for what is made once, and say little
_N_FIRST = 3  # of these: what they took says nothing of the others
_PERIOD_S = 0.5  # between two decisions, and two bills
_SLACK = 0.85  # of the budget must suffice before measuring becomes denser again: else it would go to and fro
_LONGEST_PAUSE_OF_LOOKING_S = (
    1.0  # between two steps that are looked at, whatever the budget: a person watches the loss
)
_LONGEST_PAUSE_S = 3.0  # between two gradient norms
_LONGEST_PAUSE_OF_REST_S = 15.0  # between two of all the others: they may be ten times as dear
_SHARE_OF_LOOKING = 0.5  # of the budget at most goes into what looking at a step costs, whatever is measured in it
_MEMORY = 0.95  # of what was spent before, from one decision to the next: about ten seconds count
_LEAST_THRIFT = 0.5  # of the budget is planned with at least, however much more than planned was spent
_LEAST_SHARE = 0.25  # of the budget is for measuring, whatever a step costs beside it
_SHARE_OF_FIRST = 0.9  # of the budget at most is for what comes first: the rest must be seen now and then too
_N_ENTRIES = 200  # lines of a bill: the dearest


@dataclass(eq=False)
class Account:
    """What one measurement costs.

    Attributes:
        name: Quantity of a probe, or kind of a hook.
        fqn: Where a hook sits; "" for a probe.
        wish: It is to be measured in one of so many steps, if the budget allows.
        is_free: It costs next to nothing and is measured whenever a step is looked at; it counts to the cost of that.
        is_first: It is sampled only where the budget is used up by its kind alone.
    """

    name: str
    fqn: str = ""
    wish: int = 1
    is_free: bool = False
    is_first: bool = False
    n_measured: int = 0
    charged_s: float = 0.0  # in the step that runs
    _costs_s: deque[float] = field(default_factory=lambda: deque(maxlen=_N_COSTS))

    @property
    def cost_s(self) -> float:
        """Of a step in which it is measured, in seconds: the median of the last ones; 0 before the first."""
        return statistics.median(self._costs_s) if self._costs_s else 0.0

    def charge(self, seconds: float) -> None:
        """It was measured, and took so long."""
        self.n_measured += 1
        if self.n_measured == 2:  # the first time paid for what is made once
            self._costs_s.clear()
        self._costs_s.append(seconds)
        self.charged_s += seconds


class Governor:
    """Decides in which steps something is measured. Training thread only.

    What comes first (the gradient norm, which everybody looks at) is sampled last. All that is sampled is measured in
    the same steps: what probes read together is then read once. Where a step is so short that looking at it at all
    costs too much, whole steps are passed by.

    Attributes:
        demanded: Names of accounts that are due in each step, whatever that costs: an alarm waits for them.

    Args:
        budget: Share of the step's time, 0..1; None measures as often as was wished.
        clock_s: Seconds, never going back.
    """

    def __init__(self, budget: float | None = DEFAULT_BUDGET, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self._clock_s = clock_s
        self._accounts: dict[tuple[str, str], Account] = {}
        self._factor = self._first_factor = self._whole_factor = 1
        self._step_s = 0.0
        self._spent_s = 0.0  # mean of a step, whatever was measured in it
        self._recent_s = self._recent_spent_s = 0.0  # of the last ten seconds of training
        self._thrift = 1.0  # share of the budget that is planned with
        self._looking = Account("looking")  # what a step costs beside all measurements
        self._wished_s = 0.0  # cost of a step in which everything is measured as often as was wished
        self._decided_s = self._ended_s = 0.0
        self._is_extra = self._is_idle = False
        self._n_steps = 0
        self.demanded: frozenset[str] = frozenset()

    @property
    def factor(self) -> int:
        """All but what comes first is measured so many times more rarely than was wished."""
        return self._factor

    def set_budget(self, share: float | None) -> None:
        """Measuring may take this share of the step's time from now on; None for no limit."""
        self.budget = share
        self._decide()

    def demand(self, quantities: Collection[str]) -> None:
        """Measure these in each step, whatever that costs, and have them at its end; replaces the last demand."""
        self.demanded = frozenset(one if (one, "") in self._accounts else HOOKS for one in quantities)

    def account(self, name: str, fqn: str = "") -> Account:
        """The account of one measurement; a new one costs nothing yet."""
        return self._accounts.setdefault((name, fqn), Account(name, fqn))

    def every(self, account: Account) -> int:
        """It is measured in one of so many steps."""
        if account.is_free:
            return account.wish * self._whole_factor
        return account.wish * (self._first_factor if account.is_first else self._factor)

    def begin_step(self, step: int) -> bool:
        """A step begins. One that comes long after the last one is measured whatever its number is.

        Who makes single steps by hand sees each of them: the time in between pays for it.

        Returns:
            True when nothing at all is to be measured in it.
        """
        paid_for_s = (self.budget or 1.0) * (self._clock_s() - self._ended_s)
        self._is_extra = step % self._factor != 0 and self._wished_s + self._looking.cost_s <= paid_for_s
        self._is_idle = step % self._whole_factor != 0 and not self._is_extra and not self.demanded
        return self._is_idle

    def is_due(self, account: Account, step: int) -> bool:
        """Whether it is measured in this step."""
        is_extra = self._is_extra and step % account.wish == 0
        return step % self.every(account) == 0 or is_extra or account.name in self.demanded

    def end_step(self, step_s: float, spent_s: float) -> bool:
        """A step ended; True when it is time to decide anew and to send the bill.

        Args:
            step_s: Seconds that it took, measuring included.
            spent_s: Seconds of them that measuring took.
        """
        self._n_steps += 1
        weight = 1.0 if self._n_steps <= _N_FIRST else 0.05
        self._step_s += weight * (step_s - self._step_s)
        self._spent_s += weight * (spent_s - self._spent_s)
        if self._n_steps > _N_FIRST:
            self._recent_s += step_s
            self._recent_spent_s += spent_s
        if not self._is_idle:
            self._looking.charge(max(spent_s - self._take_charges(), 0.0))
        now_s = self._ended_s = self._clock_s()
        if self._n_steps < _N_UNDECIDED or now_s - self._decided_s < _PERIOD_S:
            return False
        self._decided_s = now_s
        self._learn_thrift()
        self._decide()
        return True

    def _take_charges(self) -> float:
        """Of what is on the budget, in the step that ended; the rest of its cost is there whatever is measured."""
        charged_s = 0.0
        for account in self._accounts.values():
            if not account.is_free:
                charged_s += account.charged_s
            account.charged_s = 0.0
        return charged_s

    def _learn_thrift(self) -> None:
        """Plans go by medians, and what is spent goes beyond them: now and then a measurement takes much longer."""
        if self.budget is not None and self._recent_s > 0.0:
            share = self._recent_spent_s / self._recent_s
            if share > self.budget:
                self._thrift = max(_LEAST_THRIFT, 0.95 * self._thrift)
            elif share < _SLACK * self.budget:
                self._thrift = min(1.0, 1.02 * self._thrift)
        self._recent_s *= _MEMORY
        self._recent_spent_s *= _MEMORY

    def _decide(self) -> None:
        budget = self.budget
        if budget is None or self._step_s <= 0.0:
            self._factor = self._first_factor = self._whole_factor = 1
            return
        first_s, rest_s = (
            sum(a.cost_s / a.wish for a in self._accounts.values() if not a.is_free and a.is_first is is_first)
            for is_first in (True, False)
        )
        self._wished_s = first_s + rest_s
        budget_s = self._thrift * budget * max(self._step_s - self._spent_s, 0.0)
        most_of_looking, most, most_of_rest = (
            max(1, math.ceil(pause_s / self._step_s))
            for pause_s in (_LONGEST_PAUSE_OF_LOOKING_S, _LONGEST_PAUSE_S, _LONGEST_PAUSE_OF_REST_S)
        )
        self._whole_factor = _factor(
            self._whole_factor, self._looking.cost_s, budget_s * _SHARE_OF_LOOKING, most_of_looking
        )
        left_s = max(budget_s - self._looking.cost_s / self._whole_factor, budget_s * _LEAST_SHARE)
        self._first_factor = _nested(self._first_factor, self._whole_factor, first_s, left_s * _SHARE_OF_FIRST, most)
        left_s -= first_s / self._first_factor
        self._factor = _nested(self._factor, self._first_factor, rest_s, left_s, most_of_rest)

    def mean_share(self, step_s: float = 0.0, spent_s: float = 0.0) -> float:
        """Share of the time of the last seconds of training that measuring took, 0..1, with the step that ends now.

        Of the first few steps each is for itself: what is made once must not stay in the mean.
        """
        whole_s, all_spent_s = self._recent_s + step_s, self._recent_spent_s + spent_s
        if not whole_s:
            whole_s, all_spent_s = self._step_s, self._spent_s
        return min(all_spent_s / max(whole_s, 1e-9), 1.0)

    def bill(self, hooks: Iterable[CostEntry] = ()) -> CostsMeasured:
        """What was spent, the dearest first; ``hooks`` come from those who put them on."""
        entries = [self._entry(account) for account in self._accounts.values() if account.n_measured]
        entries = sorted([*entries, *hooks], key=lambda entry: -entry.us_per_step)[:_N_ENTRIES]
        return CostsMeasured(tuple(entries), self._step_s * 1e6, self.budget, self.mean_share())

    def _entry(self, account: Account) -> CostEntry:
        every = self.every(account)
        us = account.cost_s * 1e6
        n_skipped = max(-(-self._n_steps // account.wish) - account.n_measured, 0)
        return CostEntry(account.name, account.fqn, us / every, us, every, account.n_measured, n_skipped)


def _nested(now: int, outer: int, wished_s: float, allowed_s: float, most: int) -> int:
    """A factor that is a multiple of ``outer``: what is sampled more is measured in steps that are looked at anyway."""
    return outer * _factor(now // outer, wished_s / outer, allowed_s, max(1, most // outer))


def _factor(now: int, wished_s: float, allowed_s: float, most: int) -> int:
    """How many times more rarely something has to be measured; not denser than now before there is some slack."""
    if wished_s <= 0.0:
        return 1
    needed, needed_with_slack = (
        min(most, max(1, math.ceil(wished_s / max(share * allowed_s, wished_s / most)))) for share in (1.0, _SLACK)
    )
    return needed if needed > now else min(max(now, 1), needed_with_slack)
