"""Counts the elements of all of a tensor that are no finite numbers, in steps where there is reason to.

A sample of 4 096 elements meets a lone NaN in a large tensor after hundreds of steps, and to read all of every tensor
would cost the step several per cent. But NaN spreads: it is in the loss before the first gradient is computed. Then
what hooks saw in this step is looked at once more, as far as autograd still keeps it for its backward, and everything
else from there on, until some steps in a row were clean.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from moduleview.hooks.sampling import stored_values

_N_CLEAN = 16  # steps without any, after which samples are enough again
_OF_NUMPY = (torch.float32, torch.float64, torch.float16)
_FLOATING = (torch.float32, torch.bfloat16, torch.float16, torch.float64)


class CloseLook:
    """Knows the large tensors on the CPU that a step's samples were taken of. Nothing is kept alive by it."""

    def __init__(self) -> None:
        self._kept: list[tuple[weakref.ref[torch.Tensor], int, dict[int, int], int]] = []
        self._n_left = 0

    @property
    def is_on(self) -> bool:
        """All elements are looked at."""
        return self._n_left > 0

    def begin_step(self) -> None:
        """What was kept before is void."""
        self._kept.clear()

    def keep(self, tensor: torch.Tensor, counts: dict[int, int], number: int) -> None:
        """A sample was taken.

        Args:
            tensor: As the hook saw it.
            counts: Takes the count, if it comes to that.
            number: Of the sample, in ``counts``.
        """
        if tensor.dtype not in _FLOATING or not tensor.is_cpu:
            return
        if self._n_left:
            counts[number] = count_non_finite(tensor.detach())
            return
        try:
            self._kept.append((weakref.ref(tensor), tensor._version, counts, number))
        except RuntimeError:  # of inference mode: it has no version that could be compared
            return

    def start(self) -> None:
        """There is reason: look at what is still there, and not changed since."""
        self._n_left = _N_CLEAN
        for reference, version, counts, number in self._kept:
            tensor = reference()
            if tensor is None:
                continue
            tensor._fix_weakref()  # type: ignore[attr-defined]  # as torch's own TensorWeakRef does
            if tensor._version == version:
                counts[number] = count_non_finite(tensor.detach())
        self._kept.clear()

    def end_step(self, *, has_found: bool) -> None:
        """A step ended, with or without something that is not finite."""
        self._n_left = _N_CLEAN if has_found else max(self._n_left - 1, 0)


def count_non_finite(tensor: torch.Tensor) -> int:
    """How many elements of a tensor on the CPU are NaN or Inf; exact. Of a sparse one, of those that it stores.

    Args:
        tensor: Of 16 bits or more, without a gradient.
    """
    tensor = stored_values(tensor)
    if bool(torch.isfinite(tensor.sum(dtype=torch.float64 if tensor.dtype is torch.float64 else torch.float32))):
        return 0
    if tensor.dtype in _OF_NUMPY:
        return tensor.numel() - int(np.count_nonzero(np.isfinite(tensor.numpy())))
    return tensor.numel() - int(torch.isfinite(tensor).count_nonzero())


def is_any_bad(losses: Sequence[Any]) -> bool:
    """One of what a backward pass begins with is NaN or Inf, as far as that is known without waiting for a device."""
    return any(
        isinstance(loss, torch.Tensor)
        and loss.is_cpu
        and loss.numel() == 1
        and loss.is_floating_point()
        and not bool(torch.isfinite(loss.detach()))
        for loss in losses
    )
