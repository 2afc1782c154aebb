"""2-D slices of a frozen tensor, as views of it."""

from __future__ import annotations

import torch

from moduleview.errors import ModuleViewError
from moduleview.telemetry.lab_views import Plane


class PlaneError(ModuleViewError):
    """A slice that the tensor does not have."""


def plane_of(tensor: torch.Tensor, plane: Plane) -> torch.Tensor:
    """(rows, columns) view of one slice.

    Raises:
        PlaneError: It has not these axes, or not these indices on the others.
    """
    n_axes = tensor.dim()
    if len(plane.fixed) != n_axes:
        raise PlaneError(f"The slice names {len(plane.fixed)} axes, and the tensor has {n_axes}.")
    shown = [axis for axis in (plane.rows, plane.columns) if axis is not None]
    if any(not 0 <= axis < n_axes for axis in shown) or len(set(shown)) < len(shown):
        raise PlaneError(f"Rows and columns have to be two different axes of 0 to {n_axes - 1}.")
    for axis, index in enumerate(plane.fixed):
        if axis not in shown and not 0 <= index < tensor.shape[axis]:
            raise PlaneError(f"Axis {axis} has no index {index}: its size is {tensor.shape[axis]}.")
    left = tensor[tuple(slice(None) if axis in shown else plane.fixed[axis] for axis in range(n_axes))]
    if plane.rows is not None and plane.columns is not None:
        return left if plane.rows < plane.columns else left.t()
    if plane.rows is not None:
        return left.unsqueeze(1)
    return left.unsqueeze(0) if plane.columns is not None else left.reshape(1, 1)


def plane_or_all(tensor: torch.Tensor, plane: Plane | None) -> torch.Tensor:
    """The slice, or the tensor itself."""
    return tensor if plane is None else plane_of(tensor, plane)
