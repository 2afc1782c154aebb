"""Places in torch that every training goes through, and that have no hook: autograd itself and the gradient scaler.

All passes go through one function of ``torch.autograd``, whichever way they are asked for (``loss.backward()``,
``torch.autograd.grad``, either of them imported by name): there the loss is known, and where a pass ends; after it
DistributedDataParallel has reduced. ``GradScaler.unscale_`` is the one moment between the scaled gradient and the
clipped one, and a scaler's ``step`` that calls no optimizer is a skipped step: an optimizer's hooks do not run then.
Each is wrapped while somebody watches, and put back after.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch.amp.grad_scaler import GradScaler

from moduleview.hooks.silent_hook import is_in_backward, is_observable


class TapListener(Protocol):
    """What is told. Called on the thread that trains; must not raise, and must not wait for a device."""

    def on_loss_scaling(self) -> None:
        """A loss is about to be multiplied by a scaler's scale: its backward will follow."""

    def on_loss_scaled(self, scaler: GradScaler, scaled: Any) -> None:
        """A loss, or several, were multiplied by the scaler's scale."""

    def on_backward_begins(self, roots: Sequence[Any]) -> None:
        """A backward pass begins at these tensors."""

    def on_backward_ended(self) -> None:
        """It is over: gradients are accumulated, and reduced where that is done."""

    def on_gradients_asked(self, inputs: Sequence[Any]) -> None:
        """Gradients of these tensors are about to be computed that are given to the caller, not accumulated."""

    def on_gradients_given(
        self, roots: Sequence[Any], inputs: Sequence[Any], gradients: Sequence[Any], *, is_final: bool
    ) -> None:
        """They were; ``is_final``: they are no part of a graph that goes on."""

    def on_unscaling(self, optimizer: torch.optim.Optimizer) -> None:
        """Gradients of this optimizer's parameters are about to be divided by the scale."""

    def on_scaler_stepped(self, scaler: GradScaler, optimizer: torch.optim.Optimizer) -> None:
        """``scaler.step(optimizer)`` is over; whether the optimizer stepped, its own hooks have said."""


class Taps:
    """Wraps them and puts them back; several at once wrap each other."""

    def __init__(self, listener: TapListener) -> None:
        self._listener = listener
        self._taps: list[_Tap] = []

    def put_on(self) -> None:
        """Listen from now on."""
        if self._taps:
            return
        listener = self._listener
        unscaling = _before(lambda _, optimizer, *__: listener.on_unscaling(optimizer))
        self._taps = [
            _Tap(torch.autograd, "_engine_run_backward", self._around_pass),
            *(_Tap(kind, "scale", self._around_scale) for kind in _scalers_with("scale")),
            *(_Tap(kind, "unscale_", unscaling) for kind in _scalers_with("unscale_")),
            _Tap(
                GradScaler, "step", _after(lambda scaler, optimizer, *_: listener.on_scaler_stepped(scaler, optimizer))
            ),
        ]

    def take_off(self) -> None:
        """Put everything back."""
        for tap in self._taps:
            tap.take_off()
        self._taps.clear()

    def _around_scale(self, original: Callable[..., Any], scaler: GradScaler, *args: Any, **kwargs: Any) -> Any:
        self._listener.on_loss_scaling()
        result = original(scaler, *args, **kwargs)
        self._listener.on_loss_scaled(scaler, result)
        return result

    def _around_pass(self, original: Callable[..., Any], roots: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
        if is_in_backward():  # a reentrant checkpoint's own
            return original(roots, *args, **kwargs)
        if kwargs.get("accumulate_grad", True):
            self._listener.on_backward_begins(roots)
            result = original(roots, *args, **kwargs)
            self._listener.on_backward_ended()
            return result
        _, has_graph, inputs = args[1:4] if len(args) >= 4 else (None, True, ())  # as torch.autograd.grad gives them
        self._listener.on_gradients_asked(inputs)
        result = original(roots, *args, **kwargs)
        if not any(map(_is_batched, result)):
            self._listener.on_gradients_given(roots, inputs, result, is_final=not has_graph)
        return result


class _Tap:
    """One function that is wrapped. Where somebody else wrapped it over ours, ours stays and does nothing more."""

    def __init__(self, owner: Any, name: str, around: Callable[..., Any]) -> None:
        self._owner, self._name, self._original = owner, name, getattr(owner, name)
        self._is_on = True
        pid = os.getpid()

        @functools.wraps(self._original)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if self._is_on and os.getpid() == pid and is_observable():  # a forked worker inherits it
                return around(self._original, *args, **kwargs)
            return self._original(*args, **kwargs)

        # a compiled step would trace into it, warn of what it cannot trace, and compile again once it is taken off
        self._wrapper = torch.compiler.disable(wrapper)  # type: ignore[no-untyped-call]
        self._wrapper.moduleview_tap = self
        setattr(owner, name, self._wrapper)

    def take_off(self) -> None:
        self._is_on = False
        current = vars(self._owner).get(self._name)
        if current is self._wrapper:
            setattr(self._owner, self._name, self._original)
            return
        while (tap := vars(current).get("moduleview_tap") if callable(current) else None) is not None:
            if tap._original is self._wrapper:  # another watch's tap is over this one
                tap._original = self._original
                return
            current = tap._original


def _is_batched(gradient: torch.Tensor | None) -> bool:
    """One of several that ``torch.autograd.grad`` computes at once; its values cannot be read one by one."""
    return gradient is not None and torch._C._functorch.is_legacy_batchedtensor(gradient)


def _scalers_with(method: str) -> list[type[GradScaler]]:
    """GradScaler and those made from it that have a method of their own, as FSDP's; to be told twice does no harm."""
    found, left = [], [GradScaler]
    while left:
        kind = left.pop()
        left += kind.__subclasses__()
        if method in vars(kind):
            found.append(kind)
    return found


def _after(tell: Callable[..., None]) -> Callable[..., Any]:
    def around(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        tell(*args, *kwargs.values())
        return result

    return around


def _before(tell: Callable[..., None]) -> Callable[..., Any]:
    def around(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        tell(*args, *kwargs.values())
        return original(*args, **kwargs)

    return around
