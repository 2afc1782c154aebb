"""The four bins that no power of two holds, drawn left of an axis of magnitudes: zero, subnormal, Inf, NaN."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from moduleview.gui.look.theme import Theme
from moduleview.gui.plots.items import cosmetic_pen
from moduleview.gui.plots.magnitude_shares import SPECIAL

SPECIAL_PX = 98
SPECIAL_NAMES = ("0", "sub", "Inf", "NaN")
_BAR_PX, _LEAST_PX, _LABEL_PX = 12, 2, 22


def special_rects(block: QRectF) -> list[QRectF]:
    """Where each of the four stands inside of a block."""
    edges = [round(block.left() + block.width() * number / 4) for number in range(5)]
    return [QRectF(edges[n], block.top(), edges[n + 1] - edges[n], block.height()) for n in range(4)]


def draw_special_bars(painter: QPainter, theme: Theme, block: QRectF, shares: NDArray[np.float64]) -> None:
    """A bar a bin against all elements, of (68,) shares; a trace is at least 2 px high.

    Args:
        painter: Draws in pixels.
        theme: Colours and zoom.
        block: The four bins; a bar as high as it is every element.
        shares: Of one step.
    """
    for number, rect in enumerate(special_rects(block)):
        share = float(shares[SPECIAL[number]])
        if share <= 0:
            continue
        height = max(theme.px(_LEAST_PX), round(share * rect.height()))
        width = min(theme.px(_BAR_PX), int(rect.width()))
        left = round(rect.center().x() - width / 2)
        painter.fillRect(QRectF(left, rect.bottom() - height, width, height), special_color(theme, number))


def draw_special_axis(painter: QPainter, theme: Theme, block: QRectF) -> None:
    """The line below the four bins, and their names."""
    painter.setPen(cosmetic_pen(theme.tokens.strong))
    painter.drawLine(block.bottomLeft(), block.bottomRight())
    painter.setFont(theme.mono_font())
    painter.setPen(QColor(theme.tokens.muted))
    for name, rect in zip(SPECIAL_NAMES, special_rects(block), strict=True):
        label = QRectF(rect.left() - 4, rect.bottom() + 1, rect.width() + 8, theme.px(_LABEL_PX))
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, name)


def special_color(theme: Theme, number: int) -> QColor:
    """Numbers in the colour of numbers, Inf and NaN in their own."""
    return QColor(theme.tokens.series[0] if number < 2 else theme.tokens.non_finite)


def percent(share: float) -> str:
    """``6.2 %``; a trace is not nothing."""
    return "< 0.1 %" if 0 < share < 0.001 else f"{share * 100:.1f} %"


def special_words(shares: Sequence[float]) -> str:
    """``0 6.2 %, NaN 1.0 %``: those that are not empty."""
    found = ((name, shares[at]) for name, at in zip(SPECIAL_NAMES, SPECIAL, strict=True) if shares[at] > 0)
    return ", ".join(f"{name} {percent(float(share))}" for name, share in found)
