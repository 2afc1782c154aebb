"""The frozen copies of the lab as a table."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from moduleview.gui.look import number_format
from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE, LOOK_ROLE, Look
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.lab_tensors import FrozenTensor, TensorKind

_NO_INDEX = QModelIndex()


class CopyColumn(IntEnum):
    """Columns."""

    ID = 0
    NAME = 1
    STEP = 2
    SHAPE = 3
    DTYPE = 4
    BYTES = 5


_NUMBER = Look(is_mono=True, is_small=True, is_right=True)
_MUTED = Look(color="muted", is_mono=True, is_small=True)
_LOOKS = {
    CopyColumn.ID: _MUTED,
    CopyColumn.NAME: Look(is_mono=True, is_small=True, elides_left=True),
    CopyColumn.STEP: _NUMBER,
    CopyColumn.SHAPE: _MUTED,
    CopyColumn.DTYPE: _MUTED,
    CopyColumn.BYTES: _NUMBER,
}


class CopiesModel(QAbstractTableModel):
    """Rows are copies, the oldest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = CellGuard()
        self._tensors: tuple[FrozenTensor, ...] = ()

    def show_tensors(self, tensors: Sequence[FrozenTensor]) -> bool:
        """Take another list; says whether it is another."""
        if tuple(tensors) == self._tensors:
            return False
        self.beginResetModel()
        self._tensors = tuple(tensors)
        self.endResetModel()
        return True

    def tensor(self, row: int) -> FrozenTensor:
        """The copy in a row."""
        return self._tensors[row]

    def row_of(self, tensor_id: int | None) -> int | None:
        """Where a copy stands."""
        return next((row for row, tensor in enumerate(self._tensors) if tensor.tensor_id == tensor_id), None)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Copies."""
        return 0 if parent.isValid() else len(self._tensors)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Columns."""
        return 0 if parent.isValid() else len(CopyColumn)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, look, tooltip."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column headers."""
        headers = ("", self.tr("Tensor"), self.tr("Step"), self.tr("Shape"), self.tr("Type"), self.tr("Bytes"))
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(headers):
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            is_right = section in (CopyColumn.STEP, CopyColumn.BYTES)
            side = Qt.AlignmentFlag.AlignRight if is_right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return headers[section] if role == Qt.ItemDataRole.DisplayRole else None

    def kind_word(self, kind: TensorKind) -> str:
        """What a tensor is, in words."""
        return {
            TensorKind.PARAMETER: self.tr("parameter"),
            TensorKind.BUFFER: self.tr("buffer"),
            TensorKind.GRADIENT: self.tr("gradient"),
            TensorKind.ACTIVATION: self.tr("activation"),
            TensorKind.OUTPUT_GRADIENT: self.tr("output gradient"),
            TensorKind.INPUT: self.tr("input of the last batch"),
            TensorKind.TARGET: self.tr("target of the last batch"),
            TensorKind.CHECKPOINT: self.tr("from a checkpoint"),
            TensorKind.CONSOLE: self.tr("from the console"),
            TensorKind.RESULT: self.tr("result of a pipeline"),
        }[kind]

    # -- inside ----------------------------------------------------------------------------------------------------

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid():
            return None
        tensor, column = self._tensors[index.row()], CopyColumn(index.column())
        if role == LOOK_ROLE:
            return _LOOKS[column]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(tensor, column)
        if role == COPY_ROLE:
            return tensor.name if column is CopyColumn.NAME else self._text(tensor, column)
        return self._tip(tensor) if role == Qt.ItemDataRole.ToolTipRole else None

    @staticmethod
    def _text(tensor: FrozenTensor, column: CopyColumn) -> str:
        match column:
            case CopyColumn.ID:
                text = f"t{tensor.tensor_id}"
            case CopyColumn.NAME:
                text = displayable(tensor.name)
            case CopyColumn.STEP:
                text = number_format.NO_VALUE if tensor.step is None else number_format.exact_count(tensor.step)
            case CopyColumn.SHAPE:
                text = number_format.shape(tensor.shape)
            case CopyColumn.DTYPE:
                text = tensor.dtype
            case CopyColumn.BYTES:
                text = number_format.n_bytes(tensor.n_bytes)
        return text

    def _tip(self, tensor: FrozenTensor) -> str:
        lines = [
            f"t{tensor.tensor_id}  {displayable(tensor.name)}",
            f"{self.kind_word(tensor.kind)}, {number_format.shape(tensor.shape)}, {tensor.dtype}, {tensor.device}",
            displayable(tensor.origin, 400),
            displayable(tensor.remark, 400),
        ]
        return "\n".join(filter(None, lines))
