"""The table at the right of the curves: which line is what, its value at the crosshair, and what is drawn."""

from __future__ import annotations

from itertools import combinations
from operator import ne
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from moduleview.gui.look import number_format
from moduleview.gui.look.theme import Theme
from moduleview.gui.plots.items import cosmetic_pen
from moduleview.gui.plots.legend_model import LEGEND_ROW_ROLE, LINE_NAMES_ROLE, LegendModel, LegendRow
from moduleview.gui.widgets.plain_tip import plain_tip
from moduleview.gui.widgets.safe_paint import safe_paint

_ROW_PX, _PADDING_PX, _SAMPLE_PX = 22, 8, 20
_LEAST_ROWS = 3  # beside what is said of them
_N_KEPT_MODES = 64


def most_telling_mode(names: tuple[str, ...], metrics: QFontMetrics, width: int) -> Qt.TextElideMode:
    """Where to cut names so that those most alike still differ most: the beginning, else the middle, else the end."""

    def least_difference(mode: Qt.TextElideMode) -> int:
        shown = [metrics.elidedText(name, mode, max(width, 0)) for name in names]
        pairs = combinations(shown, 2)
        return min((sum(map(ne, *pair)) + abs(len(pair[0]) - len(pair[1])) for pair in pairs), default=0)

    if all(metrics.horizontalAdvance(name) <= width for name in names):
        return Qt.TextElideMode.ElideLeft
    modes = (Qt.TextElideMode.ElideLeft, Qt.TextElideMode.ElideMiddle, Qt.TextElideMode.ElideRight)
    return max(modes, key=least_difference)


class _LegendDelegate(QStyledItemDelegate):
    """Paints a group's name or a line's sample, name and value."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._modes: dict[object, Qt.TextElideMode] = {}

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(self._theme.px(80), self._theme.px(_ROW_PX))

    @safe_paint
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row = index.data(LEGEND_ROW_ROLE)
        state: Any = option.state
        box: QRect = option.rect
        painter.save()
        if state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_HasFocus) and row.number is not None:
            painter.fillRect(box, QColor(self._theme.tokens.hover))
        if row.number is None:
            self._paint_group(painter, box, row)
        else:
            self._paint_line(painter, box, row, index.data(LINE_NAMES_ROLE))
        painter.restore()

    def _paint_group(self, painter: QPainter, box: QRect, row: LegendRow) -> None:
        theme, tokens = self._theme, self._theme.tokens
        left = box.left() + theme.px(_PADDING_PX)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        if row.text:
            painter.setFont(theme.mono_font())
            painter.setPen(QColor(tokens.text))
            text = self._elided(painter, row.text, box.right() - left - theme.px(64))
            painter.drawText(box.adjusted(left - box.left(), 0, 0, 0), middle, text)
            left += painter.fontMetrics().horizontalAdvance(text) + theme.px(6)
        painter.setFont(theme.ui_font(11))
        painter.setPen(QColor(tokens.muted))
        painter.drawText(box.adjusted(left - box.left(), 0, 0, 0), middle, row.note)

    def _paint_line(self, painter: QPainter, box: QRect, row: LegendRow, names: tuple[str, ...]) -> None:
        assert row.style is not None
        theme, tokens, px = self._theme, self._theme.tokens, self._theme.px
        left, middle = box.left() + px(2 * _PADDING_PX), box.center().y()
        if not row.style.is_hidden:
            pen = cosmetic_pen(row.style.color, dash=tuple(length / 2 for length in row.style.dash))
            pen.setWidth(px(2))
            painter.setPen(pen)
            painter.drawLine(QPoint(left, middle), QPoint(left + px(_SAMPLE_PX), middle))
        painter.setFont(theme.mono_font())
        painter.setPen(QColor(tokens.faint if row.style.is_hidden else tokens.text))
        text_box = box.adjusted(left + px(_SAMPLE_PX + _PADDING_PX) - box.left(), 0, -px(_PADDING_PX), 0)
        painter.drawText(text_box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, row.value)
        room = text_box.width() - painter.fontMetrics().horizontalAdvance(row.value or "0") - px(_PADDING_PX)
        text = painter.fontMetrics().elidedText(row.text, self._mode(names, painter.fontMetrics(), room), max(room, 0))
        painter.drawText(text_box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def _mode(self, names: tuple[str, ...], metrics: QFontMetrics, width: int) -> Qt.TextElideMode:
        """Kept, since it takes longer than painting."""
        key = (names, width, metrics.height())
        if key not in self._modes:
            if len(self._modes) > _N_KEPT_MODES:
                self._modes.clear()
            self._modes[key] = most_telling_mode(names, metrics, width)
        return self._modes[key]

    @staticmethod
    def _elided(painter: QPainter, text: str, width: int) -> str:
        return painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideLeft, max(width, 0))


class LegendView(QListView):
    """The list in the legend. A click hides a line, a double click isolates it, Space and Return do the same."""

    line_toggled = Signal(int)
    line_isolated = Signal(int)
    line_hovered = Signal(object)  # number or None

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._after_double_click = False  # its second release is no click of its own
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setItemDelegate(_LegendDelegate(theme, self))
        self.entered.connect(lambda index: self.line_hovered.emit(self._number(index)))
        self.viewportEntered.connect(lambda: self.line_hovered.emit(None))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click hides or shows a line."""
        super().mouseReleaseEvent(event)
        number = self._number(self.indexAt(event.position().toPoint()))
        if number is not None and event.button() == Qt.MouseButton.LeftButton and not self._after_double_click:
            self.line_toggled.emit(number)
        self._after_double_click = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click leaves one line, or brings all back."""
        number = self._number(self.indexAt(event.position().toPoint()))
        self._after_double_click = True
        if number is not None and event.button() == Qt.MouseButton.LeftButton:
            self.line_isolated.emit(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space hides, Return isolates."""
        number = self._number(self.currentIndex())
        if number is not None and event.key() == Qt.Key.Key_Space:
            self.line_toggled.emit(number)
        elif number is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.line_isolated.emit(number)
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """No line is under the pointer."""
        super().leaveEvent(event)
        self.line_hovered.emit(None)

    @staticmethod
    def _number(index: QModelIndex) -> int | None:
        row = index.data(LEGEND_ROW_ROLE) if index.isValid() else None
        return None if row is None else row.number


