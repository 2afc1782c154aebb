"""The Hooks tab: what our hooks on this module see, live; below it everyone's hooks, counted while a person looks."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from moduleview.gui.inspector.found_hooks_table import FoundHooksTable
from moduleview.gui.inspector.hook_detail import HookDetail
from moduleview.gui.inspector.hook_table import HookTable
from moduleview.gui.inspector.instead_offer import InsteadOffer
from moduleview.gui.inspector.uncompiled_offer import UncompiledOffer
from moduleview.gui.models.found_hooks_model import FoundHooksModel
from moduleview.gui.models.hook_table_model import HookTableModel
from moduleview.gui.panel import PanelContext
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.telemetry.commands import Capability, CountHooks, RequestModuleReport, SetHooks
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.records import ModuleReport
from moduleview.telemetry.snapshot import ModelSnapshot

_BELOW_LEAST_PX = 68


class HooksTab(QWidget):
    """Ours above, everyone's below, and what there is to read about the selected one."""

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._revisions: tuple[int, ...] = ()
        self._reported_statuses: tuple[object, ...] = ()
        self._fqn: str | None = None
        self._counted: str | None = None
        self._is_in_front = True
        self.model = HookTableModel(context.store, self)
        self.model.hook_toggled.connect(self._on_hook_toggled)
        self.table = HookTable(context.theme, self.model, self.tr("Hooks of ours"), self)
        self.instead = InsteadOffer(context, self._on_hook_toggled, self)
        self.offer = UncompiledOffer(context, self)
        self.found = FoundHooksModel(self)
        self.found_table = FoundHooksTable(context.theme, self.found, self.tr("Everyone's hooks"), self)
        self._none_found = EmptyState(context.theme, "hook", *self._no_hooks(), parent=self)
        self.detail = HookDetail(context.theme, self)
        self.table.selectionModel().currentRowChanged.connect(self._on_own_selected)
        self.found_table.selectionModel().currentRowChanged.connect(self._on_found_selected)
        self.found.dataChanged.connect(lambda: self._on_found_selected(self.found_table.currentIndex()))
        self._lay_out()

    def show_module(self, snapshot: ModelSnapshot, node: int) -> None:
        """Turn to another module."""
        self._fqn = snapshot.fqns[node]
        self.detail.clear()
        self.model.show_module(snapshot, node, Capability.HOOKS in self._context.capabilities())
        self._reported_statuses = self.model.statuses()
        if self.isVisible():
            self._count()
        self._show_found()
        self._show_offers()

    def refresh(self) -> None:
        """Draw what changed. Only while the tab can be seen."""
        store = self._context.store
        revisions = (store.series_revision, store.hooks_revision, store.report_revision, store.model_revision)
        if revisions == self._revisions:
            return
        self._revisions = revisions
        self.model.refresh()
        self._ask_again_when_hooks_changed()
        self._show_found()
        self._show_offers()

    def set_in_front(self, is_in_front: bool) -> None:
        """The panel came to the front of its dock, or went behind another tab, where Qt leaves it visible."""
        self._is_in_front = is_in_front
        if is_in_front and self.isVisible():
            self._count()
        elif not is_in_front:
            self._count_no_more()

    def showEvent(self, event: QShowEvent) -> None:
        """A person looks: count."""
        super().showEvent(event)
        self._count()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks any more."""
        super().hideEvent(event)
        self._count_no_more()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _count(self) -> None:
        """Asked again at each new picture of the model too: another model knows nothing of who looks."""
        needed = Capability.HOOKS | Capability.REPORTS
        if self._fqn is not None and self._is_in_front and needed in self._context.capabilities():
            self._counted = self._fqn
            self._context.send(CountHooks(self._fqn, enabled=True))

    def _count_no_more(self) -> None:
        if self._counted is not None:
            self._context.send(CountHooks(self._counted, enabled=False))
            self._counted = None

    def _ask_again_when_hooks_changed(self) -> None:
        statuses = self.model.statuses()
        if statuses != self._reported_statuses and Capability.REPORTS in self._context.capabilities():
            self._reported_statuses = statuses
            self._context.send(RequestModuleReport(self._fqn or ""))

    def _show_found(self) -> None:
        report: ModuleReport | None = self._context.store.module_report(self._fqn or "")
        hooks = () if report is None else report.found_hooks
        self.found.show_hooks(hooks)
        self._none_found.set_texts(*self._no_hooks())
        self._below.setCurrentIndex(0 if hooks else 1)

    def _no_hooks(self) -> tuple[str, str]:
        """Title and sentence where torch's tables have none."""
        if not self.model.has_ticked:
            return self.tr("No hooks on this module"), self.tr("Neither ours nor anyone else's.")
        how = self.tr("Ours watch through one hook on every module.")
        return self.tr("No other hooks on this module"), how

    def _on_hook_toggled(self, fqn: str, kind: HookKind, is_ticked: bool) -> None:
        self._context.send(SetHooks((fqn,), kind, is_ticked))
        self.model.refresh()
        self._show_offers()

    def _on_own_selected(self, index: QModelIndex) -> None:
        self.detail.show_traceback(self.model.traceback(index.row()))
        self._show_offers()

    def _show_offers(self) -> None:
        self.instead.show_for(self.model, self.table.currentIndex().row())
        self.offer.show_for(self.model)

    def _on_found_selected(self, index: QModelIndex) -> None:
        hook = self.found.hook(index.row())
        if hook is not None:
            self.detail.show_hook(hook)

    def _fit_below(self) -> None:
        """The header and a hook; or what is said in its place."""
        self._below.setMinimumHeight(self._context.theme.px(_BELOW_LEAST_PX))

    def _lay_out(self) -> None:
        self._below = QStackedWidget(self)
        self._below.addWidget(self.found_table)
        self._below.addWidget(self._none_found)
        self._context.theme.changed.connect(self._fit_below)
        self._fit_below()
        ours = QWidget(self)
        above = QVBoxLayout(ours)
        above.setContentsMargins(0, 0, 0, 0)
        above.setSpacing(0)
        above.addWidget(self.table)
        above.addWidget(self.instead)
        above.addWidget(self.offer)
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        for part, share in ((ours, 3), (self._below, 2), (self.detail, 2)):
            splitter.addWidget(part)
            splitter.setStretchFactor(splitter.indexOf(part), share)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(splitter)
