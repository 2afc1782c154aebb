"""Looks on while a model makes a step, and notes what structure checks ask for: who ran, and where gradients ended.

It is there for a few steps only. It puts nothing on a module or a parameter: two global hooks see the calls, two of
torch's global optimizer hooks see what an optimizer finds when it steps.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from moduleview.hooks.built_modules import BuiltModules
from moduleview.hooks.detached_tensors import DetachedTensors
from moduleview.hooks.global_forward_hook import GlobalForwardHook
from moduleview.hooks.leaves import Leaves, bounded_leaves
from moduleview.hooks.own_warnings import OwnWarnings
from moduleview.hooks.silent_hook import is_in_backward, is_transformed
from moduleview.hooks.tensor_marks import BufferMarks, ParameterMarks
from moduleview.hooks.unseen_modules import has_compiled_code, unseen_modules
from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.seen_steps import GapKind, GradientGap, SeenSteps

_Call = tuple[int, bool]  # id of the module, and whether gradients were on as it began


class StepWitness:
    """Notes what happens in steps. Training thread only.

    Attributes:
        failure: What went wrong in looking on, "" as long as nothing did; nothing is looked at from then on, and what
            was seen must not be relied on.

    Args:
        run: Model and optimizers; what stands in it when this is made is what is looked at.
        seen: Takes the notes; those of earlier looks at the same structure may stand in it.
        runs_uncompiled: The steps are made past what torch.compile made, so that hooks in it fire.
    """

    def __init__(self, run: CheckedRun, seen: SeenSteps, *, runs_uncompiled: bool = False) -> None:
        self._run, self._seen = run, seen
        self._fqns = dict(run.module_fqns)
        self._owners: dict[int, list[int]] = {}
        for entry in run.entries:
            for _, parameter in entry.parameters:
                self._owners.setdefault(id(parameter), []).append(id(entry.module))
        self._runs_uncompiled = runs_uncompiled
        seen.unseen |= unseen_modules(run.model, runs_uncompiled=runs_uncompiled)
        self._outside = {i: p for i, (_, p) in run.parameters.items() if p.requires_grad and i not in run.optimized}
        self._parameter_marks = ParameterMarks(self._outside)
        self._buffer_marks = BufferMarks(run.entries)
        self._built = BuiltModules(self._fqns, run.tensors)
        self._detached = DetachedTensors(self._fqns)
        self._let_through: set[int] = set()
        self._stack: list[_Call] = []
        self._pre = GlobalForwardHook(self._before, is_pre=True)
        self._post = GlobalForwardHook(self._after)
        self._warnings = OwnWarnings("witness")
        self._thread, self._pid = threading.get_ident(), os.getpid()
        self.failure = ""

    @contextmanager
    def step(self) -> Iterator[None]:
        """Around a step; where it raises, what was seen until then counts as no step."""
        self._begin()
        handles = (
            register_optimizer_step_pre_hook(self._before_optimizer),
            register_optimizer_step_post_hook(self._after_optimizer),
        )
        try:
            yield
            self._end()
        finally:
            for handle in handles:
                handle.remove()
            self._pre.take_off()
            self._post.take_off()
            self._warnings.restore()
            self._detached.let_go()
            self._stack.clear()

    def _begin(self) -> None:
        self._parameter_marks.take()
        self._buffer_marks.take()
        self._warnings.hush()
        self._pre.put_on()
        self._post.put_on()

    def _end(self) -> None:
        seen = self._seen
        seen.changed |= self._parameter_marks.changed()
        for fqn in self._buffer_marks.changed():
            seen.buffer_changes.setdefault(fqn, set()).add(seen.n_steps)
        for identity, (_, parameter) in self._run.parameters.items():
            if parameter.grad is not None:
                seen.with_gradient.add(identity)
        self._note_detached()
        self._built.note(seen.built, seen.n_steps)
        if has_compiled_code() and not self._runs_uncompiled:  # it may call modules, and none of their hooks
            seen.unseen |= {identity for identity in self._fqns if identity not in seen.calls}
        seen.n_steps += 1

    def _note_detached(self) -> None:
        for identity in self._fqns:
            if identity in self._seen.calls and identity not in self._seen.gaps:
                cut = self._detached.first_after(identity)
                if cut is not None:
                    self._seen.gaps[identity] = GradientGap(GapKind.DETACHED, *cut)

    # -- calls -----------------------------------------------------------------------------------------------------

    def _before(self, module: nn.Module, args: Any) -> None:
        if not torch.compiler.is_compiling() and not self._must_look_away():
            try:
                self._see_call(module, args)
            except Exception as error:
                self.failure = repr(error)

    def _after(self, module: nn.Module, _args: Any, output: Any) -> None:
        if not torch.compiler.is_compiling() and not self._must_look_away():
            try:
                self._see_output(module, output)
            except Exception as error:
                self.failure = repr(error)

    def _must_look_away(self) -> bool:
        """Another thread's or process's call, or a checkpoint's recompute."""
        is_elsewhere = threading.get_ident() != self._thread or os.getpid() != self._pid
        return is_elsewhere or bool(self.failure) or is_in_backward()

    def _see_call(self, module: nn.Module, args: Any) -> None:
        is_on = torch.is_grad_enabled()
        identity = id(module)
        if identity in self._fqns:
            self._seen.calls[identity] = self._seen.calls.get(identity, 0) + 1
            if not is_transformed():
                self._look_at_inputs(module, args, is_on)
        elif self._stack and self._stack[-1][0] in self._fqns:
            self._built.see(module, self._fqns[self._stack[-1][0]])
        self._stack.append((identity, is_on))

    def _look_at_inputs(self, module: nn.Module, args: Any, is_on: bool) -> None:
        identity = id(module)
        leaves = _leaves(args)
        if is_on:
            self._detached.see_inputs(identity, leaves)
            if module is self._run.model and not module.training:
                self._seen.trained_in_eval = True
        elif identity not in self._seen.gaps and identity not in self._let_through:
            around = next((key for key, was_on in reversed(self._stack) if was_on), None)
            self._seen.gaps[identity] = GradientGap(GapKind.NO_GRAD, None if around is None else self._fqns.get(around))
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training and leaves:
            shape = tuple(leaves[0][1].shape)
            if len(shape) > 1 and shape[1] and leaves[0][1].numel() == shape[1]:
                self._seen.narrow_norms[identity] = shape

    def _see_output(self, module: nn.Module, output: Any) -> None:
        identity = id(module)
        was_on = False
        while self._stack:  # a call that raised, and was caught, has no after
            key, was_on = self._stack.pop()
            if key == identity:
                break
        if identity not in self._fqns or not was_on or is_transformed():
            return
        leaves = _leaves(output)
        if any(tensor.requires_grad for _, tensor in leaves):
            self._detached.see_outputs(identity, leaves)
            self._let_through.add(identity)
            gap = self._seen.gaps.get(identity)
            if gap is not None and gap.kind is not GapKind.DETACHED:
                del self._seen.gaps[identity]  # another call of it let the gradient through
        elif leaves and identity not in self._let_through and _has_trainable(module):
            self._seen.gaps.setdefault(identity, GradientGap(GapKind.INSIDE))

    # -- optimizers ------------------------------------------------------------------------------------------------

    def _before_optimizer(self, optimizer: Optimizer, *_: Any) -> None:
        self._look_at_optimizer(optimizer)

    def _after_optimizer(self, optimizer: Optimizer, *_: Any) -> None:
        """Again: one with a closure makes the gradients within its step."""
        self._look_at_optimizer(optimizer, is_over=True)

    def _look_at_optimizer(self, optimizer: Optimizer, *, is_over: bool = False) -> None:
        if torch.compiler.is_compiling() or os.getpid() != self._pid:
            return
        try:
            self._look_at_gradients(optimizer, is_over)
        except Exception as error:
            self.failure = repr(error)

    def _look_at_gradients(self, optimizer: Optimizer, is_over: bool) -> None:
        seen = self._seen
        for parameter in (parameter for group in optimizer.param_groups for parameter in group["params"]):
            identity = id(parameter)
            owners = self._owners.get(identity)
            if owners is None:
                continue
            if parameter.grad is not None:
                seen.with_gradient.add(identity)
                if not parameter.requires_grad and is_over:
                    seen.moved_though_frozen.add(identity)
            elif is_over and any(owner in seen.calls for owner in owners):
                seen.without_gradient.add(identity)
        for identity, parameter in self._outside.items():  # zero_grad may take their gradients before the step ends
            if parameter.grad is not None:
                seen.with_gradient.add(identity)


def _has_trainable(module: nn.Module) -> bool:
    return any(p is not None and p.requires_grad for p in module._parameters.values())


def _leaves(value: Any) -> Leaves:
    return [("", value)] if type(value) is Tensor else bounded_leaves(value)
