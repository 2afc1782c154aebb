"""Views of a frozen copy: a piece of a table, an image, a histogram, a spectrum, numbers."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.tensor_numbers import MagnitudeHistogram


class Plane(msgspec.Struct, frozen=True):
    """A 2-D slice of a tensor of any number of axes.

    Attributes:
        rows: Axis that runs down; None for one row.
        columns: Axis that runs to the right; None for one column.
        fixed: As many as axes: the index on each of the others; what stands at ``rows`` and ``columns`` is ignored.
    """

    rows: int | None
    columns: int | None
    fixed: tuple[int, ...]


class RequestTile(msgspec.Struct, frozen=True, tag=True):
    """Ask for a rectangle of cells; answered by ``TileAnswered``.

    Attributes:
        place: Who asks: of several tiles that wait for the same place only the newest is answered. So for all others.
        first_row, first_column: Of the rectangle; beyond the slice there is nothing.
        n_rows, n_columns: At most 65 536 cells.
    """

    request: int
    tensor_id: int
    plane: Plane
    first_row: int
    first_column: int
    n_rows: int
    n_columns: int
    place: str = "table"


class RequestImage(msgspec.Struct, frozen=True, tag=True):
    """Ask for a slice, or a region of it, as an image of at most ``height`` x ``width`` pixels.

    Attributes:
        region: First row, first column, rows, columns; None for the whole slice.
    """

    request: int
    tensor_id: int
    plane: Plane
    height: int
    width: int
    region: tuple[int, int, int, int] | None = None
    place: str = "image"


class RequestHistogram(msgspec.Struct, frozen=True, tag=True):
    """Ask for the histograms of a tensor, or of one slice; answered by ``HistogramAnswered``."""

    request: int
    tensor_id: int
    plane: Plane | None = None
    n_bins: int = 64
    place: str = "histogram"


class RequestSpectrum(msgspec.Struct, frozen=True, tag=True):
    """Ask for the singular values of a slice; answered by ``SpectrumAnswered``.

    Attributes:
        plane: None reshapes the tensor to (first axis, the rest), as spectral norms of convolutions do.
    """

    request: int
    tensor_id: int
    plane: Plane | None = None
    place: str = "spectrum"


class RequestStatistics(msgspec.Struct, frozen=True, tag=True):
    """Ask for the numbers of a tensor, or of one slice; answered by ``StatisticsAnswered``."""

    request: int
    tensor_id: int
    plane: Plane | None = None
    place: str = "statistics"


class TileAnswered(msgspec.Struct, frozen=True, eq=False, tag=True):
    """A rectangle of cells.

    Attributes:
        n_rows, n_columns: Of the whole slice.
        first_row, first_column: Of ``values``.
        values: (rows, columns), in numpy's type for the dtype; float32 for what numpy has not (bfloat16, float8).
        digits: Significant decimal digits that tell all values of the dtype apart: 9 for float32, 5 for float16;
            0 for whole numbers and booleans.
    """

    request: int
    tensor_id: int
    plane: Plane
    n_rows: int
    n_columns: int
    first_row: int
    first_column: int
    values: NDArray[Any]
    digits: int


class ImageAnswered(msgspec.Struct, frozen=True, eq=False, tag=True):
    """A slice as pixels; each stands for a rectangle of cells.

    Attributes:
        region: First row, first column, rows, columns that it shows.
        low, high: (height, width) float64: smallest and largest finite value a pixel stands for; NaN where there is
            none. Complex numbers by their magnitude.
        bad: (height, width) uint8: 1 where a pixel has a NaN, 2 an Inf, 3 both.
        value_min, value_max: Smallest and largest finite value of the region; NaN where there is none.
        n_nan, n_inf: Cells of the region.
    """

    request: int
    tensor_id: int
    plane: Plane
    region: tuple[int, int, int, int]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    bad: NDArray[np.uint8]
    value_min: float
    value_max: float
    n_nan: int
    n_inf: int


class HistogramAnswered(msgspec.Struct, frozen=True, eq=False, tag=True):
    """How the elements are spread.

    Attributes:
        n: Elements; complex numbers by their magnitude.
        edges: (bins + 1,) float64, evenly from the smallest to the largest finite value; empty where there is none.
        counts: (bins,) int64 of finite elements.
        n_nan, n_inf: Those that have no bin.
        magnitudes: By powers of two; None for integers and booleans.
        remark: Where a sample was looked at, a sentence.
    """

    request: int
    tensor_id: int
    plane: Plane | None
    n: int
    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    n_nan: int
    n_inf: int
    magnitudes: MagnitudeHistogram | None
    remark: str = ""


class SpectrumAnswered(msgspec.Struct, frozen=True, eq=False, tag=True):
    """The singular values of a matrix.

    Attributes:
        values: (min(rows, columns),) float64, the largest first.
        n_rows, n_columns: Of the matrix.
        rank: Values above ``tolerance``, as ``torch.linalg.matrix_rank`` counts.
        tolerance: Largest value x larger side x epsilon of the dtype.
        condition: Largest over smallest; Inf where the smallest is 0.
        remark: How it was made a matrix.
    """

    request: int
    tensor_id: int
    plane: Plane | None
    values: NDArray[np.float64]
    n_rows: int
    n_columns: int
    rank: int
    tolerance: float
    condition: float
    remark: str = ""


class StatisticsAnswered(msgspec.Struct, frozen=True, tag=True):
    """Numbers of a tensor or slice, over its finite elements; NaN where there are none.

    Attributes:
        n: Elements, finite or not; complex numbers by their magnitude.
        std: Population standard deviation.
        norm: L2.
        n_zero, n_nan, n_inf: Counts.
        n_unique: Different values; None where counting would be long.
    """

    request: int
    tensor_id: int
    plane: Plane | None
    n: int
    min: float
    max: float
    mean: float
    std: float
    norm: float
    n_zero: int
    n_nan: int
    n_inf: int
    n_unique: int | None = None
