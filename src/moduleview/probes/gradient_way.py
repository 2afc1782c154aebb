"""What happens to the gradients between the loss and the weights: passes, scale, unscaling, the optimizer, a skip."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.amp.grad_scaler import GradScaler

from moduleview.hooks.own_time import own_seconds
from moduleview.hooks.taps import Taps
from moduleview.probes.base import Measured, StepView
from moduleview.probes.gradient_station import Gradients, GradientStation
from moduleview.probes.station_norms import StationNorms
from moduleview.probes.statistic import Statistic
from moduleview.telemetry.quantities import STATION_NORMS
from moduleview.telemetry.records import Record
from moduleview.telemetry.step_outcome import StepSkipped


class GradientWay:
    """Follows one step from its loss to its update. Training thread only; never raises.

    Args:
        on_gradients: Called when gradients are ready; gives what probes saw then.
        on_updating: Called with the parameters that are about to change, and the optimizer that will do it.
        on_start_over: Called when gradients were cleared that no optimizer has used.
        report: Takes (what, error) when following them failed; it is off from then on.
    """

    def __init__(
        self,
        on_gradients: Callable[[Gradients], StepView | None],
        on_updating: Callable[[Mapping[str, nn.Parameter], torch.optim.Optimizer | None], None],
        on_start_over: Callable[[], None],
        report: Callable[[str, Exception], None],
    ) -> None:
        self._on_gradients = on_gradients
        self._on_start_over = on_start_over
        self._report = report
        self._station = GradientStation(self._on_ready, on_updating)
        self._norms = StationNorms(lambda error: self._report("gradients on their way", error))
        self._taps = Taps(self)
        self._is_in_step = self._is_passed_by = self._has_failed = self._is_scaled = False
        self._n_unused_passes = self._thread = 0
        self._last_ready: torch.optim.Optimizer | None = None
        self.loss: torch.Tensor | None = None
        self.loss_scale: torch.Tensor | None = None
        self.why_skipped = ""
        self.left_out: frozenset[str] = frozenset()
        self.spent_s = 0.0

    def attach(self) -> None:
        """Put the global optimizer hooks and the taps on."""
        self._station.attach()
        self._taps.put_on()

    def detach(self) -> None:
        """Take them off."""
        self.abandon_step()
        self._taps.take_off()
        self._station.detach()

    def bind(self, parameters: Mapping[str, nn.Parameter]) -> None:
        """Follow the gradients of these parameters from now on."""
        self._station.bind(parameters)
        self._norms.bind(parameters)

    @property
    def has_new_parameters(self) -> bool:
        """An optimizer holds some of ours beside others that are not known: look again."""
        return self._station.has_new_parameters

    def accept_parameters(self) -> None:
        """It was looked at, and they are not the model's."""
        self._station.has_new_parameters = False

    @property
    def stations(self) -> Mapping[str, Sequence[Measured]]:
        """What was measured on the way in this step, by quantity."""
        return self._norms.measured

    def begin_step(self, wanted: frozenset[str]) -> None:
        """A step begins; of ``wanted`` quantities only those of the way matter here."""
        self._is_in_step, self._is_scaled, self._last_ready = True, False, None
        self._is_passed_by = False
        self._n_unused_passes, self._thread = 0, threading.get_ident()
        self.loss = self.loss_scale = None
        self.why_skipped, self.spent_s, self.left_out = "", 0.0, frozenset()
        self._station.begin_step()
        self._norms.begin_step(is_on=not wanted.isdisjoint(STATION_NORMS) and not self._has_failed)

    def pass_by(self) -> None:
        """A step begins of which nothing is measured; that mixed precision leaves it out is seen all the same."""
        self._is_in_step = self._is_passed_by = True
        self._last_ready, self._thread = None, threading.get_ident()
        self.loss = self.loss_scale = None
        self.why_skipped, self.spent_s, self.left_out = "", 0.0, frozenset()

    def end_step(self, put: Callable[[Record], object], rank: int, step: int) -> float:
        """A step ended: read what is there when no optimizer can say when, and tell whether it was left out.

        Returns:
            Seconds that the way took in it.
        """
        if not self._is_passed_by:
            self._station.end_step()
            self._guarded(self._norms.settle, self.loss_scale)
            self._norms.end_step()
        self._is_in_step = False
        if self.why_skipped:  # then the scale was waited for by the scaler already
            scale = float("nan") if self.loss_scale is None else float(self.loss_scale)
            put(StepSkipped(rank, step, self.why_skipped, scale))
        return self.spent_s

    def abandon_step(self) -> None:
        """It raised, and will not end."""
        self._norms.end_step()
        self._is_in_step = False
        self.loss = self.loss_scale = None

    def read_now(self) -> None:
        """Nobody may say later that these gradients are final: a loop that updates by hand tells nothing."""
        if self._is_in_step and not self._is_passed_by and self.loss_scale is None:
            self._station.read_all()

    # -- what the taps say -----------------------------------------------------------------------------------------

    def on_loss_scaling(self) -> None:
        """The scale is there only after the first call."""

    def on_loss_scaled(self, scaler: GradScaler) -> None:
        """The scale is changed in place later, so what is kept is a copy, on its device."""
        self._guarded(self._keep_scale, scaler)

    def on_backward_begins(self, roots: Any) -> None:
        """The loss is what backward starts from."""
        self._guarded(self._forget_cleared_passes)
        self._guarded(self._add_loss, roots)
        self._guarded(self._norms.pass_begins)

    def on_backward_ended(self) -> None:
        """Gradients are accumulated, and reduced."""
        self._is_scaled = False
        self._guarded(self._norms.pass_ended)

    def on_unscaling(self, optimizer: torch.optim.Optimizer) -> None:  # noqa: ARG002  the gradients are all swept
        """Scaled gradients can be seen for the last time."""
        self._guarded(self._norms.unscaling)

    def on_scaler_stepped(self, scaler: GradScaler, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer that did not step was skipped."""
        self._guarded(self._see_whether_it_stepped, scaler, optimizer, also_passed_by=True)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _on_ready(self, gradients: Gradients) -> None:
        self._last_ready, self._n_unused_passes = gradients.optimizer, 0
        view = self._on_gradients(gradients)
        if view is not None and self._norms.is_on and gradients.optimizer is not None:
            self._guarded(self._settle_norms, view, gradients.grad_scale)

    def _settle_norms(self, view: StepView, grad_scale: torch.Tensor | None) -> None:
        self._norms.gradients_ready(view.gradients.statistic(Statistic.NORM), self.loss_scale, grad_scale)

    def _see_whether_it_stepped(self, scaler: GradScaler, optimizer: torch.optim.Optimizer) -> None:
        held = self._station.held_of(optimizer)
        if self._last_ready is not optimizer and held:
            self.left_out |= held.keys()
            self.why_skipped = "GradScaler found Inf or NaN in the scaled gradients and left the step out."
            if self._is_passed_by:
                self._keep_scale(scaler)
            else:
                self._norms.settle(self.loss_scale)
        self._last_ready = None

    def _keep_scale(self, scaler: GradScaler) -> None:
        scale = getattr(scaler, "_scale", None)
        if isinstance(scale, torch.Tensor):
            self.loss_scale, self._is_scaled = scale.detach().clone(), True

    def _forget_cleared_passes(self) -> None:
        """Passes that left no gradient were another model's, or given up: they are no part of this step."""
        if self._n_unused_passes and self._norms.has_nothing_to_use():
            self.loss, self._n_unused_passes = None, 0
            self._norms.start_over()
            self._on_start_over()
        self._n_unused_passes += 1

    def _add_loss(self, roots: Any) -> None:
        tensors = [roots] if isinstance(roots, torch.Tensor) else list(roots or ())
        for tensor in tensors:
            if not isinstance(tensor, torch.Tensor) or tensor.numel() != 1 or not tensor.is_floating_point():
                continue
            loss = tensor.detach().reshape(())
            if self._is_scaled and self.loss_scale is not None:
                loss = loss.float() / self.loss_scale.to(loss.device, non_blocking=True).reshape(())
            self.loss = loss.clone() if self.loss is None else self.loss + loss.to(self.loss.device, non_blocking=True)

    def _guarded(self, run: Callable[..., None], *args: Any, also_passed_by: bool = False) -> None:
        """Within a step only; whatever fails is reported once and off from then on: it must not reach user code."""
        if self._is_passed_by and not also_passed_by:
            return
        if not self._is_in_step or self._has_failed or threading.get_ident() != self._thread:
            return  # another model may be trained in another thread
        began_s = own_seconds()
        try:
            with torch.no_grad():
                run(*args)
        except Exception as error:
            self._has_failed = True
            self._norms.end_step()
            self._report("gradients on their way", error)
        self.spent_s += own_seconds() - began_s
