"""Sets gradients to zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import nn

from moduleview.interventions.on_gradients import WHEN, GradientIntervention
from moduleview.interventions.targets import place


class ZeroGradient(GradientIntervention):
    """Not the same as freezing: momentum and weight decay go on moving the weights."""

    kind: ClassVar[str] = "zero_gradient"
    title: ClassVar[str] = "Zero gradient"
    summary: ClassVar[str] = (
        f"Sets it to zero; momentum and weight decay still move the weights, which Freeze stops. {WHEN}"
    )
    verb: ClassVar[str] = "zero"

    def change(self, parameters: Sequence[nn.Parameter]) -> None:
        """See ``GradientIntervention``."""
        for parameter in parameters:
            assert parameter.grad is not None
            parameter.grad.zero_()

    def lines(self) -> Sequence[str]:
        """See ``GradientIntervention``."""
        return ("for p in parameters: p.grad.zero_()",)

    def __str__(self) -> str:
        return f"Zeroed the gradient of {place(self.fqn)}"
