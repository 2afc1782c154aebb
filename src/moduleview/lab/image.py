"""A slice as an image: each pixel the smallest and the largest of the cells that it stands for: nothing is hidden."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from moduleview.lab.dtypes import as_reals
from moduleview.lab.planes import PlaneError, plane_of
from moduleview.telemetry.lab_views import ImageAnswered, RequestImage

MAX_PIXELS = 4_194_304
MAX_CELLS = 400_000_000  # about a second
_BAND_CELLS = 4_194_304  # looked at at once: bounds the memory on the way
_Pixels = NDArray[np.float64] | NDArray[np.uint8]


def read_image(tensor: torch.Tensor, request: RequestImage) -> ImageAnswered:
    """At most ``height`` x ``width`` pixels of the region; each stands for a block of cells, the last one for fewer.

    Raises:
        PlaneError: There is no such slice or region, or it is too large.
    """
    cells = plane_of(tensor, request.plane)
    row, column, n_rows, n_columns = region = _region(cells, request.region)
    cells = cells.narrow(0, row, n_rows).narrow(1, column, n_columns)
    if cells.numel() > MAX_CELLS:
        raise PlaneError(f"This slice has {cells.numel():,} cells; look at a part of it with [:10000, :10000].")
    down, right = _block(n_rows, request.height), _block(n_columns, request.width)
    height, width = math.ceil(n_rows / down), math.ceil(n_columns / right)
    if height * width > MAX_PIXELS:
        raise PlaneError(f"{height} × {width} pixels are too many; ask for at most {MAX_PIXELS:,}.")
    low, high = np.full((height, width), np.nan), np.full((height, width), np.nan)
    bad = np.zeros((height, width), np.uint8)
    n_nan = n_inf = 0
    band = max(1, _BAND_CELLS // max(1, n_columns * down))
    for first in range(0, height, band):
        block = as_reals(cells[first * down : (first + band) * down])
        here = slice(first, first + band)
        nan, inf = _fill(block, (down, right), low[here], high[here], bad[here])
        n_nan, n_inf = n_nan + nan, n_inf + inf
    seen = np.isfinite(low)
    return ImageAnswered(
        request.request,
        request.tensor_id,
        request.plane,
        region,
        low,
        high,
        bad,
        float(low[seen].min()) if seen.any() else math.nan,
        float(high[seen].max()) if seen.any() else math.nan,
        n_nan,
        n_inf,
    )


def _region(cells: torch.Tensor, region: tuple[int, int, int, int] | None) -> tuple[int, int, int, int]:
    n_rows, n_columns = cells.shape
    if region is None:
        return 0, 0, n_rows, n_columns
    row, column = min(max(0, region[0]), n_rows), min(max(0, region[1]), n_columns)
    return row, column, min(max(0, region[2]), n_rows - row), min(max(0, region[3]), n_columns - column)


def _block(n_cells: int, n_pixels: int) -> int:
    return max(1, math.ceil(n_cells / max(1, n_pixels)))


def _fill(block: torch.Tensor, size: tuple[int, int], low: _Pixels, high: _Pixels, bad: _Pixels) -> tuple[int, int]:
    """Write the pixels of one band; gives how many cells are NaN and infinite."""
    if bool(torch.isfinite(block.sum())):  # one cheap pass in the common case; a sum that overflows only looks again
        low[:] = _pixels(block, size, torch.amin, math.inf)
        high[:] = _pixels(block, size, torch.amax, -math.inf)
        return 0, 0
    finite, nan, inf = torch.isfinite(block), torch.isnan(block), torch.isinf(block)
    lowest = _pixels(torch.where(finite, block, math.inf), size, torch.amin, math.inf)
    highest = _pixels(torch.where(finite, block, -math.inf), size, torch.amax, -math.inf)
    low[:] = np.where(np.isfinite(lowest), lowest, np.nan)
    high[:] = np.where(np.isfinite(highest), highest, np.nan)
    has_nan, has_inf = (_pixels(where.float(), size, torch.amax, 0.0) > 0 for where in (nan, inf))
    bad[:] = has_nan + 2 * has_inf
    return int(nan.sum()), int(inf.sum())


def _pixels(
    block: torch.Tensor, size: tuple[int, int], reduce: Callable[..., torch.Tensor], outside: float
) -> NDArray[np.float64]:
    """Smallest or largest of each (rows, columns) of ``size``; those at the edges have fewer cells.

    Rows first, which runs along the memory and leaves little for the columns: ten times as fast as both at once.
    """
    down, right = size
    if block.shape[0] % down:
        block = torch.nn.functional.pad(block, (0, 0, 0, -block.shape[0] % down), value=outside)
    block = reduce(block.reshape(block.shape[0] // down, down, block.shape[1]), dim=1)
    if block.shape[1] % right:
        block = torch.nn.functional.pad(block, (0, -block.shape[1] % right), value=outside)
    pixels = reduce(block.reshape(block.shape[0], block.shape[1] // right, right), dim=2)
    return np.asarray(pixels.double().numpy())
