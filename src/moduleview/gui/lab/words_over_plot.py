"""A view of choices in a row, a line of numbers below them, and a plot in the rest."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from moduleview.gui.lab.lab_view import LabView
from moduleview.gui.panel import PanelContext
from moduleview.gui.widgets.plain_tip import plain_tip

_LOW_PX, _SIDE_PX = 160, 8


class WordsOverPlot(LabView):
    """What the histogram and the spectrum look like; what they ask and say is their own.

    In a low panel the numbers are one line, and the rest of it is its tip.

    Attributes:
        words: The line of numbers.
    """

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(context, parent)
        self._whole = ""
        self.words = QLabel(self)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setProperty("role", "mono")
        self.words.setWordWrap(True)
        self._bar = QHBoxLayout()
        self._bar.addStretch(1)
        self._plots = QStackedLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._bar)
        column.addWidget(self.words)
        column.addLayout(self._plots, 1)
        context.theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def add_choice(self, name: str, options: dict[str, object]) -> QComboBox:
        """A box at the end of the row.

        Args:
            name: What is chosen, for those who do not see the screen.
            options: What each line of it stands for.
        """
        box = QComboBox(self)
        box.setProperty("role", "flat")
        box.setAccessibleName(name)
        for words, value in options.items():
            box.addItem(words, value)
        self._bar.insertWidget(self._bar.count() - 1, box)
        return box

    def add_plot(self, plot: QWidget) -> None:
        """The first one is shown."""
        self._plots.addWidget(plot)

    def show_plot(self, plot: QWidget) -> None:
        """One of several."""
        self._plots.setCurrentWidget(plot)

    def say(self, words: str) -> None:
        """Write the line of numbers."""
        self._whole = words
        self.words.setToolTip(plain_tip(words))
        self._fit_words()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The plot needs the room more than the second line."""
        super().resizeEvent(event)
        self._fit_words()

    def _fit_words(self) -> None:
        is_high, px = self.height() >= self.context.theme.px(_LOW_PX), self.context.theme.px
        self.words.setWordWrap(is_high)
        room, metrics = self.width() - 2 * px(_SIDE_PX), self.words.fontMetrics()
        line = metrics.elidedText(self._whole, Qt.TextElideMode.ElideRight, room)
        self.words.setText(self._whole if is_high else line)

    def _on_theme_changed(self) -> None:
        px = self.context.theme.px
        self._bar.setContentsMargins(px(_SIDE_PX), 0, px(_SIDE_PX), 0)
        self._bar.setSpacing(px(4))
        self.words.setContentsMargins(px(_SIDE_PX), 0, px(_SIDE_PX), 0)
