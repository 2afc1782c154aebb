"""What measuring costs, as the governor counts it: the bill."""

from __future__ import annotations

import msgspec


class CostEntry(msgspec.Struct, frozen=True):
    """One measurement on the bill.

    Attributes:
        name: A probe's quantity, or a hook's kind.
        fqn: The module or parameter that a hook sits on; "" for a probe, which reads the whole model.
        us_per_step: Mean cost of a step in microseconds, the steps that were left out counted as nothing.
        us_per_fire: Mean cost where it was measured.
        every: It is measured in one of so many steps.
        n_measured, n_skipped: Steps so far.
    """

    name: str
    fqn: str
    us_per_step: float
    us_per_fire: float
    every: int
    n_measured: int
    n_skipped: int


class CostsMeasured(msgspec.Struct, frozen=True, tag=True):
    """The bill of the last steps; replaces the one before.

    Attributes:
        entries: The dearest first.
        step_us: Mean time of a step, measuring included, in microseconds.
        budget: Share of the step that measuring may take, 0..1; None where there is no limit.
        share: Share that it takes, 0..1.
    """

    entries: tuple[CostEntry, ...]
    step_us: float
    budget: float | None
    share: float
