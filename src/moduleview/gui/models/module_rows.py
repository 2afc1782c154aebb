"""Which modules of the tree are rows now: arrays, no objects. Knows nothing of Qt.

A row is hidden when it lies in the interval of a collapsed module, and with a filter when nothing in its own interval
matches. Both are one prefix sum, whatever the size of the tree.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.snapshot import ModelSnapshot

_ROWS_OPEN_AT_FIRST = 24


class ModuleRows:
    """The visible rows over one snapshot, expanded and filtered."""

    def __init__(self, snapshot: ModelSnapshot) -> None:
        self.snapshot = snapshot
        n = len(snapshot)
        self._is_parent = snapshot.subtree_end > np.arange(1, n + 1, dtype=np.int32)
        self._parents = np.flatnonzero(self._is_parent).astype(np.int32)
        self._expanded = np.zeros(n, dtype=np.bool_)
        self._kept: NDArray[np.bool_] | None = None  # with a filter: matches and what stands above them
        self._kept_below: NDArray[np.bool_] | None = None
        self._expanded_in_filter = self._expanded
        self._n_matches = n
        self._visible = np.zeros(0, dtype=np.int32)
        self._open_first_levels()
        self._layout()

    @property
    def visible(self) -> NDArray[np.int32]:
        """(rows,) nodes, from the top."""
        return self._visible

    @property
    def n_matches(self) -> int:
        """Modules that match the filter; all without one."""
        return self._n_matches

    @property
    def is_filtered(self) -> bool:
        """A filter is set."""
        return self._kept is not None

    def node_at(self, row: int) -> int:
        """Node shown in ``row``."""
        return int(self._visible[row])

    def row_of(self, node: int) -> int:
        """Row that shows ``node``, or -1."""
        row = int(np.searchsorted(self._visible, node))
        return row if row < len(self._visible) and self._visible[row] == node else -1

    def has_children(self, node: int) -> bool:
        """Something can be shown below ``node``."""
        return bool(self._is_parent[node] if self._kept_below is None else self._kept_below[node])

    def is_expanded(self, node: int) -> bool:
        """The rows below ``node`` are shown."""
        return bool(self._open[node])

    def set_expanded(self, node: int, is_expanded: bool) -> None:
        """Show or hide what is below one node."""
        if self.is_expanded(node) == is_expanded:
            return
        self._open[node] = is_expanded
        row = self.row_of(node)
        if row >= 0:
            end = int(np.searchsorted(self._visible, self.snapshot.subtree_end[node]))
            below = self.rows_below(node) if is_expanded else np.zeros(0, dtype=np.int32)
            self._visible = np.concatenate([self._visible[: row + 1], below, self._visible[end:]])

    def rows_below(self, node: int) -> NDArray[np.int32]:
        """Nodes that are shown below ``node`` once it is open, from the top."""
        begin, end = node + 1, int(self.snapshot.subtree_end[node])
        return (np.flatnonzero(self._shown(begin, end)) + begin).astype(np.int32)

    def set_subtree_expanded(self, node: int, is_expanded: bool) -> None:
        """Show or hide everything below ``node``, at all depths."""
        self._open[node : int(self.snapshot.subtree_end[node])] = is_expanded
        self._layout()

    def reveal(self, node: int) -> bool:
        """Open everything above ``node``; True when that changed the rows."""
        if self.row_of(node) >= 0 or (self._kept is not None and not self._kept[node]):
            return False
        above = int(self.snapshot.parent[node])
        while above >= 0:
            self._open[above] = True
            above = int(self.snapshot.parent[above])
        self._layout()
        return True

    def set_matches(self, matches: NDArray[np.bool_] | None) -> None:
        """Keep only these modules and what stands above them; None takes the filter away."""
        if matches is None:
            self._kept = self._kept_below = None
            self._n_matches = len(self.snapshot)
        else:
            n_up_to = matches.astype(np.int32)
            np.cumsum(n_up_to, out=n_up_to)  # a row's own match included
            has_match = n_up_to[self.snapshot.subtree_end[self._parents] - 1] > n_up_to[self._parents]
            self._kept_below = np.zeros(len(matches), dtype=np.bool_)
            self._kept_below[self._parents] = has_match
            self._kept = self._kept_below | matches
            self._n_matches = int(n_up_to[-1]) if len(matches) else 0
            self._expanded_in_filter = np.ones(len(matches), dtype=np.bool_)
        self._layout()

    def take_expansion_of(self, earlier: ModuleRows) -> None:
        """The same model in a new picture: what was open stays open."""
        if earlier.snapshot.names == self.snapshot.names and np.array_equal(
            earlier.snapshot.parent, self.snapshot.parent
        ):
            self._expanded = earlier._expanded.copy()
        else:
            fqns = earlier.snapshot.fqns
            nodes = (self.snapshot.node_of(fqns[node]) for node in np.flatnonzero(earlier._expanded).tolist())
            self._expanded[[node for node in nodes if node is not None]] = True
        self._layout()

    @property
    def _open(self) -> NDArray[np.bool_]:
        return self._expanded if self._kept is None else self._expanded_in_filter

    def _layout(self) -> None:
        self._visible = np.flatnonzero(self._shown(0, len(self.snapshot))).astype(np.int32)

    def _shown(self, begin: int, end: int) -> NDArray[np.bool_]:
        """Which of the rows ``begin:end`` are hidden neither by a collapsed module among them nor by the filter."""
        n = end - begin
        closed = np.flatnonzero(self._is_parent[begin:end] & ~self._open[begin:end])
        shown = np.ones(n, dtype=np.bool_) if self._kept is None else self._kept[begin:end]
        if len(closed):
            steps = np.zeros(n + 1, dtype=np.int32)
            steps[closed + 1] = 1
            ends = self.snapshot.subtree_end[begin + closed] - begin
            steps -= np.bincount(ends, minlength=n + 1).astype(np.int32)
            shown = shown & (np.cumsum(steps[:n]) == 0)
        return shown

    def _open_first_levels(self) -> None:
        """As many whole levels as a person sees without scrolling."""
        depth = self.snapshot.depth
        counts = np.cumsum(np.bincount(depth)) if len(depth) else np.zeros(0, dtype=np.int64)
        n_levels = max(int(np.searchsorted(counts, _ROWS_OPEN_AT_FIRST, side="right")), 2)
        self._expanded[depth < n_levels - 1] = True
