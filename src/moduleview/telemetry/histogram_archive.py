"""All histograms of a run in bounded memory: when it is full, every second step is let go."""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.histograms import N_BINS, HistogramHistory, HistogramsMeasured

MAX_BYTES = 64 * 2**20  # of one quantity, as long as two rows fit into it
_ROWS_LEAST, _ROWS_MOST = 2, 512
_BYTES_A_HISTOGRAM = 2 * N_BINS
_NO_HISTORY = HistogramHistory(np.zeros(0, dtype=np.int64), np.zeros((0, N_BINS), dtype=np.uint16))


class HistogramArchive:
    """The histograms of one quantity and rank. One writer and reader, the same thread.

    It keeps a step in every ``stride``; when the rows are used up the stride doubles and every second row goes. The
    newest step is kept beside them, whatever the stride. Several records of one step are one row; those of a step that
    is over come too late.
    """

    def __init__(self) -> None:
        self._row_of: dict[str, int] = {}
        self._last_fqns: tuple[str, ...] = ()
        self._columns: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._steps: list[int] = []
        self._rows: list[NDArray[np.uint16]] = []
        self._n_seen = 0
        self._stride = 1
        self._newest: tuple[int, NDArray[np.uint16]] | None = None
        self._read: dict[str, HistogramHistory] = {}  # since the last append

    @property
    def fqns(self) -> tuple[str, ...]:
        """Tensors that have histograms."""
        return tuple(self._row_of)

    @property
    def n_bytes(self) -> int:
        """Memory held."""
        rows = {id(row): row for row in self._rows}
        if self._newest is not None:
            rows[id(self._newest[1])] = self._newest[1]
        return sum(row.nbytes for row in rows.values())

    def append(self, record: HistogramsMeasured) -> None:
        """Take a step in, or more tensors of the newest one."""
        if self._newest is not None and record.step < self._newest[0]:
            return
        self._read.clear()
        if record.fqns is not self._last_fqns:
            self._columns = np.array([self._column(fqn) for fqn in record.fqns], dtype=np.int64)
            self._last_fqns = record.fqns
        row = np.zeros((len(self._row_of), N_BINS), dtype=np.uint16)
        is_more = self._newest is not None and record.step == self._newest[0]
        if is_more and self._newest is not None:
            row[: len(self._newest[1])] = self._newest[1]
        row[self._columns] = record.counts
        self._newest = record.step, row
        if is_more and self._steps[-1] == record.step:
            self._rows[-1] = row
        elif not is_more:
            self._keep_one_in_stride(record.step, row)
        self._thin()

    def history(self, fqn: str) -> HistogramHistory:
        """The histograms of one tensor, the oldest first; none where it is not known.

        The same object as the last time as long as nothing was appended.
        """
        if fqn not in self._read and fqn in self._row_of:
            self._read[fqn] = self._history(fqn)
        return self._read.get(fqn, _NO_HISTORY)

    @property
    def steps(self) -> NDArray[np.int64]:
        """(m,) steps of which there are histograms, growing; the newest is the last."""
        newest = [] if self._newest is None or self._steps[-1:] == [self._newest[0]] else [self._newest[0]]
        return np.array([*self._steps, *newest], dtype=np.int64)

    def at_step(self, step: int, fqns: Sequence[str]) -> NDArray[np.uint16]:
        """(n, 68) counts of some tensors at one of ``steps``; zeros for one that was not measured there."""
        row, place = self._row_at(step), self._row_of
        columns = np.fromiter((place.get(fqn, -1) for fqn in fqns), dtype=np.int64, count=len(fqns))
        counts = np.zeros((len(columns), N_BINS), dtype=np.uint16)
        there = np.flatnonzero((columns >= 0) & (columns < len(row)))
        counts[there] = row[columns[there]]
        return counts

    def _row_at(self, step: int) -> NDArray[np.uint16]:
        """(tensors known then, 68); of none where the step is not kept."""
        if self._newest is not None and step == self._newest[0]:
            return self._newest[1]
        at = bisect_left(self._steps, step)
        is_kept = at < len(self._steps) and self._steps[at] == step
        return self._rows[at] if is_kept else np.zeros((0, N_BINS), dtype=np.uint16)

    def _history(self, fqn: str) -> HistogramHistory:
        assert self._newest is not None
        column = self._row_of[fqn]
        first = bisect(self._rows, column, key=len)  # rows grow with the tensors that join
        steps, rows = self._steps[first:], [row[column] for row in self._rows[first:]]
        if self._steps[-1] != self._newest[0]:
            steps.append(self._newest[0])
            rows.append(self._newest[1][column])
        counts = np.concatenate(rows).reshape(-1, N_BINS)  # four times as fast as stack
        return HistogramHistory(np.array(steps, dtype=np.int64), counts)

    def _column(self, fqn: str) -> int:
        return self._row_of.setdefault(fqn, len(self._row_of))

    def _keep_one_in_stride(self, step: int, row: NDArray[np.uint16]) -> None:
        if self._n_seen % self._stride == 0:
            self._steps.append(step)
            self._rows.append(row)
        self._n_seen += 1

    def _thin(self) -> None:
        n_fit = MAX_BYTES // (_BYTES_A_HISTOGRAM * max(len(self._row_of), 1)) - 1  # the newest stands beside them
        n_rows = min(_ROWS_MOST, max(_ROWS_LEAST, n_fit))
        while len(self._rows) > n_rows:
            self._steps, self._rows = self._steps[::2], self._rows[::2]
            self._stride *= 2
