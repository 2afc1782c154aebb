"""Paints a row of a pipeline: a tick, the Python line, and under it what it gives or why it does not."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionButton, QStyleOptionViewItem, QWidget

from moduleview.gui.lab.steps_model import DETAIL_ROLE, STATE_ROLE, RowState
from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme
from moduleview.gui.models.cell_guard import CellGuard

_ROW_PX, _BOX_PX, _ICON_PX = 36, 14, 16
_Index = QModelIndex | QPersistentModelIndex


class StepDelegate(QStyledItemDelegate):
    """A click on the box switches the step."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = Icons(theme)
        self._guard = CellGuard()

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """All rows are equally high."""
        return QSize(self._theme.px(80), self._theme.px(_ROW_PX))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Guarded: a row that cannot be drawn is a question mark."""
        self._guard.draw(painter, option.rect, lambda: self._paint(painter, option, index))

    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: _Index
    ) -> bool:
        """A click on the box."""
        is_click = isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonRelease
        if not is_click or not self._box(option.rect).contains(event.position().toPoint()):  # type: ignore[attr-defined]
            return False
        toggle(model, index)
        return True

    def _box(self, row: QRect) -> QRect:
        px = self._theme.px
        side = px(_BOX_PX)
        return QRect(row.x() + px(8), row.y() + (row.height() - side) // 2, side, side)

    def _paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        theme, tokens, px = self._theme, self._theme.tokens, self._theme.px
        state = index.data(STATE_ROLE)
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if is_selected:
            painter.fillRect(option.rect, QColor(tokens.selection))
        if index.data(Qt.ItemDataRole.CheckStateRole) is not None:
            self._paint_box(painter, option, index)
        left = self._box(option.rect).right() + px(8)
        room = QRect(left, option.rect.y() + px(2), option.rect.right() - left - px(4), px(_ROW_PX) // 2 - px(2))
        text = tokens.faint if state == RowState.GREY else tokens.on_selection if is_selected else tokens.text
        painter.setFont(theme.mono_font(12))
        painter.setPen(QColor(text))
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        elide = Qt.TextElideMode.ElideRight
        line = str(index.data()).replace("\n", "; ")
        painter.drawText(room, align, painter.fontMetrics().elidedText(line, elide, room.width()))
        room.translate(0, room.height())
        detail = tokens.on_selection if is_selected else tokens.muted
        if state == RowState.FAILED:
            detail = tokens.error
            side = px(_ICON_PX) - px(2)
            painter.drawPixmap(room.x(), room.y(), side, side, self._icons.pixmap("error", "error"))
            room.adjust(side + px(4), 0, 0, 0)
        painter.setFont(theme.ui_font(11))
        painter.setPen(QColor(tokens.faint if state == RowState.GREY else detail))
        said = str(index.data(DETAIL_ROLE)).replace("\n", " ")
        painter.drawText(room, align, painter.fontMetrics().elidedText(said, elide, room.width()))

    def _paint_box(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        box = QStyleOptionButton()
        box.rect = self._box(option.rect)
        is_on = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) == Qt.CheckState.Checked
        box.state = QStyle.StateFlag.State_Enabled | (
            QStyle.StateFlag.State_On if is_on else QStyle.StateFlag.State_Off
        )
        option.widget.style().drawPrimitive(QStyle.PrimitiveElement.PE_IndicatorCheckBox, box, painter, option.widget)


def toggle(model: QAbstractItemModel, index: _Index) -> None:
    """Switch a step on or off."""
    value = index.data(Qt.ItemDataRole.CheckStateRole)
    if value is not None:
        is_on = Qt.CheckState(value) == Qt.CheckState.Checked
        model.setData(
            index, Qt.CheckState.Unchecked if is_on else Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole
        )
