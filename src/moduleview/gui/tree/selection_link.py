"""Keeps the tree and the window's selection the same, in both directions."""

from __future__ import annotations

from PySide6.QtCore import QObject

from moduleview.gui.selection import Selection
from moduleview.gui.tree.breadcrumbs import Breadcrumbs
from moduleview.gui.tree.tree_view import TreeView
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot

_MOST_REVEALED = 64


class SelectionLink(QObject):
    """What is chosen or hovered in the tree goes to the selection; what is selected elsewhere shows in the tree."""

    def __init__(self, selection: Selection, view: TreeView, crumbs: Breadcrumbs, parent: QObject) -> None:
        super().__init__(parent)
        self._selection, self._view, self._crumbs = selection, view, crumbs
        selection.changed.connect(self._on_selection_changed)
        selection.hovered_changed.connect(self._on_hovered_changed)
        view.nodes_chosen.connect(self._on_nodes_chosen)
        view.node_hovered.connect(self._on_node_hovered)
        view.rows_changed.connect(self._on_rows_changed)

    def show(self) -> None:
        """Open what stands above the selected modules, select their rows and bring the current one into view."""
        model = self._view.tree_model
        if model is None:
            return
        nodes = self._nodes(model.snapshot)
        hidden = [node for node in nodes[-_MOST_REVEALED:] if model.rows.row_of(node) < 0]
        if hidden:
            with self._view.changing_rows():
                for node in hidden:
                    model.reveal(node)
        self._view.select_nodes(nodes)
        if nodes:
            self._view.scroll_to_node(nodes[-1])
        self._show_path(model.snapshot)

    def _on_selection_changed(self) -> None:
        model = self._view.tree_model
        if model is None:
            return
        if self._view.selected_nodes() != self._nodes(model.snapshot):
            self.show()
        self._show_path(model.snapshot)

    def _on_hovered_changed(self) -> None:
        model, fqn = self._view.tree_model, self._selection.hovered_fqn
        node = None if model is None or fqn is None else model.snapshot.node_of(fqn)
        self._view.set_hovered_node(NO_NODE if node is None else node)

    def _on_nodes_chosen(self) -> None:
        model, nodes = self._view.tree_model, self._view.selected_nodes()
        if model is not None and nodes:
            *more, last = (model.snapshot.fqns[node] for node in nodes)
            self._selection.select(last, *more)

    def _on_node_hovered(self, node: int) -> None:
        model = self._view.tree_model
        self._selection.set_hovered(None if model is None or node < 0 else model.snapshot.fqns[node])

    def _on_rows_changed(self) -> None:
        model = self._view.tree_model
        if model is not None:
            self._view.select_nodes(self._nodes(model.snapshot))

    def _nodes(self, snapshot: ModelSnapshot) -> list[int]:
        nodes = (snapshot.node_of(fqn) for fqn in self._selection.fqns)
        return [node for node in nodes if node is not None]

    def _show_path(self, snapshot: ModelSnapshot) -> None:
        fqn = self._selection.fqn
        node = (snapshot.node_of(fqn) if fqn is not None else None) or 0
        path: list[tuple[str, str]] = []
        while node >= 0 and len(snapshot):
            path.insert(0, (snapshot.names[node], snapshot.fqns[node]))
            node = int(snapshot.parent[node])
        self._crumbs.set_path(path)
