"""Keeps the cost of measuring within a share of the step, by measuring in one of so many steps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from moduleview.telemetry.costs import CostEntry, CostsMeasured

DEFAULT_BUDGET = 0.02  # of the step's time
_SMOOTHING = 0.2  # weight of the newest measurement in a mean
_PERIOD_S = 0.5  # between two decisions, and two bills
_SLACK = 0.7  # of the budget must suffice before measuring becomes denser again: else it would go to and fro
_MOST = 10_000  # steps between two measurements, at most
_N_ENTRIES = 200  # lines of a bill: the dearest


@dataclass(eq=False)
class Account:
    """What one measurement costs.

    Attributes:
        name: Quantity of a probe, or kind of a hook.
        fqn: Where a hook sits; "" for a probe.
        wish: It is to be measured in one of so many steps, if the budget allows.
        is_free: It is not on the budget.
        cost_s: Mean cost in a step in which it was measured, in seconds.
    """

    name: str
    fqn: str = ""
    wish: int = 1
    is_free: bool = False
    cost_s: float = 0.0
    n_measured: int = 0
    n_skipped: int = 0

    def charge(self, seconds: float) -> None:
        """It was measured, and took so long. The first time pays for what is made once, and is not believed."""
        self.n_measured += 1
        if self.n_measured <= 2 or seconds < self.cost_s / 8:
            self.cost_s = seconds
        else:
            self.cost_s += _SMOOTHING * (seconds - self.cost_s)


class Governor:
    """Decides in which steps something is measured. Training thread only.

    All that is sampled is measured in the same steps: what probes read together is then read once.

    Args:
        budget: Share of the step's time, 0..1; None measures as often as was wished.
        clock_s: Seconds, never going back.
    """

    def __init__(self, budget: float | None = DEFAULT_BUDGET, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self._clock_s = clock_s
        self._accounts: dict[tuple[str, str], Account] = {}
        self._factor = 1
        self._step_s = 0.0
        self._spent_s = 0.0  # mean of a step, whatever was measured in it
        self._fixed_s = 0.0  # mean of a step in which nothing that is sampled was due
        self._wished_s = 0.0  # cost of a step in which everything is measured as often as was wished
        self._decided_s = self._ended_s = 0.0
        self._is_on_grid = True
        self._is_extra = False
        self._n_steps = 0

    @property
    def factor(self) -> int:
        """Everything is measured so many times more rarely than was wished."""
        return self._factor

    def set_budget(self, share: float | None) -> None:
        """Measuring may take this share of the step's time from now on; None for no limit."""
        self.budget = share
        self._decide()

    def account(self, name: str, fqn: str = "") -> Account:
        """The account of one measurement; a new one costs nothing yet."""
        return self._accounts.setdefault((name, fqn), Account(name, fqn))

    def every(self, account: Account) -> int:
        """It is measured in one of so many steps."""
        return account.wish if account.is_free else min(account.wish * self._factor, max(_MOST, account.wish))

    def begin_step(self, step: int) -> None:
        """A step begins. One that comes long after the last one is measured whatever its number is.

        Who makes single steps by hand sees each of them: the time in between pays for it.
        """
        idle_s = self._clock_s() - self._ended_s
        self._is_on_grid = step % self._factor == 0
        self._is_extra = not self._is_on_grid and self._wished_s <= (self.budget or 1.0) * idle_s

    def is_due(self, account: Account, step: int) -> bool:
        """Whether it is measured in this step; one that is not is counted as skipped where the budget is the reason."""
        is_due = step % self.every(account) == 0 or (self._is_extra and step % account.wish == 0)
        if not is_due and step % account.wish == 0:
            account.n_skipped += 1
        return is_due

    def end_step(self, step_s: float, spent_s: float) -> bool:
        """A step ended; True when it is time to decide anew and to send the bill.

        Args:
            step_s: Seconds that it took, measuring included.
            spent_s: Seconds of them that measuring took.
        """
        self._n_steps += 1
        weight = 1.0 if self._n_steps <= 3 else 0.05
        self._step_s += weight * (step_s - self._step_s)
        self._spent_s += weight * (spent_s - self._spent_s)
        if not self._is_on_grid and not self._is_extra:
            self._fixed_s += (0.05 if self._fixed_s else 1.0) * (spent_s - self._fixed_s)
        now_s = self._ended_s = self._clock_s()
        if now_s - self._decided_s < _PERIOD_S and self._n_steps not in (3, 10):
            return False
        self._decided_s = now_s
        self._decide()
        return True

    def _decide(self) -> None:
        if self.budget is None or self._step_s <= 0.0:
            self._factor = 1
            return
        wished_s = self._wished_s = sum(a.cost_s / a.wish for a in self._accounts.values() if not a.is_free)
        allowed_s = max(self.budget * (self._step_s - self._spent_s) - self._fixed_s, wished_s / _MOST)
        needed, needed_with_slack = (max(1, math.ceil(wished_s / (share * allowed_s))) for share in (1.0, _SLACK))
        if needed > self._factor:
            self._factor = min(needed, _MOST)
        elif needed_with_slack < self._factor:
            self._factor = needed_with_slack

    def bill(self, hooks: Iterable[CostEntry] = ()) -> CostsMeasured:
        """What was spent, the dearest first; ``hooks`` come from those who put them on."""
        entries = [self._entry(account) for account in self._accounts.values() if account.n_measured]
        entries = sorted([*entries, *hooks], key=lambda entry: -entry.us_per_step)[:_N_ENTRIES]
        share = self._spent_s / self._step_s if self._step_s > 0.0 else 0.0
        return CostsMeasured(tuple(entries), self._step_s * 1e6, self.budget, share)

    def _entry(self, account: Account) -> CostEntry:
        every = self.every(account)
        us = account.cost_s * 1e6
        return CostEntry(account.name, account.fqn, us / every, us, every, account.n_measured, account.n_skipped)
