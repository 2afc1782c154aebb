"""Parameters or buffers of a module or its subtree, a row each, with live norms and the tensor hook."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from moduleview.gui.look import number_format
from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE, LOOK_ROLE, SWATCH_ROLE, Look
from moduleview.gui.models.container_words import ContainerWords
from moduleview.gui.models.hook_states import CellState
from moduleview.gui.models.tensor_columns import LIVE_COLUMNS, LOOKS, TensorColumn, header_text, header_tip
from moduleview.gui.models.tensor_hooks import TensorHooks, first_place, other_places
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.quantities import GRAD_NORM, WEIGHT_NORM
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.store_view import StoreView

HOOK_STATE_ROLE = int(Qt.ItemDataRole.UserRole) + 10
"""``CellState`` of the tensor hook; None outside the hook column."""

_NO_INDEX = QModelIndex()
_QUANTITY = {TensorColumn.GRADIENT: GRAD_NORM, TensorColumn.NORM: WEIGHT_NORM}
_NO_VALUE = Look(color="faint", is_mono=True, is_small=True, is_right=True)


class TensorTableModel(QAbstractTableModel):
    """Rows are rows of ``snapshot.tensors``; live numbers are read from the store when a cell is painted."""

    hook_toggled = Signal(str, bool)  # FQN of the tensor's first place, ticked

    def __init__(self, store: StoreView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._guard = CellGuard()
        self._containers = ContainerWords(self)
        self._snapshot: ModelSnapshot | None = None
        self._rows: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._prefix_length = 0
        self._can_tick = True
        self._hooks = TensorHooks(store, self)
        self._readers: dict[int, Callable[[ModelSnapshot, int, TensorColumn], object]] = {
            int(Qt.ItemDataRole.DisplayRole): self._text,
            int(Qt.ItemDataRole.ToolTipRole): self._tip,
            int(Qt.ItemDataRole.CheckStateRole): self._check_state,
            LOOK_ROLE: self._look,
            SWATCH_ROLE: self._swatch,
            HOOK_STATE_ROLE: self._hook_state,
            COPY_ROLE: self._copy_text,
        }

    # -- what is shown ---------------------------------------------------------------------------------------------

    def show_rows(self, snapshot: ModelSnapshot | None, rows: ArrayLike = (), below: str = "") -> None:
        """Show rows of ``snapshot.tensors``, in growing order; names are written relative to the module ``below``."""
        wanted, prefix_length = np.asarray(rows, dtype=np.int64), len(below) + 1 if below else 0
        if snapshot is self._snapshot and np.array_equal(wanted, self._rows):
            if prefix_length != self._prefix_length:
                self._prefix_length = prefix_length
                self._changed(TensorColumn.NAME, TensorColumn.NAME)
            return
        self.beginResetModel()
        self._snapshot, self._rows, self._prefix_length = snapshot, wanted, prefix_length
        self.endResetModel()

    def set_tickable(self, can_tick: bool) -> None:
        """Whether the source takes hooks."""
        self._can_tick = can_tick

    def refresh_values(self) -> None:
        """New numbers may be in the store."""
        self._changed(min(LIVE_COLUMNS), max(LIVE_COLUMNS))

    def refresh_hooks(self) -> None:
        """A hook's state changed."""
        self._changed(TensorColumn.HOOK, TensorColumn.HOOK)

    def fqn(self, row: int) -> str:
        """FQN of the tensor in a row."""
        assert self._snapshot is not None
        return self._snapshot.tensor_fqns[int(self._rows[row])]

    def row_of(self, fqn: str | None) -> int | None:
        """Row of a tensor, or None where it is not shown."""
        tensor = None if fqn is None or self._snapshot is None else self._snapshot.tensor_row_of(fqn)
        if tensor is None:
            return None
        at = int(np.searchsorted(self._rows, tensor))
        return at if at < len(self._rows) and self._rows[at] == tensor else None

    # -- Qt --------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Tensors."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """All columns; a view hides those that it does not show."""
        return 0 if parent.isValid() else len(TensorColumn)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, look, swatch, hook state, tooltip, and what is copied."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column headers and their tooltips."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(TensorColumn):
            return None
        column = TensorColumn(section)
        if role == Qt.ItemDataRole.DisplayRole:
            return header_text(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return header_tip(column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if LOOKS[column].is_right else Qt.AlignmentFlag.AlignLeft
            side = Qt.AlignmentFlag.AlignHCenter if column is TensorColumn.HOOK else side
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        """Rows are selected; the hook's cell can be ticked where it can fire."""
        flags = super().flags(index)
        if self._snapshot is None or not index.isValid() or index.column() != TensorColumn.HOOK:
            return flags
        if self._can_tick and self._hooks.is_tickable(self._snapshot, int(self._rows[index.row()])):
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def setData(
        self, index: QModelIndex | QPersistentModelIndex, value: object, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        """A tick: says so, and shows what the store says when the request has arrived there."""
        is_tick = role == Qt.ItemDataRole.CheckStateRole and self.flags(index) & Qt.ItemFlag.ItemIsUserCheckable
        if not is_tick or self._snapshot is None:
            return False
        is_ticked = Qt.CheckState(value) == Qt.CheckState.Checked
        self.hook_toggled.emit(first_place(self._snapshot, int(self._rows[index.row()])), is_ticked)
        self.refresh_hooks()
        return True

    # -- cells -----------------------------------------------------------------------------------------------------

    def _cell(self, index: Index, role: int) -> object:
        read = self._readers.get(role)
        if read is None or not index.isValid() or self._snapshot is None:
            return None
        return read(self._snapshot, int(self._rows[index.row()]), TensorColumn(index.column()))

    def _text(self, snapshot: ModelSnapshot, at: int, column: TensorColumn) -> str:
        tensors = snapshot.tensors
        texts: dict[TensorColumn, Callable[[], str]] = {
            TensorColumn.NAME: lambda: self._containers.tensor_name(snapshot, at, self._prefix_length),
            TensorColumn.SHAPE: lambda: (
                self.tr("waits") if tensors.shapes[at] is None else number_format.shape(tensors.shapes[at])
            ),
            TensorColumn.DTYPE: lambda: tensors.dtypes[at],
            TensorColumn.DEVICE: lambda: tensors.devices[at],
            TensorColumn.NUMEL: lambda: number_format.exact_count(int(tensors.numel[at])),
            TensorColumn.BYTES: lambda: number_format.n_bytes(int(tensors.n_bytes[at])),
            TensorColumn.TRAINABLE: lambda: self.tr("yes") if tensors.requires_grad[at] else self.tr("frozen"),
            TensorColumn.PERSISTENT: lambda: self.tr("yes") if tensors.persistent[at] else self.tr("no"),
            TensorColumn.TIED: lambda: displayable(", ".join(other_places(snapshot, at))) or number_format.NO_VALUE,
            TensorColumn.HOOK: lambda: "",
        }
        write = texts.get(column)
        return number_format.gradient(self._live(snapshot, at, column)) if write is None else write()

    def _tip(self, snapshot: ModelSnapshot, at: int, column: TensorColumn) -> str:
        fqn = displayable(snapshot.tensor_fqns[at])
        if column is TensorColumn.HOOK:
            return self._hooks.tip(snapshot, at)
        if column in LIVE_COLUMNS:
            value = self._live(snapshot, at, column)
            text = self.tr("not measured yet") if value is None else number_format.gradient(value, 4)
            return f"{fqn}: {text}"
        if column is TensorColumn.SHAPE and snapshot.tensors.shapes[at] is None:
            return self.tr("Lazy: it gets its shape from the first input")
        others = other_places(snapshot, at)
        return fqn + ("\n" + self.tr("tied to {0}").format(displayable(", ".join(others))) if others else "")

    def _copy_text(self, snapshot: ModelSnapshot, at: int, column: TensorColumn) -> str:
        tensors = snapshot.tensors
        if column in LIVE_COLUMNS:
            value = self._live(snapshot, at, column)
            return "" if value is None else repr(value)
        exact = {
            TensorColumn.NAME: snapshot.tensor_fqns[at],
            TensorColumn.SHAPE: str(tensors.shapes[at]),
            TensorColumn.NUMEL: str(int(tensors.numel[at])),
            TensorColumn.BYTES: str(int(tensors.n_bytes[at])),
        }
        return exact.get(column) or self._text(snapshot, at, column)

    def _look(self, snapshot: ModelSnapshot, at: int, column: TensorColumn) -> Look:
        is_dash = column in LIVE_COLUMNS and self._live(snapshot, at, column) is None
        return _NO_VALUE if is_dash else LOOKS[column]

    def _swatch(self, snapshot: ModelSnapshot, at: int, column: TensorColumn) -> float | None:
        return self._live(snapshot, at, column) if column is TensorColumn.GRADIENT else None

    def _hook_state(self, snapshot: ModelSnapshot, at: int, column: TensorColumn) -> CellState | None:
        return self._hooks.state(snapshot, at) if column is TensorColumn.HOOK else None

    def _check_state(self, snapshot: ModelSnapshot, at: int, column: TensorColumn) -> Qt.CheckState | None:
        if column is not TensorColumn.HOOK:
            return None
        is_on = self._hooks.state(snapshot, at) in (CellState.ACTIVE, CellState.REQUESTED)
        return Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked

    def _live(self, snapshot: ModelSnapshot, at: int, column: TensorColumn) -> float | None:
        return self._store.latest(SeriesKey(_QUANTITY[column], first_place(snapshot, at)))

    def _changed(self, first: int, last: int) -> None:
        if len(self._rows):
            self.dataChanged.emit(self.index(0, first), self.index(len(self._rows) - 1, last))
