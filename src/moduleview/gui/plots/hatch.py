"""Diagonal lines over an area: nobody measured here."""

from __future__ import annotations

import math

from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter

from moduleview.gui.plots.items import cosmetic_pen

HATCH_PX = 6  # from one line to the next


def draw_hatch(painter: QPainter, box: QRectF, color: str, spacing_px: int) -> None:
    """Draw diagonals so far apart; as lines and not as a brush, which SVG does not have."""
    lines, first = [], math.ceil((box.left() + box.top()) / spacing_px)
    for at in range(first, math.floor((box.right() + box.bottom()) / spacing_px) + 1):
        total = at * spacing_px  # x + y along the line
        begin, end = max(box.left(), total - box.bottom()), min(box.right(), total - box.top())
        lines.append(QLineF(begin, total - begin, end, total - end))
    painter.setPen(cosmetic_pen(color))
    painter.drawLines(lines)
