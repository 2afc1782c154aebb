"""Where one training step of somebody else's loop ends and the next begins."""

from __future__ import annotations

import functools
import os
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, cast

import torch
from torch import nn
from torch.amp.grad_scaler import GradScaler
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.utils.hooks import RemovableHandle

from moduleview.engine.call_stack import outer_optimizers
from moduleview.engine.weight_marks import WeightMarks
from moduleview.hooks.global_forward_hook import GlobalForwardHook
from moduleview.hooks.own_warnings import OwnWarnings
from moduleview.hooks.silent_hook import is_in_backward
from moduleview.hooks.taps import Taps
from moduleview.introspect.living import instances_of
from moduleview.probes.held_parameters import HeldParameters

P = ParamSpec("P")


class BoundaryListener(Protocol):
    """What is told. On the thread that trains; what it raises it is told as well."""

    def on_step_begins(self) -> None:
        """A training step has begun, if none was on its way."""

    def on_step_ended(self) -> None:
        """It is over: the weights are new, or mixed precision left them as they were."""

    def on_gradients_may_be_final(self) -> None:
        """Gradients are there, and nobody may say so later."""

    def on_other_stepped(self) -> None:
        """An optimizer stepped that holds nothing which is known, but perhaps what is new."""

    def on_moment(self, *, is_last_hook: bool) -> None:
        """The loop is somewhere where what was asked for within a step may be done."""

    def on_failed(self, error: Exception) -> None:
        """Something here raised; the loop goes on."""


def _guarded(
    heard: Callable[Concatenate[StepBoundaries, P], None],
) -> Callable[Concatenate[StepBoundaries, P], None]:
    """Nothing that we do wrong may reach the user's step; nothing is heard of what torch only compiles."""

    @functools.wraps(heard)
    def run(self: StepBoundaries, *args: P.args, **kwargs: P.kwargs) -> None:
        if torch.compiler.is_compiling():
            return
        try:
            if os.getpid() == self.pid:  # a forked worker inherits the hooks
                heard(self, *args, **kwargs)
        except Exception as error:
            self.listener.on_failed(error)

    return cast("Callable[Concatenate[StepBoundaries, P], None]", run)


