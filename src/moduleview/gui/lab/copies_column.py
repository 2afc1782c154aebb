"""The left of the lab: the frozen copies, how to take another, and what became of the last wish."""

from __future__ import annotations

from PySide6.QtCore import QKeyCombination, QModelIndex, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from moduleview.gui.handovers import TensorWish
from moduleview.gui.lab.checkpoint_choice import CheckpointChoice
from moduleview.gui.lab.copies_model import CopiesModel, CopyColumn
from moduleview.gui.lab.question import Question
from moduleview.gui.lab.take_menu import TakeMenu
from moduleview.gui.lab.view_keys import ViewKeys
from moduleview.gui.look import number_format
from moduleview.gui.panel import PanelContext
from moduleview.gui.widgets.cell_delegate import CellDelegate
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.gui.widgets.icon_button import IconButton
from moduleview.gui.widgets.row_table import RowTable
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.lab_book import LabBook
from moduleview.telemetry.lab_messages import LabRecord
from moduleview.telemetry.lab_tensors import DropTensor, FrozenTensor, LabRefused, TakeTensor, TensorTaken

_WIDTHS: dict[int, int] = {
    CopyColumn.ID: 30,
    CopyColumn.STEP: 44,
    CopyColumn.SHAPE: 92,
    CopyColumn.DTYPE: 60,
    CopyColumn.BYTES: 72,
}
_NAME_PX = 110  # before the columns at the right give way
_GIVE_WAY = (CopyColumn.DTYPE, CopyColumn.BYTES, CopyColumn.STEP, CopyColumn.SHAPE)


