"""The window itself: a frame that paints before anything is imported that could stand in it, and that is filled then.

Imports PySide6 and little else: numpy, the dialogs and the session cost twice what the first paint does.
"""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QSettings, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QColor, QPainter, QPaintEvent, QPalette, QPixmap
from PySide6.QtWidgets import QMainWindow

from moduleview.gui.look.theme import Theme
from moduleview.gui.settings import KeptSettings
from moduleview.gui.widgets.safe_paint import safe_paint

_TOOLBAR_END, _STATUS_HEIGHT = 69, 24  # logical px from the top; from the bottom


class Contents(Protocol):
    """What fills the window."""

    def on_painted(self) -> None:
        """It is on the screen."""

    def may_close(self) -> bool:
        """Begin to close; True when nothing is left to wait for."""


class MainWindow(QMainWindow):
    """An empty frame in the theme's colours, where a person left it, until it is filled. GUI thread only.

    Args:
        theme: Colours, fonts, zoom; as they were kept.
        settings: What is kept between two starts.
    """

    painted = Signal()  # what it holds is on the screen for the first time: the empty frame, and again what fills it

    def __init__(self, theme: Theme, settings: QSettings) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle(self.tr("moduleview"))
        self.theme = theme
        self.contents: Contents | None = None
        self._is_painted = False
        self._set_ground()
        KeptSettings(settings).restore_place(self)

    def fill(self, contents: Contents) -> None:
        """Hand over to what stands in the window from now on."""
        self.contents = contents
        self._is_painted = False
        self.setPalette(QPalette())  # the application's, from now on
        self.painted.connect(contents.on_painted)
        self.update()

    @safe_paint
    def paintEvent(self, event: QPaintEvent) -> None:
        """The empty frame: its ground, and the lines under the toolbar and over the status bar."""
        super().paintEvent(event)
        if self.contents is None:
            self._paint_frame()
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self, self.painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:
        """What fills the window says when it may go."""
        event.setAccepted(self.contents is None or self.contents.may_close())

    def _paint_frame(self) -> None:
        """With a picture of a line: the first QColor that QPainter takes makes all enumerations of Qt, for 16 ms."""
        px = self.theme.px
        line = QPixmap(self.width(), 1)
        line.fill(QColor(self.theme.tokens.border))
        painter = QPainter(self)
        for y in (px(_TOOLBAR_END), self.height() - px(_STATUS_HEIGHT)):
            painter.drawPixmap(0, y, line)

    def _set_ground(self) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(self.theme.tokens.window))
        self.setPalette(palette)
