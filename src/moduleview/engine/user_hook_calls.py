"""Stands for a hook in its dry run, and writes down what it is given and what it makes of that."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

import torch

from moduleview.hooks.hook_mode import HookMode
from moduleview.hooks.leaves import bounded_leaves
from moduleview.hooks.user_hook import form_of, given_to, misfit
from moduleview.hooks.user_hook_source import called_name
from moduleview.telemetry.user_hooks_messages import HookCall, TensorChange, UserHookKind, WrittenHook

_N_CALLS, _N_TENSORS = 6, 8

_Before = tuple[str, torch.Tensor, str, float]  # place, tensor, form, norm


class HookCalls:
    """Calls the function as torch would, and gives torch what it returns.

    Args:
        written: The hook.
        bound: Its function with the arguments.
        run: Calls it so that it can be interrupted.

    Attributes:
        calls: What was seen in the first few.
        n_calls: All of them.
        misfit: Where what it returned last does not fit, a sentence.
        put_back: What it left behind in its thread, in a few words.
    """

    def __init__(self, written: WrittenHook, bound: functools.partial[Any], run: Callable[..., Any]) -> None:
        self._written, self._bound, self._run = written, bound, run
        self.__name__ = called_name(bound)
        self.calls: list[HookCall] = []
        self.n_calls = 0
        self.misfit = self.put_back = ""

    def __call__(self, *args: Any) -> Any:
        """One call."""
        self.n_calls += 1
        if self.n_calls > _N_CALLS:
            returned = self._call(args)
        else:
            before = [(place, leaf, form_of(leaf), norm_of(leaf)) for place, leaf in self._given(args)]
            began_s = time.perf_counter()
            returned = self._call(args)
            us = (time.perf_counter() - began_s) * 1e6
            self.calls.append(HookCall(returned is not None, self._changes(args, before, returned), us))
        if returned is not None:
            self.misfit = misfit(self._written, args, returned)
        return returned

    def _call(self, args: Sequence[Any]) -> Any:
        mode = HookMode()
        try:
            return self._run(self._bound, *args)
        finally:
            self.put_back = mode.put_back() or self.put_back

    def _given(self, args: Sequence[Any]) -> list[tuple[str, torch.Tensor]]:
        if self._written.kind is UserHookKind.ACCUMULATED:
            gradient = args[0].grad
            return [] if gradient is None else [("", gradient)]
        return bounded_leaves(given_to(self._written.kind, args, with_kwargs=self._written.with_kwargs))[:_N_TENSORS]

    def _changes(self, args: Sequence[Any], before: Sequence[_Before], returned: Any) -> tuple[TensorChange, ...]:
        """What it returned beside what it was given; where it returned nothing, what it changed in place."""
        if returned is not None:
            made = bounded_leaves(returned)[:_N_TENSORS]
            return tuple(_replaced(old, new) for old, new in zip_longest(before, made))
        if self._written.kind is UserHookKind.ACCUMULATED:
            gradients = [gradient for _, gradient in self._given(args)]
            return tuple(_in_place(old, now) for old, now in zip(before, gradients, strict=False))
        return tuple(_in_place(old, old[1]) for old in before)


def _in_place(old: _Before, now: torch.Tensor) -> TensorChange:
    place, _, form, norm = old
    norm_now = norm_of(now)
    if norm_now == norm or (math.isnan(norm) and math.isnan(norm_now)):
        return TensorChange(place, form, "", norm, math.nan)
    return TensorChange(place, form, form_of(now), norm, norm_now, _n_non_finite(now))


def _replaced(old: _Before | None, new: tuple[str, torch.Tensor] | None) -> TensorChange:
    place, _, form, norm = old if old is not None else ("", None, "", math.nan)
    if new is None:
        return TensorChange(place, form, "", norm, math.nan)
    return TensorChange(place or new[0], form, form_of(new[1]), norm, norm_of(new[1]), _n_non_finite(new[1]))


def norm_of(tensor: torch.Tensor) -> float:
    """Euclidean norm in float32 or wider; NaN where there is none, as of integers and sparse tensors."""
    if not (tensor.is_floating_point() or tensor.is_complex()) or tensor.device.type == "meta":
        return math.nan
    wide = tensor.detach()
    try:
        dtype = None if wide.is_complex() or wide.dtype is torch.float64 else torch.float32
        return float(torch.linalg.vector_norm(wide, dtype=dtype))
    except (RuntimeError, NotImplementedError, TypeError):  # sparse, nested, quantised
        return math.nan


def _n_non_finite(tensor: torch.Tensor) -> int:
    try:
        return int((~torch.isfinite(tensor.detach())).sum())
    except (RuntimeError, NotImplementedError, TypeError):
        return 0