class StepBoundaries:
    """Tells where each step of a loop begins and ends that knows nothing of us.

    A step begins with the first call of one of the model's modules where that matters (something is ticked) and grad
    mode is on, otherwise with the first backward pass. It ends when an optimizer that holds our parameters has stepped
    (where one steps within another's step, as Lookahead's does, with the outer one), and when a ``GradScaler`` left its
    step out. An optimizer that steps within backward, as one a parameter does, ends the step with the end of backward.

    A loop that updates weights by hand has neither: there a step is over when the next backward begins and the weights
    are others than after the last one. So it is with an optimizer whose ``step`` torch.compile has made its own, which
    calls no hooks. Where an optimizer holds the weights and has not stepped, they were only moved for a moment, as SAM
    does it.

    Attributes:
        listener: Is told.
        pid: The process that trains.
        is_told: The loop itself says where a step is over, and nothing else does.
    """

    def __init__(self, listener: BoundaryListener) -> None:
        self.listener = listener
        self.pid = os.getpid()
        self.is_told = False
        self._taps = Taps(self)
        self._handles: list[RemovableHandle] = []
        self._forward_hook = GlobalForwardHook(self._on_forward, is_pre=True)
        self._wants_forward = False
        self._warnings = OwnWarnings("boundaries")
        self._modules: frozenset[int] = frozenset()
        self._parameters: Mapping[str, nn.Parameter] = {}
        self._held = HeldParameters()
        self._wanted: frozenset[int] | None = None  # an optimizer that holds one of these ends steps; None for any
        self._left_to_others: list[weakref.ref[nn.Parameter]] | None = None
        self._thread: int | None = None
        self._has_optimizer = self._is_over_after_backward = False
        self._marks: WeightMarks | None = None  # of the weights when the last backward ended
        self._is_optimizers: bool | None = None  # who changes the weights is one that says so itself; None: not known
        self._compiled = _CompiledStep()
        self._stepped: Optimizer | None = None

    def bind(self, model: nn.Module, parameters: Mapping[str, nn.Parameter], optimizer: Optimizer | None) -> None:
        """Look at this model; with ``optimizer`` only one that holds some of the same parameters ends a step.

        What is new in the model since the first time is nobody's: one that holds some of that ends a step as well.
        """
        self._modules = frozenset(map(id, model.modules()))
        self._parameters = parameters
        self._held.bind(parameters)
        if self._marks is not None:
            self._marks = WeightMarks(parameters)
        if optimizer is not None:
            held = frozenset(map(id, self._held.of(optimizer).values()))
            if self._left_to_others is None:
                self._left_to_others = [weakref.ref(p) for p in parameters.values() if id(p) not in held]
            left = frozenset(id(p) for ref in self._left_to_others if (p := ref()) is not None)
            self._wanted = held | (frozenset(map(id, parameters.values())) - left)

    def put_on_before(self) -> None:
        """Listen to what begins a step; before the recorder is attached, so that it hears of it within the step."""
        self._handles.append(register_optimizer_step_pre_hook(self._on_stepping))

    def put_on_after(self) -> None:
        """Listen to the rest; after the recorder, so that it has heard what belongs to the step that ends."""
        self._taps.put_on()
        self._handles.append(register_optimizer_step_post_hook(self._on_stepped))

    def watch_forward(self, *, is_wanted: bool) -> None:
        """Begin a step with the first call of a module, or (cheaper) with the first backward pass."""
        if is_wanted:
            self._wants_forward = True
            self._warnings.hush()
            self._forward_hook.put_on()
        elif self._wants_forward:
            self._wants_forward = False
            self._warnings.restore()
            self._forward_hook.take_off()

    def take_off(self) -> None:
        """Listen no more."""
        self.watch_forward(is_wanted=False)
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._taps.take_off()
        self._held.let_go()
        self._marks = self._stepped = None

    @_guarded
    def end_step_as_told(self) -> None:
        """The loop says that a step is over, which may have begun with nothing that is seen."""
        self._begin()
        self._end_step()

    @_guarded
    def end_step_by_hand(self) -> None:
        """Nothing follows: a step by hand that is complete ends."""
        self._end_unseen_step()

    def is_own_thread(self) -> bool:
        """Another model may be trained in another thread, and its passes are not ours."""
        return (
            self._thread in (None, threading.get_ident())
            or not any(thread.ident == self._thread for thread in threading.enumerate())  # it is over, another goes on
        )

    # -- what is heard ---------------------------------------------------------------------------------------------

    @_guarded
    def on_loss_scaling(self) -> None:
        """Mixed precision: backward will follow."""
        if self.is_own_thread():
            self._stepped = None
            self._begin()

    def on_loss_scaled(self, scaler: GradScaler, scaled: Any) -> None:
        """Says nothing about a step."""

    @_guarded
    def on_backward_begins(self, roots: Sequence[Any]) -> None:  # noqa: ARG002  the recorder looks at them
        """Another pass of the same step, unless the weights have changed since the one before."""
        if self.is_own_thread():
            self._stepped = None
            self._begin_pass()

    @_guarded
    def on_backward_ended(self) -> None:
        """Gradients are there, or used already."""
        if not self.is_own_thread():
            return
        if self._is_over_after_backward:
            self._end()
        elif not self._has_optimizer:
            self._marks = WeightMarks(self._parameters)
            self.listener.on_gradients_may_be_final()
        self.listener.on_moment(is_last_hook=False)

    @_guarded
    def on_gradients_asked(self, inputs: Sequence[Any]) -> None:
        """A pass as well where they are our parameters'."""
        if self._are_ours(inputs) and self.is_own_thread():
            self._begin_pass()

    @_guarded
    def on_gradients_given(
        self,
        roots: Sequence[Any],  # noqa: ARG002  the recorder looks at them
        inputs: Sequence[Any],
        gradients: Sequence[Any],  # noqa: ARG002
        *,
        is_final: bool,  # noqa: ARG002
    ) -> None:
        """Who asked may update with them, by hand."""
        if not self._has_optimizer and self._are_ours(inputs) and self.is_own_thread():
            self._marks = WeightMarks(self._parameters)

    def on_unscaling(self, optimizer: Optimizer) -> None:
        """Says nothing about a step."""

    @_guarded
    def on_scaler_stepped(self, scaler: GradScaler, optimizer: Optimizer) -> None:  # noqa: ARG002
        """An optimizer that did not step was left out."""
        if self._stepped is not optimizer and self._is_ours(optimizer):
            self._end()
        self._stepped = None

    @_guarded
    def _on_forward(self, module: nn.Module, args: Any) -> None:  # noqa: ARG002
        if id(module) in self._modules and torch.is_grad_enabled() and self.is_own_thread() and not is_in_backward():
            self._begin()

    @_guarded
    def _on_stepping(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:  # noqa: ARG002
        if self._is_ours(optimizer):
            self._has_optimizer, self._marks = True, None
            self._begin()

    def _on_stepped(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:  # noqa: ARG002
        if torch.compiler.is_compiling():
            self._compiled.is_over = True  # what is compiled of this line runs with every step
        else:
            self._after_step(optimizer)

    @_guarded
    def _after_step(self, optimizer: Optimizer) -> None:
        if self._is_ours(optimizer):
            self._stepped = optimizer
            if is_in_backward():
                self._is_over_after_backward = True
            elif not any(map(self._is_ours, outer_optimizers())):
                self._end()
        elif self.is_own_thread() and not is_in_backward():
            self.listener.on_other_stepped()
        self.listener.on_moment(is_last_hook=self._is_last_hook())

    # -- inside ----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.listener.on_step_begins()
        if self._forward_hook.is_on:
            self._forward_hook.take_off()  # until the step is over: each call of a module would pay for it

    def _begin_pass(self) -> None:
        self.listener.on_moment(is_last_hook=False)
        self._end_unseen_step()
        self._begin()

    def _end(self) -> None:
        self._thread = threading.get_ident()
        self._has_optimizer, self._is_over_after_backward, self._marks = True, False, None
        if not self.is_told:
            self._end_step()

    def _end_step(self) -> None:
        """A step is over, whoever says so."""
        self.listener.on_step_ended()
        if self._wants_forward:
            self._forward_hook.put_on()

    def _end_unseen_step(self) -> None:
        """Where the weights are others than when the last backward ended, and nobody has said why."""
        if self._marks is None or self.is_told or self._marks.are_those_of(self._parameters):
            return
        was_compiled, self._compiled.is_over = self._compiled.is_over, False
        if was_compiled or not self._will_be_said():
            self._marks = None
            self._end_step()

    def _will_be_said(self) -> bool:
        """An optimizer holds our parameters: who has moved them now, as SAM does, does not end the step."""
        if self._is_optimizers is None:
            self._is_optimizers = self._wanted is not None or any(map(self._is_ours, _all_optimizers()))
        return self._is_optimizers

    def _is_ours(self, optimizer: Optimizer) -> bool:
        held = self._held.of(optimizer).values()
        return bool(held) if self._wanted is None else any(id(parameter) in self._wanted for parameter in held)

    def _are_ours(self, inputs: Sequence[Any]) -> bool:
        return any(self._held.name_of(one) is not None for one in inputs)

    def _is_last_hook(self) -> bool:
        """Torch calls no hook after ours in this step: the table of them may change."""
        table = self._handles[-1].hooks_dict_ref() if self._handles else None
        return table is not None and next(reversed(table), None) == self._handles[-1].id


class _CompiledStep:
    """What torch.compile has made of an optimizer's step calls no hook, but still writes down here that it is over."""

    is_over = False


def _all_optimizers() -> list[Optimizer]:
    """Those of this program. It takes some hundredths of a second, so it is asked for once at most."""
    return instances_of(Optimizer)
