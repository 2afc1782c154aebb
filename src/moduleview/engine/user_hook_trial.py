"""A dry run of a hook: on a copy of the model and of the last batch, so that nothing of the run is touched."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree

from moduleview.engine.interruption import Interruptible, TrainingInterrupted
from moduleview.engine.model_call import call_model, compute_loss, split_batch
from moduleview.engine.printed_text import PrintedText
from moduleview.engine.task import TrainingTask
from moduleview.engine.thread_state import ThreadState
from moduleview.engine.user_hook_calls import HookCalls
from moduleview.errors import ModuleViewError
from moduleview.hooks.leaves import bounded_leaves
from moduleview.hooks.user_hook_place import check_place, put_on, target_of
from moduleview.hooks.user_hook_source import HookCodeError, made_hook, problem_of
from moduleview.interventions.initialising.randomness import OwnRandomness
from moduleview.interventions.initialising.twin import Twin
from moduleview.telemetry.user_hook_code import read_hook_code
from moduleview.telemetry.user_hooks_messages import HookProblem, UserHookTried, WrittenHook

MAXIMUM_COPY_BYTES = 4 * 2**30
_OWN_STEP = (
    "The task has a step of its own, whose loss is not known: the backward pass here begins with the mean of the "
    "outputs, so that gradients have other sizes than in training."
)
_WITH_OTHERS = "Hooks that are live now ran too."
_PUT_BACK = "It leaves {} behind in its thread: that is put back after each call."
_NOT_CALLED = "The hook was not called: the forward pass of this batch does not go through {0}."
_NO_BACKWARD = "The hook was not called: no gradient came to {0} in this backward pass."


@dataclass(frozen=True)
class RootCall:
    """What the whole model was called with in a step.

    Attributes:
        args, kwargs: As they came.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class HookTrial:
    """One dry run. Training thread only, between two steps.

    Args:
        task: Whose model and loss.
        written: The hook.
        others: Hooks that are live; they run too, from their text, in their order.
        interruptible: Runs the code of persons.
    """

    def __init__(
        self, task: TrainingTask, written: WrittenHook, others: Sequence[WrittenHook], interruptible: Interruptible
    ) -> None:
        self._task, self._written, self._others = task, written, others
        self._run = interruptible.run
        self._printed = PrintedText()
        self._notes: list[str] = []

    def run(self, given: Any, step: int) -> UserHookTried:
        """Run it.

        Args:
            given: The last batch, or what the whole model was called with (``RootCall``).
            step: Steps done.

        Returns:
            What it has shown; what was raised is in it.
        """
        began_s = time.perf_counter()
        calls: HookCalls | None = None
        problem: HookProblem | None = None
        state = ThreadState()
        try:
            with self._printed.capture(), state:
                check_alone()
                check_place(self._task.model, self._written)
                check_size(self._task.model)
                calls = HookCalls(self._written, self._run(made_hook, self._written), self._run)
                self._run(self._go_through, calls, given)
        except HookCodeError as error:
            problem = error.problem
        except ModuleViewError as error:
            problem = HookProblem(str(error))
        except TrainingInterrupted:
            raise
        except BaseException as error:  # sys.exit() too
            problem = self._explained(problem_of(error, self._written.name), calls)
        self._note_what_was_odd(calls, problem, state)
        return UserHookTried(
            self._written.name,
            step,
            () if calls is None else tuple(calls.calls),
            0 if calls is None else calls.n_calls,
            self._printed.text,
            tuple(self._notes),
            problem,
            time.perf_counter() - began_s,
        )

    def _note_what_was_odd(self, calls: HookCalls | None, problem: HookProblem | None, state: ThreadState) -> None:
        left = ", ".join(filter(None, (calls.put_back if calls is not None else "", *state.put_back)))
        if left:
            self._notes.append(_PUT_BACK.format(left))
        if calls is not None and not calls.n_calls and problem is None:
            self._notes.append(self._why_not_called())

    def _go_through(self, calls: HookCalls, given: Any) -> None:
        model = self._task.model
        twin = Twin(model)
        for _ in twin.build():
            pass
        for other in self._others:
            target = target_of(twin.model, other)
            if target is not None:
                put_on(target, other, made_hook(other))
        if self._others:
            self._notes.append(_WITH_OTHERS)
        target = target_of(twin.model, self._written)
        assert target is not None  # the place was checked
        put_on(target, self._written, calls)
        kept = [(parameter, parameter.grad) for parameter in model.parameters()]  # a loss may know the live model
        for parameter, _ in kept:
            parameter.grad = None
        try:
            with torch.enable_grad(), OwnRandomness(0).in_place_of_global():
                self._forward(twin.model, _copied(given))
        finally:
            for parameter, gradient in kept:
                parameter.grad = gradient

    def _forward(self, model: nn.Module, given: Any) -> None:
        needs_backward = self._written.kind.needs_backward
        if isinstance(given, RootCall):
            outputs = model(*given.args, **given.kwargs)
            if needs_backward:
                self._notes.append(_OWN_STEP)
                torch.autograd.backward(_mean_of(outputs))
            return
        inputs, target = split_batch(given)
        outputs = call_model(model, inputs, is_whole_batch=inputs is target)
        if needs_backward:
            torch.autograd.backward(compute_loss(_copied_loss(self._task.loss), outputs, target))

    def _explained(self, problem: HookProblem, calls: HookCalls | None) -> HookProblem:
        """What torch raised over what the hook returned stands at the line that returns, where there is one only."""
        if problem.line is not None or calls is None or not calls.misfit:
            return problem
        return explained(problem, calls.misfit, self._written)

    def _why_not_called(self) -> str:
        words = _NO_BACKWARD if self._written.kind.needs_backward else _NOT_CALLED
        return words.format(self._written.fqn or "the whole model")


