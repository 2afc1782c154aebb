"""Which steps of a run the structure checks look at, and when they say what they found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import nn

from moduleview.engine.living_optimizers import living_optimizers
from moduleview.engine.task import TrainingTask
from moduleview.hooks.step_witness import StepWitness
from moduleview.introspect.checked_run import CheckedRun, Ties
from moduleview.introspect.seen_steps import SeenSteps
from moduleview.introspect.structure_findings import report_structure
from moduleview.telemetry.records import LogLine, Record

STEPS_A_LOOK = 3
_LOOKS_BEGIN = (0, 100, 1_000, 10_000)  # steps since the structure was another one: a rare branch is met in time


def run_of(task: TrainingTask, former_ties: Ties = frozenset(), steps: SeenSteps | None = None) -> CheckedRun:
    """A task as structure checks take it."""
    known = () if task.optimizer is None else (task.optimizer,)
    has_own_loop = task.step is not None
    return CheckedRun(
        model=task.model,
        optimizers=living_optimizers(task.model, known) if has_own_loop and steps is not None else known,
        has_own_loop=has_own_loop,
        beside=(task.loss,) if isinstance(task.loss, nn.Module) else (),
        former_ties=former_ties,
        steps=steps,
        constructions=task.constructions,
    )


class CheckedSteps:
    """Looks at three steps after each change of the structure, and again later, and sends the findings.

    Training thread only. A step that is looked at takes 20 µs a module more: over 100 steps that is far below the
    budget of all measuring.

    Args:
        put: Takes the records.
    """

    def __init__(self, put: Callable[[Record], None]) -> None:
        self._put = put
        self._task: TrainingTask | None = None
        self._former_ties: Ties = frozenset()
        self._seen = SeenSteps()
        self._looked_at: CheckedRun | None = None
        self._witness: StepWitness | None = None
        self._n_steps = 0

    def look_anew(self, task: TrainingTask) -> None:
        """The structure is another one: say what it gives away, and look at the next steps."""
        run = run_of(task, self._former_ties)
        if self._task is None:
            self._former_ties = run.ties
        self._task, self._n_steps = task, 0
        self._seen, self._looked_at, self._witness = SeenSteps(), None, None
        self._report(run)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Around each training step; after the last one of a look, say what was found."""
        if self._task is not None and self._n_steps in _LOOKS_BEGIN:
            self._looked_at = run_of(self._task, self._former_ties, self._seen)
            self._witness = StepWitness(self._looked_at, self._seen)
        if self._witness is None:
            yield
        else:
            with self._witness.step():
                yield
        self._end_step()

    def _end_step(self) -> None:
        self._n_steps += 1
        if (
            self._witness is None
            or self._task is None
            or not any(self._n_steps == begin + STEPS_A_LOOK for begin in _LOOKS_BEGIN)
        ):
            return
        looked_at, witness = self._looked_at, self._witness
        self._witness = self._looked_at = None
        run = run_of(self._task, self._former_ties, self._seen)
        if witness.failure:
            text = f"Looking on for the structure checks failed and was given up: {witness.failure}"
            self._put(LogLine(time.time(), "moduleview", text))
            self._task = None
        elif looked_at is not None and looked_at.has_same_structure(run):
            self._report(run)

    def _report(self, run: CheckedRun) -> None:
        self._put(report_structure(run))
        for text in run.failures:
            self._put(LogLine(time.time(), "moduleview", text))
