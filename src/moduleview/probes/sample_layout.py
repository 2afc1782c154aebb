"""Which tensor each element of a sample belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch


class SampleLayout:
    """Tensors of which some elements stand side by side; two layouts of the same tensors are equal.

    Args:
        fqns: n names.
        sizes: n; elements of each.
        n_whole: So many tensors, which come first, are there with all their elements.
        device: Where the elements are.
    """

    def __init__(self, fqns: tuple[str, ...], sizes: tuple[int, ...], n_whole: int, device: torch.device) -> None:
        self.fqns = fqns
        self.sizes = sizes
        self.n_whole = n_whole
        self.device = device

    def __eq__(self, other: object) -> bool:
        """The same tensors at the same places."""
        return self is other or (
            isinstance(other, SampleLayout)
            and (self.device, self.n_whole, self.sizes, self.fqns)
            == (other.device, other.n_whole, other.sizes, other.fqns)
        )

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def of_elements(self) -> torch.Tensor:
        """(sum of sizes,) int64 on the device, index of the tensor; filled there, for a copy would be waited for."""
        rows = [torch.full((size,), row, dtype=torch.int64, device=self.device) for row, size in enumerate(self.sizes)]
        return torch.cat(rows)

    def sums(self, values: torch.Tensor) -> torch.Tensor:
        """(n,) sums over each tensor's elements of (sum of sizes,) values."""
        if not self.sizes:
            return values
        if values.is_cpu:
            with np.errstate(all="ignore"):
                return torch.from_numpy(np.add.reduceat(values.numpy(), self._starts))
        found = torch.zeros(len(self.sizes), dtype=values.dtype, device=self.device)
        return found.index_add_(0, self.of_elements, values)

    def spread(self, values: torch.Tensor) -> torch.Tensor:
        """(sum of sizes,) of (n,): each tensor's value for each of its elements."""
        return values[self.of_elements]

    def in_common(self, other: SampleLayout) -> SampleLayout:
        """The tensors that both have, as the same elements, in the order of this one."""
        if self == other:
            return self
        sizes = dict(zip(other.fqns, other.sizes, strict=True))
        rows = [row for row, fqn in enumerate(self.fqns) if sizes.get(fqn) == self.sizes[row]]
        if self.device != other.device:
            rows = []
        return SampleLayout(
            tuple(self.fqns[row] for row in rows),
            tuple(self.sizes[row] for row in rows),
            sum(row < self.n_whole for row in rows),
            self.device,
        )

    def elements_of(self, chosen: SampleLayout, values: torch.Tensor) -> torch.Tensor:
        """Of (sum of sizes,) values those of some of the tensors."""
        if chosen == self:
            return values
        parts = torch.split(values, list(self.sizes))
        rows = self._rows_of(chosen)
        return torch.cat([parts[row] for row in rows]) if rows else values[:0]

    def tensors_of(self, chosen: SampleLayout, values: torch.Tensor) -> torch.Tensor:
        """Of (n,) values those of some of the tensors."""
        if chosen == self:
            return values
        rows = self._rows_of(chosen)
        return torch.stack([values[row] for row in rows]) if rows else values[:0]

    @cached_property
    def _starts(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.cumsum([0, *self.sizes[:-1]])

    def _rows_of(self, chosen: SampleLayout) -> Sequence[int]:
        row_of = {fqn: row for row, fqn in enumerate(self.fqns)}
        return [row_of[fqn] for fqn in chosen.fqns]
