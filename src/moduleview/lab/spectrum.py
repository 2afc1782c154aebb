"""The singular values of a slice, or of a weight reshaped to a matrix."""

from __future__ import annotations

import math

import torch

from moduleview.lab.dtypes import dtype_name
from moduleview.lab.estimate import decomposition_cost, refuse_decomposition
from moduleview.lab.planes import PlaneError, plane_of
from moduleview.telemetry.lab_views import RequestSpectrum, SpectrumAnswered


def read_spectrum(tensor: torch.Tensor, request: RequestSpectrum) -> SpectrumAnswered:
    """Singular values in float64, complex128 for complex ones.

    Raises:
        PlaneError: There is no such slice, or it has no singular values; a sentence.
        TooMuchError: It would take too long.
    """
    matrix, remark = _matrix(tensor, request)
    n_rows, n_columns = matrix.shape
    if not matrix.numel():
        raise PlaneError("It has no elements, and so no singular values.")
    refuse_decomposition(decomposition_cost((n_rows, n_columns)))
    wide = matrix.to(torch.complex128 if matrix.is_complex() else torch.float64)
    n_bad = wide.numel() - int(torch.isfinite(wide).sum())
    if n_bad:
        raise PlaneError(
            f"{n_bad:,} of its {wide.numel():,} elements are NaN or infinite: there are no singular values. "
            "Replace them with nan_to_num first."
        )
    values = torch.linalg.svdvals(wide).numpy()
    dtype = matrix.dtype if matrix.dtype.is_floating_point or matrix.is_complex() else torch.float64
    tolerance = float(values[0]) * max(n_rows, n_columns) * torch.finfo(dtype).eps
    smallest = float(values[-1])
    return SpectrumAnswered(
        request.request,
        request.tensor_id,
        request.plane,
        values,
        n_rows,
        n_columns,
        rank=int((values > tolerance).sum()),
        tolerance=tolerance,
        condition=float(values[0]) / smallest if smallest else math.inf,
        remark=f"{remark}Computed in float64; the rank counts with the precision of {dtype_name(dtype)}.",
    )


def _matrix(tensor: torch.Tensor, request: RequestSpectrum) -> tuple[torch.Tensor, str]:
    if request.plane is not None:
        return plane_of(tensor, request.plane), ""
    if tensor.dim() < 2:
        raise PlaneError(f"It has {tensor.dim()} axes; singular values are those of a matrix, which has two.")
    if tensor.dim() == 2:
        return tensor, ""
    if not tensor.numel():
        raise PlaneError("It has no elements, and so no singular values.")
    refuse_decomposition(decomposition_cost((tensor.shape[0], tensor.numel() // tensor.shape[0])))
    rows = tensor.shape[0]
    return tensor.reshape(rows, -1), f"As a matrix of {rows} × {tensor.numel() // rows}: first axis × all others. "
