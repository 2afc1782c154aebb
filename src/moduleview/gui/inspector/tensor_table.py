"""The table of parameters or buffers: cells with swatches, and the check box of the tensor hook."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QMenu, QStyleOptionViewItem, QWidget

from moduleview.gui.inspector.hook_box import HookBoxDelegate, HookBoxTable, toggle_check
from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.look.theme import Theme
from moduleview.gui.models.tensor_columns import WIDTHS, TensorColumn
from moduleview.gui.models.tensor_table_model import HOOK_STATE_ROLE, TensorTableModel
from moduleview.gui.widgets.cell_delegate import ROW_PX
from moduleview.gui.widgets.row_table import HEADER_PX
from moduleview.telemetry.hooks import HookKind

_NARROW_PX, _NARROWEST_PX = 320, 240
_LEAST_ROWS = 3  # in the lowest dock
_N_MEASURED_ROWS = 64  # a look at the first is enough
_CELL_PADDING_PX = 18


class TensorDelegate(HookBoxDelegate):
    """Text as everywhere; the hook's check box as in the tree."""

    def paint_content(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """A check box in the hook's column, else text."""
        state = index.data(HOOK_STATE_ROLE)
        if state is None:
            super().paint_content(painter, option, index)
        else:
            self.hook_cell.paint(painter, option.rect, state, HookKind.TENSOR)

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        _option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        """A click on the check box ticks it."""
        is_left = isinstance(event, QMouseEvent) and event.button() == Qt.MouseButton.LeftButton
        if not is_left or index.column() != TensorColumn.HOOK:
            return False
        if event.type() == QEvent.Type.MouseButtonRelease:
            toggle_check(model, index)
        return True


class TensorTable(HookBoxTable):
    """Keys: arrows move, Space ticks the hook of the current row, Ctrl+C copies."""

    hook_column = TensorColumn.HOOK

    def __init__(
        self,
        theme: Theme,
        scale: GradientScale,
        model: TensorTableModel,
        columns: tuple[Sequence[TensorColumn], Sequence[TensorColumn]],
        parent: QWidget,
    ) -> None:
        """Args: ``columns`` are all that can be shown, and those that stand there at first."""
        offered, first = columns
        super().__init__(theme, model, "", parent)
        self.setItemDelegate(TensorDelegate(theme, scale, self))
        hidden = [column for column in TensorColumn if column not in first]
        self.set_columns({int(c): width for c, width in WIDTHS.items()}, TensorColumn.NAME, hidden)
        self.offer_columns(offered)
        self._gives_way = TensorColumn.NORM in first  # until a person chooses columns
        scale.changed.connect(self.viewport().update)
        model.modelReset.connect(self._fit_shapes)
        theme.changed.connect(self._fit_shapes)

    def column_menu(self, columns: Sequence[int]) -> QMenu:
        """The same; what a person chooses here is not changed by the width any more."""
        menu = super().column_menu(columns)
        menu.triggered.connect(self._on_columns_chosen)
        return menu

    def minimumSizeHint(self) -> QSize:
        """The header and a few rows, however much is to be read below."""
        return QSize(super().minimumSizeHint().width(), self._theme.px(HEADER_PX + _LEAST_ROWS * ROW_PX))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where names would be cut, the norm goes, then the shape: the detail below has both."""
        super().resizeEvent(event)
        if self._gives_way:
            self.setColumnHidden(TensorColumn.NORM, self.width() < self._theme.px(_NARROW_PX))
            self.setColumnHidden(TensorColumn.SHAPE, self.width() < self._theme.px(_NARROWEST_PX))
        self._fit_shapes()

    def _fit_shapes(self) -> None:
        """Shapes get the room they take, as long as names keep theirs."""
        px = self._theme.px
        wanted = self._width_of(TensorColumn.SHAPE)
        names = min(self._width_of(TensorColumn.NAME), px(WIDTHS[TensorColumn.NAME]))
        shown = [column for column in TensorColumn if not self.isColumnHidden(column)]
        others = sum(self.columnWidth(c) for c in shown if c not in (TensorColumn.NAME, TensorColumn.SHAPE))
        room = self.viewport().width() - others - names
        usual = px(WIDTHS[TensorColumn.SHAPE])
        least = min(usual, wanted) if room < usual else usual  # names need what shapes do not
        self.setColumnWidth(TensorColumn.SHAPE, max(least, min(wanted, room)))

    def _width_of(self, column: TensorColumn) -> int:
        """Room that the longest text of a column in the fixed font takes."""
        rows = range(min(self.model().rowCount(), _N_MEASURED_ROWS))
        longest = max((str(self.model().index(row, column).data()) for row in rows), key=len, default="")
        width = QFontMetrics(self._theme.mono_font()).horizontalAdvance(longest)
        return width + self._theme.px(_CELL_PADDING_PX)

    def _on_columns_chosen(self) -> None:
        self._gives_way = False
