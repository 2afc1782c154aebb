"""Runs every structure check over a model."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn
from torch.optim import Optimizer

from moduleview.introspect import structure_checks
from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.registry import discover
from moduleview.telemetry.records import Finding, FindingsReported, Severity


def run_structure_checks(model: nn.Module, optimizer: Optimizer | None = None) -> tuple[Finding, ...]:
    """What the structure of ``model`` gives away, the worst first. Training thread only.

    Args:
        model: Any module; nothing of it is called or changed.
        optimizer: What trains it, where there is one.
    """
    return findings_of(CheckedRun(model, () if optimizer is None else (optimizer,)))


def findings_of(run: CheckedRun) -> tuple[Finding, ...]:
    """What all checks find, the worst first; those that need steps are asked where some were seen."""
    return _found(checks_for(run), run)


def report_structure(run: CheckedRun) -> FindingsReported:
    """The same as a record, which says how many checks ran as well. Training thread only."""
    checks = checks_for(run)
    findings = _found(checks, run)
    return FindingsReported(findings, n_checks=len(checks) - len(run.failures))


def checks_for(run: CheckedRun) -> Sequence[type[StructureCheck]]:
    """The checks that are asked, by number."""
    has_steps = run.steps is not None and run.steps.n_steps > 0
    return [check for check in all_checks() if has_steps or not check.needs_steps]


def all_checks() -> Sequence[type[StructureCheck]]:
    """Every check there is, by number: S1, S2, ... S18."""
    return sorted(discover(structure_checks, StructureCheck), key=lambda check: (len(check.id), check.id))


def _found(checks: Sequence[type[StructureCheck]], run: CheckedRun) -> tuple[Finding, ...]:
    """One check that raises, because of something that no module has had yet, must not end the run, nor the others."""
    findings: list[Finding] = []
    for check in checks:
        try:
            findings.extend(check().check(run))
        except Exception as error:
            run.failures.append(f"The structure check {check.id} failed and found nothing: {error!r}")
    return tuple(sorted(findings, key=lambda finding: list(Severity).index(finding.severity)))
