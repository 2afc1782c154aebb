"""Runs every structure check over a model."""

from __future__ import annotations

from torch import nn
from torch.optim import Optimizer

from moduleview.introspect import structure_checks
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.registry import discover
from moduleview.telemetry.records import Finding, Severity

_ORDER = (Severity.ERROR, Severity.WARNING, Severity.INFORMATION)


def run_structure_checks(model: nn.Module, optimizer: Optimizer | None = None) -> tuple[Finding, ...]:
    """What the structure of ``model`` gives away, the worst first. Training thread only.

    Args:
        model: Any module; nothing of it is called or changed.
        optimizer: What trains it, where there is one.
    """
    checks = discover(structure_checks, StructureCheck)  # type: ignore[type-abstract]
    findings = [finding for check in checks for finding in check().check(model, optimizer)]
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))
