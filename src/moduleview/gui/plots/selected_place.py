"""A selected module or parameter, and the names under which its series are kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.quantities import GRAD_NORM
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot


class SelectedPlace:
    """What is at and below a name.

    A tied tensor or a shared module is measured at the first of its places; where that one lies elsewhere, its series
    bear another name than the one that was selected.
    """

    def __init__(self, snapshot: ModelSnapshot, fqn: str) -> None:
        self.snapshot, self.fqn = snapshot, fqn
        self.node = snapshot.node_of(fqn)
        row = snapshot.tensor_row_of(fqn)
        self._nodes, self._tensors = range(0), range(0)
        if self.node is not None:
            self._nodes = range(self.node, int(snapshot.subtree_end[self.node]))
            self._tensors = snapshot.subtree_tensors(self.node)
        elif row is not None:
            self._tensors = range(row, row + 1)
        rows = np.arange(self._tensors.start, self._tensors.stop)[
            snapshot.tensors.is_parameter[self._tensors.start : self._tensors.stop]
        ]
        firsts = _first_places(snapshot.tensors.alias_of, self._tensors)[rows - self._tensors.start]
        _, once = np.unique(firsts, return_index=True)
        once.sort()
        self._parameters, self._firsts = rows[once], firsts[once]
        self._elsewhere = self._find_elsewhere()

    @property
    def parameters(self) -> NDArray[np.int64]:
        """(n,) rows of the snapshot's tensors: the parameters at and below it, a tensor with two names once."""
        return self._parameters

    def name_of(self, kept: str) -> str | None:
        """The name at or below this place of what a series is kept of, or None where that is not here."""
        if not self.fqn or kept == self.fqn or kept.startswith(f"{self.fqn}."):
            return kept
        return self._elsewhere.get(kept)

    def relative(self, name: str) -> str:
        """A name at or below this place, as it is told apart from the others there."""
        if name == self.fqn:
            return name.rpartition(".")[2] or self.snapshot.names[0]
        return name[len(self.fqn) + 1 :] if self.fqn else name

    def norm_keys(self, tensors: range | None = None) -> tuple[SeriesKey, ...]:
        """Gradient norms of the parameters here, or of those among some rows; a tensor with two names counts once."""
        tensors = self._tensors if tensors is None else tensors
        begin, end = np.searchsorted(self._parameters, (tensors.start, tensors.stop))
        names = self.snapshot.tensor_fqns
        return tuple(SeriesKey(GRAD_NORM, names[first]) for first in self._firsts[begin:end].tolist())

    def has_parameters(self, tensors: range) -> bool:
        """Whether there is a parameter among these rows that is not counted before them."""
        begin, end = np.searchsorted(self._parameters, (tensors.start, tensors.stop))
        return bool(end > begin)

    def children_with_parameters(self, node: int) -> list[int]:
        """The children of a module at or below this place of which the same holds; there may be 10 000."""
        snapshot = self.snapshot
        below = snapshot.parent[node + 1 : int(snapshot.subtree_end[node])]
        children = node + 1 + np.flatnonzero(below == node)
        begins = np.searchsorted(self._parameters, snapshot.tensor_begin[children])
        ends = np.searchsorted(self._parameters, snapshot.tensor_begin[snapshot.subtree_end[children]])
        with_some: list[int] = children[ends > begins].tolist()
        return with_some

    def _find_elsewhere(self) -> dict[str, str]:
        """Names by the first places that lie outside."""
        snapshot, found = self.snapshot, dict[str, str]()
        for names, alias_of, here in (
            (snapshot.fqns, snapshot.alias_of, self._nodes),
            (snapshot.tensor_fqns, snapshot.tensors.alias_of, self._tensors),
        ):
            firsts = _first_places(alias_of, here)
            outside = np.flatnonzero((firsts < here.start) | (firsts >= here.stop)).tolist()
            for at in outside:
                found.setdefault(names[int(firsts[at])], names[here.start + at])
        return found


def _first_places(alias_of: NDArray[np.int32], rows: range) -> NDArray[np.int64]:
    """The first place of each of these rows, mostly itself."""
    aliases = alias_of[rows.start : rows.stop].astype(np.int64)
    return np.where(aliases == NO_NODE, np.arange(rows.start, rows.stop), aliases)
