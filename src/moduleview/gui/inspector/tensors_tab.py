"""The Parameters and the Buffers tab: the tensors of a module or its subtree, and the selected one in numbers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QSplitter, QStackedLayout, QWidget

from moduleview.gui.inspector.report_feed import ReportFeed
from moduleview.gui.inspector.tensor_detail import TensorDetail
from moduleview.gui.inspector.tensor_table import TensorTable
from moduleview.gui.interventions.change_menu import ChangeMenu
from moduleview.gui.lab.lab_menu import LabMenu
from moduleview.gui.models.tensor_columns import (
    BUFFER_COLUMNS,
    FIRST_BUFFER_COLUMNS,
    FIRST_PARAMETER_COLUMNS,
    PARAMETER_COLUMNS,
)
from moduleview.gui.models.tensor_table_model import TensorTableModel
from moduleview.gui.panel import PanelContext
from moduleview.gui.tree.tree_actions import python_expression
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.gui.widgets.sight import is_in_sight
from moduleview.gui.widgets.vertical_scroll import VerticalScroll
from moduleview.telemetry.commands import Capability, SetHooks
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.snapshot import ModelSnapshot

_DETAIL_LEAST_PX = 96


class TensorsTab(QWidget):
    """Parameters or buffers.

    Args:
        context: Store, selection, theme, scale, send.
        are_parameters: False for buffers.
        parent: Owner.
        clock: Seconds, monotonic; for the pace of the reports.
    """

    def __init__(
        self,
        context: PanelContext,
        are_parameters: bool,
        parent: QWidget,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._are_parameters = are_parameters
        self._revisions: tuple[int, ...] = ()
        self._feed = ReportFeed(context.store, context.send, clock)
        self._ask_again = QTimer(self, singleShot=True)  # a run that stands still makes no frame that would ask
        self._ask_again.timeout.connect(self._poll)
        self.model = TensorTableModel(context.store, self)
        self.model.hook_toggled.connect(self._on_hook_toggled)
        offered = PARAMETER_COLUMNS if are_parameters else BUFFER_COLUMNS
        first = FIRST_PARAMETER_COLUMNS if are_parameters else FIRST_BUFFER_COLUMNS
        self.table = TensorTable(context.theme, context.scale, self.model, (offered, first), self)
        self.table.setAccessibleName(self.tr("Parameters") if are_parameters else self.tr("Buffers"))
        self.table.selectionModel().currentRowChanged.connect(self._on_current_changed)
        self._changes = ChangeMenu(context, self)
        self._lab = LabMenu(context, self)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._open_menu)
        self.detail = TensorDetail(context.theme, self)
        self._empty = EmptyState(context.theme, "list", "", "", parent=self)
        self._lay_out()

    def show_module(self, snapshot: ModelSnapshot, node: int, with_subtree: bool) -> None:
        """Show the tensors of a module, or of all below it too."""
        rows = snapshot.subtree_tensors(node) if with_subtree else snapshot.own_tensors(node)
        kinds = snapshot.tensors.is_parameter[rows.start : rows.stop]
        chosen = rows.start + np.flatnonzero(kinds == self._are_parameters)
        kept = None if self._current_row() is None else self.model.fqn(self.table.currentIndex().row())
        self.model.set_tickable(Capability.HOOKS in self._context.capabilities())
        self.model.show_rows(snapshot, chosen, snapshot.fqns[node])
        self._say_empty(snapshot, node, with_subtree)
        self._stack.setCurrentIndex(0 if len(chosen) else 1)
        self._choose(self._context.selection.tensor_fqn, kept)

    def follow_selection(self) -> None:
        """Another tensor was selected somewhere."""
        self._choose(self._context.selection.tensor_fqn, None)

    def forget(self) -> None:
        """Another model was opened."""
        self._feed.forget()
        self.model.show_rows(None)

    def refresh(self) -> None:
        """Draw what changed. Only while the tab can be seen."""
        store = self._context.store
        revisions = (store.series_revision, store.hooks_revision)
        if revisions != self._revisions:
            self._revisions = revisions
            self.model.refresh_values()
            self.model.refresh_hooks()
        self._poll()

    def menu_of(self, row: int) -> QMenu:
        """What can be done with the tensor in a row."""
        menu = QMenu(self.table)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fqn = self.model.fqn(row)
        menu.setTitle(displayable(fqn, 40))
        copy = menu.addAction(self.tr("Copy path"))
        copy.triggered.connect(lambda _checked=False: QGuiApplication.clipboard().setText(fqn))
        expression = python_expression(fqn, "get_parameter" if self._are_parameters else "get_buffer")
        use = menu.addAction(self.tr("Use in console"))
        use.setEnabled(Capability.INTERVENE in self._context.capabilities())
        use.triggered.connect(lambda _checked=False: self._context.handovers.insert_code(expression))
        self._lab.add_tensor(menu, fqn, is_parameter=self._are_parameters)
        if self._are_parameters:
            menu.addSeparator()
            self._changes.add_freezing(menu, fqn)
            self._add_panels(menu, fqn)
        self._changes.add_to(menu, fqn)
        return menu

    def _add_panels(self, menu: QMenu, fqn: str) -> None:
        """What is done with a parameter in a panel of its own."""
        handovers = self._context.handovers
        can_intervene = Capability.INTERVENE in self._context.capabilities()
        for text, hand_over in (
            (self.tr("Write a hook..."), lambda: handovers.write_hook(fqn, is_parameter=True)),
            (self.tr("Initialise..."), lambda: handovers.initialise(fqn)),
        ):
            action = menu.addAction(text)
            action.setEnabled(can_intervene)
            action.triggered.connect(hand_over)

    def _open_menu(self, at: QPoint) -> None:
        index = self.table.indexAt(at)
        if index.isValid():
            self.menu_of(index.row()).popup(self.table.viewport().mapToGlobal(at))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _choose(self, wanted: str | None, kept: str | None) -> None:
        """Make a row current: the one selected anywhere, else the one that was, else the first."""
        candidates = (self.model.row_of(wanted), self.model.row_of(kept), self._current_row())
        row = next((row for row in candidates if row is not None), 0 if self.model.rowCount() else None)
        if row is None:
            self._look_at(None)
            return
        index = self.model.index(row, 0)
        if self._current_row() != row:
            was_blocked = self.table.selectionModel().blockSignals(True)  # not a person's choice
            self.table.setCurrentIndex(index)
            self.table.selectionModel().blockSignals(was_blocked)
            self.table.viewport().update()
        self.table.scrollTo(index)
        self._look_at(self.model.fqn(row))

    def _current_row(self) -> int | None:
        index = self.table.currentIndex()
        return index.row() if index.isValid() else None

    def _look_at(self, fqn: str | None) -> None:
        self._below.setVisible(fqn is not None)
        if fqn is None:
            self._feed.look_at(None)
            return
        row = self.model.row_of(fqn)
        self.detail.look_at(fqn, str(self.model.index(row or 0, 0).data()))
        if Capability.REPORTS in self._context.capabilities():
            self._feed.look_at(fqn)
            self._poll()

    def _poll(self) -> None:
        """Take the newest report, and look again when the next one may be asked for."""
        if self._feed.poll():
            self.detail.show_report(self._feed.newest, self._feed.earlier)
        due_in_s = self._feed.due_in_s
        if due_in_s is not None and is_in_sight(self):
            self._ask_again.start(math.ceil(1000 * due_in_s))

    def _on_current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            fqn = self.model.fqn(current.row())
            self._look_at(fqn)
            self._context.selection.select_tensor(fqn)

    def _on_hook_toggled(self, fqn: str, is_ticked: bool) -> None:
        self._context.send(SetHooks((fqn,), HookKind.TENSOR, is_ticked))

    def _say_empty(self, snapshot: ModelSnapshot, node: int, with_subtree: bool) -> None:
        what = self.tr("No parameters") if self._are_parameters else self.tr("No buffers")
        below = snapshot.subtree_tensors(node)
        has_below = (snapshot.tensors.is_parameter[below.start : below.stop] == self._are_parameters).any()
        if has_below and not with_subtree:
            line = self.tr("This module has none of its own; switch on Subtree to see those below it.")
        elif self._are_parameters:
            line = self.tr("Nothing here is learned.")
        else:
            line = self.tr("A buffer is state that is saved with the model but not learned, like a running mean.")
        self._empty.set_texts(what, line)

    def _lay_out(self) -> None:
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.table)
        self._below = VerticalScroll(self._context.theme, self.detail, _DETAIL_LEAST_PX, self)
        splitter.addWidget(self._below)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 0)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(splitter)
        self._stack.addWidget(self._empty)
