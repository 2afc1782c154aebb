"""The values of one step on their way to the host: one stack and one copy a device."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from moduleview.telemetry.records import StepRecord

_ALWAYS = 0
_NOTHING = np.zeros(0, dtype=np.int32)


_Piece = tuple[NDArray[np.int32], int, torch.Tensor]  # which series, their group, values in one dimension


class Layout:
    """Which series stand where in a step's record.

    Nearly every step brings the same pieces as the one before; then these are the same arrays again, which costs next
    to nothing here, and whoever takes the record sees by identity that nothing is new.
    """

    def __init__(self) -> None:
        self._places: list[tuple[NDArray[np.int32], int]] = []
        self.series: NDArray[np.int32] = _NOTHING
        self.groups: NDArray[np.int32] = _NOTHING
        self.has_marks = False

    def set(self, places: list[tuple[NDArray[np.int32], int]]) -> None:
        """Have these pieces in this order, each the numbers of its series and its group."""
        last = self._places
        if len(places) == len(last) and all(a[0] is b[0] and a[1] == b[1] for a, b in zip(places, last, strict=True)):
            return
        self._places = places
        self.series = np.concatenate([_NOTHING, *(series for series, _ in places)])
        self.groups = np.repeat(
            np.array([group for _, group in places], dtype=np.int32), [len(series) for series, _ in places]
        )
        self.has_marks = bool((self.series < 0).any())


class StepValues:
    """What was measured in one step, still on the devices where it was computed.

    Values may belong to a group: all of them count, or none. Which, is known only on the host, so a group is decided
    there and no device has to be waited for.
    """

    def __init__(self) -> None:
        self._pieces: dict[torch.device, list[_Piece]] = {}
        self._numbers: list[tuple[NDArray[np.int32], float]] = []
        self._blocks: dict[torch.device, list[torch.Tensor]] = {}
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
            self.add(np.array([-self._n_groups], dtype=np.int32), void_if.detach().reshape(1).float())
        if is_doubtful:
            self._doubtful.add(self._n_groups)
        return self._n_groups

    def drop_group(self, group: int) -> None:
        """Forget the values of a group."""
        for device, pieces in self._pieces.items():
            self._pieces[device] = [piece for piece in pieces if piece[1] != group]
        self._pieces = {device: pieces for device, pieces in self._pieces.items() if pieces}

    def add(self, series: NDArray[np.int32], values: torch.Tensor, group: int = _ALWAYS) -> None:
        """Take (n,) float32 values of the series (n,)."""
        self._pieces.setdefault(values.device, []).append((series, group, values))

    def add_number(self, series: NDArray[np.int32], value: float) -> None:
        """Take a value of the series (1,) that the host knows."""
        self._numbers.append((series, value))

    def add_block(self, values: torch.Tensor) -> Block:
        """Take (n, k) whole numbers that belong to no series, as histograms; they travel with the rest.

        Args:
            values: Up to 2**24: float32 holds them exactly.
        """
        of_device = self._blocks.setdefault(values.device, [])
        of_device.append(values.float())
        return Block(values.device, len(of_device) - 1)

    def send(self, rank: int, step: int, time_s: float, layout: Layout) -> SentStep:
        """Start the copies to the host, one a device; on CUDA nothing waits for them.

        Args:
            rank: Of this process.
            step: Its number.
            time_s: Seconds since the run began.
            layout: Of the step before; it is this one's from now on.
        """
        devices = list(dict.fromkeys([*self._pieces, *self._blocks]))
        parcels = {device: self._parcel(device) for device in devices}
        pieces = chain.from_iterable(self._pieces.get(device, ()) for device in devices)
        layout.set([piece[:2] for piece in pieces] + [(series, _ALWAYS) for series, _ in self._numbers])
        numbers = np.array([value for _, value in self._numbers], dtype=np.float32)
        return SentStep(
            rank,
            step,
            time_s,
            layout.series,
            layout.groups if self._doubtful or layout.has_marks else None,
            frozenset(self._doubtful),
            parcels,
            numbers,
        )

    def _parcel(self, device: torch.device) -> _Parcel:
        pieces, blocks = self._pieces.get(device, ()), self._blocks.get(device, ())
        values = [piece[2] for piece in pieces]
        copy = HostCopy(torch.cat([*values, *(block.reshape(-1) for block in blocks)]))
        return _Parcel(copy, sum(len(one) for one in values), tuple(tuple(block.shape) for block in blocks))


class HostCopy:
    """A tensor on its way to the host. CUDA copies into pinned memory; every other device copies at once."""

    def __init__(self, values: torch.Tensor) -> None:
        self._event: torch.cuda.Event | None = None
        if not values.is_cuda:
            self._host = values.cpu()
            return
        self._host = torch.empty(values.shape, dtype=values.dtype, device="cpu", pin_memory=True)
        self._host.copy_(values, non_blocking=True)
        self._event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._event.record(torch.cuda.current_stream(values.device))

    def has_arrived(self) -> bool:
        """``wait`` will not wait."""
        return self._event is None or bool(self._event.query())  # type: ignore[no-untyped-call]

    def wait(self) -> NDArray[Any]:
        """The values, once they are there."""
        if self._event is not None:
            self._event.synchronize()
        return self._host.numpy()


@dataclass(frozen=True)
class Block:
    """Where numbers that belong to no series are found again."""

    device: torch.device
    index: int


@dataclass(frozen=True, eq=False)
class _Parcel:
    """All of one device in one copy: first the values of series, then the blocks."""

    copy: HostCopy
    n_values: int
    shapes: tuple[tuple[int, ...], ...]

    def values(self) -> NDArray[np.float32]:
        values: NDArray[np.float32] = self.copy.wait()[: self.n_values]
        return values

    def block(self, index: int) -> NDArray[np.float32]:
        sizes = [math.prod(shape) for shape in self.shapes]
        begin = self.n_values + sum(sizes[:index])
        block: NDArray[np.float32] = self.copy.wait()[begin : begin + sizes[index]].reshape(self.shapes[index])
        return block


@dataclass(frozen=True, eq=False)
class SentStep:
    """One step's values under way to the host."""

    rank: int
    step: int
    time_s: float
    _series: NDArray[np.int32]
    _groups: NDArray[np.int32] | None  # None where all of them count
    _doubtful: frozenset[int]
    _parcels: Mapping[torch.device, _Parcel]
    _numbers: NDArray[np.float32]

    def has_arrived(self) -> bool:
        """All copies are done; ``record`` will not wait."""
        return all(parcel.copy.has_arrived() for parcel in self._parcels.values())

    def block(self, block: Block) -> NDArray[np.float32]:
        """Numbers that belong to no series, in their shape."""
        return self._parcels[block.device].block(block.index)

    def is_void(self, group: int) -> bool:
        """The group does not count; waits for copies under way."""
        return group in self._void

    def record(self) -> tuple[StepRecord, bool]:
        """The record, and whether a device said that the optimizer left the step out; waits for copies under way."""
        values = self._values
        if self._groups is None:
            return StepRecord(self.rank, self.step, self.time_s, self._series, values), False
        declared = self._series < 0
        counts = ~declared
        for group in self._void:
            counts &= self._groups != group
        record = StepRecord(self.rank, self.step, self.time_s, self._series[counts], values[counts])
        return record, bool((declared & (values != 0)).any())

    @cached_property
    def _values(self) -> NDArray[np.float32]:
        return np.concatenate([*(parcel.values() for parcel in self._parcels.values()), self._numbers])

    @cached_property
    def _void(self) -> frozenset[int]:
        if self._groups is None:
            return frozenset()
        values = self._values
        declared = (self._series < 0) & (values != 0)
        unsure = [group for group in self._doubtful if not np.isfinite(values[self._groups == group]).all()]
        return frozenset([-int(series) for series in self._series[declared]] + unsure)
