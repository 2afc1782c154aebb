"""Paints the name of a module: indentation, arrow, name, how it is held, and words such as ``frozen`` behind it."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class NameTexts:
    """What stands in a name cell, from the left.

    Attributes:
        before: Muted: how what holds the module holds it, ``[``.
        name: The module's name.
        after: Muted, as ``before``.
        behind: Muted words with a gap before them: the first for which there is room, the longest first.
    """

    before: str
    name: str
    after: str
    behind: tuple[str, ...]


def paint_name(painter: QPainter, look: TreeLook, cell: QRect, depth: int, texts: NameTexts, is_selected: bool) -> None:
    """Draw the name, and what stands muted around it where there is room.

    Args:
        painter: On the viewport.
        look: Fonts and colours.
        cell: The whole cell.
        depth: Of the module.
        texts: What to draw.
        is_selected: The row is selected.
    """
    left: float = arrow_rect(look, cell, depth).right() + 1
    right = cell.right() - look.px(4)
    muted = look.on_selection if is_selected else look.muted
    baseline, metrics = look.baseline(cell), look.name_metrics
    painter.setFont(look.name_font)
    name, before, after = texts.name, texts.before, texts.after
    around = metrics.horizontalAdvance(before + after)
    width = metrics.horizontalAdvance(name)
    if width + around > right - left:
        before = after = ""  # the name needs the room
        name = metrics.elidedText(name, Qt.TextElideMode.ElideLeft, max(right - left, 0))
    for text, color in ((before, muted), (name, look.on_selection if is_selected else look.text), (after, muted)):
        if text:
            painter.setPen(color)
            painter.drawText(round(left), baseline, text)
            left += metrics.horizontalAdvance(text)
    left += look.px(_GAP_PX)
    behind = next(
        (words for words in texts.behind if look.caption_metrics.horizontalAdvance(words) <= right - left), ""
    )
    if behind:
        painter.setFont(look.caption_font)
        painter.setPen(muted)
        painter.drawText(round(left), baseline, behind)
