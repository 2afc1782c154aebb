"""A few elements of every tensor, at the same places step after step, side by side in one tensor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import torch

from moduleview.hooks.sampling import sample_elements
from moduleview.probes.plain_values import PlainValues
from moduleview.probes.sample_layout import SampleLayout

MOST_OF_ONE = 4_096  # elements of a tensor
MOST_OF_ALL = 2**20  # elements of all tensors: what probes keep of them must not depend on the model's size
_LEAST_OF_ONE = 16


class ElementSample:
    """The sampled elements of the real tensors of one device and type.

    Attributes:
        layout: Which tensors, and how many elements of each. A tensor that has no more is there with all of them; of a
            sparse one only what it stores is there.
        values: (elements,) on the device; float32 where the type has no arithmetic of its own.
        dtype: The tensors' own.
        is_fixed: They are the same elements in each step; not so of a sparse tensor, which stores now these, now those.
        scale: 0-d; what the elements will be divided by before they are used, or None.
    """

    def __init__(
        self,
        layout: SampleLayout,
        values: torch.Tensor,
        dtype: torch.dtype,
        *,
        is_fixed: bool = True,
        scale: torch.Tensor | None = None,
    ) -> None:
        self.layout = layout
        self.values = values
        self.dtype = dtype
        self.is_fixed = is_fixed
        self.scale = scale

    def share(self, kept: SampleLayout | None) -> SampleLayout:
        """The layout, which is ``kept`` from a step before where they are equal: what it has worked out is kept too."""
        if kept == self.layout:
            self.layout = kept
        return self.layout

    @cached_property
    def true_values(self) -> torch.Tensor:
        """(elements,) float32, divided by the scale."""
        values = self.values.float()
        return values if self.scale is None else values / self.scale.to(values.device, non_blocking=True)

    @cached_property
    def squares(self) -> torch.Tensor:
        """(n,) sums of squares of the true values, as float64 where the device has it."""
        values = widened(self.true_values)
        return self.layout.sums(values * values)

    @cached_property
    def is_finite(self) -> torch.Tensor:
        """(n,) bool: no NaN or Inf among a tensor's elements."""
        return self.squares - self.squares == 0


def widened(values: torch.Tensor) -> torch.Tensor:
    """As float64 where the device has it: squares of gradients that vanish are too small for float32."""
    return values if values.device.type == "mps" else values.double()


def element_samples(groups: Iterable[PlainValues], scale: torch.Tensor | None = None) -> Iterator[ElementSample]:
    """Samples of all real tensors, one a device and type; sparse ones apart.

    Args:
        groups: Of all devices.
        scale: As in ``ElementSample``.
    """
    for group in groups:
        most = _most_of_one(len(group.fqns))
        chosen: dict[tuple[torch.dtype, bool], tuple[list[int], list[int]]] = {}
        for index, (length, dtype) in enumerate(zip(group.lengths, group.dtypes, strict=True)):
            if group.is_real[index]:
                is_fixed = length * group.weights[index] >= group.n_elements[index] - 0.5
                chosen.setdefault((dtype, is_fixed), ([], []))[length > most].append(index)
        for (dtype, is_fixed), (whole, larger) in chosen.items():
            parts = [group.flats[index] for index in whole]
            parts += [sample_elements(group.flats[index], most) for index in larger]
            fqns = tuple(group.fqns[index] for index in (*whole, *larger))
            layout = SampleLayout(fqns, tuple(part.numel() for part in parts), len(whole), group.device)
            yield ElementSample(layout, torch.cat(parts), dtype, is_fixed=is_fixed, scale=scale)


def _most_of_one(n_tensors: int) -> int:
    """A power of two, so that it stays the same while a few gradients come and go."""
    most = MOST_OF_ONE
    while most > _LEAST_OF_ONE and most * n_tensors > MOST_OF_ALL:
        most //= 2
    return most
