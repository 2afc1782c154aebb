"""Where docks stand at first and how large they are: pure arrangement, nothing is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow

from moduleview.gui.docking.panel_dock import PanelDock
from moduleview.gui.look.theme import Theme
from moduleview.gui.panel import Area

Group = list[PanelDock]
"""Docks in one place; more than one are tabs."""

_COMPACT_WIDTH = 1440  # below, what stands beside the map becomes tabs beside the curves
_NARROW, _WIDE = 1280, 1600  # window widths; sizes between them are interpolated
_LEFT, _RIGHT = (438, 494), (274, 346)
_BOTTOM_SHARE, _BOTTOM_MOST = 0.2415, 248
_MAP_SHARE, _PROFILE_SHARE = 0.55, 0.25
_AREA, _CORNER = Qt.DockWidgetArea, Qt.Corner
_HORIZONTAL, _VERTICAL = Qt.Orientation.Horizontal, Qt.Orientation.Vertical


def is_compact(window: QMainWindow, theme: Theme) -> bool:
    """The window is too narrow for plots side by side."""
    return window.width() < theme.px(_COMPACT_WIDTH)


def arrange(window: QMainWindow, docks: Sequence[PanelDock], theme: Theme) -> None:
    """Put every dock where it stands at first, open and docked.

    The left column is as high as the window; the bottom row spans centre and right.
    """
    for dock in docks:
        dock.setFloating(False)
        window.removeDockWidget(dock)
    window.setCorner(_CORNER.TopLeftCorner, _AREA.LeftDockWidgetArea)
    window.setCorner(_CORNER.BottomLeftCorner, _AREA.LeftDockWidgetArea)
    window.setCorner(_CORNER.TopRightCorner, _AREA.RightDockWidgetArea)
    window.setCorner(_CORNER.BottomRightCorner, _AREA.BottomDockWidgetArea)
    groups = _group(docks, compact=is_compact(window, theme))
    _add_row(window, _AREA.LeftDockWidgetArea, groups[Area.LEFT], _VERTICAL)
    _add_centre_and_right(window, groups)
    _add_row(window, _AREA.BottomDockWidgetArea, groups[Area.BOTTOM], _HORIZONTAL)
    for dock in docks:
        dock.show()
    for members in groups.values():
        for group in members:
            group[0].raise_()


def fit(window: QMainWindow, docks: Sequence[PanelDock], theme: Theme) -> None:
    """Give docks that stand as ``arrange`` put them the sizes that go with the window's size."""
    firsts = {area: groups[0][0] for area, groups in _group(docks, compact=False).items() if groups}
    position = (window.width() / theme.zoom - _NARROW) / (_WIDE - _NARROW)
    position = min(max(position, 0.0), 1.0)
    shrink = min(1.0, window.width() / theme.px(_NARROW))
    left = round(theme.px(_LEFT[0] + position * (_LEFT[1] - _LEFT[0])) * shrink)
    right = round(theme.px(_RIGHT[0] + position * (_RIGHT[1] - _RIGHT[0])) * shrink)
    centre = window.width() - left - right - 2 * theme.px(4)
    widths = {Area.LEFT: left, Area.CENTRE_TOP: centre, Area.CENTRE_BOTTOM: centre, Area.RIGHT: right}
    _resize(window, {firsts[area]: width for area, width in widths.items() if area in firsts}, _HORIZONTAL)
    bottom = min(round(window.height() * _BOTTOM_SHARE), theme.px(_BOTTOM_MOST))
    above = window.height() - bottom - 2 * theme.px(4)
    top = round(above * _MAP_SHARE)
    heights = {Area.CENTRE_TOP: top, Area.CENTRE_BOTTOM: above - top, Area.RIGHT: above, Area.BOTTOM: bottom}
    _resize(window, {firsts[area]: height for area, height in heights.items() if area in firsts}, _VERTICAL)
    beside = _group(docks, compact=is_compact(window, theme))[Area.CENTRE_TOP]
    if len(beside) > 1:
        shares = [1 - _PROFILE_SHARE * (len(beside) - 1), *([_PROFILE_SHARE] * (len(beside) - 1))]
        _resize(
            window, {group[0]: round(centre * share) for group, share in zip(beside, shares, strict=True)}, _HORIZONTAL
        )


def _group(docks: Sequence[PanelDock], *, compact: bool) -> Mapping[Area, list[Group]]:
    """Docks by area and place, in their order: tabbed ones of an area share a place, the others have their own."""
    groups: defaultdict[Area, list[Group]] = defaultdict(list)
    tabs: dict[Area, Group] = {}
    for dock in sorted(docks, key=lambda dock: dock.panel.order):
        area = dock.panel.area
        if dock.panel.tabbed and area in tabs:
            tabs[area].append(dock)
            continue
        group = [dock]
        groups[area].append(group)
        if dock.panel.tabbed:
            tabs[area] = group
    if compact and groups[Area.CENTRE_BOTTOM]:
        moved = [dock for group in groups[Area.CENTRE_TOP][1:] for dock in group]
        groups[Area.CENTRE_TOP] = groups[Area.CENTRE_TOP][:1]
        groups[Area.CENTRE_BOTTOM][0].extend(moved)
    return groups


def _add_centre_and_right(window: QMainWindow, groups: Mapping[Area, list[Group]]) -> None:
    """Centre and right share Qt's right area, side by side; Qt has no area for a centre made of docks."""
    top, bottom, right = groups[Area.CENTRE_TOP], groups[Area.CENTRE_BOTTOM], groups[Area.RIGHT]
    firsts = [place[0][0] for place in (top, bottom, right) if place]
    if not firsts:
        return
    window.addDockWidget(_AREA.RightDockWidgetArea, firsts[0])
    if right and right[0][0] is not firsts[0]:
        window.splitDockWidget(firsts[0], right[0][0], _HORIZONTAL)
    if top and bottom:
        window.splitDockWidget(top[0][0], bottom[0][0], _VERTICAL)
    for places, direction in ((top, _HORIZONTAL), (bottom, _HORIZONTAL), (right, _VERTICAL)):
        _extend(window, places, direction)


def _add_row(window: QMainWindow, area: Qt.DockWidgetArea, groups: list[Group], direction: Qt.Orientation) -> None:
    if groups:
        window.addDockWidget(area, groups[0][0])
        _extend(window, groups, direction)


def _extend(window: QMainWindow, groups: list[Group], direction: Qt.Orientation) -> None:
    """Add what stands beside or behind the first dock of a place, which stands already."""
    for before, group in pairwise(groups):
        window.splitDockWidget(before[0], group[0], direction)
    for group in groups:
        for front, behind in pairwise(group):
            window.tabifyDockWidget(front, behind)


def _resize(window: QMainWindow, sizes: Mapping[PanelDock, int], direction: Qt.Orientation) -> None:
    window.resizeDocks(list(sizes), list(sizes.values()), direction)
