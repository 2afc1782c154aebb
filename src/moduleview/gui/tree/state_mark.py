"""Paints the state mark of a module."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QPainter

from moduleview.gui.models.node_marks import Mark
from moduleview.gui.tree.tree_look import TreeLook

_DOT_PX, _RING_PX = 3, 5
_ICONS: dict[Mark, tuple[str, str, int]] = {
    Mark.NOT_EXECUTED: ("dashed-ring", "muted", 12),
    Mark.BYPASSED: ("arch", "muted", 14),
    Mark.CANNOT_FIRE: ("ring-diagonal", "muted", 12),
    Mark.LINKED: ("link", "muted", 16),
    Mark.LAZY: ("clock", "muted", 14),
    Mark.WARNING: ("warning", "warning", 16),
    Mark.ERROR: ("error", "error", 16),
}
"""Icon, role and size in pixels: a finding is meant to be seen, a ring is not."""


def paint_mark(painter: QPainter, look: TreeLook, cell: QRect, mark: Mark, is_selected: bool) -> None:
    """Draw a mark in the middle of its cell."""
    if mark is Mark.NONE:
        return
    if mark in (Mark.OBSERVED, Mark.SAMPLED):
        color = look.on_selection if is_selected else look.faint
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(color if mark is Mark.SAMPLED else Qt.PenStyle.NoPen)  # a ring: not all of it is seen
        painter.setBrush(Qt.BrushStyle.NoBrush if mark is Mark.SAMPLED else color)
        radius = look.px(_RING_PX if mark is Mark.SAMPLED else _DOT_PX) / 2
        painter.drawEllipse(QPointF(cell.x() + cell.width() / 2, cell.y() + cell.height() / 2), radius, radius)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        return
    name, role, size_px = _ICONS[mark]
    if is_selected and role == "muted":
        role = "on_selection"
    side = look.px(size_px)
    picture = look.picture(name, role, size_px)
    painter.drawPixmap(cell.x() + (cell.width() - side) // 2, cell.y() + (cell.height() - side) // 2, picture)
