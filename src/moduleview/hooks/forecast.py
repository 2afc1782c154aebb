"""Says beforehand whether a hook of torch's own kind can fire on a module, and what it would break.

torch's full-backward and full-backward-pre hooks wrap a module's inputs and outputs. An in-place operation on one of
them, later, then raises in the user's forward; outputs of other shapes than a tensor or a tuple of tensors never fire;
where no input requires a gradient torch warns, which ends the training of those who run with ``-W error``. One step of
looking on tells all that.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from moduleview.hooks.leaves import bounded_leaves
from moduleview.hooks.model_index import ModelIndex, is_script
from moduleview.hooks.silent_hook import is_in_backward
from moduleview.telemetry.hooks import HookKind

TRIED_KINDS = (HookKind.BACKWARD_PRE, HookKind.FULL_BACKWARD)
_COMPILED = (
    "It cannot fire in a compiled region, only in steps that run uncompiled (in a script of yours: "
    'torch.compiler.set_stance("force_eager"), and tick again). Parameters can be ticked.'
)
_INSTEAD = "Tick backward instead, which shows the same gradient."


def reason_it_cannot_fire(index: ModelIndex, fqn: str, kind: HookKind) -> str:
    """A sentence when a hook on a module cannot fire, "" when it can as far as one knows without a step."""
    module = index.modules[fqn]
    if is_script(module):
        return "A ScriptModule refuses hooks; its parameters can be ticked."
    if kind in (HookKind.STATE_DICT, HookKind.LOAD_STATE_DICT):
        return ""
    if is_container(module):
        return "It only holds other modules and is never called itself."
    if fqn in index.compiled and not index.runs_uncompiled and not _runs_eagerly():
        return _COMPILED
    return _reason_against_full_backward(module) if kind in TRIED_KINDS else ""


def fires_uncompiled(index: ModelIndex, fqn: str) -> bool:
    """Only that it is compiled keeps the module's hooks from firing: where that is bypassed they do."""
    module = index.modules.get(fqn)
    return module is not None and fqn in index.compiled and not is_script(module) and not is_container(module)


def _runs_eagerly() -> bool:
    """``torch.compiler.set_stance("force_eager")`` is in force (torch 2.6 and later): what is compiled is not used."""
    frames = sys.modules.get("torch._dynamo.eval_frame")  # never imported for this: that takes a second
    return getattr(getattr(frames, "_stance", None), "stance", "") == "force_eager"


def _reason_against_full_backward(module: nn.Module) -> str:
    if module._is_full_backward_hook is False:
        return f"It has a backward hook of torch's old kind, which forbids the new one. {_INSTEAD}"
    if is_sharded(module):
        return f"It is sharded, and its parameters are whole only inside its forward. {_INSTEAD}"
    return ""


def reason_a_parameter_cannot_fire(parameter: nn.Parameter, kind: HookKind = HookKind.TENSOR) -> str:
    """The same of a hook on a parameter."""
    if is_lazy(parameter):
        return "It is lazy: it waits for its first input, and the hook goes on after that."
    if not parameter.requires_grad:
        return "It is frozen: requires_grad is False, so it gets no gradient."
    if kind is HookKind.TENSOR and hasattr(parameter, "to_local"):
        return (
            "It is sharded: torch never calls a tensor hook on a part of a parameter. "
            "Its gradient is measured where the optimizer uses it."
        )
    return ""


def is_container(module: nn.Module) -> bool:
    """It has no forward: ModuleList, ModuleDict, ParameterList and the like."""
    if is_script(module):
        return False  # it has no forward that could be read from its class
    return type(module).forward is nn.Module.forward and "forward" not in vars(module)


def is_sharded(module: nn.Module) -> bool:
    """FSDP has taken its parameters apart."""
    return any(base.__name__ in ("FSDPModule", "FullyShardedDataParallel") for base in type(module).__mro__)


