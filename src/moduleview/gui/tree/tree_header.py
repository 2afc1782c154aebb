"""The header of the module tree: hook columns in the hooks' colours, and a menu of columns.

The line below it is the style sheet's, as under every header; the one above it is painted here.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHeaderView, QWidget

from moduleview.gui.models.tree_columns import HOOK_COLUMNS, Column
from moduleview.gui.tree.tree_look import HEADER_PX, PADDING_PX, TreeLook
from moduleview.gui.widgets.safe_paint import safe_paint
from moduleview.telemetry.hooks import HookKind


class TreeHeader(QHeaderView):
    """Paints its sections itself."""

    menu_wanted = Signal(QPoint)  # global position

    def __init__(self, look: TreeLook, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._look = look
        self.setAccessibleName(self.tr("Columns of the module tree"))
        self.setSectionsClickable(False)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(look.px(16))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu_requested)

    def set_look(self, look: TreeLook) -> None:
        """The theme changed."""
        self._look = look
        self.setMinimumSectionSize(look.px(16))
        self.updateGeometry()
        self.viewport().update()

    def sizeHint(self) -> QSize:
        """A header row and the line above it."""
        return QSize(super().sizeHint().width(), self._look.px(HEADER_PX) + 1)

    @safe_paint
    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803  Qt's own name
        """Draw one label and its piece of the line above."""
        look, column = self._look, Column(logicalIndex)
        painter.fillRect(rect, QColor(look.tokens.panel))
        painter.fillRect(QRect(rect.x(), rect.y(), rect.width(), 1), look.border)
        model = self.model()
        if model is None:
            return
        text = str(model.headerData(logicalIndex, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole))
        painter.setFont(look.bold_caption_font if column in HOOK_COLUMNS else look.caption_font)
        painter.setPen(self._color(column))
        space, alignment = self._place(rect, column)
        painter.drawText(space, alignment | Qt.AlignmentFlag.AlignVCenter, self._fitting(text, space.width()))

    @safe_paint
    def paintEvent(self, event: QPaintEvent) -> None:
        """Carry the line on where no section is."""
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        left = self.length() - self.offset()
        if left < self.viewport().width():
            painter.fillRect(QRect(left, 0, self.viewport().width() - left, 1), self._look.border)
        painter.end()

    def _color(self, column: Column) -> QColor:
        kind = HOOK_COLUMNS.get(column)
        if kind is None:
            return self._look.muted
        is_forward = kind in (HookKind.FORWARD, HookKind.FORWARD_PRE)
        tokens = self._look.tokens
        return QColor(tokens.hook_forward if is_forward else tokens.hook_backward)

    def _place(self, rect: QRect, column: Column) -> tuple[QRect, Qt.AlignmentFlag]:
        padding = self._look.px(PADDING_PX)
        if column in HOOK_COLUMNS:
            return rect, Qt.AlignmentFlag.AlignHCenter
        if column is Column.PARAMETERS:
            return rect.adjusted(0, 0, -padding, 0), Qt.AlignmentFlag.AlignRight
        left = 0 if column is Column.TYPE else padding
        return rect.adjusted(left, 0, 0, 0), Qt.AlignmentFlag.AlignLeft

    def _fitting(self, text: str, width: int) -> str:
        """A label that does not fit loses whole words before it is cut."""
        metrics = self._look.caption_metrics
        while metrics.horizontalAdvance(text) > width and " " in text:
            text = text.rpartition(" ")[0]
        return metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)

    def _on_menu_requested(self, position: QPoint) -> None:
        self.menu_wanted.emit(self.mapToGlobal(position))
