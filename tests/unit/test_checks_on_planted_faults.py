"""Random models with one fault each: it is found, and nothing else is."""

from __future__ import annotations

import pytest

from moduleview.engine.checking import check_task
from moduleview.telemetry.records import Finding, Severity
from planted_faults import CHECKS, task_with

SEEDS = range(6)
FOLLOWS = {"S6": {"S7"}}  # what never got its shape was never called either


def faults_in(fault: str, seed: int) -> list[Finding]:
    findings, seen, failure = check_task(task_with(fault, seed), 3)
    assert failure is None
    assert seen.n_steps == 3
    return [finding for finding in findings if finding.severity is not Severity.INFORMATION]


@pytest.mark.parametrize("fault", [check for check in CHECKS if check != "S7"])
def test_the_planted_fault_is_found_and_no_other(fault: str) -> None:
    for seed in SEEDS:
        ids = {finding.id for finding in faults_in(fault, seed)}
        assert fault in ids, f"seed {seed}"
        assert ids <= {fault} | FOLLOWS.get(fault, set()), f"seed {seed}"


def test_modules_that_are_not_called_as_modules_are_found_and_nothing_else() -> None:
    for seed in SEEDS:
        findings, _, _ = check_task(task_with("S7", seed), 3)
        assert "S7" in {finding.id for finding in findings}, f"seed {seed}"
        assert {f.id for f in findings if f.severity is not Severity.INFORMATION} <= {"S7"}, f"seed {seed}"


def test_what_is_in_order_has_no_finding() -> None:
    for seed in range(20):
        assert not faults_in("", seed), f"seed {seed}"
