"""Which changes can be made to a node."""

from __future__ import annotations

from collections.abc import Iterator

from moduleview.telemetry.changes_messages import ChangeKind, Fits
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.store_view import StoreView


def fitting_kinds(store: StoreView, fqn: str) -> Iterator[ChangeKind]:
    """Those that a module, parameter or buffer of this name can take; whether they do, is seen when one is asked for.

    Args:
        store: What can be changed, and the model.
        fqn: Of the node; "" for the whole model.
    """
    snapshot = store.model
    for kind in store.books.changes.kinds if snapshot is not None else ():
        if snapshot is not None and _fits(snapshot, fqn, kind):
            yield kind


def _fits(snapshot: ModelSnapshot, fqn: str, kind: ChangeKind) -> bool:
    node, row = snapshot.node_of(fqn), snapshot.tensor_row_of(fqn)
    if node is None and row is None:
        return False
    if node is None:
        assert row is not None
        rows = slice(row, row + 1)
    else:
        below = snapshot.subtree_tensors(node)
        rows = slice(below.start, below.stop)
    is_parameter = snapshot.tensors.is_parameter[rows]
    match kind.fits:
        case Fits.GRADIENTS:
            return bool((is_parameter & snapshot.tensors.requires_grad[rows]).any())
        case Fits.PARAMETERS:
            return bool(is_parameter.any())
        case Fits.MODULES:
            return node is not None
        case Fits.TYPES:
            return node is not None and not set(kind.types).isdisjoint(
                snapshot.type_names[node : int(snapshot.subtree_end[node])]
            )
    return bool(is_parameter.any()) or node is not None
