"""The values of one step on their way to the host: one stack and one copy a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter

import numpy as np
import torch
from numpy.typing import NDArray

from moduleview.telemetry.records import StepRecord

_ALWAYS = 0
_DEVICE = attrgetter("device")


class _Column:
    """Values of one device, and what they are."""

    def __init__(self) -> None:
        self.series: list[int] = []
        self.groups: list[int] = []
        self.values: list[torch.Tensor] = []


class StepValues:
    """What was measured in one step, still on the devices where it was computed.

    Values may belong to a group: all of them count, or none. Which, is known only on the host, so a group is decided
    there and no device has to be waited for.
    """

    def __init__(self) -> None:
        self._columns: dict[torch.device, _Column] = {}
        self._n_groups = _ALWAYS
        self._doubtful: set[int] = set()

    def new_group(self, *, void_if: torch.Tensor | None = None, is_doubtful: bool = False) -> int:
        """A group of values.

        Args:
            void_if: 0-d; the group does not count when it is not zero.
            is_doubtful: The group does not count when one of its values is not finite.
        """
        self._n_groups += 1
        if void_if is not None:
            self.add(-self._n_groups, void_if.detach().reshape(()).float())
        if is_doubtful:
            self._doubtful.add(self._n_groups)
        return self._n_groups

    def add(self, series: int, value: torch.Tensor, group: int = _ALWAYS) -> None:
        """Take a float32 0-d tensor."""
        self.add_all([series], [value], group)

    def add_all(self, series: Sequence[int], values: Sequence[torch.Tensor], group: int = _ALWAYS) -> None:
        """Take float32 0-d tensors, as many as ``series``."""
        devices = list(map(_DEVICE, values))
        different = set(devices)
        if len(different) == 1:
            column = self._columns.setdefault(different.pop(), _Column())
            column.series += series
            column.values += values
            column.groups += [group] * len(series)
            return
        for device in different:
            column = self._columns.setdefault(device, _Column())
            here = [index for index, other in enumerate(devices) if other == device]
            column.series += [series[index] for index in here]
            column.values += [values[index] for index in here]
            column.groups += [group] * len(here)

    def send(self, rank: int, step: int, time_s: float) -> SentStep:
        """Start the copies to the host; on CUDA nothing waits for them."""
        columns = self._columns.values()
        return SentStep(
            rank,
            step,
            time_s,
            np.array(list(chain.from_iterable(column.series for column in columns)), dtype=np.int32),
            np.array(list(chain.from_iterable(column.groups for column in columns)), dtype=np.int32),
            frozenset(self._doubtful),
            tuple(_HostCopy(column.values) for column in columns),
        )


class _HostCopy:
    """Values of one device, arriving. CUDA copies into pinned memory; every other device copies at once."""

    def __init__(self, values: list[torch.Tensor]) -> None:
        stacked = torch.stack(values)
        self._event: torch.cuda.Event | None = None
        if not stacked.is_cuda:
            self._host = stacked.cpu()
            return
        self._host = torch.empty(stacked.shape, dtype=stacked.dtype, device="cpu", pin_memory=True)
        self._host.copy_(stacked, non_blocking=True)
        self._event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._event.record(torch.cuda.current_stream(stacked.device))

    def has_arrived(self) -> bool:
        return self._event is None or bool(self._event.query())  # type: ignore[no-untyped-call]

    def wait(self) -> NDArray[np.float32]:
        if self._event is not None:
            self._event.synchronize()
        return self._host.numpy()


@dataclass(frozen=True, eq=False)
class SentStep:
    """One step's values under way to the host."""

    rank: int
    step: int
    time_s: float
    _series: NDArray[np.int32]
    _groups: NDArray[np.int32]
    _doubtful: frozenset[int]
    _copies: tuple[_HostCopy, ...]

    def has_arrived(self) -> bool:
        """All copies are done; ``record`` will not wait."""
        return all(copy.has_arrived() for copy in self._copies)

    def record(self) -> StepRecord:
        """The record; waits for copies that are still under way."""
        parts = [copy.wait() for copy in self._copies]
        values = parts[0] if len(parts) == 1 else np.concatenate([*parts, np.empty(0, dtype=np.float32)])
        declared = self._series < 0
        if not self._doubtful and not declared.any():
            return StepRecord(self.rank, self.step, self.time_s, self._series, values)
        counts = ~declared
        for group in self._void_groups(values):
            counts &= self._groups != group
        return StepRecord(self.rank, self.step, self.time_s, self._series[counts], values[counts])

    def _void_groups(self, values: NDArray[np.float32]) -> list[int]:
        declared = (self._series < 0) & (values != 0)
        unsure = [group for group in self._doubtful if not np.isfinite(values[self._groups == group]).all()]
        return [-int(series) for series in self._series[declared]] + unsure
