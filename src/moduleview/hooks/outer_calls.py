"""Which calls of a model belong to a step of which nobody said when it began.

A loop that knows nothing of us tells when a step is over, not when the next one begins: the first forward pass after
the last one is taken for that. An evaluation that forgot ``no_grad`` makes such passes too. What tells them apart is
the gradient: calls before the first one that a backward pass reached were made between two steps. To know that takes
one hook on what the outermost module of a call returns, however many modules run in it.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from moduleview.hooks.global_forward_hook import GlobalForwardHook
from moduleview.hooks.leaves import Leaves, bounded_leaves
from moduleview.hooks.output_hooks import OutputHooks, TensorHook, gradient_target
from moduleview.hooks.silent_hook import is_in_backward, is_observable


@dataclass(frozen=True)
class Start:
    """A moment in a step.

    Attributes:
        n_seen: What hooks had seen before it.
        n_calls: Calls of each watched module before it, as ``Watched.n_begun``.
        counted: Calls of every module before it, by ``id``, where those are counted.
    """

    n_seen: int
    n_calls: tuple[tuple[int, int], ...]
    counted: Mapping[int, int]


@dataclass(eq=False)
class _OuterCall:
    """A call of the model from outside, until the outermost module returns.

    Attributes:
        start: When it began.
        is_used: A gradient came to what it returned. Or it returned nothing of which that can be known.
        marks: Hooks on what it returned. The graph behind it keeps them alive, and nobody else.
    """

    start: Start
    is_used: bool = False
    marks: list[weakref.ref[TensorHook]] = field(default_factory=list)

    def note(self, gradient: torch.Tensor) -> None:  # noqa: ARG002  torch's
        """A gradient came."""
        self.is_used = True

    def is_lost(self) -> bool:
        """No gradient can come any more."""
        return not self.is_used and bool(self.marks) and all(mark() is None for mark in self.marks)


class OuterCalls:
    """The calls of the step that runs, in order. Training thread only; on CUDA autograd's own threads set marks.

    Args:
        now: Gives the moment that it is.
        begin_with: Told when it turns out that the step began later than it seemed: what was before is outside of it.
        on_outputs: Puts marks on, and takes them off when the step is over.
    """

    def __init__(self, now: Callable[[], Start], begin_with: Callable[[Start], None], on_outputs: OutputHooks) -> None:
        self._now, self._begin_with, self._on_outputs = now, begin_with, on_outputs
        self._entry_hook = GlobalForwardHook(self._on_entry, is_pre=True)
        self._modules: frozenset[int] = frozenset()
        self._calls: list[_OuterCall] = []
        self._is_wanted = self._is_in_step = False
        self._pid = os.getpid()
        self.outermost: int | None = None

    def bind(self, modules: Iterable[nn.Module]) -> None:
        """These are all modules of the model; somebody else's may run between them, or around."""
        self._modules = frozenset(map(id, modules))

    def look(self, *, is_wanted: bool) -> None:
        """Between two steps: look for calls from outside in the steps that come, or no longer."""
        self._is_wanted = is_wanted
        self._calls.clear()
        self._install()

    def begin_step(self, *, is_measured: bool) -> None:
        """A step begins; with the call that runs, if one does. Where it is not measured nobody looks."""
        self._calls.clear()
        self._is_in_step = is_measured
        if not is_measured:
            self._entry_hook.take_off()
        elif self.outermost is not None:
            self._begin_call()

    def end_step(self) -> None:
        """It is over."""
        self._is_in_step, self.outermost = False, None
        self._calls.clear()
        self._install()

    def leave_out_others(self) -> None:
        """The step is about to end: calls before the first one that a gradient reached are outside."""
        self._keep(next((call for call in self._calls if call.is_used), None))

    def start_over(self) -> bool:
        """Gradients were thrown away: what was called until the last that had one is outside, if other calls followed.

        Returns:
            What hooks saw until now is outside of the step, or the part of it that belongs to those gradients.
        """
        used = [number for number, call in enumerate(self._calls, 1) if call.is_used]
        if not self._calls:
            self._begin_with(self._now())
        elif used and used[-1] < len(self._calls):
            self._keep(self._calls[used[-1]])
        else:
            return False
        return True

    def end_call(self, output: Any, args: Any) -> None:
        """The outermost module returns."""
        self.outermost = None
        self._install()
        if not self._calls:
            return
        call = self._calls[-1]
        try:
            self._put_marks_on(call, bounded_leaves(output), args)
        except Exception:  # out of memory: then it is not known, and counted
            call.is_used = True

    # -- inside ----------------------------------------------------------------------------------------------------

    def _put_marks_on(self, call: _OuterCall, leaves: Leaves, args: Any) -> None:
        call.is_used |= not leaves
        for _, tensor in leaves:
            if tensor.requires_grad:
                mark = TensorHook(call.note)
                call.marks.append(weakref.ref(mark))
                self._on_outputs.put_on(gradient_target(tensor, leaves, args), mark)

    def _install(self) -> None:
        if self._is_wanted and self.outermost is None:
            self._entry_hook.put_on()
        elif self._entry_hook.is_on:
            self._entry_hook.take_off()

    def _on_entry(self, module: nn.Module, args: Any) -> None:  # noqa: ARG002  torch's
        if torch.compiler.is_compiling() or id(module) not in self._modules or not torch.is_grad_enabled():
            return
        if os.getpid() == self._pid and is_observable() and not is_in_backward():
            self._entry_hook.take_off()  # until it returns: what runs in it is not called from outside
            self.outermost = id(module)
            if self._is_in_step:
                self._begin_call()

    def _begin_call(self) -> None:
        """What no gradient can reach any more before it is outside: an evaluation may make thousands of calls."""
        self._calls.append(_OuterCall(self._now()))
        self._keep(next(call for call in self._calls if call is self._calls[-1] or not call.is_lost()))

    def _keep(self, first: _OuterCall | None) -> None:
        """The step begins with this call."""
        if first is None or first is self._calls[0]:
            return
        self._calls = self._calls[self._calls.index(first) :]
        start = first.start
        for call in self._calls:
            call.start = replace(call.start, n_seen=call.start.n_seen - start.n_seen)
        self._begin_with(start)
