"""Which series the curves show for what is selected and pinned: at most 16, told apart by short names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from moduleview.gui.plots.selected_place import SelectedPlace
from moduleview.gui.selection import MAXIMUM_CURVES
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.quantities import GRAD_NORM
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.store_view import StoreView


@dataclass(frozen=True)
class ChosenSeries:
    """One line.

    Attributes:
        fqn: Module or parameter it is of, by the name that was selected; the keys may bear its first place's.
        label: Its name below what is selected ("attn.qkv").
        keys: Series of the store; of several, the norm over them is drawn.
        is_pinned: It stays when the selection moves on.
        is_group: Of several series their median is drawn, and a band from the lowest to the highest.
    """

    fqn: str
    label: str
    keys: tuple[SeriesKey, ...]
    is_pinned: bool = False
    is_group: bool = False


@dataclass(frozen=True)
class SeriesChoice:
    """What is drawn, and how many series more there would have been."""

    series: tuple[ChosenSeries, ...] = ()
    n_left_out: int = 0

    @cached_property
    def keys(self) -> tuple[SeriesKey, ...]:
        """Those of all lines, one after the other; the same tuple each time."""
        return tuple(key for series in self.series for key in series.keys)

    @cached_property
    def groups(self) -> frozenset[int]:
        """Numbers of the lines that are groups."""
        return frozenset(number for number, series in enumerate(self.series) if series.is_group)


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
    pins = pinned_series(store, pinned, quantity)
    room = MAXIMUM_CURVES - len(pins)
    found: list[ChosenSeries] = []
    n_wanted = 0
    for place in _places(snapshot, selected, tensor_fqn):
        series, n_all = _of_place(store, place, quantity, max(room - len(found), 1))
        found += series
        n_wanted += n_all
    kept = found[:room]
    return SeriesChoice((*kept, *pins), n_wanted - len(kept))


def pinned_series(store: StoreView, pinned: tuple[str, ...], quantity: str) -> list[ChosenSeries]:
    """The lines of what is pinned."""
    if store.model is None:
        return []
    places = [SelectedPlace(store.model, fqn) for fqn in pinned]
    return [series for place in places for series in _of_pin(store, place, quantity)][:MAXIMUM_CURVES]


def quantities_of(store: StoreView, selected: tuple[str, ...], tensor_fqn: str | None) -> tuple[str, ...]:
    """Quantities of which there is a series at or below what is selected; the gradient norm first."""
    if store.model is None:
        return (GRAD_NORM,)
    places = _places(store.model, selected, tensor_fqn)
    found = [
        quantity
        for quantity in store.quantities()
        if quantity != GRAD_NORM
        and any(
            _is_of_module(key) and place.name_of(key.fqn) is not None
            for key in store.keys(quantity)
            for place in places
        )
    ]
    return (GRAD_NORM, *found)


def _places(snapshot: ModelSnapshot, selected: tuple[str, ...], tensor_fqn: str | None) -> list[SelectedPlace]:
    return [SelectedPlace(snapshot, fqn) for fqn in ((tensor_fqn,) if tensor_fqn is not None else selected)]


def _is_of_module(key: SeriesKey) -> bool:
    """Without a name it is of the whole run, like the loss, or of a hook on the root."""
    return bool(key.fqn) or key.quantity.partition(".")[0] in list(HookKind)


def _of_pin(store: StoreView, place: SelectedPlace, quantity: str) -> list[ChosenSeries]:
    fqn = place.fqn
    label = fqn or place.snapshot.names[0]
    if quantity == GRAD_NORM:
        keys = place.norm_keys()
        return [ChosenSeries(fqn, label, keys, is_pinned=True)] if keys else []
    found = [key for key in store.keys(quantity) if place.name_of(key.fqn) == fqn]
    return [ChosenSeries(fqn, _part_label(label, key), (key,), is_pinned=True) for key in found]


def _of_place(store: StoreView, place: SelectedPlace, quantity: str, room: int) -> tuple[list[ChosenSeries], int]:
    """Series of one selected module or parameter, and how many there would be with more room."""
    if quantity != GRAD_NORM:
        named = [(place.name_of(key.fqn), key) for key in store.keys(quantity)]
        found = [(name, key) for name, key in named if name is not None]
        return [ChosenSeries(name, _part_label(place.relative(name), key), (key,)) for name, key in found[:room]], len(
            found
        )
    if place.node is None:
        keys = place.norm_keys()
        return ([ChosenSeries(place.fqn, place.relative(place.fqn), keys)] if keys else []), 1
    entries = _widened(place, place.node, room)
    series, snapshot = [], place.snapshot
    for at, is_own in entries[:room]:
        rows = snapshot.own_tensors(at) if is_own else snapshot.subtree_tensors(at)
        series.append(ChosenSeries(snapshot.fqns[at], place.relative(snapshot.fqns[at]), place.norm_keys(rows)))
    return series, len(entries)


def _widened(place: SelectedPlace, node: int, room: int) -> list[tuple[int, bool]]:
    """Nodes below ``node`` as deep as there is room for; True stands for a node's own parameters only."""
    entries = [(node, False)]
    while True:
        deeper: list[tuple[int, bool]] = []
        for at, is_own in entries:
            deeper += [(at, is_own)] if is_own else _opened(place, at)
            if len(deeper) > room and len(entries) > 1:
                return entries  # the others of 10 000 need not be opened
        if deeper == entries:
            return entries
        entries = deeper


def _opened(place: SelectedPlace, node: int) -> list[tuple[int, bool]]:
    own = [(node, True)] if place.has_parameters(place.snapshot.own_tensors(node)) else []
    return own + [(child, False) for child in place.children_with_parameters(node)]


def _part_label(label: str, key: SeriesKey) -> str:
    return f"{label} {key.part}" if key.part else label
