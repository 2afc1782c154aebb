"""A hook that a person has ticked: what is known of it, and what it has seen in this step."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from traceback import TracebackException
from typing import NamedTuple

import torch

from moduleview.hooks.own_time import own_seconds
from moduleview.hooks.sample_rows import Sample, SampleRows
from moduleview.hooks.statistics import seen_words
from moduleview.telemetry.hooks import COUNTING_KINDS, HookEntry, HookKind, HookStatus

_LONGEST_TRACEBACK = 20_000  # characters
MAX_CALLS = 16  # of one module in one step that are measured; the others are counted
_TIMED_EVERY = 4  # steps
_FIRST_TIMED = 2  # fires of each hook, whatever the step: the first is left out of its mean


@dataclass(eq=False)
class Ticked:
    """State of one hook. Written by the thread that runs the hook, read at the step's end.

    Attributes:
        fqn: Module or parameter it sits on.
        kind: Which hook.
        status: None until the first trial step has told whether it can fire.
        is_armed: Put on. A hook that is armed but was not called yet says CANNOT_FIRE, and why, until it is.
        is_on_trial: A step of looking on tells whether it may be put on.
        seen: Shape and type of the last tensor and whether it was sampled, or in words what happened last.
        has_fired: In the step that runs, or that ended last.
        silence: Why it did not fire in the last step although it has fired before.
        traceback: Of what it raised.
        calls_in_step: Of this hook, for kinds that count their own.
        n_outside: The first so many calls of the step do not belong to it.
        n_timed: Fires of which ``spent_s`` is the time.
        told_status, told_reason: As last told; fields, since the garbage collector walks through what thousands make.
        waiting: Calls of the module whose gradient is still to come; the last one comes first.
    """

    fqn: str
    kind: HookKind
    status: HookStatus | None = None
    reason: str = ""
    is_armed: bool = False
    is_on_trial: bool = False
    n_fires: int = 0
    spent_s: float = 0.0
    seen: tuple[tuple[int, ...], torch.dtype, bool] | str = ""
    has_fired: bool = False
    silence: str = ""
    traceback: str = ""
    calls_in_step: int = 0
    n_outside: int = 0
    n_timed: int = 0
    told_status: HookStatus | None = None
    told_reason: str = ""
    waiting: list[int] = field(default_factory=list)

    def begin_step(self) -> None:
        """Number calls from 0 again."""
        self.calls_in_step, self.n_outside, self.has_fired = 0, 0, False
        self.waiting.clear()

    def next_call(self) -> int:
        """The number of the call that runs now."""
        self.calls_in_step += 1
        return self.calls_in_step - 1

    def cannot_fire(self, reason: str) -> None:
        """Say why it is not put on, or was not called."""
        self.status, self.reason = HookStatus.CANNOT_FIRE, reason

    def fail(self, error: Exception, step: int) -> None:
        """Switch it off: it raised. The exception itself is not kept, since it would keep tensors alive."""
        self.status = HookStatus.FAILED
        self.reason = f"{type(error).__name__} at step {step}: {error}"
        self.traceback = "".join(TracebackException.from_exception(error).format())[-_LONGEST_TRACEBACK:]

    def add_time(self, seconds: float) -> None:
        """A fire took so long."""
        self.n_timed += 1
        if self.n_timed == 2:
            self.spent_s = 0.0
        self.spent_s += seconds

    def count(self, seen: str, began_s: float) -> None:
        """It fired at ``began_s`` (``perf_counter``), and there is nothing to measure but what ``seen`` says."""
        self.n_fires += 1
        self.has_fired, self.seen = True, seen
        self.add_time(time.perf_counter() - began_s)

    @property
    def has_new_status(self) -> bool:
        """Something else is to be told than was."""
        return self.status is not self.told_status or self.reason != self.told_reason

    @property
    def us_per_fire(self) -> float:
        """Mean time of a fire; NaN before the first, which pays for what is made once and is left out after it."""
        return self.spent_s / max(self.n_timed - 1, 1) * 1e6 if self.n_timed else float("nan")

    def entry(self, every: int = 1) -> HookEntry:
        """As the viewing side sees it; ``every``: it looks at one step in so many."""
        us_per_fire = self.us_per_fire
        every = 1 if self.kind in COUNTING_KINDS else every
        seen = self.seen if isinstance(self.seen, str) else seen_words(*self.seen)
        status = self.status or HookStatus.REQUESTED
        reason = self.silence if status is HookStatus.ACTIVE else self.reason
        return HookEntry(
            self.fqn, self.kind, status, reason, self.n_fires, us_per_fire, seen, every, traceback=self.traceback
        )


class Sighting(NamedTuple):
    """What a hook saw of one tensor, still on the tensor's device."""

    ticked: Ticked
    call: int
    place: str
    sample: Sample

    @property
    def fqn(self) -> str:
        """Where the hook sits."""
        return self.ticked.fqn

    @property
    def kind(self) -> HookKind:
        """Which hook."""
        return self.ticked.kind

    @property
    def part(self) -> str:
        """Which of the tensors that the hook saw in the step."""
        return part_name(self.call - self.ticked.n_outside, self.place)


