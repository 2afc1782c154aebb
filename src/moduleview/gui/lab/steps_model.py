"""The rows of a pipeline: the tensor it begins with, and a row a step with its Python and what it gives."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from moduleview.gui.lab.pipeline import Pipeline
from moduleview.gui.lab.shown_tensor import layout_words
from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.lab_pipelines import StepOutcome, StepState
from moduleview.telemetry.lab_tensors import FrozenTensor

DETAIL_ROLE = int(Qt.ItemDataRole.UserRole) + 11
"""The second line."""
STATE_ROLE = int(Qt.ItemDataRole.UserRole) + 12
"""``RowState``."""
_NO_INDEX = QModelIndex()
_LONGEST = 300


class RowState:
    """How a row looks."""

    PLAIN = "plain"
    FAILED = "failed"
    GREY = "grey"  # switched off, or one before it failed


class StepsModel(QAbstractListModel):
    """Row 0 is the source, row n the step n - 1 of the pipeline."""

    switched = Signal(int, bool)  # step, takes part

    def __init__(self, pipeline: Pipeline, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = CellGuard()
        self._pipeline = pipeline
        self._source: FrozenTensor | None = None
        self._outcomes: dict[int, StepOutcome] = {}

    def set_source(self, source: FrozenTensor | None) -> None:
        """The pipeline begins with this copy."""
        self._source = source
        self._changed()

    @property
    def source(self) -> FrozenTensor | None:
        """The copy that the pipeline begins with."""
        return self._source

    def set_outcomes(self, outcomes: Mapping[int, StepOutcome]) -> None:
        """What became of the steps, by their place in the pipeline."""
        self._outcomes = dict(outcomes)
        self._changed()

    def outcome(self, place: int) -> StepOutcome | None:
        """What became of a step; None where nobody knows yet."""
        return self._outcomes.get(place)

    def steps_moved(self) -> None:
        """Steps came, went or changed places: their outcomes are not known any more."""
        self.beginResetModel()
        self._outcomes = {}
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """The source and the steps."""
        return 0 if parent.isValid() else len(self._pipeline) + 1

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        """Steps can be switched off."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.isValid() and index.row() > 0 else flags

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Texts, state, tick."""
        return self._guard.cell(self._cell, index, role)

    def setData(
        self, index: QModelIndex | QPersistentModelIndex, value: object, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        """Switch a step on or off."""
        if role != Qt.ItemDataRole.CheckStateRole or not index.isValid() or index.row() == 0:
            return False
        self.switched.emit(index.row() - 1, Qt.CheckState(value) == Qt.CheckState.Checked)
        return True

    # -- inside ----------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid():
            return None
        place = index.row() - 1
        if role == Qt.ItemDataRole.CheckStateRole and place >= 0:
            return Qt.CheckState.Checked if self._pipeline[place].is_on else Qt.CheckState.Unchecked
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{self._line(place)}\n{self._detail(place)}"
        read = {Qt.ItemDataRole.DisplayRole: self._line, COPY_ROLE: self._line}
        read |= {DETAIL_ROLE: self._detail, STATE_ROLE: self._state}
        return read[role](place) if role in read else None

    def _line(self, place: int) -> str:
        if place < 0:
            return self.tr("no tensor") if self._source is None else f"x = t{self._source.tensor_id}"
        outcome = self._outcomes.get(place)
        if outcome is not None and outcome.python and self._pipeline[place].is_on:
            return displayable(outcome.python, _LONGEST)
        return self._pipeline[place].operation.name

    def _detail(self, place: int) -> str:
        if place < 0:
            return self._source_words()
        if not self._pipeline[place].is_on:
            return self.tr("switched off")
        outcome = self._outcomes.get(place)
        if outcome is None:
            return self.tr("not computed yet")
        if outcome.state is StepState.FAILED:
            return displayable(outcome.error, _LONGEST)
        if outcome.state is StepState.NOT_REACHED:
            failed = self._failed_before(place)
            return self.tr("not computed yet") if failed is None else self.tr("step {0} failed").format(failed + 1)
        return result_words(outcome, self.tr("{0} tensors"))

    def _source_words(self) -> str:
        if self._source is None:
            return self.tr("take a copy, or begin with an operation that creates one")
        words = layout_words(self._source.shape, self._source.dtype, self._source.strides, None)
        return f"{displayable(self._source.name)} · {words}"

    def _state(self, place: int) -> str:
        if place < 0:
            return RowState.GREY if self._source is None or not self._pipeline.needs_source else RowState.PLAIN
        outcome = self._outcomes.get(place)
        if not self._pipeline[place].is_on or (outcome is not None and outcome.state is StepState.NOT_REACHED):
            return RowState.GREY
        return RowState.FAILED if outcome is not None and outcome.state is StepState.FAILED else RowState.PLAIN

    def _failed_before(self, place: int) -> int | None:
        failed = (p for p, o in self._outcomes.items() if o.state is StepState.FAILED and p < place)
        return next(failed, None)


def result_words(outcome: StepOutcome, several: str) -> str:
    """What a step gave: ``= True``, or shape, dtype, strides, view or copy; ``several`` names more than two."""
    parts = outcome.parts
    if not parts:
        return f"= {displayable(outcome.value, _LONGEST)}"
    first = parts[0]
    words = layout_words(first.shape, first.dtype, first.strides, first.is_view)
    if len(parts) == 1:
        return f"= {displayable(first.text)} · {words}" if first.text else words
    return f"{several.format(len(parts))}: " + ", ".join(
        f"{part.label} {' × '.join(map(str, part.shape)) or '0-d'}" for part in parts[:8]
    )
