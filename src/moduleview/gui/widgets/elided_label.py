"""A label that gives way: it shows as much of one line as fits and has the whole of it as tooltip."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from moduleview.gui.widgets.plain_tip import plain_tip
from moduleview.gui.widgets.safe_paint import safe_paint


class ElidedLabel(QLabel):
    """Plain text; an FQN loses its beginning (``ElideLeft``), prose its end."""

    def __init__(self, parent: QWidget, mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__(parent)
        self._mode = mode
        self._whole = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_text(self, text: str) -> None:
        """Show another text."""
        if text != self._whole:
            self._whole = text
            self.setText(text)
            self.setToolTip(plain_tip(text))
            self.setAccessibleName(text)

    def minimumSizeHint(self) -> QSize:
        """As narrow as it must be."""
        return QSize(0, super().minimumSizeHint().height())

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """What fits."""
        painter = QPainter(self)
        shown = self.fontMetrics().elidedText(self._whole, self._mode, self.width())
        self.style().drawItemText(
            painter, self.rect(), int(self.alignment()), self.palette(), self.isEnabled(), shown, self.foregroundRole()
        )
