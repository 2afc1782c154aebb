"""Checks a model, or a task over some of its steps, without a window: what ``moduleview.check`` is."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from contextlib import nullcontext

import torch
from torch import nn
from torch.optim import Optimizer

from moduleview.engine.batches import BatchesEnded
from moduleview.engine.checked_steps import run_of
from moduleview.engine.failure import describe_failure
from moduleview.engine.inspection import refuse_what_is_no_model
from moduleview.engine.task import TrainingTask
from moduleview.engine.training_step import TrainingStep
from moduleview.hooks.step_witness import StepWitness
from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.seen_steps import SeenSteps
from moduleview.introspect.structure_findings import findings_of
from moduleview.telemetry.records import FailureReport, Finding

_MOST_CHANGES = 8  # of the structure, while steps are made


def check(model: nn.Module, optimizer: Optimizer | Iterable[Optimizer] | None = None) -> tuple[Finding, ...]:
    """What the structure of a model gives away: facts, the worst first. Nothing is called, nothing is changed.

    Example:
        for finding in moduleview.check(model, optimizer):
            print(finding.severity, finding.fqn, finding.rule, finding.fix)

    Args:
        model: Any ``nn.Module``.
        optimizer: What trains it: one, or all of several.

    Returns:
        Findings with ``id``, ``severity``, ``fqn``, ``rule``, ``evidence``, ``advice``, ``source`` and ``fix``. What
        needs training steps to be seen, ``moduleview check TARGET`` finds.

    Raises:
        TypeError: It is no ``nn.Module``, or no optimizer; the sentence says what to pass.
    """
    refuse_what_is_no_model(model, "check")
    given = (optimizer,) if isinstance(optimizer, Optimizer) else tuple(optimizer or ())
    for one in given:
        if not isinstance(one, Optimizer):
            raise TypeError(
                f"moduleview.check() takes optimizers of torch, not a {type(one).__name__}; pass one or a list."
            )
    return _findings_of(CheckedRun(model, given))


def _findings_of(run: CheckedRun) -> tuple[Finding, ...]:
    findings = findings_of(run)
    for text in run.failures:
        warnings.warn(text, RuntimeWarning, stacklevel=3)
    return findings


def check_task(task: TrainingTask, n_steps: int) -> tuple[tuple[Finding, ...], SeenSteps, FailureReport | None]:
    """Check a task over ``n_steps`` steps of its training. What torch.compile made is bypassed in them.

    Returns:
        The findings, what was seen, and what the user's code raised in a step, if it did.
    """
    former_ties = run_of(task).ties
    seen = SeenSteps()
    if not n_steps:
        return _findings_of(run_of(task)), seen, None
    step, failure = TrainingStep(task), None
    can_bypass = _can_bypass()
    try:
        with torch.compiler.set_stance("force_eager") if can_bypass else nullcontext():
            seen = _look(task, step, n_steps, can_bypass)
    except BatchesEnded:
        pass
    except _StepError as ended:
        seen, error = ended.seen, ended.error
        failure = describe_failure(error, step.phase, step.batch_description)
    finally:
        step.release()
    return _findings_of(run_of(task, former_ties, seen)), seen, failure


class _StepError(Exception):
    """The user's code raised; what was seen before is still true."""

    def __init__(self, seen: SeenSteps, error: BaseException) -> None:
        super().__init__()
        self.seen, self.error = seen, error


def _look(task: TrainingTask, step: TrainingStep, n_steps: int, runs_uncompiled: bool) -> SeenSteps:
    """Make the steps; where the structure changes in one (a lazy module materialises), look at as many from there."""
    seen = SeenSteps()
    run = run_of(task, steps=seen)
    witness = StepWitness(run, seen, runs_uncompiled=runs_uncompiled)
    n_changes = 0
    while seen.n_steps < n_steps:
        try:
            step.fetch()
            with witness.step():
                step.train()
        except BatchesEnded:
            break
        except Exception as error:
            raise _StepError(seen, error) from None
        if n_changes < _MOST_CHANGES and not run.has_same_structure(run_of(task)):
            n_changes += 1
            seen = SeenSteps()
            run = run_of(task, steps=seen)
            witness = StepWitness(run, seen, runs_uncompiled=runs_uncompiled)
    return seen


def _can_bypass() -> bool:
    """Something may be compiled, and torch (since 2.6) can go past it; to import that without need takes seconds."""
    return "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance")
