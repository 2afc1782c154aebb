"""Multiplies gradients by a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import nn

from moduleview.interventions.fields import number
from moduleview.interventions.on_gradients import WHEN, GradientIntervention
from moduleview.interventions.targets import place
from moduleview.telemetry.changes_messages import ChangeField


class ScaleGradient(GradientIntervention):
    """A factor. Adam and its like divide by the gradient's own size: there it changes next to nothing."""

    kind: ClassVar[str] = "scale_gradient"
    title: ClassVar[str] = "Scale gradient"
    summary: ClassVar[str] = (
        f"Multiplies it by a factor. Adam and its like divide by the gradient's size and hardly notice. {WHEN}"
    )
    verb: ClassVar[str] = "scale"
    fields: ClassVar[tuple[ChangeField, ...]] = (
        number("factor", "Factor", 0.1, "The gradient times this; a negative one trains away from the minimum"),
    )

    def change(self, parameters: Sequence[nn.Parameter]) -> None:
        """See ``GradientIntervention``."""
        for parameter in parameters:
            assert parameter.grad is not None
            parameter.grad.mul_(self.number_of("factor"))

    def lines(self) -> Sequence[str]:
        """See ``GradientIntervention``."""
        return (f"for p in parameters: p.grad.mul_({self.number_of('factor')!r})",)

    def __str__(self) -> str:
        return f"Scaled the gradient of {place(self.fqn)} by {self.number_of('factor'):g}"
