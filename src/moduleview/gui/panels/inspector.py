"""The Inspector: everything known of the selected module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QMenu, QStackedLayout, QTabWidget, QToolButton, QVBoxLayout, QWidget

from moduleview.gui.inspector.documentation_tab import DocumentationTab
from moduleview.gui.inspector.header import InspectorHeader
from moduleview.gui.inspector.hooks_tab import HooksTab
from moduleview.gui.inspector.internals_tab import InternalsTab
from moduleview.gui.inspector.modules_tab import ModulesTab
from moduleview.gui.inspector.tensors_tab import TensorsTab
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.telemetry.commands import Capability, RequestModuleReport
from moduleview.telemetry.records import Finding
from moduleview.telemetry.store_view import StoreView

_LOW_PX = 260


class InspectorPanel(Panel):
    """Header and tabs for the current module of the selection."""

    panel_id: ClassVar[str] = "inspector"
    area: ClassVar[Area] = Area.RIGHT

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._shown: tuple[object, ...] = ()
        self._findings_revision = -1
        self._reported: tuple[str, int] | None = None
        self._subtree = QToolButton(self)
        self._subtree.setText(self.tr("Subtree"))
        self._subtree.setProperty("role", "toggle")
        self._subtree.setCheckable(True)
        self._subtree.setChecked(True)
        self._subtree.setToolTip(
            self.tr(
                "On: all that is below too, as named_modules(), parameters() and buffers() give it\n"
                "Off: its own only, as named_children(), parameters(recurse=False) and buffers(recurse=False)"
            )
        )
        self._subtree.setAccessibleName(self.tr("Show what is below the module too"))
        self._subtree.toggled.connect(self._on_subtree_toggled)
        self._header = InspectorHeader(context.theme, self)
        self.tabs = QTabWidget(self)
        self.parameters = TensorsTab(context, True, self)
        self.buffers = TensorsTab(context, False, self)
        self.hooks = HooksTab(context, self)
        self.documentation = DocumentationTab(context, self)
        self.modules = ModulesTab(context.theme, self)
        self.modules.chosen.connect(context.selection.select)
        self.internals = InternalsTab(context, self)
        self._empty = EmptyState(context.theme, "tree", "", "", parent=self)
        self._lay_out()
        context.selection.changed.connect(self._on_selection_changed)
        self.tabs.currentChanged.connect(lambda _index: self._refresh_tab())
        context.theme.changed.connect(self._fit_tabs)
        self._show_selection()

    def title(self) -> str:
        """What stands on the dock."""
        return self.tr("Inspector")

    def kept(self) -> str:
        """The command of the editor that a person has set."""
        return self.documentation.place.command

    def restore_kept(self, kept: str) -> None:
        """Take it back."""
        self.documentation.place.command = kept

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow panel the tabs stand closer, so that none is cut; in a low one they get the height."""
        super().resizeEvent(event)
        self._fit_tabs()
        self._header.set_low(self.height() < self.context.theme.px(_LOW_PX))

    def title_controls(self) -> Sequence[QWidget]:
        """The switch between a module and its subtree."""
        return (self._subtree,)

    def menu_of_selection(self) -> QMenu | None:
        """What a right click on the selected parameter or buffer offers."""
        tabs = (self.parameters, self.buffers)
        rows = ((tab, tab.model.row_of(self.context.selection.tensor_fqn)) for tab in tabs)
        return next((tab.menu_of(row) for tab, row in rows if row is not None), None)

    def on_sight_changed(self, is_in_front: bool) -> None:
        """Hooks are counted only while somebody looks."""
        self.hooks.set_in_front(is_in_front)

    def refresh(self, store: StoreView) -> None:
        """Draw what changed since the last time."""
        self._show_selection()
        if self._stack.currentIndex() != 0:
            return
        if store.findings_revision != self._findings_revision:
            self._findings_revision = store.findings_revision
            self._header.show_findings(self._own_findings())
        self._refresh_tab()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _show_selection(self) -> None:
        """Turn to the selected module; nothing to do when neither it nor the model has changed."""
        store, fqn = self.context.store, self.context.selection.fqn
        wanted = (fqn, id(store.model), self._subtree.isChecked())
        if wanted == self._shown:
            return
        if self._shown and wanted[1] != self._shown[1]:
            self._reported = None
        self._shown = wanted
        node = None if store.model is None or fqn is None else store.model.node_of(fqn)
        self._stack.setCurrentIndex(1 if node is None else 0)
        if store.model is None or node is None:
            self._say_empty()
            return
        became = store.books.internals.materialised(store.model.fqns[node])
        self._header.show_module(store.model, node, "" if became is None else became.was)
        self._header.show_findings(self._own_findings())
        for tab in (self.modules, self.parameters, self.buffers):
            tab.show_module(store.model, node, self._subtree.isChecked())
        for told in (self.internals, self.documentation):
            told.show_module(store.model.fqns[node], store.model.generation)
        self.hooks.show_module(store.model, node)
        self._ask_for_report(store.model.fqns[node], store.model.generation)

    def _ask_for_report(self, fqn: str, generation: int) -> None:
        if self._reported != (fqn, generation) and Capability.REPORTS in self.context.capabilities():
            self._reported = (fqn, generation)
            self.context.send(RequestModuleReport(fqn))

    def _refresh_tab(self) -> None:
        if self._stack.currentIndex() != 0:
            return
        current = self.tabs.currentWidget()
        if isinstance(current, TensorsTab):
            current.refresh()
        elif current is self.hooks:
            self.hooks.refresh()
        elif isinstance(current, InternalsTab | DocumentationTab):
            current.refresh()

    def _own_findings(self) -> list[Finding]:
        """Those on the module, on its tensors and on what is below it."""
        fqn = self.context.selection.fqn or ""
        below = f"{fqn}." if fqn else ""
        return [f for f in self.context.store.findings if f.fqn == fqn or f.fqn.startswith(below)]

    def _say_empty(self) -> None:
        if self.context.store.model is None:
            self._empty.set_texts(self.tr("No model open"), self.tr("Open a model to look inside it."))
        else:
            line = self.tr("Select a module to see its parameters, buffers, hooks and source.")
            self._empty.set_texts(self.tr("Nothing selected"), line)

    def _fit_tabs(self) -> None:
        bar, theme = self.tabs.tabBar(), self.context.theme
        metrics = QFontMetrics(theme.ui_font(bold=True))
        texts = sum(metrics.horizontalAdvance(bar.tabText(index)) for index in range(bar.count()))
        around = (self.width() - texts) / (2 * max(1, bar.count()))  # left and right of each text
        tightness = "0" if around >= theme.px(6) else "1" if around >= theme.px(4) else "2"
        if bar.property("tightness") != tightness:
            bar.setProperty("tightness", tightness)
            bar.style().unpolish(bar)
            bar.style().polish(bar)

    def _on_selection_changed(self) -> None:
        if self.is_in_sight:
            self._show_selection()
            self.parameters.follow_selection()
            self.buffers.follow_selection()

    def _on_subtree_toggled(self, _is_on: bool) -> None:
        self._show_selection()

    def _lay_out(self) -> None:
        content = QWidget(self)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._header)
        column.addWidget(self.tabs, 1)
        self.tabs.setDocumentMode(True)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.tabBar().setExpanding(False)
        self.tabs.setAccessibleName(self.tr("Inspector"))
        self.tabs.addTab(self.parameters, self.tr("Parameters"))
        self.tabs.addTab(self.buffers, self.tr("Buffers"))
        self.tabs.addTab(self.hooks, self.tr("Hooks"))
        self.tabs.addTab(self.modules, self.tr("Modules"))
        self.tabs.addTab(self.internals, self.tr("Internals"))
        self.tabs.addTab(self.documentation, self.tr("Docs"))
        self.tabs.setTabToolTip(self.tabs.indexOf(self.documentation), self.tr("Documentation, help, source and repr"))
        for tab in (self.modules, self.parameters, self.buffers, self.hooks, self.documentation, self.internals):
            tab.setMinimumWidth(1)  # else the widest of them cuts the others off in a narrow dock
        self._stack = QStackedLayout(self)
        self._stack.addWidget(content)
        self._stack.addWidget(self._empty)
