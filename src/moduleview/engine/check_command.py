"""``moduleview check TARGET``: looks for faults of structure, and prints what it found, without a window."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from types import MappingProxyType

from moduleview.engine.checked_steps import STEPS_A_LOOK
from moduleview.engine.checking import check_task
from moduleview.engine.opening import open_target
from moduleview.engine.task import TrainingTask
from moduleview.engine.task_checks import why_it_cannot_train
from moduleview.errors import TaskError
from moduleview.introspect.structure_findings import all_checks
from moduleview.telemetry.check_json import check_to_dict
from moduleview.telemetry.check_junit import check_to_junit
from moduleview.telemetry.check_report import CheckReport, CheckTraits
from moduleview.telemetry.check_sarif import check_to_sarif
from moduleview.telemetry.check_text import check_to_text
from moduleview.telemetry.records import FailureReport

EXIT_NONE, EXIT_FOUND, EXIT_ERROR = 0, 1, 2

_FORMS: Mapping[str, Callable[[CheckReport], str]] = MappingProxyType(
    {
        "text": check_to_text,
        "json": lambda report: json.dumps(check_to_dict(report), indent=1),
        "sarif": lambda report: json.dumps(check_to_sarif(report), indent=1),
        "junit": check_to_junit,
    }
)


def run_check(target: str, n_steps: int | None, form: str) -> int:
    """Open ``target``, make some steps of its training, print the findings, and give the exit status.

    What the target's own code prints meanwhile goes to stderr, so that stdout is the answer and nothing else.

    Args:
        target: As ``load_target`` takes it.
        n_steps: Steps to look at; None for three where it can train, and none where it cannot.
        form: "text", "json", "sarif" or "junit".

    Returns:
        0: nothing was found but information. 1: a fact of severity error or warning was found. 2: a step raised, and
        nothing was found that would count.

    Raises:
        ModuleViewError: There is no model, or a task that is not what it must be, or that cannot make steps.
    """
    began_s = time.time()
    with redirect_stdout(sys.stderr):
        task = open_target(target)
        n_made = _steps_of(task, n_steps)
        findings, seen, failure = check_task(task, n_made)
    checks = tuple(
        CheckTraits(check.id, check.name, check.explanation, was_run=bool(seen.n_steps) or not check.needs_steps)
        for check in all_checks()
    )
    told = "" if failure is None else f"{failure.title} {failure.advice}".strip()
    report = CheckReport(
        target, findings, checks, seen.n_steps, told, began_s, time.time() - began_s, platform.node() or "localhost"
    )
    sys.stdout.write(_FORMS[form](report) + "\n")
    if failure is not None:
        _tell(failure)
    if report.has_fault:
        return EXIT_FOUND
    return EXIT_NONE if failure is None else EXIT_ERROR


def _steps_of(task: TrainingTask, asked: int | None) -> int:
    reason = why_it_cannot_train(task)
    if not reason:
        return STEPS_A_LOOK if asked is None else asked
    if asked:
        raise TaskError(reason)
    return 0


def _tell(failure: FailureReport) -> None:
    for part in (failure.traceback, f"moduleview: {failure.title} {failure.advice}"):
        if part:
            print(part, file=sys.stderr)
