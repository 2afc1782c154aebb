"""One forward pass of a copy of the model: how spread the output of each call is, and which activations follow."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as torch_module
from torch.utils.hooks import RemovableHandle

from moduleview.hooks.leaves import bounded_leaves
from moduleview.interventions.initialising.activations import ActivationTrace
from moduleview.interventions.initialising.function import words_of
from moduleview.interventions.initialising.gains import activation_of, has_weights
from moduleview.interventions.initialising.randomness import OwnRandomness
from moduleview.interventions.initialising.time_limit import LONGEST_S, TookTooLong, time_limit
from moduleview.introspect.module_attributes import attributes_of
from moduleview.telemetry.initialising_messages import Suggestion

Forward = Callable[[nn.Module], object]
"""Calls the module that it is given as the run calls its model."""
_SEED = 0
_GLOBAL_TABLES = (
    "_global_forward_hooks",
    "_global_forward_hooks_always_called",
    "_global_forward_hooks_with_kwargs",
    "_global_forward_pre_hooks",
    "_global_backward_hooks",
    "_global_backward_pre_hooks",
)


@dataclass(eq=False)
class ForwardSeen:
    """What was seen in a pass.

    Attributes:
        calls: Module and number of its call, in order.
        stds: Of the first tensor that each returned; NaN where it is not a number.
        suggestions: By FQN of modules with weights.
        problem: Why the pass did not end, "" where it did.
    """

    calls: list[tuple[str, int]] = field(default_factory=list)
    stds: list[float] = field(default_factory=list)
    suggestions: Mapping[str, Suggestion] = field(default_factory=dict)
    problem: str = ""


def run_forward(copied: nn.Module, forward: Forward) -> Generator[None, None, ForwardSeen]:
    """Make one pass of a copy, in the mode that each module is in, without gradients.

    It is made in pieces, of which the pass itself is one; nothing is raised. Random numbers are drawn from a generator
    of our own, the same in each pass, so that two passes drop the same elements. Global hooks of modules are set aside
    meanwhile: they would count a call that the run never made.
    """
    seen = ForwardSeen()
    stds: list[torch.Tensor | None] = []
    trace = ActivationTrace()
    handles: list[RemovableHandle] = []
    for fqn, module in list(copied.named_modules()):
        if activation_of(module)[0]:
            handles.append(module.register_forward_pre_hook(_Activation(module, trace)))
        if _is_watched(fqn, module):
            hook = _Watch(fqn, seen, stds, trace if has_weights(module) else None)
            handles.append(module.register_forward_hook(hook))
        yield
    seen.problem = _call(copied, forward, trace)
    yield
    for handle in handles:
        handle.remove()
        yield
    seen.suggestions = trace.suggestions
    seen.stds = [math.nan if std is None else float(std) for std in stds]
    return seen


def _call(copied: nn.Module, forward: Forward, trace: ActivationTrace) -> str:
    """The pass itself; what went wrong, "" for nothing."""
    with ExitStack() as around:
        around.enter_context(_without_global_hooks())
        if "torch._dynamo" in sys.modules:  # compiled functions inside would compile anew, for this one call
            around.enter_context(torch.compiler.set_stance("force_eager"))
        around.enter_context(OwnRandomness(_SEED).in_place_of_global())
        try:
            with time_limit(), torch.no_grad(), trace:
                forward(copied)
        except TookTooLong:
            return f"The forward pass had not ended after {LONGEST_S:.0f} s."
        except Exception as error:
            return f"The forward pass of a copy raised {words_of(error)}"
    return ""


class _Watch:
    """Notes each call of one module."""

    def __init__(
        self, fqn: str, seen: ForwardSeen, stds: list[torch.Tensor | None], trace: ActivationTrace | None
    ) -> None:
        self._fqn, self._seen, self._stds, self._trace = fqn, seen, stds, trace
        self._n_calls = 0

    def __call__(self, module: nn.Module, args: Any, output: Any) -> None:  # noqa: ARG002  torch's
        """It returned."""
        self._n_calls += 1
        self._seen.calls.append((self._fqn, self._n_calls))
        leaves = bounded_leaves(output)
        with torch._C.DisableTorchFunction():
            self._stds.append(_std(leaves[0][1]) if leaves else None)
        if self._trace is not None:
            self._trace.note_output(self._fqn, output)


class _Activation:
    """Notes what a module that is an activation is called with."""

    def __init__(self, module: nn.Module, trace: ActivationTrace) -> None:
        self._name, self._slope = activation_of(module)
        self._trace = trace

    def __call__(self, module: nn.Module, args: Any) -> None:  # noqa: ARG002  torch's
        """It is called."""
        self._trace.note_activation(self._name, self._slope, args)


def _std(tensor: torch.Tensor) -> torch.Tensor | None:
    """Over all elements, on the tensor's device."""
    if not tensor.is_floating_point() or tensor.layout is not torch.strided or tensor.numel() == 0:
        return None
    return tensor.detach().float().std(correction=0)


def _is_watched(fqn: str, module: nn.Module) -> bool:
    """Has no children, or weights of its own; what is behind a parametrization is not a layer."""
    if ".parametrizations." in f".{fqn}.":
        return False
    children = [name for name in attributes_of(module).get("_modules") or {} if name != "parametrizations"]
    return not children or has_weights(module)


@contextmanager
def _without_global_hooks() -> Iterator[None]:
    tables = [getattr(torch_module, name) for name in _GLOBAL_TABLES if hasattr(torch_module, name)]
    kept = [dict(table) for table in tables]
    for table in tables:
        table.clear()
    try:
        yield
    finally:
        for table, before in zip(tables, kept, strict=True):
            table.update(before)
