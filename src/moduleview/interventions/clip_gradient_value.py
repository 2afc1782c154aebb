"""Clips each element of gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import nn

from moduleview.interventions.fields import number
from moduleview.interventions.on_gradients import WHEN, GradientIntervention
from moduleview.interventions.targets import place
from moduleview.telemetry.changes_messages import ChangeField


class ClipGradientValue(GradientIntervention):
    """``torch.nn.utils.clip_grad_value_``."""

    kind: ClassVar[str] = "clip_gradient_value"
    title: ClassVar[str] = "Clip gradient values"
    summary: ClassVar[str] = f"Brings each element between minus and plus the limit. {WHEN}"
    verb: ClassVar[str] = "clip"
    fields: ClassVar[tuple[ChangeField, ...]] = (
        number("limit", "Largest magnitude", 1.0, "Elements beyond it are set to it", minimum=0, is_above_minimum=True),
    )

    def change(self, parameters: Sequence[nn.Parameter]) -> None:
        """See ``GradientIntervention``."""
        nn.utils.clip_grad_value_(parameters, self.number_of("limit"))

    def lines(self) -> Sequence[str]:
        """See ``GradientIntervention``."""
        return (f"torch.nn.utils.clip_grad_value_(parameters, {self.number_of('limit')!r})",)

    def __str__(self) -> str:
        return f"Clipped the gradient values of {place(self.fqn)} to ±{self.number_of('limit'):g}"
