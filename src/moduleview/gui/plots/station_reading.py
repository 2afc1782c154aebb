"""One gradient on its way through a step: its norm at each station, read from the store. Pure numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.quantities import (
    ACCUMULATED_GRAD_NORM,
    GRAD_NORM,
    LEARNING_RATE,
    LOSS_SCALE,
    MICRO_GRAD_NORM,
    REDUCED_GRAD_NORM,
    UNSCALED_GRAD_NORM,
    UPDATE_NORM,
    UPDATE_RATIO,
    WEIGHT_NORM,
    Scope,
)
from moduleview.telemetry.records import SeriesKey, SeriesTraits
from moduleview.telemetry.step_outcome import StepSkipped
from moduleview.telemetry.store_view import Matrix, StoreView

LANE = (
    MICRO_GRAD_NORM,
    ACCUMULATED_GRAD_NORM,
    REDUCED_GRAD_NORM,
    UNSCALED_GRAD_NORM,
    GRAD_NORM,
    UPDATE_RATIO,
)
"""What the lane shows, in its order; the last one is the change of the weight over the weight before it."""
_FOLLOWED = (UNSCALED_GRAD_NORM, GRAD_NORM)  # in a step that was followed at least one of them is measured
_LOOKED_BACK = 16_384  # steps in which the newest that was followed is looked for
_MOST_PASSES = 64
_WEIGHTS_LOOKED_BACK = 64  # weights are measured in one of ten steps
_PLAIN = SeriesTraits()


class Absence(Enum):
    """Why a station has no value."""

    NEVER = "never"  # there is no series of it
    THIS_STEP = "this step"
    SKIPPED = "skipped"  # the optimizer did not step


@dataclass(frozen=True)
class Station:
    """One place on the way.

    Attributes:
        quantity: As in ``telemetry.quantities``.
        value: Norm over what is selected, or update / weight; None where it was not measured.
        absence: Then, why.
        traits: Scope, and whether it is an estimate.
        passes: Of each micro-batch in its order, where there are several; for ``micro_grad_norm`` of the pass itself,
            for ``accumulated_grad_norm`` of the sum after it.
    """

    quantity: str
    value: float | None
    absence: Absence | None = None
    traits: SeriesTraits = _PLAIN
    passes: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Lane:
    """All stations at one step.

    Attributes:
        step: Whose values they are; None before the first that was measured.
        stations: As in ``LANE``.
        update: Norm of the change of the weight.
        loss_scale: Of mixed precision, None where there is none.
        learning_rate: None where parameter groups have several.
        skipped: Why the optimizer did not step; None where it did.
    """

    step: int | None = None
    stations: tuple[Station, ...] = ()
    update: float | None = None
    loss_scale: float | None = None
    learning_rate: float | None = None
    skipped: StepSkipped | None = None


class StationReader:
    """Reads the stations of some parameters. GUI thread only.

    Args:
        fqns: Names under which the series of the parameters are kept; several are put together by the root of the sum
            of their squares.
    """

    def __init__(self, fqns: Sequence[str]) -> None:
        self._fqns = tuple(fqns)
        self._found_for = -1
        self._first = self._fqns[0] if self._fqns else ""  # of these parameters, one that is measured
        self.n_passes = 1
        self._slices: dict[tuple[str, str], slice] = {}
        self._keys: tuple[SeriesKey, ...] = ()

    @property
    def all_keys(self) -> tuple[SeriesKey, ...]:
        """Of every station and pass, as far as ``read`` has found them."""
        return self._keys

    def keys(self, quantity: str, part: str = "") -> tuple[SeriesKey, ...]:
        """One a parameter."""
        return tuple(SeriesKey(quantity, fqn, 0, part) for fqn in self._fqns)

    def read(self, store: StoreView, step: int | None) -> Lane:
        """The stations at a step, or at the last one before it that was followed; None asks for the newest."""
        self._find(store)
        if not self._fqns:
            return Lane()
        skipped = _skipped_at(store, step)
        held = step if skipped is not None else self._last_followed(store, step)
        if held is None:
            return Lane()
        skipped = skipped or _skipped_at(store, held)
        row = store.matrix(self._keys, 1, end_step=held)
        if not len(row.steps) or int(row.steps[0]) != held:
            return Lane(
                held, tuple(self._station(store, None, quantity, skipped) for quantity in LANE), skipped=skipped
            )
        return Lane(
            held,
            tuple(self._station(store, row, quantity, skipped) for quantity in LANE),
            self._norm(row, UPDATE_NORM),
            _at(store, SeriesKey(LOSS_SCALE), held),
            self._learning_rate(store, held),
            skipped,
        )

    # -- inside ----------------------------------------------------------------------------------------------------

    def _find(self, store: StoreView) -> None:
        """Which series there are; looked for again when there are more."""
        if store.n_series == self._found_for:
            return
        self._found_for = store.n_series
        candidates = (
            fqn for fqn in self._fqns for quantity in _FOLLOWED if store.latest(SeriesKey(quantity, fqn)) is not None
        )
        self._first = next(candidates, self._first)
        self.n_passes = 1 + sum(1 for _ in self._later_passes(store))
        parts = [(quantity, "") for quantity in (*LANE, UPDATE_NORM)]
        for number in range(self.n_passes if self.n_passes > 1 else 0):
            parts += [(ACCUMULATED_GRAD_NORM, f"pass {number}"), (MICRO_GRAD_NORM, f"pass {number}")]
        n = len(self._fqns)
        self._slices = {part: slice(at * n, (at + 1) * n) for at, part in enumerate(parts)}
        self._keys = tuple(key for quantity, part in parts for key in self.keys(quantity, part))

    def _later_passes(self, store: StoreView) -> Iterator[int]:
        for number in range(1, _MOST_PASSES):
            if store.latest(SeriesKey(MICRO_GRAD_NORM, self._first, 0, f"pass {number}")) is None:
                return
            yield number

    def _last_followed(self, store: StoreView, step: int | None) -> int | None:
        for quantity in _FOLLOWED:
            column = store.matrix([SeriesKey(quantity, self._first)], _LOOKED_BACK, end_step=step)
            rows = np.flatnonzero(column.measured[:, 0])
            if len(rows):
                return int(column.steps[rows[-1]])
        return None

    def _station(self, store: StoreView, row: Matrix | None, quantity: str, skipped: StepSkipped | None) -> Station:
        traits = store.traits(SeriesKey(quantity, self._first))
        value = (
            None if row is None else self._ratio(store, row) if quantity == UPDATE_RATIO else self._norm(row, quantity)
        )
        passes = self._passes(row, quantity) if row is not None else ()
        if value is not None or any(part is not None for part in passes):
            return Station(quantity, value, None, traits, passes)
        if skipped is not None and quantity in (GRAD_NORM, UPDATE_RATIO):
            absence = Absence.SKIPPED
        else:
            is_known = store.latest(SeriesKey(quantity, self._first)) is not None
            absence = Absence.THIS_STEP if is_known else Absence.NEVER
        return Station(quantity, None, absence, traits)

    def _passes(self, row: Matrix, quantity: str) -> tuple[float | None, ...]:
        """Those of this step alone: another step may have had more."""
        if self.n_passes == 1 or quantity not in (MICRO_GRAD_NORM, ACCUMULATED_GRAD_NORM):
            return ()
        later = [self._norm(row, quantity, f"pass {number}") for number in range(self.n_passes)]
        if quantity == MICRO_GRAD_NORM:
            later[0] = self._norm(row, quantity)
        n = max((number + 1 for number, value in enumerate(later) if value is not None), default=0)
        last = self._norm(row, quantity) if quantity == ACCUMULATED_GRAD_NORM else None
        values = (*later[:n], last) if last is not None else tuple(later[:n])
        return values if len(values) > 1 else ()

    def _norm(self, row: Matrix, quantity: str, part: str = "") -> float | None:
        here = self._slices[(quantity, part)]
        return _root_of_squares(row.values[0, here][row.measured[0, here]].astype(np.float64))

    def _ratio(self, store: StoreView, row: Matrix) -> float | None:
        """Change over weight before it: of several parameters the weights before come from their own ratios."""
        parts = [self._slices[(quantity, "")] for quantity in (UPDATE_NORM, UPDATE_RATIO)]
        update, ratio = (row.values[0, part].astype(np.float64) for part in parts)
        measured = np.flatnonzero(row.measured[0, parts[1]])
        if not len(measured):
            return None
        if len(measured) == 1:
            return float(ratio[measured[0]])
        update, ratio = update[measured], ratio[measured]
        with np.errstate(divide="ignore", invalid="ignore"):
            before = update / ratio
            still = np.flatnonzero(ratio == 0)
            if len(still):  # one that did not move is what it was when its norm was taken last
                before[still] = self._weights(store, measured[still], int(row.steps[0]))
            moved, total = np.sqrt((update**2).sum()), np.sqrt((before**2).sum())
            return None if np.isnan(total) and np.isfinite(ratio).all() else float(moved / total)

    def _weights(self, store: StoreView, at: NDArray[np.int64], step: int) -> NDArray[np.float64]:
        """Norms of some of the weights, as they were measured last up to a step; NaN where they were not."""
        keys = [SeriesKey(WEIGHT_NORM, self._fqns[number]) for number in at.tolist()]
        rows = store.matrix(keys, _WEIGHTS_LOOKED_BACK, end_step=step)
        newest = np.where(rows.measured, np.arange(len(rows.steps))[:, None], -1).max(axis=0, initial=-1)
        found = rows.values[np.maximum(newest, 0), np.arange(len(keys))].astype(np.float64)
        return np.where(newest >= 0, found, np.nan)

    def _learning_rate(self, store: StoreView, step: int) -> float | None:
        rates = {_at(store, key, step) for key in store.keys(LEARNING_RATE)}
        return rates.pop() if len(rates) == 1 else None


def factor(before: Station, after: Station) -> float | None:
    """What a value was multiplied by between two stations; None where it is unchanged, or where that is not known."""
    if not before.value or after.value is None or not math.isfinite(before.value) or not math.isfinite(after.value):
        return None
    found = after.value / before.value
    return None if abs(found - 1) < 5e-4 else found


def is_local(station: Station) -> bool:
    """Other ranks have other values."""
    return station.traits.scope is Scope.LOCAL


def _root_of_squares(values: NDArray[np.float64]) -> float | None:
    if not len(values):
        return None
    return float(values[0]) if len(values) == 1 else float(np.sqrt((values**2).sum()))


def _at(store: StoreView, key: SeriesKey, step: int) -> float | None:
    column = store.matrix([key], 1, end_step=step)
    is_there = len(column.steps) and int(column.steps[0]) == step and bool(column.measured[0, 0])
    return float(column.values[0, 0]) if is_there else None


def _skipped_at(store: StoreView, step: int | None) -> StepSkipped | None:
    if step is None:
        return None
    for skipped in reversed(store.skipped_steps):
        if skipped.step <= step:
            return skipped if skipped.step == step else None
    return None
