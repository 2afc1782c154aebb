"""The Hooks tab: what our hooks on this module see, live, and below it everyone's hooks."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QSplitter, QStackedWidget, QStyleOptionViewItem, QVBoxLayout, QWidget

from moduleview.gui.inspector.hook_box import HookBoxDelegate, HookBoxTable, toggle_check
from moduleview.gui.look.theme import Theme
from moduleview.gui.models.found_hooks_model import FoundColumn, FoundHooksModel
from moduleview.gui.models.hook_table_model import HOOK_CELL_ROLE, HookColumn, HookTableModel, RowKind
from moduleview.gui.panel import PanelContext
from moduleview.gui.tree.tree_look import CHECK_COLUMN_PX
from moduleview.gui.widgets.cell_delegate import CellDelegate
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.gui.widgets.row_table import RowTable
from moduleview.telemetry.commands import Capability, RequestModuleReport, SetHooks
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.records import ModuleReport
from moduleview.telemetry.snapshot import ModelSnapshot

_WIDTHS: dict[int, int] = {  # logical px
    HookColumn.MEAN: 46,
    HookColumn.STD: 46,
    HookColumn.MAX: 46,
    HookColumn.ZEROS: 45,
    HookColumn.NON_FINITE: 36,
}
_BOX_LEFT_PX = 4


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
            option.rect = whole.adjusted(px(_BOX_LEFT_PX + CHECK_COLUMN_PX), 0, 0, 0)
        super().paint_content(painter, option, index)

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
        if index.data(HOOK_CELL_ROLE) is None:
            return False
        if event.type() == QEvent.Type.MouseButtonRelease and option.rect.contains(event.position().toPoint()):
            toggle_check(model, index)
        return True


class HookTable(HookBoxTable):
    """Space ticks the hook of the current row."""

    hook_column = HookColumn.HOOK


class HooksTab(QWidget):
    """Ours above, everyone's below."""

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._revisions: tuple[int, ...] = ()
        self._reported_statuses: tuple[object, ...] = ()
        self.model = HookTableModel(context.store, self)
        self.model.hook_toggled.connect(self._on_hook_toggled)
        self.table = HookTable(context.theme, self.model, self.tr("Hooks of ours"), self)
        self.table.setItemDelegate(HookDelegate(context.theme, self.table))
        self.model.modelReset.connect(self._span_notes)  # after the view's own connection, which clears the spans
        self.table.set_header_padding(HookDelegate.padding_px)
        self.table.set_columns(_WIDTHS, HookColumn.HOOK)
        self.found = FoundHooksModel(self)
        self._found_table = RowTable(context.theme, self.found, self.tr("Everyone's hooks"), self)
        self._found_table.setItemDelegate(CellDelegate(context.theme, None, self._found_table))
        self._found_table.set_columns({FoundColumn.KIND: 104, FoundColumn.LOCATION: 120}, FoundColumn.NAME)
        title, line = self.tr("No hooks on this module"), self.tr("Neither ours nor anyone else's.")
        self._none_found = EmptyState(context.theme, "hook", title, line, parent=self)
        self._lay_out()

    def show_module(self, snapshot: ModelSnapshot, node: int) -> None:
        """Turn to another module."""
        self.model.show_module(snapshot, node, Capability.HOOKS in self._context.capabilities())
        self._reported_statuses = self.model.statuses()
        self._show_found()

    def refresh(self) -> None:
        """Draw what changed. Only while the tab can be seen."""
        store = self._context.store
        revisions = (store.series_revision, store.hooks_revision, store.report_revision)
        if revisions == self._revisions:
            return
        self._revisions = revisions
        self.model.refresh()
        self._ask_again_when_hooks_changed()
        self._show_found()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _ask_again_when_hooks_changed(self) -> None:
        statuses = self.model.statuses()
        if statuses != self._reported_statuses and Capability.REPORTS in self._context.capabilities():
            self._reported_statuses = statuses
            self._context.send(RequestModuleReport(self._context.selection.fqn or ""))

    def _show_found(self) -> None:
        report: ModuleReport | None = self._context.store.module_report(self._context.selection.fqn or "")
        hooks = () if report is None else report.found_hooks
        self.found.show_hooks(hooks)
        self._below.setCurrentIndex(0 if hooks else 1)

    def _span_notes(self) -> None:
        """What a hook saw takes the whole row."""
        self.table.clearSpans()
        for row, shown in enumerate(self.model.rows):
            if shown.row_kind is RowKind.NOTE:
                self.table.setSpan(row, 0, 1, len(HookColumn))

    def _on_hook_toggled(self, fqn: str, kind: HookKind, is_ticked: bool) -> None:
        self._context.send(SetHooks((fqn,), kind, is_ticked))
        self.model.refresh()

    def _lay_out(self) -> None:
        self._below = QStackedWidget(self)
        self._below.addWidget(self._found_table)
        self._below.addWidget(self._none_found)
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.table)
        splitter.addWidget(self._below)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(splitter)
