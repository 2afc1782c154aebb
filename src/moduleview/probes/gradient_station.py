"""The moment at which gradients are read: just before the optimizer uses them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.utils.hooks import RemovableHandle

from moduleview.probes.held_parameters import HeldParameters

FUSED_SKIPPED = "The fused optimizer left the step out: mixed precision found Inf or NaN in the gradients."


@dataclass(frozen=True, eq=False)
class Gradients:
    """Gradients that are ready.

    Attributes:
        parameters: Those that the optimizer holds, by FQN.
        optimizer: The one that is about to step, None where there is none.
        grad_scale: 0-d; a fused optimizer divides by it itself. None where the gradients are true already.
        found_inf: 0-d, not zero where a fused optimizer will skip this step. None where that is known otherwise.
        is_certain: False when no optimizer said so: then the step may have been skipped by mixed precision.
    """

    parameters: Mapping[str, nn.Parameter]
    optimizer: Optimizer | None = None
    grad_scale: torch.Tensor | None = None
    found_inf: torch.Tensor | None = None
    is_certain: bool = True


class GradientStation:
    """Calls back once for each optimizer that steps on our parameters. Training thread only.

    Args:
        on_gradients: They are there as they are used.
        on_updating: These parameters are about to change, by this optimizer or by hand; comes first where a closure
            computes the gradients.

    That is before the step; where a closure computes the gradients within it (LBFGS), it is after, and the gradients
    are those of the closure's last call.

    A step that mixed precision skips runs no optimizer hook, and neither does an update by hand. They are told apart
    at the step's end: once an optimizer was seen, its silence is a skipped step, which measures nothing. Before that,
    parameters that changed show an update by hand; so does a step that torch.compile has made its own.
    """

    def __init__(
        self,
        on_gradients: Callable[[Gradients], None],
        on_updating: Callable[[Mapping[str, nn.Parameter], Optimizer | None], None],
    ) -> None:
        self._on_gradients = on_gradients
        self._on_updating = on_updating
        self._last_hooks: list[RemovableHandle] = []
        self._held = HeldParameters()
        self._parameters: Mapping[str, nn.Parameter] = {}
        self._handles: tuple[RemovableHandle, ...] = ()
        self._pid = os.getpid()
        self._seen_optimizer = False
        self._fired = False
        self._versions: list[int] = []

    def bind(self, parameters: Mapping[str, nn.Parameter]) -> None:
        """Look at these parameters from now on."""
        self._parameters = parameters
        self._held.bind(parameters)

    def attach(self) -> None:
        """Put the global optimizer hooks on."""
        if not self._handles:
            self._handles = (
                register_optimizer_step_pre_hook(self._on_optimizer_step),
                register_optimizer_step_post_hook(self._on_optimizer_stepped),
            )

    def detach(self) -> None:
        """Take them off."""
        self._remove_last_hooks()
        for handle in self._handles:
            handle.remove()
        self._handles = ()
        self._held.let_go()

    @property
    def held(self) -> HeldParameters:
        """Which of our parameters each optimizer holds."""
        return self._held

    @property
    def has_optimizer(self) -> bool:
        """One of ours has stepped."""
        return self._seen_optimizer

    def begin_step(self) -> None:
        """A step begins."""
        self._fired = False
        self._remove_last_hooks()  # of a step that raised
        self._versions = [] if self._seen_optimizer else self._read_versions()

    def end_step(self) -> None:
        """A step ended: read what is there when no optimizer can say when."""
        if self._fired or self._seen_optimizer:
            return  # once an optimizer was seen, its silence is a skipped step
        changed_by_hand = self._versions != self._read_versions()
        self._on_gradients(Gradients(self._parameters, is_certain=changed_by_hand))

    def read_all(self, given: Mapping[str, nn.Parameter] | None = None) -> None:
        """Take the gradients as they are for those that are used, whoever uses them.

        Args:
            given: From ``with_given``; else what is accumulated.
        """
        self._fired = True
        self._on_gradients(Gradients(self._parameters if given is None else given))
        self._on_updating(self._parameters, None)

    def with_given(self, inputs: Sequence[Any], gradients: Sequence[Any]) -> Mapping[str, nn.Parameter]:
        """Parameters of ours with gradients that were not accumulated, but given to whoever asked for them."""
        found: dict[str, nn.Parameter] = {}
        for one, gradient in zip(inputs, gradients, strict=True):
            fqn = self._held.name_of(one)
            if fqn is not None and gradient is not None:
                found[fqn] = nn.Parameter(one.detach(), requires_grad=False)  # the same memory, another gradient
                found[fqn].grad = gradient.detach()
        return found

    def _on_optimizer_step(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if torch.compiler.is_compiling() or os.getpid() != self._pid:
            return
        if _has_closure(args, kwargs):
            self._on_updating(self._held.of(optimizer), optimizer)  # the gradients come within the step
        elif optimizer._optimizer_step_pre_hooks and self._held.of(optimizer):
            # torch runs these after the global ones, and they may clip: ours goes behind the last of them, for one step
            self._last_hooks.append(optimizer.register_step_pre_hook(self._on_last_pre_hook))
        else:
            self._read_before_update(optimizer)

    def _read_before_update(self, optimizer: Optimizer) -> None:
        self._read(optimizer)
        self._on_updating(self._held.of(optimizer), optimizer)

    def _on_last_pre_hook(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:  # noqa: ARG002
        self._read_before_update(optimizer)

    def _on_optimizer_stepped(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if torch.compiler.is_compiling():
            return
        self._remove_last_hooks()
        if _has_closure(args, kwargs):
            self._read(optimizer)

    def _remove_last_hooks(self) -> None:
        for handle in self._last_hooks:
            handle.remove()
        self._last_hooks.clear()

    def _read(self, optimizer: Optimizer) -> None:
        if os.getpid() != self._pid:
            return  # a forked worker inherits the hooks
        held = self._held.of(optimizer)
        if not held:
            return
        self._fired = self._seen_optimizer = True
        self._on_gradients(
            Gradients(held, optimizer, getattr(optimizer, "grad_scale", None), getattr(optimizer, "found_inf", None))
        )

    def _read_versions(self) -> list[int]:
        return [
            p._version for p in self._parameters.values() if not is_lazy(p) and not p.is_inference()
        ]  # a lazy parameter refuses to be asked anything


def _has_closure(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """``args`` begins with the optimizer itself."""
    return any(map(callable, args[1:2])) or callable(kwargs.get("closure"))
