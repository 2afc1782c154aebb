"""Turns what happens in a step into records: probes measure, the recorder emits."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from traceback import TracebackException

import torch
from torch import nn
from torch.optim.optimizer import Optimizer

from moduleview.hooks.hook_set import HookSet
from moduleview.hooks.model_index import ModelIndex
from moduleview.hooks.own_time import own_seconds
from moduleview.probes.base import Measured, Moment, Probe, StepView
from moduleview.probes.emitter import Emitter
from moduleview.probes.governor import DEFAULT_BUDGET, Governor
from moduleview.probes.gradient_station import Gradients
from moduleview.probes.gradient_way import GradientWay
from moduleview.probes.hook_recording import HookRecording
from moduleview.probes.plain_values import scope_of
from moduleview.probes.probe_set import ProbeSet
from moduleview.probes.station_norms import is_distributed
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.quantities import LOCAL_QUANTITIES, OVERHEAD, Scope
from moduleview.telemetry.records import LogLine, Record
from moduleview.telemetry.snapshot import ModelSnapshot


class Recorder:
    """Measures and emits, one record a step. Training thread only; one recorder for each ``ModelOpened``.

    The engine calls, in this order: ``attach``; for each step ``begin_step``, the user's step, ``end_step``; and at the
    end ``detach``, which leaves no trace. ``set_hooks`` and ``rebind`` belong between two steps; a ``set_hooks`` that
    comes within a step waits for its end. None of these raises because of what a probe or a hook met: that one is
    switched off and reported, and training goes on.

    It measures one quantity of its own: ``overhead``, the share of the last seconds (0..1) that all measuring took,
    hooks included: a mean, since a step in which much is measured pays for those that are passed by. How to read it:
    0.01 means that a hundredth of the time of training goes into watching it.

    Args:
        model: What is trained.
        put: Takes the records; never waits, never raises.
        rank: Of this process.
        quantities: Measure only these; None for all that there are probes for.
        every: Measure each of them in one of so many steps; None leaves that to the probes.
        budget: Share of the step's time that measuring may take, 0..1; None for no limit.
    """

    def __init__(
        self,
        model: nn.Module,
        put: Callable[[Record], None],
        *,
        rank: int = 0,
        quantities: Collection[str] | None = None,
        every: int | None = None,
        budget: float | None = DEFAULT_BUDGET,
    ) -> None:
        self._model = model
        self._put = put
        self._rank = rank
        self._snapshot: ModelSnapshot | None = None
        self._index = ModelIndex(model)
        self._governor = Governor(budget)
        self.measure_always = self._governor.demand
        self._probes = ProbeSet(self._governor, self._say_switched_off, quantities, every, self._say)
        self._hooks = HookRecording(self._index, self._governor, put)
        self._way = GradientWay(self._on_gradients, self._on_updating, self.hooks, self._say_switched_off)
        self._way.bind(self._index.unique_parameters)
        self._emitter = Emitter(put, rank)
        self._step, self._is_in_step, self._is_idle = 0, False, False
        self._began_s = self._spent_s = self._late_s = 0.0

    @property
    def hooks(self) -> HookSet:
        """What is ticked, for the board that shows everyone's."""
        return self._hooks.hooks

    def attach(self, *, is_told: bool = True) -> None:
        """Training begins: put the global optimizer hook on; ``is_told`` as in ``HookSet.attach``."""
        self._way.attach()
        self._hooks.is_told = is_told
        self.hooks.attach(is_told=is_told)

    def detach(self) -> None:
        """Take everything of ours off and emit what is still under way; ``attach`` begins anew with no hook ticked."""
        self._way.detach()
        self.hooks.remove_all()
        self._probes.forget()
        self.flush()
        self._is_in_step = False

    @property
    def parameters(self) -> Mapping[str, nn.Parameter]:
        """All that are measured by FQN, each at its first place."""
        return self._index.unique_parameters

    @property
    def is_in_step(self) -> bool:
        """Between ``begin_step`` and ``end_step``."""
        return self._is_in_step

    def gradients_may_be_final(self) -> None:
        """A backward pass ended in a loop of which nobody knows whether an optimizer will say more."""
        self._way.read_now()

    def begin_step(self, step: int, since_s: float | None = None) -> None:
        """A step begins.

        Args:
            step: Its number, from 0, larger than the one before.
            since_s: Where that is noticed late: when it began, by ``time.perf_counter``.
        """
        began_s = own_seconds()
        self._step, self._is_in_step, self._spent_s, self._late_s = step, True, self._late_s, 0.0
        self._began_s = time.perf_counter() if since_s is None else since_s
        self._is_idle = self._governor.begin_step(step) and not self.hooks.is_awaited
        if self._is_idle:
            self._way.pass_by()
            return
        self._emitter.begin_step()
        self._find_changes()
        first = next(iter(self._index.unique_parameters.values()), None)
        self._probes.set_device(None if first is None else first.device)
        self._probes.begin_step(step)
        self._way.begin_step(self._probes.wanted)
        self._hooks.begin_step(step)
        self._spent_s += own_seconds() - began_s

    def end_step(self, step: int, time_s: float, loss: torch.Tensor | float | None) -> None:
        """A step ended: measure what is measured after it, and emit.

        Args:
            step: As given to ``begin_step``.
            time_s: Seconds since the run began, without pauses.
            loss: What the step returned, or None where backward told it; a tensor is not waited for.
        """
        if self._is_idle:
            self._spent_s += self._way.end_step(self._put, self._rank, step)
            self._settle()
            return
        began_s = own_seconds()
        with torch.no_grad():
            self._way.end_step(self._put, self._rank, step)
            loss = self._way.loss if loss is None else loss
            way, parameters = self._way, self._index.unique_parameters
            view = self._view(parameters, loss=loss, stations=way.stations, left_out=way.left_out)
            self._measure(Moment.STEP_END, view)
            self._hooks.end_step(self._emitter, 0 if self._snapshot is None else self._snapshot.generation)
            noted_s = own_seconds()  # what follows counts to the next step: the record has to hold this
            self._spent_s += noted_s - began_s
            self._spent_s += self._way.spent_s + self.hooks.spent_s
            self._add_overhead()
            try:
                self._emitter.send(step, time_s, wait=len(self._governor.demanded) > 0)
            except Exception as error:  # out of memory for the copy
                self._say(f"The measurements of step {step} were lost: {error!r}")
        self._settle()
        self._late_s = own_seconds() - noted_s

    def count_late(self, seconds: float) -> None:
        """Time that watching took after ``end_step``; it counts to the next step."""
        self._late_s += seconds

    def abandon_step(self) -> None:
        """The step raised and will not end: drop what was measured in it, and tick what waited for its end."""
        if self._is_in_step:
            self._is_in_step = False
            self._emitter.begin_step()
            self._way.abandon_step()
            self.hooks.abandon_step()
            self._hooks.tick_waiting()

    def flush(self) -> None:
        """Training stands still: emit what is still under way to the host, and the hooks' counts as they are now."""
        try:
            self._emitter.emit_arrived(wait=True)
        except RuntimeError as error:  # the device failed; its values are lost with it
            self._emitter.drop()
            self._say(f"The last measurements were lost: {error!r}")
        self._hooks.say_news()

    def set_hooks(self, command: SetHooks) -> None:
        """Tick or untick hooks and say what stands now. Within a step it waits for the step's end."""
        self._hooks.tick(command, is_in_step=self._is_in_step)

    def set_budget(self, share: float | None) -> None:
        """Measuring may take this share of the step's time from now on, 0..1; None for no limit."""
        self._governor.set_budget(share)

    def rebind(self, snapshot: ModelSnapshot) -> None:
        """Structure, device or parameters changed: find every name again and put the ticked hooks back on.

        Args:
            snapshot: The new picture; its FQNs are the names from now on.
        """
        self._snapshot = snapshot
        self._bind(ModelIndex(self._model, snapshot))
        self._hooks.say()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _view(self, parameters: Mapping[str, nn.Parameter], **more: object) -> StepView:
        return StepView(
            self._step,
            parameters,
            loss_scale=self._way.loss_scale,
            wanted=self._probes.wanted,
            **more,  # type: ignore[arg-type]
        )

    def _find_changes(self) -> None:
        """The user's code may have put others in place of what is ticked or trained; others call ``rebind``."""
        has_lost_target = self.hooks.has_lost_target()
        if has_lost_target or self._way.has_new_parameters:
            index = ModelIndex(self._model, self._snapshot)
            if has_lost_target or not index.is_same(self._index):
                self._bind(index)
            else:
                self._way.accept_parameters()

    def _bind(self, index: ModelIndex) -> None:
        self._index = index
        self._way.bind(index.unique_parameters)
        self._hooks.bind(index)

    def _on_gradients(self, gradients: Gradients) -> StepView | None:
        """Gradients are ready: just before the optimizer, or at the step's end where there is none."""
        if not self._is_in_step or self._is_idle:
            return None
        began_s = own_seconds()
        with torch.no_grad():
            self._hooks.gradients_are_ready(gradients.parameters)
            group = self._emitter.new_group(gradients)
            view = self._view(gradients.parameters, grad_scale=gradients.grad_scale, optimizer=gradients.optimizer)
            self._measure(Moment.GRADIENTS_READY, view, group)
        self._spent_s += own_seconds() - began_s
        return view

    def _on_updating(self, parameters: Mapping[str, nn.Parameter], optimizer: Optimizer | None) -> None:
        if self._is_in_step and parameters and not self._is_idle:
            began_s = own_seconds()
            with torch.no_grad():
                self._probes.before_update(self._view(parameters, optimizer=optimizer))
            self._spent_s += own_seconds() - began_s

    def _measure(self, moment: Moment, view: StepView, group: int = 0) -> None:
        def take(probe: Probe, measured: Measured) -> None:
            self._emitter.add(measured.quantity or probe.quantity, measured, group, self._scope_of)

        self._probes.measure(moment, view, take)

    def _scope_of(self, quantity: str, fqn: str) -> Scope:
        is_local = quantity in LOCAL_QUANTITIES or not fqn
        if not fqn or fqn not in self._index.unique_parameters:
            return Scope.LOCAL if is_local and is_distributed() else Scope.GLOBAL
        return scope_of(self._index.unique_parameters[fqn], is_local=is_local and is_distributed())

    def _add_overhead(self) -> None:
        share = self._governor.mean_share(time.perf_counter() - self._began_s, self._spent_s)
        self._emitter.add_number(OVERHEAD, "", share)

    def _settle(self) -> None:
        """The step is over: settle its costs, and tick what waited."""
        self._is_in_step = False
        self._probes.end_step()
        self._hooks.charge()
        if self._governor.end_step(time.perf_counter() - self._began_s, self._spent_s):
            self._hooks.send_bill(self._step + 1)
        self._hooks.tick_waiting()

    def _say_switched_off(self, what: str, error: Exception) -> None:
        for line in _failure_lines(what, self._step, error):
            self._say(line)

    def _say(self, text: str) -> None:
        self._put(LogLine(time.time(), "moduleview", text))


def _failure_lines(what: str, step: int, error: Exception) -> Iterator[str]:
    """What is said of a measurement that raised; as text, since the exception keeps tensors alive."""
    yield f"Measuring {what} failed at step {step} and was switched off: {error!r}"
    for part in TracebackException.from_exception(error).format():
        yield from part.rstrip("\n").split("\n")