class Legend(QFrame):
    """Header with the step, the list, and what the marks mean."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.model = LegendModel(self)
        self._name = QLabel(self.tr("Series"), self)
        self._step = QLabel(self)
        self.view = LegendView(theme, self)
        self.view.setModel(self.model)
        self.view.setAccessibleName(self.tr("Series of the curves, with values at the crosshair"))
        self._note = QLabel(self, wordWrap=True)
        for label in (self._name, self._step, self._note):
            label.setProperty("role", "caption")
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._header = QWidget(self)
        row = QHBoxLayout(self._header)
        row.addWidget(self._name)
        row.addStretch(1)
        row.addWidget(self._step)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._header)
        column.addWidget(self.view, 1)
        column.addWidget(self._note)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_step(self, step: int | None, is_pointed: bool) -> None:
        """Say at which step the values are."""
        text = self.tr("no step") if step is None else number_format.exact_count(step)
        self._step.setText(self.tr("at step {0}").format(text) if is_pointed else self.tr("latest"))
        self._step.setToolTip("" if step is None else text)

    def set_note(self, note: str) -> None:
        """Say what the lines mean; where there is room for hardly a line beside it, in a tooltip of the header."""
        if note != self._note.text():
            self._note.setText(note)
            self._name.setToolTip(plain_tip(note))
            self._fit_note()

    def minimumSizeHint(self) -> QSize:
        """A line below the header."""
        return QSize(super().minimumSizeHint().width(), self._header.height() + self._theme.px(_ROW_PX))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The lines come before what is said of them."""
        super().resizeEvent(event)
        self._fit_note()

    @safe_paint
    def paintEvent(self, _event: QEvent) -> None:
        """The lines at the left and under the header."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.tokens.panel))
        painter.setPen(QColor(self._theme.tokens.border))
        painter.drawLine(0, 0, 0, self.height())
        painter.drawLine(0, self._header.height() - 1, self.width(), self._header.height() - 1)
        painter.end()

    def _fit_note(self) -> None:
        rows = self._header.height() + _LEAST_ROWS * self._theme.px(_ROW_PX)
        self._note.setVisible(self.height() >= rows + self._note.heightForWidth(self.width()))

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self._header.setFixedHeight(px(24))
        layout = self._header.layout()
        assert layout is not None
        layout.setContentsMargins(px(_PADDING_PX), 0, px(_PADDING_PX), 1)
        self._note.setContentsMargins(px(_PADDING_PX), px(4), px(_PADDING_PX), px(8))
        for label in (self._name, self._step, self._note):
            label.setFont(self._theme.ui_font(11))
        self._fit_note()
        self.update()
