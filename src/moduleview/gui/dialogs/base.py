"""What every dialog of the window has: the theme's measures, an outlined area, a row of buttons."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint

_PADDING_PX = 16


class Dialog(QDialog):
    """A dialog with a column of contents above a row of buttons. Not modal unless a child says so.

    Children fill ``body`` and add buttons; the last button added stands at the right.
    """

    def __init__(self, theme: Theme, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._column = QVBoxLayout(self)
        self.body = QVBoxLayout()
        self._buttons = QHBoxLayout()
        self._left_buttons = QHBoxLayout()
        self._buttons.addLayout(self._left_buttons)
        self._buttons.addStretch(1)
        self._column.addLayout(self.body, 1)
        self._column.addLayout(self._buttons)
        theme.changed.connect(self._lay_out)
        self._lay_out()

    def add_button(self, text: str, run: Callable[[], object], *, is_primary: bool = False) -> QPushButton:
        """Put a button at the right end of the row; the primary one is what Enter does."""
        button = self._make_button(text, run)
        if is_primary:
            button.setProperty("role", "primary")
        button.setDefault(is_primary)
        self._buttons.addWidget(button)
        return button

    def add_button_left(self, text: str, run: Callable[[], object]) -> QPushButton:
        """Put a button at the left end, for what does not answer the dialog's question (Copy)."""
        button = self._make_button(text, run)
        self._left_buttons.addWidget(button)
        return button

    def add_text(self, text: str, role: str = "", layout: QVBoxLayout | None = None) -> QLabel:
        """Put a paragraph into the body, or into ``layout``; plain text, so that a path with markup stays one."""
        label = QLabel(text, self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setProperty("role", role)
        (self.body if layout is None else layout).addWidget(label)
        return label

    def _make_button(self, text: str, run: Callable[[], object]) -> QPushButton:
        button = QPushButton(text, self)
        button.setAccessibleName(text.replace("&", ""))
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked=False: run())
        return button

    def _lay_out(self) -> None:
        px = self.theme.px
        padding = px(_PADDING_PX)
        self._column.setContentsMargins(padding, padding, padding, padding)
        self._column.setSpacing(padding)
        self.body.setSpacing(px(8))
        self._buttons.setSpacing(px(8))
        self._left_buttons.setSpacing(px(8))


class Outlined(QFrame):
    """A thin outline, radius 4, around one widget: code, a list."""

    def __init__(self, theme: Theme, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.addWidget(content)
        self.setFocusProxy(content)
        theme.changed.connect(self.update)

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the outline; the content lies inside it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.tokens.border), 1))
        painter.setBrush(QColor(self._theme.tokens.panel))
        radius = self._theme.px(4)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