class CopiesColumn(QWidget):
    """A button over a table over a line of text."""

    chosen = Signal(object)  # FrozenTensor or None: the pipeline begins with it

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._taking = Question(context)
        self._chosen_id: int | None = None
        self.model = CopiesModel(self)
        self.table = RowTable(context.theme, self.model, self.tr("Frozen copies"), self)
        self.table.setItemDelegate(CellDelegate(context.theme, None, self.table))
        self.table.set_columns(_WIDTHS, CopyColumn.NAME)
        self.table.offer_columns(tuple(CopyColumn)[2:])
        self.table.selectionModel().currentRowChanged.connect(self._on_current_changed)
        delete = QKeyCombination(Qt.KeyboardModifier.NoModifier, Qt.Key.Key_Delete)
        ViewKeys(self.table, {delete: self._drop_current})
        self._checkpoint = CheckpointChoice(context, self)
        self._checkpoint.chosen.connect(self._ask)
        self.take_menu = TakeMenu(context, self.take_copy, self._checkpoint.choose_file, self)
        self.take_button = self._make_take_button()
        self.drop_button = IconButton(context.theme, "trash", self.tr("Let this copy go (Delete)"), self)
        self.drop_button.clicked.connect(self._drop_current)
        self.said = QLabel(self)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setWordWrap(True)
        self._empty = EmptyState(
            context.theme,
            "snowflake",
            self.tr("No tensor here yet"),
            self.tr("A frozen copy of a weight, gradient or batch."),
            parent=self,
        )
        self._lay_out()
        self._say("", "")

    @property
    def chosen_tensor(self) -> FrozenTensor | None:
        """The copy that the pipeline begins with."""
        row = self.model.row_of(self._chosen_id)
        return None if row is None else self.model.tensor(row)

    def take_copy(self, wish: TensorWish) -> None:
        """Ask for a copy of a live tensor."""
        self._say(self.tr("Asked for {0}").format(displayable(wish.fqn) or wish.kind.value), "muted")
        self._ask(lambda request: TakeTensor(request, wish.kind, wish.fqn))

    def take(self, book: LabBook) -> None:
        """Show the copies that there are, and what became of a wish."""
        answer = self._taking.take(book)
        if isinstance(answer, TensorTaken):
            self._chosen_id = answer.tensor.tensor_id
        if self.model.show_tensors(tuple(book.tensors.values())) or answer is not None:
            self._show_rows()
        self._say_state(book, answer)
        self._checkpoint.take(book)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _ask(self, make: object) -> None:
        assert callable(make)
        self._taking.ask(make)

    def _show_rows(self) -> None:
        """Keep the chosen row; where it is gone, the newest."""
        n = self.model.rowCount()
        self._stack.setCurrentIndex(0 if n else 1)
        self.drop_button.setEnabled(bool(n))
        row = self.model.row_of(self._chosen_id)
        row = n - 1 if row is None else row
        selection = self.table.selectionModel()
        was_blocked = selection.blockSignals(True)
        self.table.setCurrentIndex(self.model.index(row, 0))
        selection.blockSignals(was_blocked)
        self.table.updateGeometries()  # a row may have come that the scroll bar does not know yet
        self.table.scrollTo(self.model.index(row, 0))  # the table has not heard of it either
        self.table.viewport().update()
        self._choose(row)

    def _choose(self, row: int) -> None:
        tensor = self.model.tensor(row) if row >= 0 else None
        self._chosen_id = None if tensor is None else tensor.tensor_id
        self.chosen.emit(tensor)

    def _on_current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self._choose(current.row())

    def _drop_current(self) -> None:
        if self._chosen_id is not None:
            self._context.send(DropTensor(self._chosen_id))

    def _say_state(self, book: LabBook, answer: LabRecord | None) -> None:
        """A refusal stays until something else is asked; else what is awaited, else how much is held."""
        if isinstance(answer, LabRefused):
            self._say(answer.reason, "error")
            self._context.notify(answer.reason)
        elif isinstance(answer, TensorTaken):
            self._say(displayable(answer.tensor.remark, 400), "muted")
        awaited = list(book.awaited.values())
        if awaited and self._taking.is_waiting:
            last = awaited[-1]
            share = f" {100 * last.n_bytes_done / last.n_bytes:.0f} %" if last.n_bytes else ""
            self._say(f"{last.sentence}{share}", "muted")
        held = book.memory
        text = self.tr("{0} of {1}").format(
            number_format.n_bytes(held.n_bytes), number_format.n_bytes(held.n_bytes_limit)
        )
        self._held.setText(text if held.n_tensors else "")

    def _say(self, text: str, role: str) -> None:
        self.said.setText(text)
        self.said.setVisible(bool(text))
        if self.said.property("role") != role:
            self.said.setProperty("role", role)
            self.said.style().unpolish(self.said)
            self.said.style().polish(self.said)

    def _make_take_button(self) -> QPushButton:
        button = QPushButton(self.tr("Take a copy"), self)
        button.setAccessibleName(self.tr("Take a copy of a tensor"))
        menu = QMenu(button)
        menu.aboutToShow.connect(lambda: self.take_menu.fill(menu))
        button.setMenu(menu)
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        return button

    def _lay_out(self) -> None:
        self._held = QLabel(self)
        self._held.setProperty("role", "caption")
        self._held.setToolTip(self.tr("Memory that the lab holds, and its limit"))
        self._bar = QHBoxLayout()
        self._bar.addWidget(self.take_button)
        self._bar.addWidget(self.drop_button)
        self._bar.addStretch(1)
        self._bar.addWidget(self._held)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._empty)
        self._stack.setCurrentIndex(1)
        self._foot = QVBoxLayout()
        self._foot.addWidget(self.said)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._bar)
        column.addLayout(self._stack, 1)
        column.addLayout(self._foot)
        self._context.theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _on_theme_changed(self) -> None:
        px = self._context.theme.px
        self._bar.setContentsMargins(px(8), px(4), px(8), px(4))
        self._bar.setSpacing(px(4))
        self._foot.setContentsMargins(px(8), px(2), px(8), px(4))

    def resizeEvent(self, event: object) -> None:
        """The name keeps its room; type, bytes, step and shape go first."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        px = self._context.theme.px
        room = self.width() - px(_NAME_PX) - sum(px(width) for width in _WIDTHS.values())
        for column in _GIVE_WAY:
            self.table.setColumnHidden(column, room < 0)
            room += px(_WIDTHS[column]) if room < 0 else 0
        self._held.setVisible(self.width() >= px(270))
