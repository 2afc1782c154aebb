"""The tensor that the lab's views show now, and the words that describe it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from moduleview.gui.look import number_format
from moduleview.telemetry.lab_pipelines import ResultPart
from moduleview.telemetry.lab_tensors import FrozenTensor
from moduleview.telemetry.lab_views import Plane


@dataclass(frozen=True)
class ShownTensor:
    """A frozen copy, or one tensor that a step gave.

    Attributes:
        tensor_id: Under which its views are asked for.
        label: What it is called: ``t3``, ``x[0]``.
        strides: In elements.
        is_view: It shares memory with the step's input; None where that means nothing.
        text: Its value where it has but one.
    """

    tensor_id: int
    label: str
    shape: tuple[int, ...]
    dtype: str
    strides: tuple[int, ...]
    n_bytes: int
    is_view: bool | None = None
    text: str = ""

    @property
    def n_elements(self) -> int:
        """How many numbers it holds."""
        n = 1
        for size in self.shape:
            n *= size
        return n


def of_copy(tensor: FrozenTensor) -> ShownTensor:
    """A frozen copy, as the views take it."""
    label = f"t{tensor.tensor_id}"
    return ShownTensor(tensor.tensor_id, label, tensor.shape, tensor.dtype, tensor.strides, tensor.n_bytes)


def of_part(part: ResultPart) -> ShownTensor:
    """One tensor of what a step gave."""
    label = f"x.{part.label}" if part.label.isidentifier() else f"x{part.label}"
    return ShownTensor(
        part.tensor_id, label, part.shape, part.dtype, part.strides, part.n_bytes, part.is_view, part.text
    )


def layout_words(shape: tuple[int, ...], dtype: str, strides: tuple[int, ...], is_view: bool | None) -> str:
    """``64 × 32 · float32 · strides 32, 1 · view``."""
    translate = QCoreApplication.translate
    parts = [number_format.shape(shape), dtype]
    if strides:
        parts.append(translate("ShownTensor", "strides {0}").format(", ".join(map(str, strides))))
    if is_view is not None:
        parts.append(translate("ShownTensor", "view") if is_view else translate("ShownTensor", "copy"))
    return " · ".join(parts)


def first_plane(shape: tuple[int, ...]) -> Plane:
    """The slice that is shown first: the last two axes, a vector as a column, all others at 0."""
    n = len(shape)
    rows = None if n == 0 else max(n - 2, 0)
    columns = None if n < 2 else n - 1
    return Plane(rows, columns, (0,) * n)


def plane_sizes(shape: tuple[int, ...], plane: Plane) -> tuple[int, int]:
    """Rows and columns of a slice."""
    n_rows = 1 if plane.rows is None else shape[plane.rows]
    n_columns = 1 if plane.columns is None else shape[plane.columns]
    return n_rows, n_columns
