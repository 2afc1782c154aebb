"""What the mouse does in the module tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent

from moduleview.gui.models.tree_columns import HOOK_COLUMNS
from moduleview.gui.tree.tree_hit import Hit, Part

if TYPE_CHECKING:
    from moduleview.gui.tree.tree_view import TreeView

_ALT = Qt.KeyboardModifier.AltModifier


class TreeMouse:
    """Clicks in a ``TreeView``: on arrows, boxes and links they act, elsewhere they select."""

    def __init__(self, view: TreeView) -> None:
        self._view = view

    def press(self, event: QMouseEvent) -> bool:
        """Act on what is under the pointer; False where a click selects."""
        hit = self._view.hit(event.position().toPoint())
        if hit is None or event.button() is not Qt.MouseButton.LeftButton:
            return False
        match hit.part:
            case Part.ROW:
                return False
            case Part.ARROW:
                self._toggle_rows(hit, whole_subtree=bool(event.modifiers() & _ALT))
            case Part.HOOK:
                selected = self._view.selected_nodes()
                nodes = selected if hit.node in selected else [hit.node]
                self._view.toggle_wanted.emit(nodes, HOOK_COLUMNS[hit.column], not event.modifiers() & _ALT)
            case Part.LINK:
                self._view.link_clicked.emit(hit.node)
        return True

    def double_click(self, event: QMouseEvent) -> None:
        """Open or close a module; on a box it is a second click."""
        hit = self._view.hit(event.position().toPoint())
        if hit is not None and event.button() is Qt.MouseButton.LeftButton and not self.press(event):
            self._toggle_rows(hit, whole_subtree=False)

    def move(self, event: QMouseEvent) -> None:
        """Say what is hovered; a link looks like one."""
        hit = self._view.hit(event.position().toPoint())
        self._view.node_hovered.emit(-1 if hit is None else hit.node)
        over_link = hit is not None and hit.part is Part.LINK
        shape = Qt.CursorShape.PointingHandCursor if over_link else Qt.CursorShape.ArrowCursor
        self._view.viewport().setCursor(shape)

    def _toggle_rows(self, hit: Hit, *, whole_subtree: bool) -> None:
        model = self._view.tree_model
        if model is None:
            return
        is_expanded = not model.rows.is_expanded(hit.node)
        if whole_subtree:
            self._view.set_subtree_expanded(hit.node, is_expanded)
        else:
            self._view.set_expanded(hit.node, is_expanded)
