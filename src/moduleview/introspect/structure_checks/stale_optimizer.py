"""S17: an optimizer that holds parameters which the model no longer has."""

from __future__ import annotations

from typing import ClassVar

from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.finding_words import counted, first_names
from moduleview.introspect.optimizer_code import OptimizerCode
from moduleview.introspect.optimizer_contents import looks_replaced
from moduleview.introspect.registrations import element_count, shape_text
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.telemetry.records import Finding, Severity, Tier


class StaleOptimizer(StructureCheck):
    """Looks for parameters in the optimizer that are not the model's, beside parameters of the same shapes that are."""

    id: ClassVar[str] = "S17"
    name: ClassVar[str] = "Stale optimizer"
    explanation: ClassVar[str] = (
        "Wrapping, converting or exchanging a part of the model after the optimizer was made may put new parameters in "
        "the place of the old ones. The optimizer goes on with the old: the new ones are never trained."
    )

    def check(self, run: CheckedRun) -> list[Finding]:
        """See ``StructureCheck``."""
        stale = looks_replaced(run)
        if not stale:
            return []
        shapes = {shape_text(parameter) for parameter in stale}
        new = [
            fqn
            for identity, (fqn, parameter) in run.parameters.items()
            if parameter.requires_grad and identity not in run.optimized and shape_text(parameter) in shapes
        ]
        n = len(stale)
        code = OptimizerCode(run, run.optimizers[0])
        return [
            Finding(
                id=self.id,
                tier=Tier.FACT,
                severity=Severity.ERROR,
                title=self.name,
                fqn=new[0].rpartition(".")[0] if len(new) == n == 1 else "",
                rule="The optimizer holds parameters that the model does not have (any more), and not those of the "
                "same shapes that it has.",
                evidence=(
                    f"{counted(n, 'parameter')} with {element_count(stale):,} elements that the model does "
                    "not have; it has, in no optimizer:",
                    *first_names(new),
                ),
                advice="Make the optimizer after the model is wrapped, converted and complete.",
                source=code.location or run.source_of(new[0]),
                fix=f"# after the model is complete:\n{code.over()}",
            )
        ]
