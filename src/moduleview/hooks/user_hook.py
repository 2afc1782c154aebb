"""A person's own hook as torch calls it: what it returns goes to torch, what it raises is noted, its calls counted."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import torch

from moduleview.hooks.hook_mode import HookMode
from moduleview.hooks.leaves import bounded_leaves
from moduleview.hooks.user_hook_source import arguments_of, bound_anew, called_name, problem_of
from moduleview.telemetry.number_words import shape_words
from moduleview.telemetry.user_hooks_messages import Argument, HookProblem, UserHookKind, WrittenHook

_NOTHING = functools.partial(sys.audit, "moduleview.copied_hook")  # a builtin that takes anything and gives None
_LOOK_EVERY_S = 0.5

Run = Callable[..., Any]


class UserHook:
    """Stands in a table of torch's. Training thread; on CUDA autograd's threads call those of gradients.

    Unlike what moduleview puts on by itself it changes the run as a person's own hook does, in evaluations and
    recomputations too. ``deepcopy`` of the model and pickles of it get a hook that does nothing.

    Args:
        written: What the person wrote.
        bound: Its function with the arguments.
        run: Calls it so that it can be interrupted.

    Attributes:
        arguments: That are bound now; exchanged between two steps only.
        variable: That the journal's Python calls it by.
        n_calls, n_replaced, spent_s: Counted so far.
        problem: What it raised, None while it did not.
        misfit: Where what it returned last is not shaped as what it was given, a sentence on it.
        has_given_non_finite: A call is known to have returned NaN or Inf; not all are looked at.
        put_back: What it left behind in its thread and was put back, in a few words; "" for nothing so far.
    """

    def __init__(self, written: WrittenHook, bound: functools.partial[Any], run: Run) -> None:
        self.written = written
        self.bound = bound
        self.arguments = arguments_of(written)
        self.__name__ = called_name(bound)  # torch names a hook by it in its messages
        self.variable = "hook_1"
        self._run = run
        self.n_calls = self.n_replaced = 0
        self.spent_s = 0.0
        self.problem: HookProblem | None = None
        self.misfit = ""
        self.has_given_non_finite = False
        self.put_back = ""
        self._sum: torch.Tensor | None = None
        self._next_look_s = 0.0

    def __call__(self, *args: Any) -> Any:
        """Do as the person's function does; torch sees no difference."""
        if torch.compiler.is_compiling():
            return self.bound(*args)
        mode = HookMode()
        began_s = time.perf_counter()
        try:
            returned = self._run(self.bound, *args)
        except BaseException as error:  # sys.exit() is a person's own too
            self.problem = problem_of(error, self.written.name)
            raise
        finally:
            self.put_back = mode.put_back() or self.put_back
            self.spent_s += time.perf_counter() - began_s
            self.n_calls += 1
        if returned is not None:
            self.n_replaced += 1
            self.misfit = misfit(self.written, args, returned)
            if began_s >= self._next_look_s:
                self._look_at(returned)
        return returned

    def bind(self, arguments: Mapping[str, Argument]) -> None:
        """Other values for the fields."""
        self.bound = bound_anew(self.bound, arguments)
        self.arguments = dict(arguments)

    @property
    def current(self) -> WrittenHook:
        """As it was written, with the arguments that it has now."""
        return msgspec.structs.replace(self.written, arguments=self.arguments)

    @property
    def us_per_call(self) -> float:
        """Microseconds, mean; 0 before the first call."""
        return self.spent_s / self.n_calls * 1e6 if self.n_calls else 0.0

    def settle(self) -> None:
        """Between two steps: look whether what was returned is finite, twice a second at most."""
        if self._sum is not None and not torch.compiler.is_compiling():
            self.has_given_non_finite |= bool(self._sum.isnan().any())
            self._sum = None
            self._next_look_s = time.perf_counter() + _LOOK_EVERY_S

    def _look_at(self, returned: Any) -> None:
        """Zero times NaN or Inf is NaN; the number stays on its device till ``settle``."""
        for _, leaf in bounded_leaves(returned):
            if leaf.is_floating_point() and leaf.layout is torch.strided and leaf.device.type != "meta":
                with torch.no_grad():
                    looked_at = (leaf.detach() * 0).sum()
                self._sum = looked_at if self._sum is None else self._sum + looked_at.to(self._sum.device)

    def __copy__(self) -> Callable[..., None]:
        return _NOTHING

    def __deepcopy__(self, memo: dict[int, Any]) -> Callable[..., None]:
        return _NOTHING

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial, (sys.audit, "moduleview.copied_hook")


def given_to(kind: UserHookKind, args: Sequence[Any], *, with_kwargs: bool = False) -> Any:
    """What of a hook's arguments its returned value takes the place of."""
    match kind:
        case UserHookKind.FORWARD_PRE:
            return (args[1], args[2]) if with_kwargs else args[1]
        case UserHookKind.FORWARD:
            return args[-1]
        case UserHookKind.BACKWARD_PRE | UserHookKind.BACKWARD:
            return args[1]
        case _:
            return args[0]


def misfit(written: WrittenHook, args: Sequence[Any], returned: Any) -> str:
    """A sentence where tensors were replaced by such of other shapes or types, "" where they fit."""
    kind = written.kind
    if kind is UserHookKind.ACCUMULATED:
        return "" if returned is args[0] else f"It returned a {type(returned).__name__}."
    if written.with_kwargs and kind is UserHookKind.FORWARD_PRE and not _is_pair(returned):
        return "It returned something else than (args, kwargs)."
    given = given_to(kind, args, with_kwargs=written.with_kwargs)
    before = [form_of(leaf) for _, leaf in bounded_leaves(given)]
    after = [form_of(leaf) for _, leaf in bounded_leaves(returned)]
    if before == after:
        return ""
    return f"It returned {_listed(after) or type(returned).__name__} for {_listed(before) or 'no tensor'}."


def _is_pair(returned: Any) -> bool:
    return isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], dict)


def form_of(tensor: torch.Tensor) -> str:
    """Shape, dtype and device in words."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    where = "" if tensor.device.type == "cpu" else f" on {tensor.device}"
    try:
        return f"{shape_words(tensor.shape)} {dtype}{where}"
    except RuntimeError:  # a nested tensor has no one shape
        return f"nested {dtype}{where}"


def _listed(forms: list[str]) -> str:
    return ", ".join(forms[:4]) + (", ..." if len(forms) > 4 else "")
