"""The series of a plot as CSV: every step that is kept one by one, and for older ones the extremes of their groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from moduleview.errors import RunGoneError
from moduleview.gui.plots.export.csv_text import csv_lines
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.store_view import History, StoreView

_VALUES_A_PIECE = 20_000  # 20 ms
_GROUP = 4096  # pieces of old steps begin at multiples of it

HEADER = """\
# {title}
# row: "value" is a step as it was measured; "least", "largest" and "not finite" (1: a NaN or Inf was among them) are
#   those of n_steps steps from step on, of which no more is kept
# time_s: seconds of training when the step ended; an empty field was not measured
# every step is kept from step {first_step} on
"""


def series_csv(store: StoreView, keys: Sequence[SeriesKey], title: str) -> Iterator[str]:
    """The text in pieces, each of which takes a few milliseconds; steps that come meanwhile are left out.

    Args:
        store: Where from.
        keys: A column each.
        title: Of the first line.

    Raises:
        RunGoneError: The run was closed, or another one began: half of a file would be of each.
    """
    first, last = store.first_step, store.last_step
    if first is None or last is None:
        raise RunGoneError("The run is gone. Open it again and export once more.")
    names = [_column_name(key, has_ranks=any(key.rank for key in keys)) for key in keys]
    yield HEADER.format(title=title, first_step=first) + csv_lines([["step", "n_steps", "time_s", "row", *names]])
    keys, rows = tuple(keys), max(_VALUES_A_PIECE // max(len(keys), 1), 1)
    for piece in _pieces(store, keys, last, rows):
        if store.last_step is None or store.last_step < last:
            raise RunGoneError("The run ended while it was written, or another one began. Export once more.")
        yield piece


def _pieces(store: StoreView, keys: tuple[SeriesKey, ...], last: int, rows: int) -> Iterator[str]:
    """Steps that leave the store of single steps while others are written come as groups too."""
    at = 0
    while at <= last:
        first = store.first_step or 0
        if at < first:
            yield from _group_pieces(store, keys, at, min(first - 1, last), rows)
            at = first
        else:
            end = min(at + rows - 1, last)
            yield _exact_piece(store, keys, at, end)
            at = end + 1


def _column_name(key: SeriesKey, *, has_ranks: bool) -> str:
    parts = (key.quantity, key.fqn, key.part, f"rank {key.rank}" if has_ranks else "")
    return " ".join(part for part in parts if part)


def _group_pieces(
    store: StoreView, keys: tuple[SeriesKey, ...], first_step: int, last_step: int, rows: int
) -> Iterator[str]:
    covered = first_step  # up to here steps are written: a group that reaches into the next part was in the one before
    for begin in range(first_step // _GROUP * _GROUP, last_step + 1, _GROUP):
        history = store.history(keys, max(begin, first_step), min(begin + _GROUP - 1, last_step), 1)
        new = np.flatnonzero(history.steps >= covered).tolist()
        if new:
            covered = int(history.steps[new[-1]] + history.n_steps[new[-1]])
        for at in range(0, len(new), rows):
            yield csv_lines(line for row in new[at : at + rows] for line in _group_lines(history, row))


def _group_lines(history: History, at: int) -> Iterator[list[str]]:
    place = [str(history.steps[at]), str(history.n_steps[at]), f"{history.times[at]:.4f}"]
    yield [*place, "least", *_cells(history.low[at], ~np.isnan(history.low[at]))]
    yield [*place, "largest", *_cells(history.high[at], ~np.isnan(history.high[at]))]
    if history.non_finite[at].any():
        yield [*place, "not finite", *(str(int(bad)) for bad in history.non_finite[at])]


def _exact_piece(store: StoreView, keys: tuple[SeriesKey, ...], first_step: int, last_step: int) -> str:
    matrix = store.matrix(keys, last_step - first_step + 1, end_step=last_step)
    inside = matrix.steps >= first_step
    steps, times = store.clock(first_step, last_step, 1)
    seconds = dict(zip(steps.tolist(), times.tolist(), strict=True))
    rows = zip(matrix.steps[inside].tolist(), matrix.values[inside], matrix.measured[inside], strict=True)
    return csv_lines(
        [
            [str(step), "1", f"{seconds[step]:.4f}", "value", *_cells(values, measured)]
            for step, values, measured in rows
            if measured.any()
        ]
    )


def _cells(values: NDArray[np.float32], there: NDArray[np.bool_]) -> list[str]:
    """The shortest text that gives the same float32 again; "" where there is none."""
    return [str(value) if is_there else "" for value, is_there in zip(values, there.tolist(), strict=True)]
