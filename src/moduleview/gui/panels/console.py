"""Python that a person runs in the live model, between two steps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import count
from typing import ClassVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from moduleview.gui.console.cell_history import CellHistory
from moduleview.gui.console.cell_input import CellInput
from moduleview.gui.console.cell_status import CellStatus
from moduleview.gui.console.name_requests import NameRequests
from moduleview.gui.console.transcript import Transcript
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.widgets.elided_label import ElidedLabel
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.gui.widgets.icon_button import IconButton
from moduleview.gui.widgets.rule import HorizontalRule
from moduleview.telemetry.commands import Capability, InterruptCode
from moduleview.telemetry.console_messages import RunCell
from moduleview.telemetry.store_view import StoreView

_STATUS_PERIOD_MS = 250


class ConsolePanel(Panel):
    """What was run and what it gave, over the line that is typed."""

    panel_id: ClassVar[str] = "console"
    area: ClassVar[Area] = Area.BOTTOM
    order: ClassVar[int] = 11
    needs: ClassVar[Capability] = Capability.INTERVENE

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        theme = context.theme
        self._cells = count(1)
        self._n_seen = 0
        self._revision = -1
        self.history = CellHistory()
        self.status = CellStatus(self)
        self.transcript = Transcript(theme, self)
        self.input = CellInput(theme, self.history, self)
        self.names = NameRequests(context, self.input)
        self._prompt = QLabel(">>>", self)
        self._prompt.setProperty("role", "mono-name")
        self._empty = EmptyState(theme, "terminal", "", "", parent=self)
        self._line = ElidedLabel(self)
        self.interrupt = QPushButton(self.tr("Interrupt"), self)
        self.interrupt.setToolTip(self.tr("Stop this cell (Ctrl+C)"))
        self.clear = IconButton(theme, "trash", self.tr("Clear what was shown; the names stay"), self)
        self._tick = QTimer(self, interval=_STATUS_PERIOD_MS)
        self._tick.setObjectName("console.tick")
        self._lay_out()
        self._connect()
        self._on_theme_changed()
        self._show_place()
        self.refresh(context.store)

    def title(self) -> str:
        """What stands on the tab."""
        return self.tr("Console")

    def title_controls(self) -> Sequence[QWidget]:
        """Clear."""
        return (self.clear,)

    def kept(self) -> str:
        """The cells that were run."""
        return self.history.to_text()

    def restore_kept(self, kept: str) -> None:
        """Take them back."""
        self.history.take_text(kept)

    def refresh(self, store: StoreView) -> None:
        """Show what came."""
        book = store.books.console
        if book.revision == self._revision:
            return
        self._revision = book.revision
        self.status.look(book)
        self.names.look(book)
        new = book.since(self._n_seen)
        self._n_seen = book.n_taken
        if new:
            self.transcript.add(new)
        self._show_status()
        self._show_stack()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The input leaves room for what cells give."""
        super().resizeEvent(event)
        self.input.set_room(self.height())

    # -- what a person does ----------------------------------------------------------------------------------------

    def _on_run_asked(self) -> None:
        if self.status.cell is not None:
            words = self.tr("Cell {0} is not over yet. Wait for it, or interrupt it.")
            self.context.notify(words.format(self.status.cell))
            return
        code = self.input.take_code()
        if not code.strip():
            return
        self.history.add(code)
        cell = next(self._cells)
        self.status.sent(cell)
        self.context.send(RunCell(cell, code, self.context.selection.fqn))
        self._tick.start()
        self._show_status()

    def _on_interrupt_asked(self) -> None:
        if self.status.cell is None:
            self.context.notify(self.tr("No cell runs."))
            return
        self.status.asked_to_stop()
        self.context.send(InterruptCode(self.status.cell))
        self._show_status()

    def _on_clear(self) -> None:
        self.transcript.forget()
        self._show_stack()

    def _on_code_wanted(self, code: str) -> None:
        self.input.insert_code(code)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _show_status(self) -> None:
        text = self.status.text(time.monotonic())
        self._line.set_text(text)
        self._bar.setVisible(bool(text))
        if self.status.cell is None:
            self._tick.stop()

    def _show_stack(self) -> None:
        is_empty = not self.transcript.is_busy and self.transcript.document().isEmpty()
        self._stack.setCurrentIndex(1 if is_empty else 0)

    def _show_place(self) -> None:
        fqn = self.context.selection.fqn
        what = self.tr("nothing") if fqn is None else fqn or self.tr("the whole model")
        self.input.setPlaceholderText(
            self.tr("model, module ({0}), task, lab, _   Enter runs, Shift+Enter for another line").format(what)
        )

    def _connect(self) -> None:
        self.input.run_asked.connect(self._on_run_asked)
        self.input.interrupt_asked.connect(self._on_interrupt_asked)
        self.interrupt.clicked.connect(self._on_interrupt_asked)
        self.clear.clicked.connect(self._on_clear)
        self._tick.timeout.connect(self._show_status)
        self.context.selection.changed.connect(self._show_place)
        self.context.handovers.code_wanted.connect(self._on_code_wanted)
        self.context.theme.changed.connect(self._on_theme_changed)

    def _lay_out(self) -> None:
        self._empty.set_texts(
            self.tr("Nothing run yet"),
            self.tr("Type Python below. It runs between two steps, in the live model."),
        )
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.transcript)
        self._stack.addWidget(self._empty)
        self._stack.setMinimumHeight(1)  # else the input would be pushed out of a low panel
        self._bar = QWidget(self)
        self._bar_row = QHBoxLayout(self._bar)
        self._bar_row.addWidget(self._line, 1)
        self._bar_row.addWidget(self.interrupt)
        self._input_row = QHBoxLayout()
        self._input_row.setSpacing(0)
        self._input_row.addWidget(self._prompt, 0, Qt.AlignmentFlag.AlignTop)
        self._input_row.addWidget(self.input, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._stack, 1)
        column.addWidget(HorizontalRule(self))
        column.addWidget(self._bar)
        column.addLayout(self._input_row)

    def _on_theme_changed(self) -> None:
        px = self.context.theme.px
        self._prompt.setContentsMargins(px(8), px(6), px(2), 0)
        self._bar_row.setContentsMargins(px(8), px(4), px(8), 0)
