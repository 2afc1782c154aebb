"""Some numbers of many tensors at one moment: they show a change that no version counter does."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from moduleview.probes.plain_values import plain_values

_N_TENSORS = 1_000  # looked at, evenly spaced among all: a few milliseconds
_N_VALUES = 1_024  # of each of them


class SomeValues:
    """Up to 1 024 evenly spaced values of each of up to 1 000 tensors; smaller tensors are looked at as a whole.

    A change through ``.data``, of a NumPy array or of a storage that shares the memory moves no version counter.

    Attributes:
        are_all: Every value of every tensor was looked at, so that no change can be missed.
    """

    def __init__(self, tensors: Sequence[torch.Tensor]) -> None:
        some = tensors[:: -(-len(tensors) // _N_TENSORS) or 1]
        with torch.no_grad(), torch._C.DisableTorchFunctionSubclass():  # a person's own kind of tensor is not asked
            groups = plain_values({str(place): tensor for place, tensor in enumerate(some)})
            n_read = sum(len(group.flats) for group in groups)
            self.are_all = n_read == len(tensors) and all(max(group.lengths) <= _N_VALUES for group in groups)
            self._values = [torch.cat([_some(flat) for flat in group.flats]) for group in groups]

    def are_those_of(self, later: SomeValues) -> bool:
        """Whether nothing of what was looked at has changed; to the bit, so that NaN is NaN."""
        if len(self._values) != len(later._values):
            return False
        return all(
            torch.equal(mine.view(torch.uint8), other.view(torch.uint8))
            for mine, other in zip(self._values, later._values, strict=True)
        )


def _some(flat: torch.Tensor) -> torch.Tensor:
    return flat[:: -(-flat.numel() // _N_VALUES)]
