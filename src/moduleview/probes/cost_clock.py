"""How long something takes, on the host and on the GPU that it keeps busy, without waiting for either."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

import torch

from moduleview.hooks.own_time import own_seconds

Key = TypeVar("Key", bound=Hashable)


class Event(Protocol):
    """What ``torch.cuda.Event`` has."""

    def record(self) -> None:
        """Mark this place in the stream."""

    def query(self) -> bool:
        """The GPU has passed it."""

    def elapsed_time(self, end: Event) -> float:
        """Milliseconds from here to ``end``."""


Begun = tuple[float, Event | None]


class CostClock(Generic[Key]):
    """Times what runs between ``begin`` and ``end``. Training thread only.

    On the CPU that is the time it took. On a GPU the launches return at once and the work is done later, so two events
    are put into the stream around it and read when the GPU has passed both, a step later as a rule. What counts is the
    longer of the two times: a training step waits for whichever of host and GPU is behind.

    Two calls and no ``with``: a context manager costs more than most of what is timed here.

    Args:
        make_event: Makes an event where the work is done on a GPU; None on the host.
    """

    def __init__(self, make_event: Callable[[], Event] | None = None) -> None:
        self._make_event = make_event
        self._waiting: deque[tuple[Key, float, Event, Event]] = deque()
        self._finished: list[tuple[Key, float]] = []

    def begin(self) -> Begun:
        """Something begins; hand what this gives to ``end``."""
        if self._make_event is None:
            return own_seconds(), None
        event = self._make_event()
        began_s = own_seconds()
        event.record()
        return began_s, event

    def end(self, key: Key, begun: Begun) -> None:
        """It is over, also where it raised."""
        began_s, begin = begun
        if begin is None or self._make_event is None:
            self._finished.append((key, own_seconds() - began_s))
            return
        end = self._make_event()
        end.record()
        self._waiting.append((key, own_seconds() - began_s, begin, end))

    def take_finished(self) -> list[tuple[Key, float]]:
        """(key, seconds) of all that is known by now, in order; nothing is waited for."""
        while self._waiting and self._waiting[0][3].query():
            key, host_s, begin, end = self._waiting.popleft()
            self._finished.append((key, max(host_s, begin.elapsed_time(end) / 1e3)))
        finished, self._finished = self._finished, []
        return finished


def event_maker(device: torch.device | None) -> Callable[[], Event] | None:
    """Makes the events of a device: CUDA's; None where the host does the work itself, or no clock of ours reaches."""
    if device is None or device.type != "cuda":
        return None
    return lambda: torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call, return-value]
