"""The moment at which gradients are read: just before the optimizer uses them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from operator import is_
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.utils.hooks import RemovableHandle


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
        self._fqn_of: dict[int, str] = {}
        self._parameters: Mapping[str, nn.Parameter] = {}
        self._handles: tuple[RemovableHandle, ...] = ()
        self._pid = os.getpid()
        self._seen_optimizer = False
        self._fired = False
        self._versions: list[int] = []
        self._others: frozenset[int] = frozenset()  # in optimizers beside ours, and seen before
        self._last_params: list[nn.Parameter] = []
        self._last_held: Mapping[str, nn.Parameter] = {}
        self.has_new_parameters = False

    def bind(self, parameters: Mapping[str, nn.Parameter]) -> None:
        """Look at these parameters from now on."""
        self._parameters = parameters
        self._fqn_of = {id(parameter): fqn for fqn, parameter in parameters.items()}
        self._last_params, self._last_held, self._others = [], {}, frozenset()
        self.has_new_parameters = False

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
        self._last_params, self._last_held = [], {}
        self._handles = ()

    def held_of(self, optimizer: Optimizer) -> Mapping[str, nn.Parameter]:
        """Which of our parameters are in its groups, by FQN."""
        return self._held_by(optimizer)

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

    def read_all(self) -> None:
        """Take the gradients as they are for those that are used, whoever uses them."""
        self._fired = True
        self._on_gradients(Gradients(self._parameters))
        self._on_updating(self._parameters, None)

    def _on_optimizer_step(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if torch.compiler.is_compiling() or os.getpid() != self._pid:
            return
        if _has_closure(args, kwargs):
            self._on_updating(self._held_by(optimizer), optimizer)  # the gradients come within the step
        elif optimizer._optimizer_step_pre_hooks and self._held_by(optimizer):
            # torch runs these after the global ones, and they may clip: ours goes behind the last of them, for one step
            self._last_hooks.append(optimizer.register_step_pre_hook(self._on_last_pre_hook))
        else:
            self._read_before_update(optimizer)

    def _read_before_update(self, optimizer: Optimizer) -> None:
        self._read(optimizer)
        self._on_updating(self._held_by(optimizer), optimizer)

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
        held = self._held_by(optimizer)
        if not held:
            return
        self._fired = self._seen_optimizer = True
        self._on_gradients(
            Gradients(held, optimizer, getattr(optimizer, "grad_scale", None), getattr(optimizer, "found_inf", None))
        )

    def _held_by(self, optimizer: Optimizer) -> Mapping[str, nn.Parameter]:
        """Which of our parameters the optimizer holds; looked up again when it holds others than the last time."""
        params = list(chain.from_iterable(group["params"] for group in optimizer.param_groups))
        if len(params) == len(self._last_params) and all(map(is_, params, self._last_params)):
            return self._last_held
        held = {fqn: parameter for parameter in params if (fqn := self._fqn_of.get(id(parameter))) is not None}
        others = frozenset(id(p) for p in params if id(p) not in self._fqn_of) if held else frozenset()
        self.has_new_parameters |= not others <= self._others
        self._others |= others
        self._last_params, self._last_held = params, held
        return held

    def _read_versions(self) -> list[int]:
        return [
            p._version for p in self._parameters.values() if not is_lazy(p) and not p.is_inference()
        ]  # a lazy parameter refuses to be asked anything


def _has_closure(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """``args`` begins with the optimizer itself."""
    return any(map(callable, args[1:2])) or callable(kwargs.get("closure"))