class StepSightings:
    """All that hooks saw in one step. On CUDA autograd's own threads write here: only list appends, no lock.

    To read the clock costs a sixth of a fire, so only the fires of some steps are timed: the others take as long.

    Attributes:
        step: -1 between two steps: what runs there is not training.
        last_step: The one that runs, or that ended last.
        spent_s: Seconds that hooks took in it; those of fires that are not timed are added at its end.
    """

    def __init__(self) -> None:
        self.step = self.last_step = -1
        self.spent_s = 0.0
        self.seen: list[Sighting] = []
        self._rows = SampleRows()
        self._n_steps = self._n_timed = self._n_untimed = 0
        self._is_timed = True
        self._fire_s = 0.0  # of the mean fire in the last step that was timed

    def begin(self, step: int) -> None:
        """A step begins; what was seen between two steps is void."""
        self.step = self.last_step = step
        self.spent_s, self.seen, self._n_timed, self._n_untimed = 0.0, [], 0, 0
        self._is_timed = self._n_steps % _TIMED_EVERY == 0 or self._rows.close_look.is_on
        self._n_steps += 1
        self._rows.begin()

    def pass_by(self, step: int) -> None:
        """A step begins in which nothing is measured."""
        self.step, self.spent_s, self.seen, self._n_untimed = -1, 0.0, [], 0
        self.last_step = step

    def end(self) -> list[Sighting]:
        """A step ended: hand over what was seen."""
        began_s, reduced_s = own_seconds(), self._rows.spent_s
        seen, self.seen, self.step = self.seen, [], -1
        self.spent_s += self._n_untimed * self._fire_s
        if not seen:
            return seen
        try:
            self._rows.finish()
        except Exception as error:  # out of memory: then nothing is known of any of them
            for sighting in seen:
                sighting.ticked.fail(error, self.last_step)
            return []
        spent_s = own_seconds() - began_s
        if self._is_timed:
            self._fire_s = self.spent_s / max(self._n_timed, 1)
            share_s = (spent_s + reduced_s) / len(seen)
            for sighting in seen:
                sighting.ticked.spent_s += share_s
        self.spent_s += spent_s
        return seen

    def look_closely(self) -> None:
        """There is NaN or Inf in this step: find it wherever it is."""
        if self.step < 0:
            return
        began_s = own_seconds()
        # out of memory: then what is known of the samples is all that is known
        with suppress(Exception), torch.no_grad():
            self._rows.close_look.start()
        self._is_timed = True
        self.spent_s += own_seconds() - began_s

    def forget(self, n_seen: int) -> None:
        """The first so many sightings were made before the step."""
        del self.seen[:n_seen]

    def note(self, ticked: Ticked, call: int, leaves: Iterable[tuple[str, torch.Tensor]]) -> None:
        """Measure tensors for a hook that was just called; whatever fails switches that hook off, and only that.

        Args:
            ticked: The hook.
            call: Number of the call in the step.
            leaves: Tensors with their places.
        """
        if ticked.status is HookStatus.FAILED:
            return
        is_timed = self._is_timed or ticked.n_timed <= _FIRST_TIMED
        if is_timed:
            began_s, reduced_s = own_seconds(), self._rows.spent_s
        ticked.n_fires += 1
        ticked.has_fired, seen = True, None
        try:
            for place, tensor in leaves:
                sample = self._rows.take(tensor, self.step)
                if seen is None:
                    is_nested = sample is None and tensor.is_nested  # it has no shape that could be asked for
                    is_part = sample is not None and sample.is_part
                    seen = ticked.seen = () if is_nested else tensor.shape, tensor.dtype, is_part
                if sample is not None:
                    self.seen.append(_new_sighting(Sighting, (ticked, call, place, sample)))
        except Exception as error:
            ticked.fail(error, self.step)
        if not is_timed:
            self._n_untimed += 1
            return
        spent_s = own_seconds() - began_s
        self._n_timed += 1
        ticked.add_time(spent_s - (self._rows.spent_s - reduced_s))  # which is shared out among all at the end
        self.spent_s += spent_s


_new_sighting = tuple.__new__  # as in ``SampleRows``


def part_name(call: int, place: str) -> str:
    """Name of a part of what a hook sees: ``call 2 [1][0]``; "" for the first call's first tensor."""
    if not call:
        return place
    return f"call {call} {place}" if place else f"call {call}"
