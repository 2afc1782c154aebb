"""The table of everyone's hooks: a column for everything, or two lines a hook where there is no room for that."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QResizeEvent
from PySide6.QtWidgets import QStyleOptionViewItem, QTableView, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.models.cell_look import Look
from moduleview.gui.models.found_hooks_model import SECOND_LINE_ROLE, FoundColumn, FoundHooksModel
from moduleview.gui.widgets.cell_delegate import EDGE_PX, ROW_PX, CellDelegate
from moduleview.gui.widgets.row_table import RowTable

_WIDTHS: dict[int, int] = {  # logical px
    FoundColumn.ORDER: 20,
    FoundColumn.KIND: 128,
    FoundColumn.LOCATION: 120,
    FoundColumn.FIRES: 52,
    FoundColumn.COST: 44,
}
_NARROW_PX = 440
_IN_SECOND_LINE = (FoundColumn.KIND, FoundColumn.LOCATION)
_TWO_LINES_PX, _SECOND_LINE_PX = 36, 16


class FoundDelegate(CellDelegate):
    """Narrow cells; a function with what else there is of it in the line below, where the row is high enough."""

    padding_px = 4

    def paint_content(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Cells stand in the upper line; the lower one goes on below the numbers, a piece of it in each cell."""
        whole = QRect(option.rect)
        if whole.height() > self.theme.px(ROW_PX):
            self._paint_second_line(painter, option, index)
            option.rect = whole.adjusted(0, 0, 0, -self.theme.px(_SECOND_LINE_PX))
        super().paint_content(painter, option, index)

    def _paint_second_line(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        px, look, table = self.theme.px, Look(color="muted", is_mono=True, is_small=True), self.parent()
        assert isinstance(table, QTableView)
        cell, name = QRect(option.rect), index.sibling(index.row(), FoundColumn.NAME)
        left = table.columnViewportPosition(FoundColumn.NAME) + px(self.padding_px)
        top = cell.bottom() + 1 - px(_SECOND_LINE_PX + 2)
        line = QRect(left, top, table.viewport().width() - left - px(EDGE_PX), px(_SECOND_LINE_PX))
        painter.save()
        painter.setClipRect(cell)
        painter.setFont(self.font(look))
        painter.setPen(QColor(self.text_color(option, look)))
        text = str(name.data(SECOND_LINE_ROLE) or "")
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)
        painter.restore()


class FoundHooksTable(RowTable):
    """Says everything at every width."""

    def __init__(self, theme: Theme, model: FoundHooksModel, name: str, parent: QWidget) -> None:
        super().__init__(theme, model, name, parent)
        self.setItemDelegate(FoundDelegate(theme, None, self))
        self.set_header_padding(FoundDelegate.padding_px)
        self.set_columns(_WIDTHS, FoundColumn.NAME)
        theme.changed.connect(self._fit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Columns become lines, or the other way round; what is selected stays in view above its detail."""
        super().resizeEvent(event)
        self._fit()
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())

    def _fit(self) -> None:
        px = self._theme.px
        is_narrow = self.width() < px(_NARROW_PX)
        for column in _IN_SECOND_LINE:
            self.setColumnHidden(column, is_narrow)
        height = px(_TWO_LINES_PX if is_narrow else ROW_PX)
        rows = self.verticalHeader()
        rows.setMinimumSectionSize(height)
        rows.setDefaultSectionSize(height)
