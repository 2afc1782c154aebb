"""The table of the hooks that can be ticked on a module: boxes, numbers, and notes on as many lines as they need."""

from __future__ import annotations

import re

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

from moduleview.gui.inspector.header import NO_BREAK
from moduleview.gui.inspector.hook_box import HookBoxDelegate, HookBoxTable, toggle_check
from moduleview.gui.look.theme import Theme
from moduleview.gui.models.cell_look import LOOK_ROLE, Look
from moduleview.gui.models.hook_rows import RowKind
from moduleview.gui.models.hook_table_model import HOOK_CELL_ROLE, HookColumn, HookTableModel
from moduleview.gui.tree.tree_look import CHECK_COLUMN_PX
from moduleview.gui.widgets.cell_delegate import EDGE_PX, ROW_PX

_WIDTHS: dict[int, int] = {  # logical px
    HookColumn.MEAN: 53,
    HookColumn.STD: 47,
    HookColumn.MAX: 47,
    HookColumn.ZEROS: 43,
    HookColumn.NON_FINITE: 36,
}
_NARROWEST_PX = 260  # below, there are fewer numbers
_GIVE_WAY = (HookColumn.STD, HookColumn.ZEROS)
_INDENTED_FROM_PX = 90  # the name of a part that has less room begins at the left
_BOX_LEFT_PX = 4
_DOT, _MOST_IN_PARTS = " · ", 120  # longer is a sentence, or a shape that needs every place to break
_LONG_WORD, _INNER_WORD, _MAY_BREAK = re.compile(r"\w{20,}"), re.compile(r"(?<=[a-z_])(?=[A-Z])|(?<=_)"), "\u200b"
_NOTE_PADDING_PX = 3  # above and below
_NOTE_FLAGS = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class HookDelegate(HookBoxDelegate):
    """A check box before the name of a hook; the names of further parts are indented to it."""

    padding_px = 4

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, None, parent)

    def paint_content(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Box and text."""
        px = self.theme.px
        if index.column() == HookColumn.HOOK:
            whole = QRect(option.rect)
            cell = index.data(HOOK_CELL_ROLE)
            if cell is not None:
                box = QRect(whole.x() + px(_BOX_LEFT_PX), whole.y(), px(CHECK_COLUMN_PX), whole.height())
                self.hook_cell.paint(painter, box, *cell)
            is_indented = whole.width() >= px(_INDENTED_FROM_PX)
            option.rect = whole.adjusted(px(_BOX_LEFT_PX + CHECK_COLUMN_PX) if is_indented else 0, 0, 0, 0)
        super().paint_content(painter, option, index)

    def paint_text(self, painter: QPainter, rect: QRect, text: str, look: Look) -> None:
        """On several lines where there is the height for it."""
        if rect.height() > self.theme.px(ROW_PX) and not look.is_right:
            painter.drawText(rect, _NOTE_FLAGS, note_lines(text))
        else:
            super().paint_text(painter, rect, text, look)

    def note_height(self, note: str, look: Look, width: int) -> int:
        """Height of a row that shows a whole note."""
        px = self.theme.px
        room = QRect(0, 0, width - px(_BOX_LEFT_PX + CHECK_COLUMN_PX + self.padding_px + EDGE_PX), 10_000)
        text = QFontMetrics(self.font(look)).boundingRect(room, _NOTE_FLAGS, note_lines(note))
        return max(px(ROW_PX), text.height() + 2 * px(_NOTE_PADDING_PX))

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        """A click on the box or on the name beside it ticks."""
        if not isinstance(event, QMouseEvent) or event.button() != Qt.MouseButton.LeftButton:
            return False
        is_on_it = self._box_and_name(option, index).contains(event.position().toPoint())
        if index.data(HOOK_CELL_ROLE) is None or not is_on_it:
            return False
        if event.type() == QEvent.Type.MouseButtonRelease:
            toggle_check(model, index)
        return True

    def _box_and_name(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QRect:
        """The cell as far as something stands in it: it may be as wide as the table."""
        px = self.theme.px
        name = QFontMetrics(self.font(index.data(LOOK_ROLE))).horizontalAdvance(index.data())
        width = px(_BOX_LEFT_PX + CHECK_COLUMN_PX + 2 * self.padding_px) + name
        return QRect(option.rect.topLeft(), QSize(min(width, option.rect.width()), option.rect.height()))


class HookTable(HookBoxTable):
    """Space ticks the hook of the current row.

    What has no numbers takes the whole width; a note also takes the lines that it needs.
    """

    hook_column = HookColumn.HOOK

    def __init__(self, theme: Theme, model: HookTableModel, name: str, parent: QWidget) -> None:
        super().__init__(theme, model, name, parent)
        self._hooks = model
        self._delegate = HookDelegate(theme, self)
        self.setItemDelegate(self._delegate)
        self.set_header_padding(HookDelegate.padding_px)
        self.set_columns(_WIDTHS, HookColumn.HOOK)
        model.modelReset.connect(self._span_notes)  # after the view's own connection, which clears the spans
        model.dataChanged.connect(self._span_notes)
        theme.changed.connect(self._fit_notes)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Notes need more lines, or fewer; numbers have room beside the names, or not."""
        super().resizeEvent(event)
        self._fit_names()
        self._fit_notes()

    def _fit_names(self) -> None:
        """Where one name would be cut beside its numbers, the numbers of all stand below the names."""
        px, metrics = self._theme.px, QFontMetrics(self._delegate.font(Look()))
        names = self._hooks.measured_names
        for column in _WIDTHS:
            gives_way = column in _GIVE_WAY and self.width() < px(_NARROWEST_PX)
            self.setColumnHidden(column, gives_way or not names)
        numbers = (column for column in _WIDTHS if not self.isColumnHidden(column))
        around = px(_BOX_LEFT_PX + CHECK_COLUMN_PX + HookDelegate.padding_px + EDGE_PX)
        room = self.viewport().width() - sum(self.columnWidth(column) for column in numbers) - around
        widest = max((metrics.horizontalAdvance(name) for name in names), default=0)
        self._hooks.set_narrow(widest > room)

    def _span_notes(self) -> None:
        """Where numbers came or went, names become narrow or wide."""
        self._fit_names()
        for row in range(len(self._hooks.rows)):
            width = 1 if self._hooks.has_numbers(row) else len(HookColumn)
            if self.columnSpan(row, 0) != width:
                self.setSpan(row, 0, 1, width)
        self._fit_notes()

    def _fit_notes(self) -> None:
        for row, shown in enumerate(self._hooks.rows):
            index = self._hooks.index(row, HookColumn.HOOK)
            height = self._theme.px(ROW_PX)
            if shown.row_kind is RowKind.NOTE:
                height = self._delegate.note_height(index.data(), index.data(LOOK_ROLE), self.viewport().width())
            if self.rowHeight(row) != height:
                self.setRowHeight(row, height)


def note_lines(note: str) -> str:
    """The same, so that it is broken between its parts only: ``8 × 4 · float32 · 3 fires`` before a dot.

    Long names of classes are broken between their words.
    """
    note = _LONG_WORD.sub(lambda word: _INNER_WORD.sub(_MAY_BREAK, word[0]), note)
    if _DOT not in note or len(note) > _MOST_IN_PARTS:
        return note
    return f"{NO_BREAK}· ".join(part.replace(" ", NO_BREAK) for part in note.split(_DOT))
