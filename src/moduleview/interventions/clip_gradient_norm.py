"""Clips gradients to a norm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import nn

from moduleview.interventions.fields import choice, number
from moduleview.interventions.on_gradients import WHEN, GradientIntervention
from moduleview.interventions.targets import place
from moduleview.telemetry.changes_messages import ChangeField

_EACH, _TOGETHER = "each tensor", "all together"


class ClipGradientNorm(GradientIntervention):
    """``torch.nn.utils.clip_grad_norm_`` of one tensor, of each in a subtree, or of all of them as one vector."""

    kind: ClassVar[str] = "clip_gradient_norm"
    title: ClassVar[str] = "Clip gradient norm"
    summary: ClassVar[str] = f"Shortens a gradient that is longer than the maximum; a shorter one stays. {WHEN}"
    verb: ClassVar[str] = "clip"
    fields: ClassVar[tuple[ChangeField, ...]] = (
        number("max_norm", "Maximum norm", 1.0, "A longer gradient is scaled to it", minimum=0, is_above_minimum=True),
        choice("norm_type", "Norm", ("2", "1", "inf"), "Which norm: 2 is the length, inf the largest magnitude"),
        choice("over", "Norm of", (_EACH, _TOGETHER), "Each tensor by itself, or all that one optimizer holds as one"),
    )

    def change(self, parameters: Sequence[nn.Parameter]) -> None:
        """See ``GradientIntervention``."""
        norm, kind = self.number_of("max_norm"), float(self.text_of("norm_type"))
        if self.text_of("over") == _TOGETHER:
            nn.utils.clip_grad_norm_(parameters, norm, norm_type=kind)
            return
        for parameter in parameters:
            nn.utils.clip_grad_norm_(parameter, norm, norm_type=kind)

    def lines(self) -> Sequence[str]:
        """See ``GradientIntervention``."""
        arguments = f"{self.number_of('max_norm')!r}, norm_type=float({self.text_of('norm_type')!r})"
        if self.text_of("over") == _TOGETHER:
            return (f"torch.nn.utils.clip_grad_norm_(parameters, {arguments})",)
        return (f"for p in parameters: torch.nn.utils.clip_grad_norm_(p, {arguments})",)

    def __str__(self) -> str:
        return f"Clipped the gradient norm of {place(self.fqn)} to {self.number_of('max_norm'):g}"
