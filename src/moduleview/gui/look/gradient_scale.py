"""The one colour scale of gradients: the map, the tree's swatches and the tables agree on it."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor

from moduleview.gui.gui_thread import gui_thread_only
from moduleview.gui.look.colormap import lookup_table
from moduleview.gui.look.tokens import Tokens


class GradientScale(QObject):
    """Limits in decades and the colour of a value. The gradient map moves the limits; everyone else reads.

    GUI thread only.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._low, self._high = -4, 1
        self._name = "viridis"

    @property
    def limits(self) -> tuple[int, int]:
        """Decades: 10**low is the first colour, 10**high the last."""
        return self._low, self._high

    @property
    def map_name(self) -> str:
        """``viridis`` or ``cividis``."""
        return self._name

    @gui_thread_only
    def set_limits(self, low: int, high: int) -> None:
        """Take new limits; ``high`` is kept at least one decade above ``low``."""
        limits = (low, max(high, low + 1))
        if limits != self.limits:
            self._low, self._high = limits
            self.changed.emit()

    @gui_thread_only
    def set_map(self, name: str) -> None:
        """Take another colour map."""
        if name != self._name:
            self._name = name
            self.changed.emit()

    def color(self, value: float | None, tokens: Tokens) -> QColor:
        """Colour of a gradient norm: saturated outside the limits, apart for NaN and for no value."""
        if value is None:
            return QColor(tokens.not_measured)
        if not math.isfinite(value):
            return QColor(tokens.non_finite)
        table = lookup_table(self._name)
        decade = math.log10(value) if value > 0 else -math.inf
        position = min(max((decade - self._low) / (self._high - self._low), 0.0), 1.0)
        red, green, blue = table[round(position * (len(table) - 1))].tolist()
        return QColor(red, green, blue)
