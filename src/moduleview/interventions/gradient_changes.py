"""Changes gradients at the one moment that counts: when they are final, just before an optimizer uses them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import nn
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.utils.hooks import RemovableHandle


class GradientChange(Protocol):
    """What is done to some gradients.

    Attributes:
        parameters: Whose.
    """

    parameters: Sequence[nn.Parameter]

    def change(self, parameters: Sequence[nn.Parameter]) -> None:
        """Change the gradients of these, in place; none of them is None, and grad mode is off."""


class GradientChanges:
    """All that is done to gradients now, in the order in which it was asked for. Training thread only.

    It happens once an optimizer step, whatever was accumulated before: after the backward passes, after unscaling by a
    ``GradScaler``, after clipping in the loop and in the optimizer's own hooks. Where a closure computes the gradients
    within the step (LBFGS) it happens after each of its calls. A fused optimizer is given scaled gradients: they are
    changed in the loss's own units, and scaled again. Of two steps inside each other, as of a wrapper around an
    optimizer, the outer one counts. A step that mixed precision leaves out, an update by hand, and a step that
    torch.compile has made its own call no hook: there nothing is changed.

    What measures gradients looks behind these changes, since they stand on the optimizer while it steps, and its hooks
    are waited for. Between two steps nothing of this is on any optimizer, and without changes nothing at all.

    Attributes:
        has_acted: Changes that have changed a gradient.
        failed: Changes that raised, with the sentence; they are off.
    """

    def __init__(self) -> None:
        self._standing: list[GradientChange] = []
        self._handles: tuple[RemovableHandle, ...] = ()
        self._on_optimizers: list[RemovableHandle] = []
        self._inside: list[tuple[Optimizer, frozenset[int]]] = []
        self._pid = os.getpid()
        self.has_acted: set[GradientChange] = set()
        self.failed: list[tuple[GradientChange, str]] = []

    @property
    def standing(self) -> Sequence[GradientChange]:
        """What is done, in order."""
        return tuple(self._standing)

    def add(self, change: GradientChange) -> None:
        """Do this too, after the others."""
        self._standing.append(change)
        if not self._handles:
            before = register_optimizer_step_pre_hook(self._on_step)
            table = before.hooks_dict_ref()
            assert table is not None
            table.move_to_end(before.id, last=False)  # who measures sees then that the optimizer has hooks of its own
            self._handles = (before, register_optimizer_step_post_hook(self._on_stepped))

    def remove(self, change: GradientChange) -> None:
        """Do this no longer."""
        if change in self._standing:
            self._standing.remove(change)
        self.has_acted.discard(change)
        self.begin_step()

    def clear(self) -> None:
        """Do nothing any longer."""
        for change in self.standing:
            self.remove(change)
        self.begin_step()

    def begin_step(self) -> None:
        """Between two steps: take off what a step that raised has left, and all where nothing is done any more."""
        self._take_off()
        if not self._standing:
            for handle in self._handles:
                handle.remove()
            self._handles = ()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _take_off(self) -> None:
        for handle in self._on_optimizers:
            handle.remove()
        self._on_optimizers.clear()
        self._inside.clear()

    def _on_step(
        self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        if torch.compiler.is_compiling() or os.getpid() != self._pid:
            return None
        held = frozenset(id(parameter) for group in optimizer.param_groups for parameter in group["params"])
        if not any(id(parameter) in held for change in self._standing for parameter in change.parameters):
            return None
        if any(not held.isdisjoint(of_outer) for _, of_outer in self._inside):
            return None
        self._inside.append((optimizer, held))
        if callable(args[1] if len(args) > 1 else None):
            return (args[0], self._after(args[1], optimizer, held), *args[2:]), kwargs
        if callable(kwargs.get("closure")):
            return args, {**kwargs, "closure": self._after(kwargs["closure"], optimizer, held)}
        self._on_optimizers.append(optimizer.register_step_pre_hook(self._on_last_pre_hook))
        return None

    def _after(self, closure: Callable[[], Any], optimizer: Optimizer, held: frozenset[int]) -> Callable[[], Any]:
        def then_change() -> Any:
            loss = closure()
            self._act(optimizer, held)
            return loss

        return then_change

    def _on_last_pre_hook(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:  # noqa: ARG002
        held = next((of_this for one, of_this in self._inside if one is optimizer), None)
        if held is not None:
            self._act(optimizer, held)

    def _on_stepped(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:  # noqa: ARG002
        if self._inside and self._inside[-1][0] is optimizer:
            self._inside.pop()
        if not self._inside:
            self._take_off()

    def _act(self, optimizer: Optimizer, held: frozenset[int]) -> None:
        scale = getattr(optimizer, "grad_scale", None)
        with torch.no_grad():
            for change in self.standing:
                chosen = [p for p in change.parameters if id(p) in held and p.grad is not None]
                if chosen:
                    self._change(change, chosen, scale)

    def _change(self, change: GradientChange, chosen: Sequence[nn.Parameter], scale: torch.Tensor | None) -> None:
        """One that raises is switched off: it must not end the training."""
        gradients = [p.grad for p in chosen if p.grad is not None]
        try:
            for gradient in gradients if scale is not None else ():
                gradient.div_(scale.to(gradient.device))  # type: ignore[union-attr]
            change.change(chosen)
            for gradient in gradients if scale is not None else ():
                gradient.mul_(scale.to(gradient.device))  # type: ignore[union-attr]
        except Exception as error:
            self._standing.remove(change)
            self.failed.append((change, f"{type(error).__name__}: {error}"))
        else:
            self.has_acted.add(change)
