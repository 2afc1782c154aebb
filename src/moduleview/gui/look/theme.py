"""Which colours and fonts are in force; says when they change. Widgets ask here and repaint on ``changed``."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QFont, QFontDatabase

from moduleview.gui.gui_thread import gui_thread_only
from moduleview.gui.look.tokens import DARK, LIGHT, Tokens

BASE_FONT_PX = 12
_LIGATURES = ("liga", "calt")  # "->" must be read as what is written
MINIMUM_ZOOM, MAXIMUM_ZOOM = 0.75, 2.0


class Theme(QObject):
    """Tokens, fonts and zoom of the window. GUI thread only."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tokens = LIGHT
        self._zoom = 1.0

    @property
    def tokens(self) -> Tokens:
        """The colours in force."""
        return self._tokens

    @property
    def zoom(self) -> float:
        """1.0 is 96 dpi; Ctrl+plus and minus change it."""
        return self._zoom

    @gui_thread_only
    def set_dark(self, is_dark: bool) -> None:
        """Take the dark or the light colours."""
        tokens = DARK if is_dark else LIGHT
        if tokens is not self._tokens:
            self._tokens = tokens
            self.changed.emit()

    @gui_thread_only
    def set_zoom(self, zoom: float) -> None:
        """Scale every size; kept between 0.75 and 2."""
        zoom = min(max(zoom, MINIMUM_ZOOM), MAXIMUM_ZOOM)
        if zoom != self._zoom:
            self._zoom = zoom
            self.changed.emit()

    def px(self, logical: float) -> int:
        """A length at zoom 1, in pixels at the zoom in force."""
        return round(logical * self._zoom)

    def ui_font(self, size_px: int = BASE_FONT_PX, *, bold: bool = False) -> QFont:
        """The system's font for everything that is not measured; ``bold`` is weight 600."""
        return self._sized(QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont), size_px, bold)

    def mono_font(self, size_px: int = 11, *, bold: bool = False) -> QFont:
        """The system's fixed font, for FQNs, shapes, code and numbers."""
        font = self._sized(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont), size_px, bold)
        for feature in _LIGATURES:
            font.setFeature(QFont.Tag(feature), 0)
        return font

    def _sized(self, font: QFont, size_px: int, bold: bool) -> QFont:
        font.setPixelSize(self.px(size_px))
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        return font