class Trial:
    """One step of looking on, before one of torch's full-backward hooks goes on a module.

    Tensors are held as detached aliases, which share the version counter: one that has moved on means that the tensor
    was changed in place. They are let go with the step.

    Attributes:
        n_calls: Of the module, in the step.
        needs_gradient: An output of it required a gradient.
        is_changed_later: An output was changed in place after it; known after ``judge_changes``.
    """

    def __init__(self) -> None:
        self.begin_step()

    def begin_step(self) -> None:
        """Begin anew: the step before did not end, and what it held is let go."""
        self._inputs: list[list[tuple[torch.Tensor, int]]] = []  # a stack: a module may call itself
        self._outputs: list[tuple[torch.Tensor, int]] = []
        self.n_calls = 0
        self.needs_gradient = self.is_changed_later = False
        self._inputs_need_gradient = self._others_need_gradient = False
        self._reason = ""

    def see_inputs(self, module: nn.Module, args: Any, kwargs: Any) -> None:  # noqa: ARG002  a forward-pre hook
        """Before the forward."""
        if is_in_backward():
            return  # a checkpoint's recompute
        tensors = [argument for argument in args if isinstance(argument, torch.Tensor)]
        self._inputs_need_gradient |= any(tensor.requires_grad for tensor in tensors)
        self._others_need_gradient |= any(leaf.requires_grad for _, leaf in bounded_leaves((args, kwargs)))
        self._inputs.append(_versions(tensors))

    def see_output(self, output: Any, leaves: list[tuple[str, torch.Tensor]]) -> None:
        """After it."""
        self.n_calls += 1
        self.needs_gradient |= any(leaf.requires_grad for _, leaf in leaves)
        if self._inputs and _has_moved(self._inputs.pop()):
            self._reason = f"The module changes its input in place, which torch forbids under this hook. {_INSTEAD}"
        self._reason = self._reason or _reason_in_output(output)
        self._outputs += _versions([leaf for _, leaf in leaves])

    def fail(self, error: Exception) -> None:
        """Looking on raised."""
        self._reason = f"Looking on for a step raised {type(error).__name__}: {error}"

    def judge_changes(self) -> None:
        """Before the optimizer changes anything: look whether outputs were changed in place."""
        if _has_moved(self._outputs):
            self.is_changed_later = True
            self._reason = (
                f"An in-place operation changes this module's output, and torch would raise in forward. {_INSTEAD}"
            )
        self._outputs.clear()
        self._inputs.clear()

    @property
    def verdict(self) -> str:
        """A sentence when the hook must not go on, "" when it may. After ``judge_changes``."""
        if not self.n_calls and not self._reason:
            return "It was not called as a module in a whole step."
        if not self._reason and not self._inputs_need_gradient:
            inputs = (
                "It sees no input that comes by name or inside a list, as those do here that require a gradient"
                if self._others_need_gradient
                else "No input of it requires a gradient"
            )
            return (
                f"{inputs}, and then torch warns each time and stops the training of those who treat warnings as "
                f"errors. {_INSTEAD}"
            )
        return self._reason


def _reason_in_output(output: Any) -> str:
    if isinstance(output, torch.Tensor):
        tensors = [output]
    elif isinstance(output, tuple):
        if type(output) is not tuple and not hasattr(output, "_fields"):
            return f"torch cannot rebuild a {type(output).__name__}, which the module returns. {_INSTEAD}"
        tensors = [item for item in tuple.__iter__(output) if isinstance(item, torch.Tensor)]
    else:
        return f"torch calls it for a tensor or a tuple of tensors only; this is a {type(output).__name__}. {_INSTEAD}"
    if not any(tensor.requires_grad for tensor in tensors):
        nested = any(leaf.requires_grad for _, leaf in bounded_leaves(output))
        return (
            f"torch does not look into nested outputs. {_INSTEAD}"
            if nested
            else "The output does not require a gradient."
        )
    return ""


def _versions(tensors: list[torch.Tensor]) -> list[tuple[torch.Tensor, int]]:
    return [(tensor.detach(), tensor._version) for tensor in tensors if not tensor.is_inference()]


def _has_moved(versions: list[tuple[torch.Tensor, int]]) -> bool:
    return any(alias._version != version for alias, version in versions)
