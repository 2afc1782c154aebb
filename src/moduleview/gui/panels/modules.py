"""The Modules panel: breadcrumbs, a field to go to or filter by, the tree, and a line on the whole of it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPalette, QUndoStack
from PySide6.QtWidgets import QMenu, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from moduleview.gui.actions.name_search import path_typed
from moduleview.gui.look.icons import Icons
from moduleview.gui.models.module_tree_model import ModuleTreeModel
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.tree.breadcrumbs import Breadcrumbs
from moduleview.gui.tree.filter_field import FilterField
from moduleview.gui.tree.selection_link import SelectionLink
from moduleview.gui.tree.tree_actions import TreeActions
from moduleview.gui.tree.tree_filter import TreeFilter
from moduleview.gui.tree.tree_footer import TreeFooter
from moduleview.gui.tree.tree_menus import TreeMenus
from moduleview.gui.tree.tree_summary import TreeSummary
from moduleview.gui.tree.tree_view import TreeView
from moduleview.gui.widgets.empty_state import EmptyState, Offer
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot
from moduleview.telemetry.store_view import StoreView

_LIVE_FILTER_PERIOD_S = 1.0


class ModulesPanel(Panel):
    """The module tree. Reads the store only in ``refresh`` and where a person acts."""

    panel_id = "modules"
    area = Area.LEFT
    tabbed = False

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.setAccessibleName(self.title())
        self._seen = (-1, -1, -1)
        self._series_seen = -1
        self._filtered_at_s = 0.0
        self.view = TreeView(context.theme, context.scale, self)
        self._filter = TreeFilter(context.store)
        self.field = FilterField(context.theme, self._filter.takes_long, self)
        self.actions_of_tree = TreeActions(context, self)
        self._crumbs = Breadcrumbs(context.theme, context.selection, self)
        self._footer = TreeFooter(context.theme, self)
        self._summary = TreeSummary(self)
        self._link = SelectionLink(context.selection, self.view, self._crumbs, self)
        self._menus = TreeMenus(context, self.view, self.actions_of_tree, self.go_to, self)
        self._no_model = self._make_empty_state()
        self._no_match = self._make_no_match()
        self._lay_out()
        self._connect()

    def kept(self) -> str:
        """Which columns are hidden."""
        return self.view.columns.kept()

    def restore_kept(self, kept: str) -> None:
        """Hide those columns."""
        self.view.columns.restore(kept)

    @property
    def undo_stack(self) -> QUndoStack:
        """What a person did to modules."""
        return self.actions_of_tree.undo_stack

    def title(self) -> str:
        """On the dock."""
        return self.tr("Modules")

    def title_controls(self) -> Sequence[QWidget]:
        """A button for the columns' menu."""
        button = QToolButton(self)
        tip = self.tr("Columns of the tree")
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        icons = Icons(self.context.theme)
        button.setIcon(icons.icon("sliders"))
        self.context.theme.changed.connect(lambda: button.setIcon(icons.icon("sliders")))
        button.clicked.connect(lambda: self._open_column_menu(button.mapToGlobal(QPoint(0, button.height()))))
        return (button,)

    def focus_filter(self) -> None:
        """Ctrl+F: type into the field."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def menu_of_selection(self) -> QMenu | None:
        """What a right click on the selected module offers."""
        return self._menus.of_selection()

    def go_to(self, fqn: str) -> None:
        """Select a module, or a parameter or buffer in it; a filter that hides it goes away."""
        snapshot = self._snapshot
        node = None if snapshot is None else snapshot.holder_of(fqn)
        if snapshot is None or node is None:
            return
        model = self.view.tree_model
        if model is not None and model.rows.is_filtered and model.rows.row_of(node) < 0:
            self.field.clear()
        self.context.selection.select_named(snapshot, fqn)
        self._link.show()

    def refresh(self, store: StoreView) -> None:
        """Take over what changed: model, hooks, findings, and the gradients of the rows on the screen."""
        seen = (store.model_revision, store.hooks_revision, store.findings_revision)
        if seen != self._seen:
            self._take_changes(store, seen)
        if store.series_revision != self._series_seen and self.view.tree_model is not None:
            self._series_seen = store.series_revision
            self._refresh_gradients()
            if self._filter.is_live and time.monotonic() - self._filtered_at_s > _LIVE_FILTER_PERIOD_S:
                self._apply_filter()

    @property
    def _snapshot(self) -> ModelSnapshot | None:
        model = self.view.tree_model
        return None if model is None or self._stack.currentWidget() is self._no_model else model.snapshot

    # -- the store changed -------------------------------------------------------------------------------------------

    def _take_changes(self, store: StoreView, seen: tuple[int, int, int]) -> None:
        self._seen = seen
        snapshot = store.model
        if snapshot is None:
            self._stack.setCurrentWidget(self._no_model)
            return
        is_new = self._take_snapshot(snapshot)
        model = self.view.tree_model
        assert model is not None
        model.set_hooks(store.hooks)
        model.set_marks(store.coverage, store.findings)
        if is_new:
            self._filter.prepare(snapshot)
            self._apply_filter()
            self._link.show()
            self._series_seen = -1
        self._stack.setCurrentWidget(self._content)
        self._update_footer()
        self.view.viewport().update()

    def _take_snapshot(self, snapshot: ModelSnapshot) -> bool:
        model = self.view.tree_model
        if model is None:
            self.view.set_tree_model(ModuleTreeModel(snapshot, self))
            return True
        if model.snapshot is snapshot:
            return False
        is_same = model.snapshot.type_names[:1] == snapshot.type_names[:1]
        if not is_same:
            self.actions_of_tree.undo_stack.clear()  # its commands name modules of another model
        with self.view.changing_rows():
            model.set_snapshot(snapshot, keep_expansion=is_same)
        return True

    def _refresh_gradients(self, *, is_hurried: bool = False) -> None:
        model = self.view.tree_model
        if model is not None:
            model.gradients.refresh(self.context.store, self.view.shown_nodes(), is_hurried=is_hurried)
            self.view.update_gradients()

    def _on_viewport_moved(self) -> None:
        self._refresh_gradients(is_hurried=True)

    def _update_footer(self) -> None:
        model = self.view.tree_model
        if model is not None:
            self._footer.set_texts(*self._summary.texts(model, self._filter))

    # -- a person acts -----------------------------------------------------------------------------------------------

    def _apply_filter(self) -> None:
        model = self.view.tree_model
        if model is None:
            return
        self._filtered_at_s = time.monotonic()
        matches = self._filter.matches(self.field.text(), model)
        needs_change = matches is not None or model.rows.is_filtered
        if needs_change and not self._filter.is_unchanged(model.snapshot, matches):
            with self.view.changing_rows():
                model.set_matches(matches)
        self._filter.remember(model.snapshot, matches)
        nothing = matches is not None and not np.any(matches)
        self._tree_stack.setCurrentWidget(self._no_match if nothing else self.view)
        self._update_footer()

    def _on_field_entered(self) -> None:
        """Enter: an exact FQN goes there, anything else to the first match."""
        snapshot, model = self._snapshot, self.view.tree_model
        if snapshot is None or model is None or not self.field.text().strip():
            return
        text = path_typed(self.field.text())
        if snapshot.holder_of(text) is not None:
            self.field.clear()
            self.go_to(text)
        else:
            first = self._filter.first_match
            if first is None:
                return
            self.context.selection.select(snapshot.fqns[first])
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _on_toggle_wanted(self, nodes: list[int], kind: HookKind, below: bool) -> None:
        model = self.view.tree_model
        if model is not None:
            self.actions_of_tree.toggle(model, nodes, kind, below=below)
            self.refresh(self.context.store)

    def _on_link_clicked(self, node: int) -> None:
        model = self.view.tree_model
        if model is not None and (partner := model.partner(node)) != NO_NODE:
            self.go_to(model.snapshot.fqns[partner])

    def _on_copy_wanted(self) -> None:
        if self._snapshot is not None:
            self.actions_of_tree.copy_paths(self._snapshot, self.view.selected_nodes())

    # -- set up ------------------------------------------------------------------------------------------------------

    def _make_empty_state(self) -> EmptyState:
        title, line = self.tr("No model"), self.tr("Open a Python file with a model, or drop it here.")
        offer = Offer(self.tr("Open..."), lambda: self.context.run_action("file.open"), icon="open")
        return EmptyState(self.context.theme, "tree", title, line, (offer,), self)

    def _make_no_match(self) -> EmptyState:
        title, line = self.tr("No module matches"), self.tr("Names and types were searched for all that you typed.")
        offer = Offer(self.tr("Clear the filter"), self.field.clear)
        return EmptyState(self.context.theme, "search", title, line, (offer,), self)

    def _lay_out(self) -> None:
        self._content = QWidget(self)
        for page in (self._content, self._no_model):
            page.setBackgroundRole(QPalette.ColorRole.Base)
            page.setAutoFillBackground(True)
        self._crumb_row, self._field_row = QVBoxLayout(), QVBoxLayout()
        self._crumb_row.addWidget(self._crumbs)
        self._field_row.addWidget(self.field)
        self._tree_stack = QStackedLayout()
        self._tree_stack.addWidget(self.view)
        self._tree_stack.addWidget(self._no_match)
        column = QVBoxLayout(self._content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._crumb_row)
        column.addLayout(self._field_row)
        column.addLayout(self._tree_stack, 1)
        column.addWidget(self._footer)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._no_model)
        self._stack.addWidget(self._content)
        self.context.theme.changed.connect(self._set_margins)
        self._set_margins()

    def _set_margins(self) -> None:
        px = self.context.theme.px
        self._crumb_row.setContentsMargins(px(4), px(4), px(8), px(3))
        self._field_row.setContentsMargins(px(8), px(3), px(8), px(6))

    def _connect(self) -> None:
        view = self.view
        self._crumbs.chosen.connect(self.go_to)
        self.field.filter_wanted.connect(self._apply_filter)
        self.field.returnPressed.connect(self._on_field_entered)
        self.field.went_down.connect(lambda: view.setFocus(Qt.FocusReason.TabFocusReason))
        self.field.given_up.connect(lambda: view.setFocus(Qt.FocusReason.TabFocusReason))
        view.rows_changed.connect(self._on_viewport_moved)
        view.viewport_moved.connect(self._on_viewport_moved)
        view.toggle_wanted.connect(self._on_toggle_wanted)
        view.link_clicked.connect(self._on_link_clicked)
        view.copy_wanted.connect(self._on_copy_wanted)
        view.menu_wanted.connect(lambda node, at: self._menus.of_node(node).popup(at))
        view.column_menu_wanted.connect(self._open_column_menu)
        self.undo_stack.indexChanged.connect(lambda _index: self.refresh(self.context.store))

    def _open_column_menu(self, at: QPoint) -> None:
        self._menus.of_columns().popup(at)
