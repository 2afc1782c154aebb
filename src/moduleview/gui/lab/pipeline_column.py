"""The middle of the lab: the steps of the pipeline, the fields of the chosen one, and what is done with them."""

from __future__ import annotations

from PySide6.QtCore import QKeyCombination, QModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QListView, QSplitter, QVBoxLayout, QWidget

from moduleview.gui.lab.argument_form import ArgumentForm
from moduleview.gui.lab.operation_finder import find_operation
from moduleview.gui.lab.pipeline import Pipeline
from moduleview.gui.lab.pipeline_bar import PipelineBar
from moduleview.gui.lab.question import Question
from moduleview.gui.lab.step_delegate import StepDelegate, toggle
from moduleview.gui.lab.steps_model import StepsModel
from moduleview.gui.lab.view_keys import ViewKeys
from moduleview.gui.panel import PanelContext
from moduleview.gui.widgets.vertical_scroll import VerticalScroll
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.lab_book import LabBook
from moduleview.telemetry.lab_pipelines import (
    OperationSpec,
    PipelineAnswered,
    PipelineStep,
    RequestOperations,
    RunPipeline,
    StepOutcome,
)
from moduleview.telemetry.lab_tensors import FrozenTensor, LabRefused

_LOW_PX, _WIDE_PX = 300, 330
_LEAST_FORM_PX = 60


