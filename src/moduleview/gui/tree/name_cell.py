"""Paints the name of a module: indentation, arrow, name, and ``frozen`` behind it."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter

from moduleview.gui.tree.tree_look import ARROW_PX, INDENT_PX, NAME_LEFT_PX, TreeLook

_CHEVRON_PX = 12
_GAP_PX = 8


def arrow_rect(look: TreeLook, cell: QRect, depth: int) -> QRect:
    """Where the arrow of a module is painted and clicked."""
    return QRect(cell.x() + look.px(NAME_LEFT_PX + INDENT_PX * depth), cell.y(), look.px(ARROW_PX), cell.height())


def paint_arrow(painter: QPainter, look: TreeLook, cell: QRect, depth: int, is_expanded: bool) -> None:
    """Draw the arrow in its column."""
    space, side = arrow_rect(look, cell, depth), look.px(_CHEVRON_PX)
    picture = look.picture("chevron-down" if is_expanded else "chevron-right", "faint", _CHEVRON_PX)
    painter.drawPixmap(space.x() + (space.width() - side) // 2, space.y() + (space.height() - side) // 2, picture)


def paint_name(
    painter: QPainter, look: TreeLook, cell: QRect, depth: int, texts: tuple[str, str], is_selected: bool
) -> None:
    """Draw the name, and what stands muted behind it where there is room.

    Args:
        painter: On the viewport.
        look: Fonts and colours.
        cell: The whole cell.
        depth: Of the module.
        texts: Its name, and the word behind it or "".
        is_selected: The row is selected.
    """
    name, behind = texts
    left = arrow_rect(look, cell, depth).right() + 1
    space = QRect(left, cell.y(), cell.right() - look.px(4) - left, cell.height())
    width = look.name_metrics.horizontalAdvance(name)
    if width > space.width():
        name = look.name_metrics.elidedText(name, Qt.TextElideMode.ElideLeft, space.width())
    painter.setFont(look.name_font)
    painter.setPen(look.on_selection if is_selected else look.text)
    painter.drawText(space.x(), look.baseline(cell), name)
    rest = space.adjusted(round(width) + look.px(_GAP_PX), 0, 0, 0)
    if behind and look.caption_metrics.horizontalAdvance(behind) <= rest.width():
        painter.setFont(look.caption_font)
        painter.setPen(look.on_selection if is_selected else look.muted)
        painter.drawText(rest.x(), look.baseline(cell), behind)
