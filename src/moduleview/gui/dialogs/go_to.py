"""Ctrl+P: type a piece of a module's path, choose, and be there."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QDialog, QListView, QVBoxLayout, QWidget

from moduleview.gui.selection import Selection
from moduleview.gui.theme import Theme
from moduleview.gui.tree.filter_field import FilterField
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.name_index import NameIndex
from moduleview.telemetry.snapshot import ModelSnapshot

_MOST_SHOWN = 200
_WIDTH_PX, _HEIGHT_PX = 460, 320
_MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class GoToDialog(QDialog):
    """A field over a list of modules; Enter selects one and closes."""

    def __init__(
        self, theme: Theme, snapshot: ModelSnapshot, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._snapshot = snapshot
        self._selection = selection
        self._index = NameIndex(snapshot)
        self._nodes: list[int] = []
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(self.tr("Go to a module"))
        self.field = FilterField(theme, self.tr("Enter"), self)
        self.field.setPlaceholderText(self.tr("Go to: blocks.4.attn"))
        self.field.setAccessibleName(self.tr("Go to a module"))
        self.list = QListView(self)
        self.list.setAccessibleName(self.tr("Modules"))
        self.list.setFont(theme.mono_font(12))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._rows = QStringListModel(self)
        self.list.setModel(self._rows)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.px(8), theme.px(8), theme.px(8), theme.px(8))
        layout.setSpacing(theme.px(8))
        layout.addWidget(self.field)
        layout.addWidget(self.list, 1)
        self.resize(theme.px(_WIDTH_PX), theme.px(_HEIGHT_PX))
        self.field.textChanged.connect(self._on_text_changed)
        self.field.returnPressed.connect(self._on_entered)
        self.field.given_up.connect(self.reject)
        self.list.clicked.connect(lambda _index: self._on_entered())
        self._on_text_changed("")
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down move in the list while one types."""
        if event.key() in _MOVES:
            step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -10}.get(Qt.Key(event.key()), 10)
            row = min(max(self.list.currentIndex().row() + step, 0), len(self._nodes) - 1)
            self.list.setCurrentIndex(self._rows.index(row))
        else:
            super().keyPressEvent(event)

    def matching_nodes(self, text: str) -> list[int]:
        """Modules that fit best first: the exact FQN, then names that are the text, then those that contain it."""
        text = text.strip()
        if not text:
            return list(range(min(len(self._snapshot), _MOST_SHOWN)))
        exact = self._snapshot.node_of(text)
        if "." in text:
            fits = self._index.path_contains(text)
            best = np.zeros(len(self._snapshot), dtype=np.bool_)
        else:
            best = self._index.name_is(text)
            fits = self._index.name_contains(text) | self._index.type_contains(text)
        ordered = [] if exact is None else [exact]
        ordered += np.flatnonzero(best)[:_MOST_SHOWN].tolist()
        ordered += np.flatnonzero(fits & ~best)[:_MOST_SHOWN].tolist()
        return list(dict.fromkeys(ordered))[:_MOST_SHOWN]

    def _on_text_changed(self, text: str) -> None:
        snapshot = self._snapshot
        self._nodes = self.matching_nodes(text)
        names = ((snapshot.fqns[node] or snapshot.names[node], snapshot.type_names[node]) for node in self._nodes)
        self._rows.setStringList([f"{displayable(name)}   {displayable(kind)}" for name, kind in names])
        if self._nodes:
            self.list.setCurrentIndex(self._rows.index(0))

    def _on_entered(self) -> None:
        row = self.list.currentIndex().row()
        if 0 <= row < len(self._nodes):
            self._selection.select(self._snapshot.fqns[self._nodes[row]])
            self.accept()