def explained(problem: HookProblem, misfit: str, written: WrittenHook) -> HookProblem:
    """A problem that torch had with what a hook returned, with the line that returned it where there is one only."""
    returns = read_hook_code(written.code).returns
    line = returns[0] if len(returns) == 1 else None
    return HookProblem(f"{misfit} Then: {problem.message}", line, problem.traceback)


def check_alone() -> None:
    """Look whether the model may be called outside of the training.

    Raises:
        ModuleViewError: Ranks train together: their exchanges wait for all, and what makes them is shared by a copy.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        raise ModuleViewError(
            "torch.distributed is in use here: a dry run would exchange gradients alone, and wait for the other ranks. "
            "Go live for one step instead."
        )


def check_size(model: nn.Module) -> None:
    """Look whether a copy of the model may be made.

    Raises:
        ModuleViewError: It is too large.
    """
    tensors = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    n_bytes = sum(_n_bytes(tensor) for tensor in tensors.values())
    if n_bytes > MAXIMUM_COPY_BYTES:
        raise ModuleViewError(
            f"A dry run copies the model, and this one holds {n_bytes / 2**30:.1f} GiB; "
            f"{MAXIMUM_COPY_BYTES / 2**30:.0f} GiB is the most. Go live for one step instead."
        )


def _n_bytes(tensor: torch.Tensor) -> int:
    return 0 if nn.parameter.is_lazy(tensor) else tensor.numel() * tensor.element_size()


def _copied(given: Any) -> Any:
    """A batch whose tensors nobody else has; what is no plain container is passed on as it is."""
    if isinstance(given, RootCall):
        return RootCall(_copied(given.args), _copied(given.kwargs))
    return _pytree.tree_map_only(torch.Tensor, _copied_tensor, given)


def _copied_tensor(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().clone().requires_grad_(tensor.requires_grad)


def _copied_loss(loss: Callable[[Any, Any], Any] | None) -> Callable[[Any, Any], Any] | None:
    if not isinstance(loss, nn.Module):
        return loss
    twin = Twin(loss)
    for _ in twin.build():
        pass
    return twin.model


def _mean_of(outputs: Any) -> torch.Tensor:
    means = [leaf.float().mean() for _, leaf in bounded_leaves(outputs) if leaf.requires_grad]
    if not means:
        raise ModuleViewError("The model's output requires no gradient: there is no backward pass to try the hook in.")
    return torch.stack(means).sum()
