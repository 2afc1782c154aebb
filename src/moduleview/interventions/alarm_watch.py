"""Judges what was measured in each step against the thresholds that a person set."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

_NORMS = "_norm"  # ends the names of quantities of which a module's is the root of the sum of its tensors' squares


class Crossing(StrEnum):
    """What makes an alarm ring."""

    ABOVE = "above"
    BELOW = "below"
    NOT_FINITE = "is NaN or Inf"
    GROWS = "times its median"


class Reaction(StrEnum):
    """What is done when it rings."""

    PAUSE = "pause"
    MARK = "mark"
    CLIP = "clip"


@dataclass(eq=False)
class AlarmRule:
    """One threshold.

    Attributes:
        entry: Of the journal.
        quantity: Name of the series.
        fqn: A tensor, or a module: its own series, the norm over its tensors, or else each tensor below it.
        crossing: When it rings.
        limit: What is crossed; how many times its median with ``GROWS``.
        n_steps: Measured steps that the median is of.
        reaction: What is done then.
    """

    entry: int
    quantity: str
    fqn: str
    crossing: Crossing
    limit: float
    n_steps: int
    reaction: Reaction
    is_unmeasured: bool = False  # in the last step
    _crossed: set[str] = field(default_factory=set)
    _recent: dict[str, deque[float]] = field(default_factory=dict)

    def judge(self, values: Mapping[str, float]) -> list[Ring]:
        """Those of a step, by FQN, that crossed the threshold just now: not those that were beyond it already."""
        rings = []
        chosen = self._chosen(values)
        self.is_unmeasured = not chosen
        for fqn, value in chosen.items():
            limit = self._limit(fqn)
            is_crossed = limit is not None and self._is_crossed(value, limit)
            if self.crossing is Crossing.GROWS and math.isfinite(value):
                self._recent.setdefault(fqn, deque(maxlen=self.n_steps)).append(value)
            if is_crossed and fqn not in self._crossed:
                assert limit is not None
                rings.append(Ring(self, fqn, value, limit))
            (self._crossed.add if is_crossed else self._crossed.discard)(fqn)
        return rings

    def _chosen(self, values: Mapping[str, float]) -> dict[str, float]:
        if self.fqn in values:
            return {self.fqn: values[self.fqn]}
        below = f"{self.fqn}." if self.fqn else ""
        found = {fqn: value for fqn, value in values.items() if fqn.startswith(below)}
        if found and self.quantity.endswith(_NORMS):
            return {self.fqn: math.hypot(*found.values())}
        return found

    def _limit(self, fqn: str) -> float | None:
        if self.crossing is not Crossing.GROWS:
            return self.limit
        recent = self._recent.get(fqn, ())
        return self.limit * statistics.median(recent) if len(recent) == self.n_steps else None

    def _is_crossed(self, value: float, limit: float) -> bool:
        match self.crossing:
            case Crossing.ABOVE | Crossing.GROWS:
                return value > limit
            case Crossing.BELOW:
                return value < limit
        return not math.isfinite(value)


@dataclass(frozen=True, eq=False)
class Ring:
    """An alarm rang.

    Attributes:
        rule: Which.
        fqn: Of what the value is.
        value: That was measured.
        limit: That it crossed.
    """

    rule: AlarmRule
    fqn: str
    value: float
    limit: float

    def __str__(self) -> str:
        place = f" of {self.fqn}" if self.fqn else ""
        text = f"{self.rule.quantity}{place} was {self.value:.4g}"
        match self.rule.crossing:
            case Crossing.NOT_FINITE:
                return text
            case Crossing.GROWS:
                return f"{text}, above {self.rule.limit:g} times its median of {self.rule.n_steps} steps"
        return f"{text}, {self.rule.crossing} {self.rule.limit:g}"


class AlarmWatch:
    """All alarms of a run. Training thread only."""

    def __init__(self) -> None:
        self.rules: list[AlarmRule] = []

    @property
    def quantities(self) -> frozenset[str]:
        """What has to be measured in each step."""
        return frozenset(rule.quantity for rule in self.rules)

    def judge(self, values: Mapping[str, Mapping[str, float]]) -> Sequence[Ring]:
        """The alarms that ring in a step, of the values by quantity and FQN."""
        return [ring for rule in self.rules for ring in rule.judge(values.get(rule.quantity, {}))]
