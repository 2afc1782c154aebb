"""A module's gradient norm from its parameters' norms: the root of the sum of their squares.

Tensors of a subtree stand side by side in the snapshot, so a module is a segment. Segments are summed, not differences
of one running sum: beside a gradient of 1 the one of 1e-12 in a vanishing network would be lost in the difference.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot
from moduleview.telemetry.store_view import Matrix, StoreView


def tensor_keys(snapshot: ModelSnapshot, quantity: str, rank: int = 0) -> tuple[SeriesKey, ...]:
    """The key of ``quantity`` for every row of ``snapshot.tensors``; tied tensors have it at their first place only."""
    return tuple(SeriesKey(quantity, fqn, rank) for fqn in snapshot.tensor_fqns)


def tensor_matrix(
    store: StoreView, snapshot: ModelSnapshot, quantity: str, n: int, *, end_step: int | None = None
) -> Matrix:
    """(steps, tensors): a quantity of every tensor of the snapshot, in its rows' order."""
    return store.matrix(tensor_keys(snapshot, quantity), n, end_step=end_step)


def owners(snapshot: ModelSnapshot) -> NDArray[np.int64]:
    """Nodes that own a parameter themselves, each parameter only where it is registered first, in tree order."""
    rows = np.flatnonzero(snapshot.tensors.is_parameter & (snapshot.tensors.alias_of == NO_NODE))
    return np.unique(snapshot.tensors.module[rows]).astype(np.int64)


def own_norms(matrix: Matrix, snapshot: ModelSnapshot, nodes: Sequence[int] | NDArray[np.int64]) -> Matrix:
    """(steps, nodes): the norm over each node's own parameters, from a ``tensor_matrix``."""
    chosen = np.asarray(nodes, dtype=np.int64)
    begins, ends = snapshot.tensor_begin[chosen], snapshot.tensor_begin[chosen + 1]
    quantity = matrix.keys[0].quantity if matrix.keys else ""
    keys = tuple(SeriesKey(quantity, snapshot.fqns[node]) for node in chosen.tolist())
    return Matrix(matrix.steps, keys, *segment_norms(matrix.values, matrix.measured, begins, ends))


def segment_norms(
    values: NDArray[np.float32], measured: NDArray[np.bool_], begins: NDArray[np.int32], ends: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(steps, segments): the norm over the columns ``begins[i]:ends[i]``, and whether anything there was measured.

    Args:
        values: (steps, tensors).
        measured: (steps, tensors).
        begins: First column of each segment.
        ends: One past its last column; a segment without columns was not measured.
    """
    squares = np.where(measured, values.astype(np.float64), 0.0) ** 2
    found = _segment_sums(measured.astype(np.int64), begins, ends) > 0
    with np.errstate(over="ignore"):  # the root may be beyond float32: Inf
        norms = np.sqrt(_segment_sums(squares, begins, ends)).astype(np.float32)
    return np.where(found, norms, np.float32(np.nan)), found


def _segment_sums(
    rows: NDArray[np.float64] | NDArray[np.int64], begins: NDArray[np.int32], ends: NDArray[np.int32]
) -> NDArray[np.float64]:
    """(m, segments): sums over the columns ``begins[i]:ends[i]`` of (m, columns); segments may overlap or be empty."""
    padded = np.concatenate([rows, np.zeros((rows.shape[0], 1), dtype=rows.dtype)], axis=1)
    pairs = np.stack([begins, ends], axis=1).reshape(-1).astype(np.int64)
    if not len(pairs):
        return np.zeros((rows.shape[0], 0))
    sums = np.add.reduceat(padded, pairs, axis=1)[:, ::2].astype(np.float64)
    sums[:, begins == ends] = 0.0
    return sums