class PipelineColumn(QWidget):
    """Each keystroke runs the pipeline anew on the lab's thread; only the newest answer is shown."""

    looked_at = Signal()  # another step was chosen, or what it gives is known

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._running = Question(context)
        self._places: list[int] = []  # of the steps that the newest request holds
        self._tensors: tuple[FrozenTensor, ...] = ()
        self._python = ""
        self.pipeline = Pipeline()
        self.model = StepsModel(self.pipeline, self)
        self.model.switched.connect(self._on_switched)
        self.list = QListView(self)
        self.list.setModel(self.model)
        self.list.setItemDelegate(StepDelegate(context.theme, self.list))
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName(self.tr("Steps of the pipeline"))
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setMinimumHeight(1)
        self.list.selectionModel().currentChanged.connect(self._on_current_changed)
        self.form = ArgumentForm(context.theme, self._make_offers, self)
        self.form.edited.connect(self._on_edited)
        self._make_bar()
        self._lay_out()
        self._add_keys()
        self.list.setCurrentIndex(self.model.index(0))

    # -- what the panel asks ---------------------------------------------------------------------------------------

    @property
    def place(self) -> int:
        """The chosen step, -1 for the source."""
        return max(self.list.currentIndex().row() - 1, -1)

    @property
    def source(self) -> FrozenTensor | None:
        """The copy that the pipeline begins with."""
        return self.model.source

    def outcome(self) -> StepOutcome | None:
        """What became of the chosen step."""
        return None if self.place < 0 else self.model.outcome(self.place)

    @property
    def is_running(self) -> bool:
        """The newest request has no answer yet."""
        return self._running.is_waiting

    def steps_to(self, place: int) -> tuple[PipelineStep, ...]:
        """The pipeline up to a step, that step included."""
        return self.pipeline.messages(place + 1)

    def set_source(self, source: FrozenTensor | None) -> None:
        """Begin with another copy; the steps stay."""
        if source != self.model.source:
            self.model.set_source(source)
            self._run()
            self.looked_at.emit()

    def take(self, book: LabBook) -> None:
        """Show what the newest request gave."""
        self._tensors = tuple(book.tensors.values())
        self._catalogue = book.operations
        self.bar.add.setEnabled(book.operations is not None)
        answer = self._running.take(book)
        if isinstance(answer, PipelineAnswered):
            self._python = answer.python
            self.model.set_outcomes(dict(zip(self._places, answer.outcomes, strict=False)))
            self._show_outcome()
            self.looked_at.emit()
        elif isinstance(answer, LabRefused):
            self.model.set_outcomes({})
            self.form.say(answer.reason)
            self.looked_at.emit()

    def add(self, operation: OperationSpec) -> None:
        """Put an operation behind the chosen step, and begin to type its arguments."""
        place = self.place + 1
        self.pipeline.insert(place, operation)
        self._steps_moved(place)
        self.form.focus_first()

    def find_operation(self) -> None:
        """Open the list of operations."""
        if self._catalogue is None:
            self._context.send(RequestOperations())
            return
        find_operation(
            self._catalogue, self.add, self.tr("Operation: a name, or what it does"), self._context.theme, self
        )

    # -- a person acts ---------------------------------------------------------------------------------------------

    def _on_edited(self, name: str, text: str) -> None:
        if self.place >= 0:
            self.pipeline.set_text(self.place, name, text)
            self._run()

    def _on_switched(self, place: int, is_on: bool) -> None:
        self.pipeline.set_on(place, is_on)
        self._run()
        self.list.viewport().update()

    def _remove(self) -> None:
        if self.place >= 0:
            self.pipeline.remove(self.place)
            self._steps_moved(min(self.place, len(self.pipeline) - 1))

    def _move(self, by: int) -> None:
        other = self.place + by
        if self.place >= 0 and 0 <= other < len(self.pipeline):
            self.pipeline.swap(self.place, other)
            self._steps_moved(other)

    def _copy_line(self) -> None:
        text = str(self.list.currentIndex().data() or "")
        QGuiApplication.clipboard().setText(text)
        self._context.notify(self.tr("Copied: {0}").format(displayable(text, 100)))

    def _copy_all(self) -> None:
        if self._python:
            QGuiApplication.clipboard().setText(self._python)
            self._context.notify(self.tr("The pipeline is on the clipboard as Python"))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _steps_moved(self, place: int) -> None:
        self.form.show_step(None)
        self.model.steps_moved()
        self._run()
        self.list.setCurrentIndex(self.model.index(place + 1))
        self.list.viewport().update()

    def _run(self) -> None:
        source = self.model.source
        self._places = self.pipeline.places_on()
        self.bar.enable(self.place, len(self.pipeline))
        if not self._places or (source is None and self.pipeline.needs_source):
            self._running.forget()
            self._python = ""
            self.model.set_outcomes({})
            self._show_outcome()
            self.looked_at.emit()
            return
        source_id = None if source is None else source.tensor_id
        steps = self.pipeline.messages()
        self._running.ask(lambda request: RunPipeline(request, source_id, steps))

    def _on_current_changed(self, _current: QModelIndex, _previous: QModelIndex) -> None:
        self._fields.verticalScrollBar().setValue(0)
        self._show_outcome()
        self.bar.enable(self.place, len(self.pipeline))
        self.looked_at.emit()

    def _show_outcome(self) -> None:
        place = self.place
        if 0 <= place < len(self.pipeline):
            self.form.show_step(self.pipeline[place])
            self.form.show_outcome(self.model.outcome(place))
        else:
            self.form.show_step(None, self.tr("Add an operation: each step works on x, what the step before gave."))

    def _make_offers(self) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
        """Tensors that can be named in a field, and torch's dtypes."""
        named = [("x", self.tr("what the step before gave"))]
        named += [
            (f"t{each.tensor_id}", f"{displayable(each.name)} {' × '.join(map(str, each.shape))}")
            for each in self._tensors
        ]
        return named, () if self._catalogue is None else self._catalogue.dtypes

    def _make_bar(self) -> None:
        self._catalogue = self._context.store.books.lab.operations
        self.bar = PipelineBar(self._context.theme, self)
        self.bar.add.clicked.connect(self.find_operation)
        self.bar.up.clicked.connect(lambda: self._move(-1))
        self.bar.down.clicked.connect(lambda: self._move(1))
        self.bar.remove.clicked.connect(self._remove)
        self.bar.copy_line.clicked.connect(self._copy_line)
        self.bar.copy_all.clicked.connect(self._copy_all)
        self.bar.enable(self.place, len(self.pipeline))

    def _add_keys(self) -> None:
        plain, alt = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.AltModifier
        keys = {
            QKeyCombination(plain, Qt.Key.Key_Insert): self.find_operation,
            QKeyCombination(plain, Qt.Key.Key_Delete): self._remove,
            QKeyCombination(alt, Qt.Key.Key_Up): lambda: self._move(-1),
            QKeyCombination(alt, Qt.Key.Key_Down): lambda: self._move(1),
            QKeyCombination(Qt.KeyboardModifier.ControlModifier, Qt.Key.Key_C): self._copy_line,
            QKeyCombination(plain, Qt.Key.Key_Space): lambda: toggle(self.model, self.list.currentIndex()),
            QKeyCombination(plain, Qt.Key.Key_Return): self.form.focus_first,
        }
        ViewKeys(self.list, keys)

    def _lay_out(self) -> None:
        self._split = QSplitter(Qt.Orientation.Vertical, self)
        self._split.setHandleWidth(1)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.list)
        self._fields = VerticalScroll(self._context.theme, self.form, _LEAST_FORM_PX, self)
        self._split.addWidget(self._fields)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self._split, 1)

    def resizeEvent(self, event: object) -> None:
        """In a low panel the fields stand beside the steps, in a high one below them."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        px = self._context.theme.px
        is_beside = self.height() < px(_LOW_PX) and self.width() >= px(_WIDE_PX)
        wanted = Qt.Orientation.Horizontal if is_beside else Qt.Orientation.Vertical
        if wanted != self._split.orientation():
            self._split.setOrientation(wanted)
            self._split.setSizes([1000, 1000])
