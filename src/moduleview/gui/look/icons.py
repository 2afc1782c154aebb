"""The program's own icons: SVGs on a 16 grid whose strokes take a colour of the theme.

``QIcon.fromTheme`` is null on a bare machine and never matches the visual language, so every icon is a file in
``resources/icons`` with ``currentColor`` in it, drawn through QSvgRenderer.
"""

from __future__ import annotations

import re

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from moduleview.gui.look.theme import Theme
from moduleview.resources import resource_path

GRID_PX = 16
_LARGE_PX = 20  # from here on the stroke is 1 px instead of 1.25
_STROKE_WIDTH = re.compile(r'stroke-width="[^"]*"')


class Icons:
    """Draws and keeps icons in the colours of a theme. GUI thread only.

    A name is the file's name without ``.svg``; a role is the name of a field of ``Tokens``.
    """

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._sources: dict[str, str] = {}
        self._pixmaps: dict[tuple[str, str, int, float], QPixmap] = {}
        self._look = (theme.tokens, theme.zoom)

    def icon(self, name: str, role: str = "muted", size_px: int = GRID_PX) -> QIcon:
        """An icon in the role's colour; disabled it is faint.

        Args:
            name: File in ``resources/icons``.
            role: Field of ``Tokens`` that gives the colour.
            size_px: Logical size at zoom 1; the theme's zoom is applied.
        """
        icon = QIcon()
        ratios = {1.0, self._screen_ratio()}
        for ratio in sorted(ratios):
            icon.addPixmap(self.pixmap(name, role, size_px, ratio), QIcon.Mode.Normal)
            icon.addPixmap(self.pixmap(name, "faint", size_px, ratio), QIcon.Mode.Disabled)
        return icon

    def pixmap(self, name: str, role: str = "muted", size_px: int = GRID_PX, ratio: float | None = None) -> QPixmap:
        """The same as a pixmap.

        Args:
            name: File in ``resources/icons``.
            role: Field of ``Tokens`` that gives the colour.
            size_px: Logical size at zoom 1.
            ratio: Device pixels a logical pixel; that of the screen when it is None.
        """
        ratio = self._screen_ratio() if ratio is None else ratio
        color = str(getattr(self._theme.tokens, role))
        side = self._theme.px(size_px)
        look = (self._theme.tokens, self._theme.zoom)
        if look != self._look:  # else every zoom and theme there has been would be kept
            self._look = look
            self._pixmaps.clear()
        key = (name, color, side, ratio)
        if key not in self._pixmaps:
            self._pixmaps[key] = self._draw(name, color, side, ratio)
        return self._pixmaps[key]

    def _draw(self, name: str, color: str, side: int, ratio: float) -> QPixmap:
        stroke = (1.0 if side >= _LARGE_PX * self._theme.zoom else 1.25) * self._theme.zoom * GRID_PX / side
        svg = _STROKE_WIDTH.sub(f'stroke-width="{stroke:.4f}"', self._source(name)).replace("currentColor", color)
        pixmap = QPixmap(round(side * ratio), round(side * ratio))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, pixmap.width(), pixmap.height()))
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        return pixmap

    def _source(self, name: str) -> str:
        if name not in self._sources:
            self._sources[name] = resource_path("icons", f"{name}.svg").read_text(encoding="utf-8")
        return self._sources[name]

    @staticmethod
    def _screen_ratio() -> float:
        screen = QGuiApplication.primaryScreen()
        return 1.0 if screen is None else screen.devicePixelRatio()
