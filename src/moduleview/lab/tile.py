"""A rectangle of a table's cells: only these are touched, so that a tensor of any size answers at once."""

from __future__ import annotations

import torch

from moduleview.lab.dtypes import as_numpy, significant_digits
from moduleview.lab.planes import plane_of
from moduleview.telemetry.lab_views import RequestTile, TileAnswered

MAX_CELLS = 65_536


def read_tile(tensor: torch.Tensor, request: RequestTile) -> TileAnswered:
    """The cells that were asked for, cut at the slice's edges and at 65 536.

    Raises:
        PlaneError: There is no such slice.
    """
    cells = plane_of(tensor, request.plane)
    n_rows, n_columns = cells.shape
    first_row, first_column = max(0, request.first_row), max(0, request.first_column)
    columns = max(0, min(request.n_columns, n_columns - first_column, MAX_CELLS))
    rows = max(0, min(request.n_rows, n_rows - first_row, MAX_CELLS // max(1, columns)))
    first_row, first_column = min(first_row, n_rows), min(first_column, n_columns)
    piece = cells.narrow(0, first_row, rows).narrow(1, first_column, columns)
    return TileAnswered(
        request.request,
        request.tensor_id,
        request.plane,
        n_rows,
        n_columns,
        first_row,
        first_column,
        as_numpy(piece),
        significant_digits(tensor.dtype),
    )
