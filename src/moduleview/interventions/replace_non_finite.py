"""Replaces NaN and Inf in gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import nn

from moduleview.interventions.fields import number
from moduleview.interventions.on_gradients import WHEN, GradientIntervention
from moduleview.interventions.targets import place
from moduleview.telemetry.changes_messages import ChangeField

_NAMES = ("nan", "posinf", "neginf")


class ReplaceNonFinite(GradientIntervention):
    """``torch.nan_to_num``."""

    kind: ClassVar[str] = "replace_non_finite"
    title: ClassVar[str] = "Replace NaN and Inf in gradient"
    summary: ClassVar[str] = (
        f"Puts numbers in their place. A GradScaler leaves such steps out before this can act. {WHEN}"
    )
    verb: ClassVar[str] = "replace"
    fields: ClassVar[tuple[ChangeField, ...]] = (
        number("nan", "NaN becomes", 0.0, "In place of what is not a number"),
        number("posinf", "Inf becomes", 0.0, "In place of infinity"),
        number("neginf", "-Inf becomes", 0.0, "In place of minus infinity"),
    )

    def change(self, parameters: Sequence[nn.Parameter]) -> None:
        """See ``GradientIntervention``."""
        nan, posinf, neginf = (self.number_of(name) for name in _NAMES)
        for parameter in parameters:
            assert parameter.grad is not None
            torch.nan_to_num_(parameter.grad, nan=nan, posinf=posinf, neginf=neginf)

    def lines(self) -> Sequence[str]:
        """See ``GradientIntervention``."""
        arguments = ", ".join(f"{name}={self.number_of(name)!r}" for name in _NAMES)
        return (f"for p in parameters: torch.nan_to_num_(p.grad, {arguments})",)

    def __str__(self) -> str:
        return f"Replaced NaN and Inf in the gradient of {place(self.fqn)}"
