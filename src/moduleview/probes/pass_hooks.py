"""Hooks on the parameters for the length of one backward pass: the gradient of the pass, and of this rank alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.utils.hooks import RemovableHandle

from moduleview.hooks.silent_hook import is_observable
from moduleview.probes.statistic import Statistic
from moduleview.probes.tensor_readings import TensorReadings

Norms = dict[str, torch.Tensor]


class PassHooks:
    """Puts them on before a pass and takes them off after it. On CUDA autograd's threads call them: no lock.

    A tensor hook sees the gradient that one pass brings; a post-accumulate hook the sum so far, before
    DistributedDataParallel reduces it over ranks.

    Args:
        report: Takes the first exception; from then on nothing is put on.
    """

    def __init__(self, report: Callable[[Exception], None]) -> None:
        self._report = report
        self._handles: list[RemovableHandle] = []
        self._hooked: list[nn.Parameter] = []
        self._micro: Norms = {}
        self._local: Norms = {}
        self._has_failed = False
        self._pid = os.getpid()

    def put_on(self, parameters: Mapping[str, nn.Parameter], *, has_micro: bool, has_local: bool) -> None:
        """A pass begins: hook what gets a gradient."""
        self.take_off()
        self._micro, self._local = {}, {}
        if self._has_failed or not (has_micro or has_local):
            return
        for fqn, parameter in parameters.items():
            if not parameter.requires_grad or is_lazy(parameter) or parameter.is_inference():
                continue
            if has_micro:
                self._handles.append(parameter.register_hook(self._hook(fqn, self._micro)))  # type: ignore[no-untyped-call]
            if has_local:
                after = self._after_hook(fqn)
                self._handles.append(parameter.register_post_accumulate_grad_hook(after))  # type: ignore[no-untyped-call]
            self._hooked.append(parameter)

    def take_off(self) -> tuple[Norms, Norms]:
        """The pass is over: norms of what it brought, and of the sum so far, both by FQN; no hook is left."""
        for handle in self._handles:
            handle.remove()
        for parameter in self._hooked:
            if parameter._backward_hooks is not None and not parameter._backward_hooks:
                parameter._backward_hooks = None  # an empty table would be a trace, and cost a call each backward
        self._handles.clear()
        self._hooked.clear()
        return self._micro, self._local

    def _hook(self, fqn: str, into: Norms) -> Callable[[torch.Tensor], None]:
        def see(gradient: torch.Tensor) -> None:
            self._note(fqn, gradient, into)

        return see

    def _after_hook(self, fqn: str) -> Callable[[torch.Tensor], None]:
        into = self._local

        def see(parameter: torch.Tensor) -> None:
            if parameter.grad is not None:  # an optimizer in backward has used it already
                self._note(fqn, parameter.grad, into)

        return see

    def _note(self, fqn: str, gradient: torch.Tensor, into: Norms) -> None:
        if self._has_failed or os.getpid() != self._pid or not is_observable():
            return
        try:
            with torch.no_grad():
                for reading in TensorReadings({fqn: gradient}, frozenset()).statistic(Statistic.NORM):
                    into[fqn] = reading.values[0]
        except Exception as error:  # must not reach the user's backward: the other ranks would wait for ever
            self._has_failed = True
            self._report(error)
