"""Says once which tensors have no statistics, or not all of them, and why."""

from __future__ import annotations

from collections.abc import Callable

import torch

from moduleview.probes.base import StepView
from moduleview.probes.plain_values import NOT_ON_THIS_RANK, why_without_values
from moduleview.probes.tensor_readings import TensorReadings

_N_NAMES = 3
_COMPLEX = "It is complex: mean, deviation, maximum and histograms mean nothing for it, the norm does."


class LeftOut:
    """Remembers what was said. Training thread only.

    Args:
        say: Takes one line for each reason, however many tensors it applies to.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: set[tuple[str, str, torch.dtype]] = set()
        self._has_failed = False

    def look_at(self, view: StepView) -> None:
        """Look at what was read of this step; where all of it has all statistics that costs next to nothing.

        Never raises: what a strange tensor does to being asked must not reach the user's step.
        """
        for what, readings in (("gradient", vars(view).get("gradients")), ("weight", vars(view).get("weights"))):
            if isinstance(readings, TensorReadings) and not self._has_failed:
                try:
                    self._look_at(what, readings)
                except Exception as error:
                    self._has_failed = True
                    self._say(f"Why a {what} has no statistics could not be found out: {error!r}")

    def forget(self) -> None:
        """Say it again."""
        self._said.clear()

    def _look_at(self, what: str, readings: TensorReadings) -> None:
        groups = readings.values
        tensors = readings.tensors
        if sum(len(group.fqns) for group in groups) == len(tensors) and all(all(group.is_real) for group in groups):
            return
        real = {fqn for group in groups for fqn, is_real in zip(group.fqns, group.is_real, strict=True) if is_real}
        reasons: dict[str, list[str]] = {}
        for fqn in tensors.keys() - real:
            key = what, fqn, tensors[fqn].dtype
            if key not in self._said:
                self._said.add(key)
                reason = why_without_values(tensors[fqn]) or _COMPLEX
                if reason != NOT_ON_THIS_RANK:  # as it should be: other ranks have its series
                    reasons.setdefault(reason, []).append(fqn)
        for reason, fqns in reasons.items():
            self._say(f"Not all statistics of the {what} of {_listed(sorted(fqns))} apply. {reason}")


def _listed(fqns: list[str]) -> str:
    shown = ", ".join(fqns[:_N_NAMES])
    return shown if len(fqns) <= _N_NAMES else f"{shown} and {len(fqns) - _N_NAMES} more"
