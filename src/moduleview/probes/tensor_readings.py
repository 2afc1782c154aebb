"""What probes read of the same tensors in one step: taken in one pass, once, whoever asks first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch

from moduleview.probes.device_moments import device_moments, device_zero_shares
from moduleview.probes.element_sample import ElementSample, element_samples
from moduleview.probes.host_moments import host_moments, host_zero_shares
from moduleview.probes.plain_values import PlainValues, plain_values
from moduleview.probes.statistic import OF_COMPLEX, Statistic

_Moments = dict[str, torch.Tensor]
_OF_SQUARES = frozenset({Statistic.NORM, Statistic.RMS})
_SCALED = frozenset({Statistic.NORM, Statistic.RMS, Statistic.MEAN, Statistic.STD, Statistic.MAX})
_BEYOND_THE_NORM = tuple(
    f"{of}_{statistic}"
    for of in ("grad", "weight")
    for statistic in (Statistic.MEAN, Statistic.STD, Statistic.MAX, Statistic.NON_FINITE)
)


@dataclass(frozen=True, eq=False)
class Reading:
    """One statistic of the tensors of one device.

    Attributes:
        fqns: n names.
        values: (n,) float32 on that device.
        n_elements: (n,) elements of each tensor, on the host.
    """

    fqns: tuple[str, ...]
    values: torch.Tensor
    n_elements: tuple[int, ...]


class TensorReadings:
    """Numbers of many tensors. Valid only while the tensors hold what they held. Training thread only.

    Args:
        tensors: By FQN; any kind, also sparse, sharded, complex, quantised, meta. A statistic that does not apply to
            one is left out for it, never raised.
        wanted: Quantities that are measured in this step; where only norms are among them, only norms are computed.
        scale: 0-d; what the tensors will be divided by before they are used.
    """

    def __init__(
        self, tensors: Mapping[str, torch.Tensor], wanted: frozenset[str], scale: torch.Tensor | None = None
    ) -> None:
        self._tensors = tensors
        self._is_only_norm = wanted.isdisjoint(_BEYOND_THE_NORM)
        self._scale = scale

    @property
    def tensors(self) -> Mapping[str, torch.Tensor]:
        """What is read, as given."""
        return self._tensors

    @cached_property
    def values(self) -> tuple[PlainValues, ...]:
        """The tensors' values in one dimension, by device, where they have any."""
        return plain_values(self._tensors)

    def statistic(self, statistic: Statistic) -> tuple[Reading, ...]:
        """One statistic, one ``Reading`` a device; of a sharded tensor, of the part that this rank holds."""
        found = []
        for group, moments in zip(self.values, self._moments_with(statistic), strict=True):
            values = moments[statistic]
            fqns, n_elements = group.fqns, group.n_elements
            if statistic not in OF_COMPLEX and not all(group.is_real):
                chosen = [index for index, is_real in enumerate(group.is_real) if is_real]
                values = torch.stack([values[index] for index in chosen]) if chosen else values[:0]
                fqns = tuple(fqns[index] for index in chosen)
                n_elements = tuple(n_elements[index] for index in chosen)
            if self._scale is not None and statistic in _SCALED:
                values = values / self._scale.to(values.device, non_blocking=True)
            found.append(Reading(fqns, values, n_elements))
        return tuple(found)

    @cached_property
    def samples(self) -> tuple[ElementSample, ...]:
        """A few elements of each real tensor, always the same ones; one sample a device and type."""
        return tuple(element_samples(self.values, self._scale))

    def _moments_with(self, statistic: Statistic) -> tuple[_Moments, ...]:
        if statistic is Statistic.ZERO_SHARE:
            return self._zero_shares
        return self._norms if self._is_only_norm and statistic in _OF_SQUARES else self._moments

    @cached_property
    def _zero_shares(self) -> tuple[_Moments, ...]:
        return tuple(
            {Statistic.ZERO_SHARE: (host_zero_shares if group.device.type == "cpu" else device_zero_shares)(group)}
            for group in self.values
        )

    @cached_property
    def _norms(self) -> tuple[_Moments, ...]:
        return self._taken(only_norm=True)

    @cached_property
    def _moments(self) -> tuple[_Moments, ...]:
        return self._taken(only_norm=False)

    def _taken(self, *, only_norm: bool) -> tuple[_Moments, ...]:
        return tuple(
            (host_moments if group.device.type == "cpu" else device_moments)(group, only_norm=only_norm)
            for group in self.values
        )
