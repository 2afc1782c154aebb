"""Adds noise to gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import nn

from moduleview.interventions.base import LiveRun
from moduleview.interventions.fields import choice, integer, number
from moduleview.interventions.on_gradients import WHEN, GradientIntervention
from moduleview.interventions.targets import place
from moduleview.telemetry.changes_messages import Argument, ChangeField

_ABSOLUTE, _RELATIVE = "as it is", "times the gradient's RMS"


class GradientNoise(GradientIntervention):
    """Normal noise from generators of its own, one a tensor: the run's random numbers stay what they would be."""

    kind: ClassVar[str] = "gradient_noise"
    title: ClassVar[str] = "Add noise to gradient"
    summary: ClassVar[str] = (
        f"Adds normal noise from a generator of its own; the run's random numbers stay as they are. {WHEN}"
    )
    verb: ClassVar[str] = "noise"
    fields: ClassVar[tuple[ChangeField, ...]] = (
        number("std", "Standard deviation", 0.01, "Of the noise", minimum=0, is_above_minimum=True),
        choice("unit", "Taken", (_ABSOLUTE, _RELATIVE), "As a number, or as a share of each gradient's size"),
        integer("seed", "Seed", 0, "Of the generators; the same seed gives the same noise", minimum=0, maximum=2**62),
    )

    def __init__(self, fqn: str, arguments: Mapping[str, Argument]) -> None:
        super().__init__(fqn, arguments)
        self._generators: dict[int, torch.Generator] = {}

    def apply(self, run: LiveRun) -> str:
        """Begin with fresh generators."""
        python = super().apply(run)
        self._seed()
        return python

    def find_again(self, run: LiveRun) -> None:
        """Other tensors, or the same ones on another device: generators begin anew for them only."""
        known = self.parameters
        super().find_again(run)
        if len(known) != len(self.parameters) or any(a is not b for a, b in zip(known, self.parameters, strict=True)):
            self._seed()
        for index, parameter in enumerate(self.parameters):
            if self._generators[id(parameter)].device != parameter.device:
                self._generators[id(parameter)] = self._generator(index, parameter)

    def change(self, parameters: Sequence[nn.Parameter]) -> None:
        """See ``GradientIntervention``."""
        std, is_relative = self.number_of("std"), self.text_of("unit") == _RELATIVE
        for p in parameters:
            assert p.grad is not None
            generator = self._generators[id(p)]
            noise = torch.randn(p.grad.shape, generator=generator, dtype=p.grad.dtype, device=p.grad.device)
            p.grad.add_(noise * p.grad.abs().square().mean().sqrt() if is_relative else noise, alpha=std)

    def preparation(self, name: str) -> Sequence[str]:
        """See ``GradientIntervention``."""
        seed = f"{self.number_of('seed')} + i"
        generator = f"torch.Generator(p.device).manual_seed({seed})"
        return (f"{name}_generators = {{id(p): {generator} for i, p in enumerate({name}_parameters)}}",)

    def lines(self) -> Sequence[str]:
        """See ``GradientIntervention``."""
        drawn = "torch.randn(p.grad.shape, generator=generator, dtype=p.grad.dtype, device=p.grad.device)"
        if self.text_of("unit") == _RELATIVE:
            drawn += " * p.grad.abs().square().mean().sqrt()"
        return (
            "for p in parameters:",
            f"    generator = {self._name}_generators[id(p)]",
            f"    p.grad.add_({drawn}, alpha={self.number_of('std')!r})",
        )

    def __str__(self) -> str:
        times = " of its RMS" if self.text_of("unit") == _RELATIVE else ""
        return f"Added noise of {self.number_of('std'):g}{times} to the gradient of {place(self.fqn)}"

    def _seed(self) -> None:
        self._generators = {id(p): self._generator(index, p) for index, p in enumerate(self.parameters)}

    def _generator(self, index: int, parameter: nn.Parameter) -> torch.Generator:
        return torch.Generator(parameter.device).manual_seed(int(self.number_of("seed")) + index)
