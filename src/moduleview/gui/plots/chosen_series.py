"""Which series the curves show for what is selected and pinned: at most 16, told apart by short names."""

from __future__ import annotations

from dataclasses import dataclass

from moduleview.gui.selection import MAXIMUM_CURVES
from moduleview.telemetry.quantities import GRAD_NORM
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot
from moduleview.telemetry.store_view import StoreView


@dataclass(frozen=True)
class ChosenSeries:
    """One line.

    Attributes:
        fqn: Module or parameter it is of.
        label: Its name below what is selected ("attn.qkv").
        keys: Series of the store; of several, the norm over them is drawn.
        is_pinned: It stays when the selection moves on.
    """

    fqn: str
    label: str
    keys: tuple[SeriesKey, ...]
    is_pinned: bool = False


@dataclass(frozen=True)
class SeriesChoice:
    """What is drawn, and how many series more there would have been."""

    series: tuple[ChosenSeries, ...] = ()
    n_left_out: int = 0


def choose_series(
    store: StoreView, selected: tuple[str, ...], tensor_fqn: str | None, pinned: tuple[str, ...], quantity: str
) -> SeriesChoice:
    """The series for a selection.

    A module shows the gradient norm of every module below it that owns parameters; where these are more than 16, of
    the modules above them. Of any other quantity it shows the series that bear its name or a name below it.
    """
    snapshot = store.model
    if snapshot is None:
        return SeriesChoice()
    room = MAXIMUM_CURVES
    pins: list[ChosenSeries] = []
    for fqn in pinned:
        pins += _of_pin(store, snapshot, fqn, quantity)
    pins = pins[:room]
    room -= len(pins)
    found: list[ChosenSeries] = []
    n_wanted = 0
    for fqn in (tensor_fqn,) if tensor_fqn is not None else selected:
        series, n_all = _of_node(store, snapshot, fqn, quantity, max(room - len(found), 1))
        found += series
        n_wanted += n_all
    kept = found[:room]
    return SeriesChoice((*kept, *pins), n_wanted - len(kept))


def quantities_of(store: StoreView, selected: tuple[str, ...], tensor_fqn: str | None) -> tuple[str, ...]:
    """Quantities of which there is a series at or below what is selected; the gradient norm first."""
    names = (tensor_fqn,) if tensor_fqn is not None else selected
    found = [
        quantity
        for quantity in store.quantities()
        if quantity != GRAD_NORM
        and any(key.fqn and _is_below(key.fqn, name) for key in store.keys(quantity) for name in names)
    ]
    return (GRAD_NORM, *found)


def _of_pin(store: StoreView, snapshot: ModelSnapshot, fqn: str, quantity: str) -> list[ChosenSeries]:
    if quantity == GRAD_NORM:
        keys = _norm_keys(snapshot, fqn)
        return [ChosenSeries(fqn, fqn or snapshot.names[0], keys, is_pinned=True)] if keys else []
    keys = tuple(key for key in store.keys(quantity) if key.fqn == fqn)
    return [ChosenSeries(fqn, _part_label(fqn or snapshot.names[0], key), (key,), is_pinned=True) for key in keys]


def _of_node(
    store: StoreView, snapshot: ModelSnapshot, fqn: str, quantity: str, room: int
) -> tuple[list[ChosenSeries], int]:
    """Series of one selected module or parameter, and how many there would be with more room."""
    if quantity != GRAD_NORM:
        keys = [key for key in store.keys(quantity) if _is_below(key.fqn, fqn)]
        return [ChosenSeries(k.fqn, _part_label(_relative(k.fqn, fqn, snapshot), k), (k,)) for k in keys[:room]], len(
            keys
        )
    node = snapshot.node_of(fqn)
    if node is None:
        keys_of_tensor = _norm_keys(snapshot, fqn)
        return ([ChosenSeries(fqn, fqn.rpartition(".")[2], keys_of_tensor)] if keys_of_tensor else []), 1
    entries = _widened(snapshot, node, room)
    series = []
    for at, is_own in entries[:room]:
        below = snapshot.fqns[at]
        rows = snapshot.own_tensors(at) if is_own else snapshot.subtree_tensors(at)
        series.append(ChosenSeries(below, _relative(below, fqn, snapshot), _keys_of(snapshot, rows)))
    return series, len(entries)


def _widened(snapshot: ModelSnapshot, node: int, room: int) -> list[tuple[int, bool]]:
    """Nodes below ``node`` as deep as there is room for; True stands for a node's own parameters only."""
    entries = [(node, False)]
    while True:
        deeper: list[tuple[int, bool]] = []
        for at, is_own in entries:
            deeper += [(at, is_own)] if is_own else _opened(snapshot, at)
        if deeper == entries:
            return entries
        if len(deeper) > room and len(entries) > 1:
            return entries
        entries = deeper


def _opened(snapshot: ModelSnapshot, node: int) -> list[tuple[int, bool]]:
    own = [(node, True)] if snapshot.own_parameters[node] else []
    return own + [(child, False) for child in snapshot.children(node) if snapshot.subtree_parameters[child]]


def _norm_keys(snapshot: ModelSnapshot, fqn: str) -> tuple[SeriesKey, ...]:
    node = snapshot.node_of(fqn)
    if node is not None:
        return _keys_of(snapshot, snapshot.subtree_tensors(node))
    row = snapshot.tensor_row_of(fqn)
    return () if row is None or not snapshot.tensors.is_parameter[row] else (SeriesKey(GRAD_NORM, fqn),)


def _keys_of(snapshot: ModelSnapshot, rows: range) -> tuple[SeriesKey, ...]:
    tensors = snapshot.tensors
    return tuple(
        SeriesKey(GRAD_NORM, snapshot.tensor_fqns[row])
        for row in rows
        if tensors.is_parameter[row] and tensors.alias_of[row] == NO_NODE
    )


def _is_below(fqn: str, above: str) -> bool:
    return not above or fqn == above or fqn.startswith(f"{above}.")


def _relative(fqn: str, above: str, snapshot: ModelSnapshot) -> str:
    if fqn == above:
        return fqn.rpartition(".")[2] or snapshot.names[0]
    return fqn[len(above) + 1 :] if above else fqn


def _part_label(label: str, key: SeriesKey) -> str:
    return f"{label} {key.part}" if key.part else label
