"""Runs every structure check over a model."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn
from torch.optim import Optimizer

from moduleview.introspect import structure_checks
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.registry import discover
from moduleview.telemetry.records import Finding, FindingsReported, Severity


def run_structure_checks(model: nn.Module, optimizer: Optimizer | None = None) -> tuple[Finding, ...]:
    """What the structure of ``model`` gives away, the worst first. Training thread only.

    Args:
        model: Any module; nothing of it is called or changed.
        optimizer: What trains it, where there is one.
    """
    findings = [finding for check in _checks() for finding in check().check(model, optimizer)]
    return tuple(sorted(findings, key=lambda finding: list(Severity).index(finding.severity)))


def report_structure(model: nn.Module, optimizer: Optimizer | None = None) -> FindingsReported:
    """The same as a record, which says how many checks ran as well. Training thread only."""
    return FindingsReported(run_structure_checks(model, optimizer), n_checks=len(_checks()))


def _checks() -> Sequence[type[StructureCheck]]:
    return discover(structure_checks, StructureCheck)
