"""The small controls that plots put into their dock's title: a choice without an outline, a toggle with one when on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QFontInfo
from PySide6.QtWidgets import QComboBox, QToolButton

from moduleview.gui.look.theme import BASE_FONT_PX
from moduleview.gui.plots.curve_points import SMOOTHED_STEPS
from moduleview.gui.widgets.plain_tip import plain_tip

_AROUND_TEXT_PX = 32  # padding at the left, the arrow and what is around it


class Choice(QComboBox):
    """One of several texts, each standing for a value."""

    chosen = Signal(object)

    def __init__(self, name: str, options: Sequence[tuple[str, object]]) -> None:
        super().__init__()
        self.setProperty("role", "flat")
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.set_options(options)
        self.activated.connect(lambda at: self.chosen.emit(self.itemData(at)))
        self.currentIndexChanged.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        """The chosen text with its arrow close to it: as wide as the longest, it would take the room of tabs."""
        return QSize(self._width_of(self.currentText()), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """It is never cut."""
        return self.sizeHint()

    def showPopup(self) -> None:
        """The list is as wide as its longest text."""
        self.view().setMinimumWidth(max((self._width_of(self.itemText(at)) for at in range(self.count())), default=0))
        super().showPopup()

    def set_options(self, options: Sequence[tuple[str, object]]) -> None:
        """Offer these; what was chosen stays where it is still offered."""
        before = self.currentData()
        with QSignalBlocker(self):
            self.clear()
            for text, value in options:
                self.addItem(text, value)
            self.choose(before)

    def explain(self, tip: Callable[[str], str]) -> None:
        """Say more of each option in a tooltip, and of the chosen one on the box."""
        for at in range(self.count()):
            self.setItemData(at, plain_tip(tip(str(self.itemData(at)))), Qt.ItemDataRole.ToolTipRole)
        self.setToolTip(plain_tip(tip(str(self.currentData()))))

    def choose(self, value: object) -> None:
        """Show ``value`` as chosen, or the first where it is not offered."""
        at = next((at for at in range(self.count()) if self.itemData(at) == value), 0)
        self.setCurrentIndex(at)
        self.updateGeometry()

    def _width_of(self, text: str) -> int:
        scale = QFontInfo(self.font()).pixelSize() / BASE_FONT_PX
        return self.fontMetrics().horizontalAdvance(text) + round(_AROUND_TEXT_PX * scale)


class Toggle(QToolButton):
    """On or off, written as a word."""

    def __init__(self, text: str, tip: str, *, is_on: bool) -> None:
        super().__init__()
        self.setProperty("role", "toggle")
        self.setCheckable(True)
        self.setChecked(is_on)
        self.set_words(text, tip)

    def set_words(self, text: str, tip: str) -> None:
        """Say what it switches; the tip is its accessible name too."""
        self.setText(text)
        self.setToolTip(tip)
        self.setAccessibleName(tip)


class LogToggle(Toggle):
    """Whether a value axis is logarithmic."""

    def __init__(self, *, is_on: bool) -> None:
        super().__init__("", "", is_on=is_on)
        self.set_words(self.tr("log"), self.tr("Logarithmic value axis"))


class SmoothToggle(Toggle):
    """Whether lines are drawn smoothed, over the faint line of each measured step; on at first."""

    def __init__(self) -> None:
        super().__init__("", "", is_on=True)
        tip = self.tr("Mean of the last {0} measured steps over the faint line of each of them")
        self.set_words(self.tr("smooth {0}").format(SMOOTHED_STEPS), tip.format(SMOOTHED_STEPS))
