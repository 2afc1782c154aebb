"""The series of a selection put into groups: by what their names begin with, their depth, or their module's type.

A group is one line: the median of its series, with a band from the lowest to the highest of them, so that neither a
layer that dies nor one that explodes hides in a mean.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QCoreApplication

from moduleview.gui.plots.chosen_series import ChosenSeries, SeriesChoice, pinned_series
from moduleview.gui.plots.selected_place import SelectedPlace
from moduleview.gui.selection import MAXIMUM_CURVES
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.store_view import StoreView


class Grouping(StrEnum):
    """What the series of a group have in common."""

    NONE = "none"
    PREFIX = "prefix"
    DEPTH = "depth"
    TYPE = "type"


def group_series(
    store: StoreView, selected: tuple[str, ...], pinned: tuple[str, ...], quantity: str, grouping: Grouping
) -> SeriesChoice:
    """A line for each group of the series at and below what is selected; at most 16 with what is pinned.

    By prefix the groups are the modules of the first level below the selection where there are several; by depth how
    many modules they lie below the root; by type the module's class, and the parameter's name where it is of one.
    """
    snapshot = store.model
    if snapshot is None:
        return SeriesChoice()
    places = [SelectedPlace(snapshot, fqn) for fqn in selected]
    named = [(name, key) for key in store.keys(quantity) if (name := _name_in(places, key)) is not None]
    label_of = _LABELS[grouping](snapshot, [name for name, _key in named])
    groups: dict[str, list[SeriesKey]] = {}
    for name, key in named:
        groups.setdefault(label_of(name), []).append(key)
    by_prefix = grouping is Grouping.PREFIX
    labels = list(groups) if by_prefix else sorted(groups, key=lambda label: (len(label), label))
    lines = []
    for label in labels:
        fqn, shown = label if by_prefix else selected[-1], label or snapshot.names[0]
        lines.append(ChosenSeries(fqn, shown, tuple(groups[label]), is_group=True))
    pins = pinned_series(store, pinned, quantity)
    kept = lines[: MAXIMUM_CURVES - len(pins)]
    return SeriesChoice((*kept, *pins), len(lines) - len(kept))


def _name_in(places: list[SelectedPlace], key: SeriesKey) -> str | None:
    return next((name for place in places if (name := place.name_of(key.fqn)) is not None), None)


def _prefix_label(_snapshot: ModelSnapshot, names: list[str]) -> Callable[[str], str]:
    """As many first parts of the names as tell some of them apart."""
    parts = [name.split(".") for name in names]

    def n_groups(length: int) -> int:
        return len({tuple(part[:length]) for part in parts})

    longest = max((len(part) for part in parts), default=1)
    length = next((at for at in range(1, longest) if n_groups(at) > 1), longest)
    return lambda name: ".".join(name.split(".")[:length])


def _depth_label(snapshot: ModelSnapshot, _names: list[str]) -> Callable[[str], str]:
    def label(name: str) -> str:
        holder = snapshot.holder_of(name)
        depth = 0 if holder is None else int(snapshot.depth[holder])
        return QCoreApplication.translate("SeriesGroups", "depth {0}").format(str(depth))

    return label


def _type_label(snapshot: ModelSnapshot, _names: list[str]) -> Callable[[str], str]:
    def label(name: str) -> str:
        holder = snapshot.holder_of(name)
        type_name = "" if holder is None else snapshot.type_names[holder]
        return type_name if snapshot.node_of(name) is not None else f"{type_name}.{name.rpartition('.')[2]}"

    return label


_LABELS = {Grouping.PREFIX: _prefix_label, Grouping.DEPTH: _depth_label, Grouping.TYPE: _type_label}
