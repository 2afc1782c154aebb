"""What happens to the gradients between the loss and the weights: passes, scale, unscaling, the optimizer, a skip."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.amp.grad_scaler import GradScaler

from moduleview.hooks.hook_set import HookSet
from moduleview.hooks.own_time import own_seconds
from moduleview.hooks.taps import Taps
from moduleview.probes.base import Measured, StepView
from moduleview.probes.gradient_station import FUSED_SKIPPED, Gradients, GradientStation
from moduleview.probes.station_norms import StationNorms
from moduleview.probes.statistic import Statistic
from moduleview.probes.step_loss import StepLoss, scale_of
from moduleview.probes.step_values import HostCopy
from moduleview.telemetry.quantities import STATION_NORMS
from moduleview.telemetry.records import Record
from moduleview.telemetry.step_outcome import StepSkipped


class GradientWay:
    """Follows one step from its loss to its update. Training thread only; never raises.

    Args:
        on_gradients: Called when gradients are ready; gives what probes saw then.
        on_updating: Called with the parameters that are about to change, and the optimizer that will do it.
        hooks: Told when a backward pass begins, and that gradients were cleared which no optimizer has used.
        report: Takes (what, error) when following them failed; it is off from then on.
    """

    def __init__(
        self,
        on_gradients: Callable[[Gradients], StepView | None],
        on_updating: Callable[[Mapping[str, nn.Parameter], torch.optim.Optimizer | None], None],
        hooks: HookSet,
        report: Callable[[str, Exception], None],
    ) -> None:
        self._on_gradients, self._on_updating = on_gradients, on_updating
        self._hooks = hooks
        self._report = report
        self._station = GradientStation(
            lambda gradients: self._safely(self._on_ready, gradients),
            lambda parameters, optimizer: self._safely(on_updating, parameters, optimizer),
        )
        self._norms = StationNorms(lambda error: self._report("gradients on their way", error))
        self._taps = Taps(self)
        self._loss = StepLoss()
        self._is_in_step = self._is_passed_by = self._has_failed = False
        self._was_ours = self._was_used_in_pass = False  # the last pass brought the model something; it was used in it
        self._n_unused_passes = self._thread = 0
        self._last_ready: torch.optim.Optimizer | None = None
        self._found_inf: list[HostCopy] = []  # by fused optimizers, in a step of which nothing is measured
        self._doubted: deque[tuple[int, list[HostCopy]]] = deque()  # steps that they may have left out
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
        return self._station.held.has_new

    def accept_parameters(self) -> None:
        """It was looked at, and they are not the model's."""
        self._station.held.has_new = False

    @property
    def loss(self) -> torch.Tensor | None:
        """Sum of what this step's passes started from, 0-d, in the loss's own units."""
        return self._loss.value

    @property
    def loss_scale(self) -> torch.Tensor | None:
        """What mixed precision multiplied it by, 0-d; None where there is none."""
        return self._loss.scale

    @property
    def stations(self) -> Mapping[str, Sequence[Measured]]:
        """What was measured on the way in this step, by quantity."""
        return self._norms.measured

    def begin_step(self, wanted: frozenset[str]) -> None:
        """A step begins; of ``wanted`` quantities only those of the way matter here."""
        self._begin(is_passed_by=False)
        self._n_unused_passes = 0
        self._station.begin_step()
        self._norms.begin_step(is_on=not wanted.isdisjoint(STATION_NORMS) and not self._has_failed)

    def pass_by(self) -> None:
        """A step begins of which nothing is measured; that mixed precision leaves it out is seen all the same."""
        self._begin(is_passed_by=True)

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
        self._tell_of_fused(put, rank, step)
        return self.spent_s

    def abandon_step(self) -> None:
        """It raised, and will not end."""
        self._norms.end_step()
        self._is_in_step = False
        self._loss.begin_step()

    def read_now(self) -> None:
        """Nobody may say later that these gradients are final: a loop that updates by hand tells nothing."""
        if self._is_in_step and not self._is_passed_by and self._was_ours and self.loss_scale is None:
            self._station.read_all()

    # -- what the taps say -----------------------------------------------------------------------------------------

    def on_loss_scaling(self) -> None:
        """The scale is there only after the first call."""

    def on_loss_scaled(self, scaler: GradScaler, scaled: Any) -> None:
        """Its backward will follow, or another model's."""
        self._guarded(self._loss.scaled, scaler, scaled)

    def on_backward_begins(self, roots: Sequence[Any]) -> None:
        """The loss is what backward starts from."""
        self._guarded(self._begin_pass, roots)

    def on_backward_ended(self) -> None:
        """Gradients are accumulated, and reduced."""
        self._guarded(self._end_pass)

    def on_gradients_asked(self, inputs: Sequence[Any]) -> None:
        """They are looked at when they are there."""

    def on_gradients_given(
        self, roots: Sequence[Any], inputs: Sequence[Any], gradients: Sequence[Any], *, is_final: bool
    ) -> None:
        """Whoever asked may put them on the parameters, or update by hand."""
        if any(self._station.held.name_of(one) is not None for one in inputs):
            self._guarded(self._take_given, roots, inputs, gradients, is_final)

    def on_unscaling(self, optimizer: torch.optim.Optimizer) -> None:  # noqa: ARG002  the gradients are all swept
        """Scaled gradients can be seen for the last time."""
        self._guarded(self._norms.unscaling)

    def on_scaler_stepped(self, scaler: GradScaler, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer that did not step was skipped."""
        self._guarded(self._see_whether_it_stepped, scaler, optimizer, also_passed_by=True)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _begin(self, *, is_passed_by: bool) -> None:
        self._is_in_step, self._is_passed_by = True, is_passed_by
        self._last_ready, self._thread, self._was_ours = None, threading.get_ident(), False
        self._loss.begin_step()
        self.why_skipped, self.spent_s, self.left_out = "", 0.0, frozenset()

    def _begin_pass(self, roots: Sequence[Any]) -> None:
        """Passes whose gradients were cleared were given up: they are no part of this step."""
        if self._n_unused_passes and self._norms.has_nothing_to_use():
            self._n_unused_passes = 0
            self._loss.start_over()
            self._norms.start_over()
            self._hooks.start_over()
        self._hooks.pass_begins(roots)
        self._was_used_in_pass = False
        self._loss.pass_begins(roots)
        self._norms.pass_begins()

    def _end_pass(self) -> None:
        is_ours = self._was_ours = self._norms.pass_ended(was_used=self._was_used_in_pass)
        self._loss.pass_ended(is_ours=is_ours)
        if is_ours and not self._was_used_in_pass:
            self._n_unused_passes += 1

    def _take_given(
        self, roots: Sequence[Any], inputs: Sequence[Any], gradients: Sequence[Any], is_final: bool
    ) -> None:
        self._loss.given(roots, is_final=is_final)
        if is_final:
            given = self._station.with_given(inputs, gradients)
            self._norms.given(given)
            if not self._station.has_optimizer:
                self._station.read_all(given)

    def _on_ready(self, gradients: Gradients) -> None:
        self._last_ready = gradients.optimizer
        if gradients.optimizer is not None:
            self._was_used_in_pass, self._n_unused_passes = True, 0
        if self._is_passed_by and gradients.found_inf is not None:
            self._found_inf.append(HostCopy(gradients.found_inf.detach().reshape(1)))
        view = self._on_gradients(gradients)
        if view is not None and self._norms.is_on and gradients.optimizer is not None:
            self._guarded(self._settle_norms, view, gradients.grad_scale)

    def _settle_norms(self, view: StepView, grad_scale: torch.Tensor | None) -> None:
        self._norms.gradients_ready(view.gradients.statistic(Statistic.NORM), self.loss_scale, grad_scale)

    def _see_whether_it_stepped(self, scaler: GradScaler, optimizer: torch.optim.Optimizer) -> None:
        was_silent, self._last_ready = self._last_ready is not optimizer, None
        held = self._station.held.of(optimizer)
        if not was_silent or not held:
            return
        if not _has_found_inf(scaler, optimizer):
            self._on_ready(Gradients(held, optimizer))  # it was compiled; the gradients are still those that it used
            return
        self.left_out |= held.keys()
        self.why_skipped = "GradScaler found Inf or NaN in the scaled gradients and left the step out."
        if self._is_passed_by:
            self._loss.scale = scale_of(scaler)
        else:
            self._on_updating(held, optimizer)  # which it did not, and the weights will show it
            self._norms.settle(self.loss_scale)

    def _tell_of_fused(self, put: Callable[[Record], object], rank: int, step: int) -> None:
        """What a device has said by now of the steps so far."""
        if self._found_inf:
            self._doubted.append((step, self._found_inf))
            self._found_inf = []
        while self._doubted and all(copy.has_arrived() for copy in self._doubted[0][1]):
            of_step, copies = self._doubted.popleft()
            if any(copy.wait().any() for copy in copies):
                put(StepSkipped(rank, of_step, FUSED_SKIPPED))

    def _guarded(self, run: Callable[..., None], *args: Any, also_passed_by: bool = False) -> None:
        """Within a step only; whatever fails is reported once and off from then on: it must not reach user code."""
        if self._is_passed_by and not also_passed_by:
            return
        if not self._is_in_step or self._has_failed or threading.get_ident() != self._thread:
            return  # another model may be trained in another thread
        began_s = own_seconds()
        with torch.no_grad():
            self._safely(run, *args)
        self.spent_s += own_seconds() - began_s

    def _safely(self, run: Callable[..., None], *args: Any) -> None:
        try:
            run(*args)
        except Exception as error:
            self._has_failed = True
            self._norms.end_step()
            self._report("gradients on their way", error)


def _has_found_inf(scaler: GradScaler, optimizer: torch.optim.Optimizer) -> bool:
    """Why the scaler has not called the optimizer; it has waited for these numbers itself. True where it keeps none."""
    state = getattr(scaler, "_per_optimizer_states", {}).get(id(optimizer), {})
    found = state.get("found_inf_per_device", {}).values()
    return not found or any(float(one) for one in found)
