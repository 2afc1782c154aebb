"""What tells that weights were changed by somebody who says nothing."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from moduleview.probes.plain_values import plain_values

_N_ELEMENTS = 32  # of each tensor


class WeightMarks:
    """What the weights of a model are at one moment: versions, places, and some elements.

    A change through ``.data`` moves neither a version nor a place; the elements show it. On a GPU they are compared,
    and waited for, only where gradients were cleared meanwhile: then the step is most likely over.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter]) -> None:
        self._identities = _identities(parameters)
        self._gradients = _gradient_states(parameters)
        self._elements = _elements(parameters)

    def are_those_of(self, parameters: Mapping[str, nn.Parameter]) -> bool:
        """The weights are still the same."""
        if self._identities != _identities(parameters):
            return False
        is_on_host = all(values.is_cpu for values in self._elements)
        if not is_on_host and self._gradients == _gradient_states(parameters):
            return True
        now = _elements(parameters)
        return len(now) == len(self._elements) and all(map(torch.equal, now, self._elements))


def _identities(parameters: Mapping[str, nn.Parameter]) -> list[tuple[int, int]]:
    return [
        (p._version, p.data_ptr() if type(p) is nn.Parameter else 0)
        for p in parameters.values()
        if not is_lazy(p) and not p.is_inference()
    ]


def _gradient_states(parameters: Mapping[str, nn.Parameter]) -> list[tuple[int, int]]:
    return [(0, 0) if (grad := p.grad) is None else (id(grad), grad._version) for p in parameters.values()]


def _elements(parameters: Mapping[str, nn.Parameter]) -> list[torch.Tensor]:
    """Some elements of every weight, one tensor a device; NaN is 0, so that it equals itself."""
    with torch.no_grad():
        found = []
        for group in plain_values(parameters):
            wide = torch.float32 if group.device.type == "mps" else torch.float64
            some = [flat[:: flat.numel() // _N_ELEMENTS or 1].to(wide) for flat in group.flats]
            found.append(torch.nan_to_num(torch.cat(some)))
        return found
