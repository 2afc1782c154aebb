"""What a structure check is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.finding_words import Words
from moduleview.telemetry.records import Finding, Severity, Tier


class StructureCheck(ABC):
    """Looks for one fault that the structure, or a few steps, give away. One file here; found by being there.

    What it reports is a fact: true, or not reported. It reads ``vars(module)`` and the registration tables only, for a
    property may compute, and changes nothing. What is a fact but often meant (tied parameters, a frozen one in the
    optimizer) is information: ``moduleview check`` lists it and does not fail.

    Class attributes:
        id: Of the catalogue ("S1").
        name: Two or three words.
        explanation: Why it matters, for who reads the check.
        needs_steps: It finds nothing before steps were seen (``CheckedRun.steps``), and is not asked.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    explanation: ClassVar[str]
    needs_steps: ClassVar[bool] = False

    @abstractmethod
    def check(self, run: CheckedRun) -> list[Finding]:
        """All findings that hold now. Training thread only."""

    def found(self, severity: Severity, fqn: str, words: Words, evidence: tuple[str, ...], source: str) -> Finding:
        """A finding of this check."""
        return Finding(
            id=self.id,
            tier=Tier.FACT,
            severity=severity,
            title=words.title,
            fqn=fqn,
            rule=words.rule,
            evidence=evidence,
            advice=words.advice,
            source=source,
            fix=words.fix,
        )
