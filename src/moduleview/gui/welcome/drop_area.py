"""Says that files can be dropped; the window itself takes the drop, wherever it falls."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint

_HEIGHT_PX, _ICON_PX = 80, 24


class DropArea(QFrame):
    """A dashed field with an icon and two lines. Follows the theme by itself."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = Icons(theme)
        self._picture = QLabel(self)
        line = QLabel(self.tr("Drop a Python file or a folder anywhere in this window"), self)
        line.setProperty("role", "strong")
        below = QLabel(self.tr("Files with code are shown first and run only after you agree."), self)
        below.setProperty("role", "muted")
        self.setAccessibleName(line.text())
        self._lines = QVBoxLayout()
        self._lines.addStretch(1)
        self._lines.addWidget(line)
        self._lines.addWidget(below)
        self._lines.addStretch(1)
        self._row = QHBoxLayout(self)
        self._row.addStretch(1)
        self._row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignVCenter)
        self._row.addLayout(self._lines)
        self._row.addStretch(1)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the dashed outline."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(self._theme.tokens.strong), 1)
        pen.setDashPattern([3, 2])
        painter.setPen(pen)
        radius = self._theme.px(4)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self.setFixedHeight(px(_HEIGHT_PX))
        self._picture.setPixmap(self._icons.pixmap("download-tray", "muted", _ICON_PX))
        self._row.setSpacing(px(16))
        self._lines.setSpacing(0)
        self.update()
