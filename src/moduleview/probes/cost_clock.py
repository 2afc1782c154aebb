"""How long something takes, on the host and on the GPU that it keeps busy, without waiting for either."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
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


class CostClock(Generic[Key]):
    """Times what runs inside ``timing``. Training thread only.

    On the CPU that is the time it took. On a GPU the launches return at once and the work is done later, so two events
    are put into the stream around it and read when the GPU has passed both, a step later as a rule. What counts is the
    longer of the two times: a training step waits for whichever of host and GPU is behind.

    Args:
        make_event: Makes an event where the work is done on a GPU; None on the host.
    """

    def __init__(self, make_event: Callable[[], Event] | None = None) -> None:
        self._make_event = make_event
        self._waiting: deque[tuple[Key, float, Event, Event]] = deque()
        self._finished: list[tuple[Key, float]] = []

    @contextmanager
    def timing(self, key: Key) -> Iterator[None]:
        """Time what runs inside; an exception passes."""
        events = None if self._make_event is None else (self._make_event(), self._make_event())
        began_s = own_seconds()
        if events is not None:
            events[0].record()
        try:
            yield
        finally:
            if events is not None:
                events[1].record()
            host_s = own_seconds() - began_s
            if events is None:
                self._finished.append((key, host_s))
            else:
                self._waiting.append((key, host_s, *events))

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
