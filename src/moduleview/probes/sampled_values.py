"""Values of sampled tensors as probes give them: apart from those of tensors that were read whole."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from moduleview.probes.base import Measured
from moduleview.probes.sample_layout import SampleLayout


def sampled_values(layout: SampleLayout, values: torch.Tensor) -> Iterator[Measured]:
    """(n,) values of the tensors of a layout; those of which it has a part only are estimates."""
    n = layout.n_whole
    if n:
        yield Measured(layout.fqns[:n], values[:n])
    if n < len(layout.fqns):
        yield Measured(layout.fqns[n:], values[n:], is_sampled=True)
