"""The loss of one step: what its passes started from, in the loss's own units, and the scale that it was given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import ref

import torch
from torch.amp.grad_scaler import GradScaler


class StepLoss:
    """Sums the passes that are the step's own. Training thread only, grad mode off; no device is waited for.

    A pass counts when it has ended and has brought something: another model's does not, nor does its scale. Where there
    is no pass that accumulates, what ``torch.autograd.grad`` was asked for counts, up to the first of them whose
    gradients are part of a graph that goes on: what is asked for after that is no loss.

    Attributes:
        scale: 0-d, of the loss by mixed precision; None where there is none.
    """

    def __init__(self) -> None:
        self.begin_step()

    def begin_step(self) -> None:
        """Forget the step before."""
        self.scale: torch.Tensor | None = None
        self._next_scale: torch.Tensor | None = None
        self._scaled: list[ref[torch.Tensor]] = []
        self._is_scaled = self._is_pass_scaled = self._is_given_complete = False
        self._of_pass: torch.Tensor | None = None
        self._passed: torch.Tensor | None = None
        self._given: torch.Tensor | None = None

    @property
    def value(self) -> torch.Tensor | None:
        """0-d, on the loss's device; None where nothing is known of it."""
        return self._given if self._passed is None else self._passed

    def scaled(self, scaler: GradScaler, scaled: Any) -> None:
        """A loss, or several, were multiplied by the scaler's scale, which changes in place later: this copies it."""
        scale = scale_of(scaler)
        if scale is not None:
            self._next_scale, self._is_scaled = scale, True
            self._scaled += [ref(one) for one in _tensors(scaled)]

    def pass_begins(self, roots: Sequence[Any]) -> None:
        """A pass begins at these."""
        self._is_pass_scaled = self._is_scaled or any(one() is root for root in roots for one in self._scaled)
        self._of_pass = _sum(roots, self._next_scale if self._is_pass_scaled else None)

    def pass_ended(self, *, is_ours: bool) -> None:
        """It is over, and was the step's or another model's."""
        if is_ours:
            if self._is_pass_scaled:
                self.scale = self._next_scale
            self._passed = _plus(self._passed, self._of_pass)
        self._of_pass, self._is_scaled = None, False

    def given(self, roots: Sequence[Any], *, is_final: bool) -> None:
        """Gradients of our parameters were computed from these, and not accumulated."""
        if not self._is_given_complete:
            self._given = _plus(self._given, _sum(roots))
            self._is_given_complete = not is_final

    def start_over(self) -> None:
        """The gradients of all passes so far were thrown away."""
        self._passed = None


def scale_of(scaler: GradScaler) -> torch.Tensor | None:
    """A copy of the scale as it is now, 0-d on its device; None before the scaler has made it, or where it is off."""
    scale = getattr(scaler, "_scale", None)
    return scale.detach().clone().reshape(()) if isinstance(scale, torch.Tensor) else None


def _tensors(some: Any) -> Iterable[torch.Tensor]:
    if isinstance(some, torch.Tensor):
        return (some,)
    return tuple(one for one in some if isinstance(one, torch.Tensor)) if isinstance(some, Iterable) else ()


def _sum(roots: Sequence[Any], scale: torch.Tensor | None = None) -> torch.Tensor | None:
    """Of those that are single real numbers, in the loss's own units."""
    total: torch.Tensor | None = None
    for root in _tensors(roots):
        if root.numel() == 1 and root.is_floating_point():
            loss = root.detach().reshape(())
            total = _plus(total, loss if scale is None else loss.float() / scale.to(loss.device, non_blocking=True))
    return total


def _plus(total: torch.Tensor | None, more: torch.Tensor | None) -> torch.Tensor | None:
    if more is None:
        return total
    return more.clone() if total is None else total + more.to(total.device, non_blocking=True)
