"""S18: a buffer that training changes, but that is not saved."""

from __future__ import annotations

from typing import ClassVar

from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.module_report import written_class
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.telemetry.records import Finding, Severity, Tier


class ChangingBuffer(StructureCheck):
    """Compares non-persistent buffers before and after each step.

    A cache that is filled once changes in the first step; so what counts is a change in each step after the first, in
    two of them at least.
    """

    id: ClassVar[str] = "S18"
    name: ClassVar[str] = "Changing buffer that is not saved"
    explanation: ClassVar[str] = (
        "A buffer registered with persistent=False is not in state_dict(). What training writes into it is lost with "
        "the program."
    )
    needs_steps: ClassVar[bool] = True

    def check(self, run: CheckedRun) -> list[Finding]:
        """See ``StructureCheck``."""
        assert run.steps is not None
        n_after_first = run.steps.n_steps - 1
        changing = [
            fqn
            for fqn, steps in run.steps.buffer_changes.items()
            if n_after_first >= 2 and len(steps - {0}) == n_after_first
        ]
        owners = {fqn: entry.module for entry in run.entries for fqn, _ in entry.buffers}
        return [self._finding(run, fqn, type(owners[fqn])) for fqn in changing if fqn in owners]

    def _finding(self, run: CheckedRun, fqn: str, cls: type) -> Finding:
        assert run.steps is not None
        owner, _, name = fqn.rpartition(".")
        registration = run.sources.registration(written_class(cls), name)
        return Finding(
            id=self.id,
            tier=Tier.FACT,
            severity=Severity.WARNING,
            title=self.name,
            fqn=owner,
            rule="A buffer that is not in state_dict() is changed by training: what it has learned is lost on save.",
            evidence=(f"{fqn} changed in {len(run.steps.buffer_changes[fqn])} of {run.steps.words}",),
            advice="Register it as persistent, unless it can be computed anew.",
            source=registration.location or run.source_of(fqn),
            fix=f'self.register_buffer("{name}", {registration.code or f"self.{name}"})',
        )
