"""What ``moduleview check`` found, for the forms in which it is written."""

from __future__ import annotations

import msgspec

from moduleview.telemetry.records import Finding, Severity


class CheckTraits(msgspec.Struct, frozen=True):
    """A check, in words.

    Attributes:
        id: Of the catalogue ("S1").
        name: Two or three words.
        explanation: Why it matters.
        was_run: False where it needs steps, and none were made.
    """

    id: str
    name: str
    explanation: str
    was_run: bool = True


class CheckReport(msgspec.Struct, frozen=True):
    """Everything that was found in one target.

    Attributes:
        target: As it was given.
        findings: The worst first.
        checks: All there are, by number.
        n_steps: Steps that were made.
        failure: What a step raised, in a sentence; "" where none did.
        began_s, took_s: When it began, in Unix time, and how long it took, opening and steps included.
        host: Name of the machine.
    """

    target: str
    findings: tuple[Finding, ...]
    checks: tuple[CheckTraits, ...]
    n_steps: int
    failure: str = ""
    began_s: float = 0.0
    took_s: float = 0.0
    host: str = "localhost"

    @property
    def has_fault(self) -> bool:
        """A fact was found that is more than information."""
        return any(is_fault(finding) for finding in self.findings)


def is_fault(finding: Finding) -> bool:
    """It counts against the model: information does not, since it is often meant."""
    return finding.severity is not Severity.INFORMATION


def message_of(finding: Finding) -> str:
    """What is said of it in one paragraph."""
    place = finding.fqn or "whole model"
    return f"{finding.title} ({place}): {finding.rule}"


def split_source(source: str) -> tuple[str, int]:
    """File and line of ``file:line``; ("", 0) where it is not known."""
    file, _, line = source.rpartition(":")
    return (file, int(line)) if file and line.isdigit() else ("", 0)
