"""A check's findings as plain dicts and lists, for ``moduleview check --json``."""

from __future__ import annotations

from typing import Any

from moduleview.telemetry.check_report import CheckReport, message_of
from moduleview.telemetry.records import Finding

JSON_VERSION = 1


def check_to_dict(report: CheckReport) -> dict[str, Any]:
    """``findings``, the worst first, and what was looked at; every value is one that JSON has."""
    return {
        "version": JSON_VERSION,
        "target": report.target,
        "steps": report.n_steps,
        "checks": [check.id for check in report.checks if check.was_run],
        "failure": report.failure,
        "findings": [finding_to_dict(finding) for finding in report.findings],
    }


def finding_to_dict(finding: Finding) -> dict[str, Any]:
    """One finding; ``step`` is None for what the structure gives away."""
    return {
        "id": finding.id,
        "tier": finding.tier.value,
        "severity": finding.severity.value,
        "fqn": finding.fqn,
        "step": finding.step,
        "rank": finding.rank,
        "message": message_of(finding),
        "evidence": list(finding.evidence),
        "fix": finding.fix or finding.advice,
        "source": finding.source,
    }
