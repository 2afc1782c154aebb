"""The two menus of the tree: of a module, and of the columns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from moduleview.gui.interventions.change_menu import ChangeMenu
from moduleview.gui.lab.lab_menu import LabMenu
from moduleview.gui.models.tree_columns import HOOK_COLUMNS, Column
from moduleview.gui.panel import PanelContext
from moduleview.gui.tree.tree_actions import TreeActions
from moduleview.gui.tree.tree_view import TreeView
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.snapshot import NO_NODE

_ALWAYS_SHOWN = (Column.NAME,)


class TreeMenus(QObject):
    """Builds menus at the moment they are asked for, so that nothing in them is stale."""

    def __init__(
        self, context: PanelContext, view: TreeView, actions: TreeActions, go_to: Callable[[str], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._context, self._view, self._actions, self._go_to = context, view, actions, go_to
        self._lab = LabMenu(context, view)
        self._changes = ChangeMenu(context, view)

    def of_node(self, node: int) -> QMenu:
        """What can be done with a module; with all selected ones where it is among them."""
        menu = self._empty_menu()
        model = self._view.tree_model
        if model is None:
            return menu
        snapshot = model.snapshot
        selected = self._view.selected_nodes()
        nodes = selected if node in selected else [node]
        fqns = [snapshot.fqns[each] for each in nodes]
        menu.setTitle(displayable(snapshot.fqns[node] or snapshot.names[0], 40))
        self._add(menu, self.tr("Copy path"), lambda: self._actions.copy_paths(snapshot, nodes)).setShortcut("Ctrl+C")
        self._add(menu, self.tr("Copy Python expression"), lambda: self._actions.copy_expressions(snapshot, nodes))
        use = self._add(menu, self.tr("Use in console"), lambda: self._actions.use_in_console(snapshot, node))
        use.setEnabled(Capability.INTERVENE in self._context.capabilities())
        menu.addSeparator()
        is_parent = int(snapshot.subtree_end[node]) > node + 1
        self._add(menu, self.tr("Expand subtree"), lambda: self._view.set_subtree_expanded(node, True), is_parent)
        self._add(menu, self.tr("Collapse subtree"), lambda: self._view.set_subtree_expanded(node, False), is_parent)
        if (partner := model.partner(node)) != NO_NODE:
            link = model.texts.link(snapshot, node, partner)
            text = self.tr("Go to the other place ({0})").format(link).replace("&", "&&")
            self._add(menu, text, lambda: self._go_to(snapshot.fqns[partner]))
        menu.addSeparator()
        is_pinned = all(fqn in self._context.selection.pinned for fqn in fqns)
        pin = self.tr("Unpin curves") if is_pinned else self.tr("Pin curves")
        self._add(menu, pin, lambda: self._actions.toggle_pins(fqns))
        self._lab.add_module(menu, snapshot.fqns[node])
        menu.addSeparator()
        self._add_hooks(menu, nodes)
        menu.addSeparator()
        self._add_freezing(menu, node)
        self._add_initialising(menu, snapshot.fqns[node])
        self._changes.add_to(menu, snapshot.fqns[node])
        return menu

    def of_selection(self) -> QMenu | None:
        """The same for the selected module; None where there is none."""
        fqn, model = self._context.selection.fqn, self._view.tree_model
        node = None if model is None or fqn is None else model.snapshot.node_of(fqn)
        return None if node is None else self.of_node(node)

    def of_columns(self) -> QMenu:
        """Which columns are shown."""
        menu = self._empty_menu()
        model = self._view.tree_model
        if model is None:
            return menu
        for column in Column:
            if column in _ALWAYS_SHOWN:
                continue
            is_wanted = column not in self._view.columns.hidden
            has_room = not self._view.isColumnHidden(column)
            name = model.texts.column_name(column)
            text = name if has_room or not is_wanted else self.tr("{0} (no room here)").format(name)
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(is_wanted)
            action.toggled.connect(lambda shown, chosen=column: self._view.set_column_shown(chosen, shown))
        menu.addSeparator()
        self._add(menu, self.tr("Expand all"), lambda: self._view.set_subtree_expanded(0, True))
        self._add(menu, self.tr("Collapse all"), lambda: self._view.set_subtree_expanded(0, False))
        return menu

    def _empty_menu(self) -> QMenu:
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def _add_hooks(self, menu: QMenu, nodes: list[int]) -> None:
        model = self._view.tree_model
        assert model is not None
        can_tick = Capability.HOOKS in self._context.capabilities()
        choices = (
            (self.tr("Tick hooks in the subtree"), True, True),
            (self.tr("Untick hooks in the subtree"), False, True),
            (self.tr("Tick hooks of this module only"), True, False),
        )
        for title, enabled, below in choices:
            submenu = menu.addMenu(title)
            submenu.setEnabled(can_tick)
            for column, kind in HOOK_COLUMNS.items():
                targets = model.hooks.targets(nodes, kind, enabled=enabled, below=below)
                tick = partial(self._actions.set_hooks, model, nodes, kind, enabled=enabled, below=below)
                self._add(submenu, model.texts.column_name(column), tick, bool(targets))
        can_intervene = Capability.INTERVENE in self._context.capabilities()
        fqn = model.snapshot.fqns[nodes[-1]]
        self._add(menu, self.tr("Write a hook..."), lambda: self._context.handovers.write_hook(fqn), can_intervene)

    def _add_freezing(self, menu: QMenu, node: int) -> None:
        model = self._view.tree_model
        assert model is not None
        snapshot = model.snapshot
        can_intervene = Capability.INTERVENE in self._context.capabilities()
        can_freeze = can_intervene and bool(len(snapshot.subtree_tensors(node)))
        self._add(
            menu,
            self.tr("Freeze parameters of the subtree"),
            lambda: self._actions.freeze(snapshot, node, frozen=True),
            can_freeze,
        )
        self._add(
            menu,
            self.tr("Unfreeze parameters of the subtree"),
            lambda: self._actions.freeze(snapshot, node, frozen=False),
            can_freeze,
        )

    def _add_initialising(self, menu: QMenu, fqn: str) -> None:
        can_intervene = Capability.INTERVENE in self._context.capabilities()
        self._add(menu, self.tr("Initialise..."), lambda: self._context.handovers.initialise(fqn), can_intervene)

    @staticmethod
    def _add(menu: QMenu, text: str, run: Callable[[], object], is_enabled: bool = True) -> QAction:
        action = menu.addAction(text)
        action.setEnabled(is_enabled)
        action.triggered.connect(lambda _checked=False: run())
        return action
