"""The columns of the parameter and buffer tables: which there are, which stand there at first, how they look."""

from __future__ import annotations

from enum import IntEnum

from PySide6.QtCore import QCoreApplication

from moduleview.gui.models.cell_look import Look


class TensorColumn(IntEnum):
    """In the order of the table."""

    NAME = 0
    SHAPE = 1
    DTYPE = 2
    DEVICE = 3
    NUMEL = 4
    BYTES = 5
    TRAINABLE = 6
    PERSISTENT = 7
    TIED = 8
    HOOK = 9
    GRADIENT = 10
    NORM = 11


_C = TensorColumn
PARAMETER_COLUMNS = tuple(column for column in _C if column is not _C.PERSISTENT)
BUFFER_COLUMNS = (_C.NAME, _C.SHAPE, _C.DTYPE, _C.DEVICE, _C.NUMEL, _C.BYTES, _C.PERSISTENT, _C.TIED)
FIRST_PARAMETER_COLUMNS = (_C.NAME, _C.SHAPE, _C.HOOK, _C.GRADIENT, _C.NORM)
FIRST_BUFFER_COLUMNS = (_C.NAME, _C.SHAPE, _C.DTYPE, _C.PERSISTENT)
LIVE_COLUMNS = (_C.GRADIENT, _C.NORM)

LOOKS = {
    _C.NAME: Look(is_mono=True, is_small=True, elides_left=True),
    _C.SHAPE: Look(color="muted", is_mono=True, is_small=True),
    _C.DTYPE: Look(color="muted", is_mono=True, is_small=True),
    _C.DEVICE: Look(color="muted", is_mono=True, is_small=True),
    _C.NUMEL: Look(is_mono=True, is_small=True, is_right=True),
    _C.BYTES: Look(is_mono=True, is_small=True, is_right=True),
    _C.TRAINABLE: Look(color="muted"),
    _C.PERSISTENT: Look(color="muted"),
    _C.TIED: Look(color="muted", is_mono=True, is_small=True, elides_left=True),
    _C.HOOK: Look(color="hook_backward", is_bold=True),
    _C.GRADIENT: Look(is_mono=True, is_small=True, is_right=True),
    _C.NORM: Look(is_mono=True, is_small=True, is_right=True),
}
WIDTHS = {  # logical px
    _C.NAME: 120,
    _C.SHAPE: 76,
    _C.DTYPE: 70,
    _C.DEVICE: 60,
    _C.NUMEL: 76,
    _C.BYTES: 72,
    _C.TRAINABLE: 64,
    _C.PERSISTENT: 50,
    _C.TIED: 110,
    _C.HOOK: 22,
    _C.GRADIENT: 70,
    _C.NORM: 54,
}


def header_text(column: TensorColumn) -> str:
    """The column's header."""
    translate = QCoreApplication.translate
    return {
        _C.NAME: translate("TensorColumns", "Name"),
        _C.SHAPE: translate("TensorColumns", "Shape"),
        _C.DTYPE: translate("TensorColumns", "Type"),
        _C.DEVICE: translate("TensorColumns", "Device"),
        _C.NUMEL: translate("TensorColumns", "Elements"),
        _C.BYTES: translate("TensorColumns", "Memory"),
        _C.TRAINABLE: translate("TensorColumns", "Trainable"),
        _C.PERSISTENT: translate("TensorColumns", "Saved"),
        _C.TIED: translate("TensorColumns", "Tied to"),
        _C.HOOK: translate("TensorColumns", "T"),
        _C.GRADIENT: translate("TensorColumns", "Gradient"),
        _C.NORM: translate("TensorColumns", "Norm"),
    }[column]


def header_tip(column: TensorColumn) -> str:
    """What the column says, and in which unit."""
    translate = QCoreApplication.translate
    return {
        _C.NAME: translate("TensorColumns", "Name below the selected module"),
        _C.SHAPE: translate("TensorColumns", "Sizes of the dimensions"),
        _C.DTYPE: translate("TensorColumns", "Number format (dtype)"),
        _C.DEVICE: translate("TensorColumns", "Where the tensor lies"),
        _C.NUMEL: translate("TensorColumns", "Number of elements (numel)"),
        _C.BYTES: translate("TensorColumns", "Memory of its elements"),
        _C.TRAINABLE: translate("TensorColumns", "requires_grad: backward computes its gradient"),
        _C.PERSISTENT: translate("TensorColumns", "persistent: state_dict() saves it"),
        _C.TIED: translate("TensorColumns", "Other names of the same tensor; it is counted once"),
        _C.HOOK: translate(
            "TensorColumns", "Tensor hook: sees the gradient of each backward pass, before accumulation"
        ),
        _C.GRADIENT: translate("TensorColumns", "L2 norm of the gradient, as the optimizer uses it, newest step"),
        _C.NORM: translate("TensorColumns", "L2 norm of the values, after the optimizer's step, every few steps"),
    }[column]
