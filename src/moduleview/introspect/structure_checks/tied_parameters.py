"""S5: one parameter under several names."""

from __future__ import annotations

from typing import ClassVar

from torch import nn
from torch.optim import Optimizer

from moduleview.introspect.registrations import registered_modules, shape_text
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.telemetry.records import Finding, Severity, Tier

_MAXIMUM_FINDINGS = 100
_MAXIMUM_NAMES = 8


class TiedParameters(StructureCheck):
    """Says which parameters are one and the same tensor, registered in several modules.

    A shared module is not reported: its parameters have one owner, which stands in several places.
    """

    id: ClassVar[str] = "S5"
    name: ClassVar[str] = "Tied parameters"
    explanation: ClassVar[str] = (
        "One tensor is registered under several names. It gets one gradient, the sum over its uses, and is counted "
        "once. This is how embeddings and output layers are often built, and no fault by itself."
    )

    def check(self, model: nn.Module, optimizer: Optimizer | None) -> list[Finding]:  # noqa: ARG002  not needed
        """See ``StructureCheck``."""
        places: dict[int, list[str]] = {}
        shapes: dict[int, str] = {}
        for entry in registered_modules(model):
            for fqn, parameter in entry.parameters:
                names = places.setdefault(id(parameter), [])
                names.append(fqn)
                if len(names) == 2:
                    shapes[id(parameter)] = shape_text(parameter)
        tied = [(names, shapes[identity]) for identity, names in places.items() if len(names) > 1]
        return [self._finding(names, shape) for names, shape in tied[:_MAXIMUM_FINDINGS]]

    def _finding(self, names: list[str], shape: str) -> Finding:
        shown, n_more = names[:_MAXIMUM_NAMES], len(names) - _MAXIMUM_NAMES
        before, last = (shown, f"{n_more} more") if n_more > 0 else (shown[:-1], shown[-1])
        return Finding(
            id=self.id,
            tier=Tier.FACT,
            severity=Severity.INFORMATION,
            title=self.name,
            fqn=names[0],
            rule="The same tensor object is registered under more than one name.",
            evidence=(f"{', '.join(before)} and {last} are one parameter", f"its shape: {shape}"),
            advice="Nothing to do where it is meant. The gradient shown is the sum over all of its uses.",
        )
