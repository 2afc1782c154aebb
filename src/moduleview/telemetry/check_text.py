"""A check's findings as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent

from moduleview.telemetry.check_report import CheckReport
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.records import Finding, Severity


def check_to_text(report: CheckReport) -> str:
    """A paragraph a finding, and a line that sums up."""
    return "\n".join(_lines(report))


def _lines(report: CheckReport) -> Iterator[str]:
    for finding in report.findings:
        yield from _paragraph(finding)
        yield ""
    by_severity = [
        counted(sum(finding.severity is severity for finding in report.findings), one, many)
        for severity, one, many in (
            (Severity.ERROR, "error", "errors"),
            (Severity.WARNING, "warning", "warnings"),
            (Severity.INFORMATION, "note", "notes"),
        )
    ]
    n_run = sum(check.was_run for check in report.checks)
    left_out = [check.id for check in report.checks if not check.was_run]
    steps = counted(report.n_steps, "step", "steps")
    yield f"{report.target}: {', '.join(by_severity)}; {counted(n_run, 'check', 'checks')}, {steps}."
    if left_out:
        yield f"Not checked, since it takes training steps: {', '.join(left_out)}."


def counted(n: int, one: str, many: str) -> str:
    """``1 error``, ``3 errors``."""
    return f"{n:,} {one if n == 1 else many}"


def _paragraph(finding: Finding) -> Iterator[str]:
    yield f"{finding.severity.value}: {finding.id} {finding.title}: {displayable(finding.fqn) or 'whole model'}"
    if finding.source:
        yield f"  at {finding.source}"
    yield f"  {displayable(finding.rule, 2000)}"
    yield from (f"    {displayable(line, 2000)}" for line in finding.evidence)
    yield f"  {displayable(finding.advice, 2000)}"
    if finding.fix:
        yield indent(finding.fix, "    | ", lambda _: True)
