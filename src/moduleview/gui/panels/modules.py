"""The Modules panel: breadcrumbs, a field to go to or filter by, the tree, and a line on the whole of it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QPalette, QShortcut
from PySide6.QtWidgets import QStackedLayout, QToolButton, QVBoxLayout, QWidget

from moduleview.gui.icons import Icons
from moduleview.gui.models.module_tree_model import ModuleTreeModel
from moduleview.gui.number_format import exact_count
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.tree.breadcrumbs import Breadcrumbs
from moduleview.gui.tree.filter_field import FilterField
from moduleview.gui.tree.tree_actions import TreeActions
from moduleview.gui.tree.tree_filter import TreeFilter
from moduleview.gui.tree.tree_footer import TreeFooter
from moduleview.gui.tree.tree_menus import TreeMenus
from moduleview.gui.tree.tree_view import TreeView
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot
from moduleview.telemetry.store_view import StoreView

_MOST_REVEALED = 64
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
        self.field = FilterField(context.theme, self.tr("Ctrl+F"), self)
        self.actions_of_tree = TreeActions(context, self)
        self._filter = TreeFilter(context.store)
        self._crumbs = Breadcrumbs(context.theme, context.selection, self)
        self._footer = TreeFooter(context.theme, self)
        self._menus = TreeMenus(context, self.view, self.actions_of_tree, self.go_to, self)
        self._no_model = self._make_empty_state()
        self._no_match = self._make_no_match()
        self._lay_out()
        self._connect()

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

    def go_to(self, fqn: str) -> None:
        """Select a module; a filter that hides it goes away."""
        snapshot = self._snapshot
        node = None if snapshot is None else snapshot.node_of(fqn)
        if snapshot is None or node is None:
            return
        model = self.view.tree_model
        if model is not None and model.rows.is_filtered and model.rows.row_of(node) < 0:
            self.field.clear()
        self.context.selection.select(fqn)
        self._show_selection()

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
            self._apply_filter()
            self._show_selection()
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
        with self.view.changing_rows():
            model.set_snapshot(snapshot, keep_expansion=is_same)
        return True

    def _refresh_gradients(self) -> None:
        model = self.view.tree_model
        if model is not None:
            model.refresh_gradients(self.context.store, self.view.shown_nodes())
            self.view.viewport().update()

    def _update_footer(self) -> None:
        model = self.view.tree_model
        if model is None:
            return
        left, short = self._counts(model)
        if problem := self._filter.problem:
            text = self.tr("Not a regular expression: {0}").format(problem)
            left = short = text
        n_active, n_requested = model.hooks.n_active, model.hooks.n_requested
        hooks = self._active_hooks(n_active)
        if n_requested:
            requested = self.tr("{0} requested").format(exact_count(n_requested))
            hooks = f"{hooks}, {requested}" if n_active else requested
        self._footer.set_texts(left, short, hooks, "warning" if problem else "muted")

    def _active_hooks(self, n: int) -> str:
        if not n:
            return self.tr("no hooks")
        return self.tr("1 hook active") if n == 1 else self.tr("{0} hooks active").format(exact_count(n))

    def _counts(self, model: ModuleTreeModel) -> tuple[str, str]:
        n, totals = exact_count(len(model.snapshot)), model.snapshot.totals
        if model.rows.is_filtered:
            text = self.tr("{0} of {1} modules").format(exact_count(model.rows.n_matches), n)
            return text, text
        short = self.tr("{0} modules  ·  {1} parameters").format(n, exact_count(totals.parameters))
        is_tied = totals.parameters != totals.parameters_referenced
        return (self.tr("{0}, tied counted once").format(short) if is_tied else short), short

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
        text = self.field.text().strip()
        if snapshot.node_of(text) is not None:
            self.field.clear()
            self.go_to(text)
        else:
            first = self._filter.first_match
            if first is None:
                return
            self.context.selection.select(snapshot.fqns[first])
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _on_nodes_chosen(self) -> None:
        snapshot, nodes = self._snapshot, self.view.selected_nodes()
        if snapshot is None or not nodes:
            return
        *more, last = (snapshot.fqns[node] for node in nodes)
        self.context.selection.select(last, *more)

    def _on_toggle_wanted(self, nodes: list[int], kind: HookKind, below: bool) -> None:
        model = self.view.tree_model
        if model is not None:
            self.actions_of_tree.toggle(model, nodes, kind, below=below)
            self.refresh(self.context.store)

    def _on_link_clicked(self, node: int) -> None:
        model = self.view.tree_model
        if model is not None and (partner := model.partner(node)) != NO_NODE:
            self.go_to(model.snapshot.fqns[partner])

    def _on_node_hovered(self, node: int) -> None:
        snapshot = self._snapshot
        self.context.selection.set_hovered(None if snapshot is None or node < 0 else snapshot.fqns[node])

    def _on_copy_wanted(self) -> None:
        if self._snapshot is not None:
            self.actions_of_tree.copy_paths(self._snapshot, self.view.selected_nodes())

    def _on_undone(self) -> None:
        self.actions_of_tree.undo_stack.undo()
        self.refresh(self.context.store)

    def _on_redone(self) -> None:
        self.actions_of_tree.undo_stack.redo()
        self.refresh(self.context.store)

    # -- the selection changed ---------------------------------------------------------------------------------------

    def _on_selection_changed(self) -> None:
        snapshot = self._snapshot
        if snapshot is None:
            return
        wanted = self._selected_in(snapshot)
        if self.view.selected_nodes() != wanted:
            self._show_selection()
        self._show_path(snapshot)

    def _show_selection(self) -> None:
        """Open what stands above the selected modules, select their rows and bring the current one into view."""
        model = self.view.tree_model
        if model is None:
            return
        nodes = self._selected_in(model.snapshot)
        hidden = [node for node in nodes[-_MOST_REVEALED:] if model.rows.row_of(node) < 0]
        if hidden:
            with self.view.changing_rows():
                for node in hidden:
                    model.reveal(node)
        self.view.select_nodes(nodes)
        if nodes:
            self.view.scroll_to_node(nodes[-1])
        self._show_path(model.snapshot)

    def _on_rows_changed(self) -> None:
        model = self.view.tree_model
        if model is not None:
            self.view.select_nodes(self._selected_in(model.snapshot))
            self._refresh_gradients()

    def _on_hovered_changed(self) -> None:
        snapshot, fqn = self._snapshot, self.context.selection.hovered_fqn
        node = None if snapshot is None or fqn is None else snapshot.node_of(fqn)
        self.view.set_hovered_node(NO_NODE if node is None else node)

    def _selected_in(self, snapshot: ModelSnapshot) -> list[int]:
        nodes = (snapshot.node_of(fqn) for fqn in self.context.selection.fqns)
        return [node for node in nodes if node is not None]

    def _show_path(self, snapshot: ModelSnapshot) -> None:
        fqn = self.context.selection.fqn
        node = (snapshot.node_of(fqn) if fqn is not None else None) or 0
        path: list[tuple[str, str]] = []
        while node >= 0 and len(snapshot):
            path.insert(0, (snapshot.names[node], snapshot.fqns[node]))
            node = int(snapshot.parent[node])
        self._crumbs.set_path(path)

    # -- set up ------------------------------------------------------------------------------------------------------

    def _make_empty_state(self) -> EmptyState:
        title, line = self.tr("No model"), self.tr("Open a Python file with a model, or drop it here.")
        buttons = ((self.tr("Open..."), lambda: self.context.run_action("file.open"), False),)
        return EmptyState(self.context.theme, "tree", title, line, buttons, self)

    def _make_no_match(self) -> EmptyState:
        title, line = self.tr("No module matches"), self.tr("Names and types were searched for all that you typed.")
        buttons = ((self.tr("Clear the filter"), self.field.clear, False),)
        return EmptyState(self.context.theme, "search", title, line, buttons, self)

    def _lay_out(self) -> None:
        self.field.setPlaceholderText(self.tr("Go to or filter: blocks.4.attn, type:Linear grad>1"))
        self.field.setAccessibleName(self.tr("Go to or filter"))
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
        selection, view = self.context.selection, self.view
        selection.changed.connect(self._on_selection_changed)
        selection.hovered_changed.connect(self._on_hovered_changed)
        self._crumbs.chosen.connect(self.go_to)
        self.field.textChanged.connect(self._apply_filter)
        self.field.returnPressed.connect(self._on_field_entered)
        self.field.went_down.connect(lambda: view.setFocus(Qt.FocusReason.TabFocusReason))
        self.field.given_up.connect(lambda: view.setFocus(Qt.FocusReason.TabFocusReason))
        view.nodes_chosen.connect(self._on_nodes_chosen)
        view.rows_changed.connect(self._on_rows_changed)
        view.viewport_moved.connect(self._refresh_gradients)
        view.toggle_wanted.connect(self._on_toggle_wanted)
        view.link_clicked.connect(self._on_link_clicked)
        view.node_hovered.connect(self._on_node_hovered)
        view.copy_wanted.connect(self._on_copy_wanted)
        view.menu_wanted.connect(lambda node, at: self._menus.of_node(node).popup(at))
        view.column_menu_wanted.connect(self._open_column_menu)
        keys = QKeySequence.StandardKey
        for key, slot in ((keys.Undo, self._on_undone), (keys.Redo, self._on_redone)):
            shortcut = QShortcut(view)
            shortcut.setKeys(QKeySequence.keyBindings(key))
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(slot)

    def _open_column_menu(self, at: QPoint) -> None:
        menu = self._menus.of_columns()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)
