"""The journal: what was changed in the run, what stands, and the Python that does the same; and alarms that rang."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from moduleview.gui.interventions.change_menu import ChangeMenu
from moduleview.gui.models.alarm_rings_model import AlarmRingsModel, RingColumn
from moduleview.gui.models.journal_model import JournalColumn, JournalModel
from moduleview.gui.panel import Area, Badge, Panel, PanelContext
from moduleview.gui.widgets.cell_delegate import ROW_PX, CellDelegate
from moduleview.gui.widgets.elided_label import ElidedLabel
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.gui.widgets.row_table import HEADER_PX, RowTable
from moduleview.gui.widgets.rule import HorizontalRule
from moduleview.telemetry.changes_book import JournaledRun
from moduleview.telemetry.changes_messages import ChangeJournaled, MakeAgain, TakeBack
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.store_view import StoreView

_WIDTHS: dict[int, int] = {
    JournalColumn.STATE: 112,
    JournalColumn.NODE: 120,
    JournalColumn.STEP: 56,
    JournalColumn.ENDED: 76,
    JournalColumn.NOTE: 220,
    JournalColumn.PYTHON: 260,
}
_RING_WIDTHS: dict[int, int] = {RingColumn.STEP: 56, RingColumn.VALUE: 76, RingColumn.DID: 116}
_GIVE_WAY = (JournalColumn.NODE, JournalColumn.PYTHON)  # first; then the step, or notes where there are none
_WHAT_LEAST_PX, _WHY_LEAST_PX = 220, 180
_BAR_PX, _LEAST_ROWS = 6, 2


class InterventionsPanel(Panel):
    """Buttons over a table of entries; beside it, once an alarm has rung, the table of rings."""

    panel_id: ClassVar[str] = "interventions"
    area: ClassVar[Area] = Area.BOTTOM
    order: ClassVar[int] = 12
    needs: ClassVar[Capability] = Capability.INTERVENE

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.setAccessibleName(self.title())
        self._drawn_for: object = None
        self._changes = ChangeMenu(context, self)
        self.model, self.rings = JournalModel(self), AlarmRingsModel(self)
        self.table = self._make_table(self.model, self.tr("Interventions"), _WIDTHS, JournalColumn.WHAT)
        self.ring_table = self._make_table(self.rings, self.tr("Alarms that rang"), _RING_WIDTHS, RingColumn.WHY)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_buttons())
        self.table.doubleClicked.connect(self._select_node)
        self.table.activated_by_key.connect(lambda: self._select_node(self.table.currentIndex()))
        self.ring_table.clicked.connect(self._go_to_ring)
        self.ring_table.activated_by_key.connect(lambda: self._go_to_ring(self.ring_table.currentIndex()))
        self.new_button = QPushButton(self.tr("New change"), self)
        self._menu = QMenu(self.new_button)
        self._menu.aboutToShow.connect(self._fill_menu)
        self.new_button.setMenu(self._menu)
        self.back_button = self._make_button(self.tr("Take back"), self._on_back)
        self.copy_button = self._make_button(self.tr("Copy Python"), self._on_copy)
        self.script_button = self._make_button(self.tr("Copy all as a script"), self._on_copy_all)
        self._about = ElidedLabel(self)
        self._about.set_text(self._about_text())
        self._about.setProperty("role", "muted")
        title, line = self.tr("Nothing was changed"), self.tr("Right-click a module and choose Change, or New change.")
        self._empty = EmptyState(context.theme, "sliders", title, line, parent=self)
        self._lay_out()
        context.theme.changed.connect(self._fit)
        self.refresh(context.store)

    def title(self) -> str:
        """What stands on the tab."""
        return self.tr("Interventions")

    def badge(self, store: StoreView) -> Badge | None:
        """How many changes stand."""
        n = sum(entry.stands for entry in store.books.changes.entries.values())
        return Badge(str(n), "accent") if n else None

    def refresh(self, store: StoreView) -> None:
        """Draw what changed since the last time."""
        book = store.books.changes
        state = (book.generation, book.revision, store.model is None, self.context.capabilities())
        if state == self._drawn_for:
            return
        self._drawn_for = state
        self.model.show_runs(book.now, book.runs_before)
        self.rings.show_rings(tuple(book.rings))
        self.ring_table.setVisible(bool(book.rings))
        self._fit()
        self._stack.setCurrentWidget(self._splitter if self.model.rowCount() or book.rings else self._empty)
        if self.model.rowCount() and not self.table.currentIndex().isValid():
            self.table.setCurrentIndex(self.model.index(0, 0))
        can_change = store.model is not None and Capability.INTERVENE in self.context.capabilities()
        self.new_button.setEnabled(can_change and bool(book.kinds))
        self._show_buttons()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _about_text(self) -> str:
        return self.tr(
            "Panels show gradients as the optimizer uses them, after these changes; "
            "the Gradient stations show them before."
        )

    def _current(self) -> ChangeJournaled | None:
        index = self.table.currentIndex()
        return self.model.entry(index.row()) if index.isValid() else None

    def _run(self) -> JournaledRun:
        """That of the current row, which may be one of the runs before."""
        book, row = self.context.store.books.changes, self.table.currentIndex().row()
        n_back = self.model.runs_back(row) if row >= 0 else 0
        return book.runs_before[n_back - 1] if 0 < n_back <= len(book.runs_before) else book.now

    def _show_buttons(self) -> None:
        entry, row = self._current(), self.table.currentIndex().row()
        self.back_button.setText(self.tr("Take back") if entry is None or entry.stands else self.tr("Make again"))
        self.back_button.setAccessibleName(self.back_button.text())
        self.back_button.setEnabled(entry is not None and not self.model.runs_back(row))
        self.copy_button.setEnabled(entry is not None)
        self.script_button.setEnabled(bool(self._run().lines))

    def _fill_menu(self) -> None:
        self._menu.clear()
        selection = self.context.selection
        self._changes.fill(self._menu, selection.tensor_fqn or selection.fqn or "")

    def _on_back(self) -> None:
        entry = self._current()
        if entry is not None:
            self.context.send(TakeBack(entry.entry) if entry.stands else MakeAgain(entry.entry))

    def _on_copy(self) -> None:
        entry = self._current()
        if entry is not None:
            self._copy(entry.python)

    def _on_copy_all(self) -> None:
        self._copy(self._run().script())

    def _copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.context.notify(self.tr("Copied"))

    def _select_node(self, index: QModelIndex) -> None:
        model = self.context.store.model
        if index.isValid() and model is not None:
            self.context.selection.select_named(model, self.model.entry(index.row()).fqn)

    def _go_to_ring(self, index: QModelIndex) -> None:
        model = self.context.store.model
        if index.isValid() and model is not None:
            ring = self.rings.ring(index.row())
            self.context.selection.select_named(model, ring.fqn)
            self.context.selection.set_crosshair(ring.step)

    # -- set up ------------------------------------------------------------------------------------------------------

    def _make_table(
        self, model: JournalModel | AlarmRingsModel, name: str, widths: dict[int, int], stretch: int
    ) -> RowTable:
        table = RowTable(self.context.theme, model, name, self)
        table.setItemDelegate(CellDelegate(self.context.theme, None, table))
        table.set_columns(widths, stretch)
        return table

    def _make_button(self, text: str, run: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setAccessibleName(text)
        button.clicked.connect(run)
        return button

    def _bar(self) -> Sequence[QWidget]:
        return (self.new_button, self.back_button, self.copy_button, self.script_button)

    def _lay_out(self) -> None:
        self._row = QHBoxLayout()
        for button in self._bar():
            self._row.addWidget(button)
        self._row.addWidget(self._about, 1)
        self._splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.table)
        self._splitter.addWidget(self.ring_table)
        self._splitter.setStretchFactor(0, 3)
        self._splitter.setStretchFactor(1, 2)
        self._splitter.splitterMoved.connect(lambda *_: self._fit())
        self._stack = QStackedLayout()
        self._stack.addWidget(self._splitter)
        self._stack.addWidget(self._empty)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(self._row)
        whole.addWidget(HorizontalRule(self))
        whole.addLayout(self._stack, 1)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Columns come, or give way."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """What was done always stands there in full; the rest where there is room."""
        px, room = self.context.theme.px, self.table.viewport().width() or self.width()
        self._row.setContentsMargins(px(_BAR_PX), px(_BAR_PX), px(_BAR_PX), px(_BAR_PX))
        self._row.setSpacing(px(_BAR_PX))
        self._splitter.setMinimumHeight(px(HEADER_PX + _LEAST_ROWS * ROW_PX))
        shown, book = dict(_WIDTHS), self.context.store.books.changes
        last = [JournalColumn.NOTE, JournalColumn.ENDED]
        has_notes = any(entry.note for entry in book.entries.values())
        for column in (*_GIVE_WAY, *(reversed(last) if has_notes else last)):
            is_hidden = px(sum(shown.values()) + _WHAT_LEAST_PX) > room
            self.table.setColumnHidden(column, is_hidden)
            if is_hidden:
                del shown[column]
        room = self.ring_table.viewport().width() or self.width()
        of_rings = px(_RING_WIDTHS[RingColumn.STEP] + _WHY_LEAST_PX)
        for of_ring in (RingColumn.DID, RingColumn.VALUE):
            of_rings += px(_RING_WIDTHS[of_ring])
            self.ring_table.setColumnHidden(of_ring, of_rings > room)
