"""Ctrl+Shift+P finds commands, Ctrl+P modules, parameters and buffers: a field, and under it what fits, best first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from moduleview.gui.actions.palette_choices import ListedChoices, PaletteChoices, PaletteEntry
from moduleview.gui.look.theme import Theme
from moduleview.gui.models.cell_guard import CellGuard

__all__ = ["CommandPalette", "PaletteEntry"]

_WIDTH, _N_ROWS, _ROW, _TOP = 520, 12, 24, 72
_MOVING_KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
_ENTRY_ROLE = Qt.ItemDataRole.UserRole


class CommandPalette(QFrame):
    """A list over the upper middle of the window; Escape or the focus going elsewhere closes it.

    It is a child that lies over the window, not a popup: a popup grabs the keyboard, which not every platform allows.
    """

    def __init__(
        self, choices: PaletteChoices | Sequence[PaletteEntry], prompt: str, theme: Theme, window: QWidget
    ) -> None:
        super().__init__(window)
        self._focus_before = QApplication.focusWidget()
        self.setObjectName("palette")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(prompt)
        self._theme = theme
        self._choices = choices if isinstance(choices, PaletteChoices) else ListedChoices(choices)
        self._model = _Matches(self)
        self._problem = QLabel(self, wordWrap=True)
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._problem.setProperty("role", "warning")
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(prompt)
        self.field.setAccessibleName(prompt)
        self.list = QListView(self)
        self.list.setAccessibleName(self.tr("What fits"))
        self.list.setModel(self._model)
        self.list.setItemDelegate(_EntryDelegate(theme, self))
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.clicked.connect(lambda index: self._run(index.row()))
        self.field.textChanged.connect(self._on_typed)
        self.field.returnPressed.connect(lambda: self._run(self.list.currentIndex().row()))
        self.field.installEventFilter(self)
        self._lay_out(window)
        self._on_typed("")

    def open(self) -> None:
        """Show it and take the keyboard."""
        self.show()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def titles(self) -> list[str]:
        """What is listed now, best first."""
        return [self._model.entry(row).title for row in range(self._model.rowCount())]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows typed into the field move through the list; Tab completes."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Tab:
            self._complete()
            return True
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() in _MOVING_KEYS:
            self.list.keyPressEvent(event)
            return True
        if event.type() == QEvent.Type.FocusOut and QApplication.activePopupWidget() is None:
            self.close()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes; other keys end here and not in the window below."""
        if event.key() == Qt.Key.Key_Escape:
            self._give_focus_back()
            self.close()

    def _give_focus_back(self) -> None:
        if self._focus_before is not None and isValid(self._focus_before):
            self._focus_before.setFocus()

    def _complete(self) -> None:
        """Type the rest of the current line, where a line has something to type."""
        row = self.list.currentIndex().row()
        completion = self._model.entry(row).completion if row >= 0 else ""
        if completion:
            self.field.setText(completion)

    def _on_typed(self, text: str) -> None:
        self._model.show_entries(self._choices.entries(text))
        self.list.setCurrentIndex(self._model.index(0))
        problem = self._choices.problem(text)
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))

    def _run(self, row: int) -> None:
        if row < 0:
            return
        entry = self._model.entry(row)
        if not entry.obstacle:
            self._give_focus_back()
            self.close()
            entry.run()

    def _lay_out(self, window: QWidget) -> None:
        px = self._theme.px
        column = QVBoxLayout(self)
        column.setContentsMargins(px(8), px(8), px(8), px(8))
        column.setSpacing(px(8))
        column.addWidget(self.field)
        column.addWidget(self._problem)
        column.addWidget(self.list)
        self.setFixedWidth(min(px(_WIDTH), window.width()))
        self.list.setFixedHeight(px(_ROW) * _N_ROWS)
        self._problem.hide()
        self.adjustSize()
        self.setFixedHeight(self.height())  # the sentence takes its room from the list
        self.list.setMinimumHeight(px(_ROW))
        self.list.setMaximumHeight(px(_ROW) * _N_ROWS)
        self.move((window.width() - self.width()) // 2, px(_TOP))
        self.raise_()


class _Matches(QAbstractListModel):
    """The entries that fit, as rows."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._entries: Sequence[PaletteEntry] = ()
        self._guard = CellGuard()

    def show_entries(self, entries: Sequence[PaletteEntry]) -> None:
        self.beginResetModel()
        self._entries = entries
        self.endResetModel()

    def entry(self, row: int) -> PaletteEntry:
        return self._entries[row]

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._entries)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        return self._guard.cell(self._cell, index, role)

    def _cell(self, index: QModelIndex | QPersistentModelIndex, role: int) -> object:
        if not index.isValid():
            return None
        entry = self.entry(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return entry.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return entry.obstacle or entry.title
        return entry if role == _ENTRY_ROLE else None


class _EntryDelegate(QStyledItemDelegate):
    """Title at the left, keys or type at the right."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._guard = CellGuard()

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(self._theme.px(100), self._theme.px(_ROW))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        self._guard.draw(painter, option.rect, lambda: self._paint(painter, option, index))

    def _paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        entry: PaletteEntry = index.data(_ENTRY_ROLE)
        tokens, px = self._theme.tokens, self._theme.px
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if is_selected:
            painter.fillRect(option.rect, QColor(tokens.selection))
        rect: QRect = option.rect.adjusted(px(8), 0, -px(8), 0)
        color = tokens.faint if entry.obstacle else tokens.on_selection if is_selected else tokens.text
        detail_color = tokens.on_selection if is_selected else tokens.muted
        align = Qt.AlignmentFlag.AlignVCenter
        font = self._theme.mono_font()
        painter.setFont(font)
        painter.setPen(QColor(tokens.faint if entry.obstacle else detail_color))
        painter.drawText(rect, align | Qt.AlignmentFlag.AlignRight, entry.detail)
        rect = rect.adjusted(0, 0, -QFontMetrics(font).horizontalAdvance(entry.detail) - px(12), 0)
        font = self._theme.mono_font(12) if entry.is_code else self._theme.ui_font()
        elide = Qt.TextElideMode.ElideLeft if entry.is_code else Qt.TextElideMode.ElideRight
        painter.setFont(font)
        painter.setPen(QColor(color))
        title = QFontMetrics(font).elidedText(entry.title, elide, rect.width())
        painter.drawText(rect, align | Qt.AlignmentFlag.AlignLeft, title)
