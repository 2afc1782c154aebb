"""Long runs that are watched and not watched, side by side: random models, statistics that fail, toggles at 200 Hz."""

from __future__ import annotations

import random
import struct
import threading
import time
from dataclasses import dataclass

import moduleview
from failing_operations import FailingOperations
from moduleview import TrainingTask
from moduleview.sources.inprocess import InProcessSource
from moduleview.telemetry.commands import Pause, Run, SetHooks
from moduleview.telemetry.hooks import PARAMETER_KINDS, HookKind, HookStatus
from moduleview.telemetry.records import FailureReport, HooksChanged, RunChanged, RunState, StepRecord
from random_models import RandomTraining

# torch's own full-backward hooks change last digits by themselves
KINDS = tuple(kind for kind in HookKind if kind not in (HookKind.BACKWARD_PRE, HookKind.FULL_BACKWARD))
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class OnAndOff:
    """A model trained twice.

    Attributes:
        is_same: Losses, weights, buffers, optimizer and random numbers are the same, bit for bit.
        n_toggles: Hooks ticked or unticked in the watched run.
        n_raised: Operations of ours that were made to fail.
        n_switched_off: Hooks that said so of themselves.
    """

    is_same: bool
    n_toggles: int
    n_raised: int
    n_switched_off: int


def train_on_and_off(seed: int, n_steps: int, *, failing_share: float = 0.0) -> OnAndOff:
    """Train the random model of a seed, and again while it is watched and toggled in every step."""
    plain = RandomTraining(seed)
    with FailingOperations(RuntimeError, 0.0):  # there in both: torch takes another way through it
        losses = [plain.step() for _ in range(n_steps)]
    expected = _bits(losses), plain.bits()

    training, chance = RandomTraining(seed), random.Random(seed)
    n_toggles, n_raised, failed = 0, 0, set()
    places = _places(training)
    losses = []
    with moduleview.watch(training.model, training.optimizer) as w:
        for step in range(n_steps):
            for _ in range(chance.randrange(3)):
                fqn, kind = chance.choice(places)
                w.set_hook(fqn, kind, enabled=chance.random() < 0.7)
                n_toggles += 1
            with FailingOperations(RuntimeError, failing_share, seed=step) as failing:
                losses.append(training.step())
            n_raised += failing.n_raised
            entries = w.store.hooks.items()
            failed |= {(place, entry.reason) for place, entry in entries if entry.status is HookStatus.FAILED}
    is_same = (_bits(losses), training.bits()) == expected
    return OnAndOff(is_same, n_toggles, n_raised, len(failed))


LEAST_STEPS = 10  # on a machine that stands still for a second no steps would have been hammered
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Hammered:
    """Hooks toggled by another thread while a model trained.

    Attributes:
        worst_latency_steps: Whole steps that were made between a request and its confirmation, the one apart that ran
            when it was asked for.
        n_failed: Hooks that were switched off by an error.
        is_same: As in ``OnAndOff``.
    """

    n_toggles: int
    n_steps: int
    worst_latency_steps: int
    n_failed: int
    failure: FailureReport | None
    is_same: bool


class Hammer:
    """Toggles at a rate, in a thread of its own, and learns from the records when each took effect."""

    def __init__(self, seconds: float, rate_hz: float) -> None:
        self._seconds, self._period_s = seconds, 1.0 / rate_hz
        self._chance = random.Random(0)
        self._pending: dict[tuple[str, HookKind], tuple[bool, int]] = {}  # what was asked for, and in which step
        self._ticked: set[tuple[str, HookKind]] = set()
        self._training: RandomTraining | None = None
        self._losses: list[float] = []
        self._begun = self._done = self._n_toggles = self._worst = 0
        self._failed: set[tuple[str, HookKind]] = set()
        self._lock = threading.Lock()

    def run(self, seed: int) -> Hammered:
        """Train the random model of a seed meanwhile."""
        source = InProcessSource(lambda: self._task(seed))
        try:
            ended = self._run(source)
        finally:
            assert source.close(10.0)
        assert self._training is not None
        plain = RandomTraining(seed)
        losses = [plain.step() for _ in range(ended.step)]
        is_same = (_bits(losses), plain.bits()[:-1]) == (_bits(self._losses), self._training.bits()[:-1])
        return Hammered(self._n_toggles, ended.step, self._worst, len(self._failed), ended.failure, is_same)

    def _task(self, seed: int) -> TrainingTask:
        training = self._training = RandomTraining(seed)

        def step() -> float:
            self._begun += 1
            self._losses.append(training.step())
            return self._losses[-1]

        return TrainingTask(training.model, step=step)

    def _run(self, source: InProcessSource) -> RunChanged:
        self._take_until(source, RunState.READY)
        source.send(Run())
        thread = threading.Thread(target=self._toggle, args=(source,))
        thread.start()
        while thread.is_alive():
            self._take(source)
        thread.join()
        source.send(Pause())
        return self._take_until(source, RunState.PAUSED)

    def _toggle(self, source: InProcessSource) -> None:
        assert self._training is not None
        places, pause, until = _places(self._training), threading.Event(), time.monotonic() + self._seconds
        while time.monotonic() < until or (self._begun < LEAST_STEPS and time.monotonic() < until + PATIENCE_S):
            pause.wait(self._period_s)
            place = self._chance.choice(places)
            with self._lock:
                if place in self._pending:
                    continue
                enabled = place not in self._ticked
                (self._ticked.add if enabled else self._ticked.remove)(place)
                self._pending[place] = enabled, self._begun
                self._n_toggles += 1
                source.send(SetHooks((place[0],), place[1], enabled))

    def _take(self, source: InProcessSource) -> RunChanged | None:
        record = source.take()
        if record is None:
            threading.Event().wait(0.001)
        elif isinstance(record, StepRecord):
            self._done = record.step + 1
        elif isinstance(record, HooksChanged):
            self._confirm(record)
        return record if isinstance(record, RunChanged) else None

    def _confirm(self, record: HooksChanged) -> None:
        there = {(entry.fqn, entry.kind) for entry in record.entries}
        self._failed |= {(e.fqn, e.kind) for e in record.entries if e.status is HookStatus.FAILED}
        with self._lock:
            for place, (enabled, begun) in list(self._pending.items()):
                if (place in there) is enabled:
                    self._worst = max(self._worst, self._done - begun)
                    del self._pending[place]

    def _take_until(self, source: InProcessSource, state: RunState) -> RunChanged:
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            changed = self._take(source)
            if changed is not None and changed.state in (state, RunState.FAILED):
                return changed
        raise AssertionError(f"the run did not become {state}")


def _places(training: RandomTraining) -> list[tuple[str, HookKind]]:
    modules = [fqn for fqn, _ in training.model.named_modules(remove_duplicate=False)]
    tensors = [fqn for fqn, _ in training.model.named_parameters(remove_duplicate=False)]
    return [(fqn, kind) for kind in KINDS for fqn in (tensors if kind in PARAMETER_KINDS else modules)]


def _bits(losses: list[float]) -> bytes:
    return struct.pack(f"{len(losses)}d", *losses)  # NaN is the same as NaN
