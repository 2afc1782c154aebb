"""The time that a training step spends in the hooks which were put on it, measured directly.

A ratio of whole steps cannot show 0.1 %; this can, but not what watching costs elsewhere (a cold cache, a fast path
that is lost). Every hook on a model and its optimizer is wrapped in two clock reads, those too that hooks put on the
step's own tensors. Hooks within hooks count once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from models import Workload

_OF_MODULES = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")
_OF_TENSORS = ("_backward_hooks", "_post_accumulate_grad_hooks")
_OF_OPTIMIZERS = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")


class HookClock:
    """Adds up what passes in wrapped calls, whichever thread makes them."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()
        self._inside = threading.local()

    def wrapped(self, hook: Callable[..., Any]) -> Callable[..., Any]:
        """The same hook, on the clock."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            if getattr(self._inside, "is_so", False):
                return hook(*args, **kwargs)
            self._inside.is_so = True
            began_s = time.perf_counter()
            try:
                return hook(*args, **kwargs)
            finally:
                took_s = time.perf_counter() - began_s
                self._inside.is_so = False
                with self._lock:
                    self.seconds += took_s

        return timed


@contextmanager
def hooks_on_a_clock(workload: Workload) -> Iterator[HookClock]:
    """Put every hook that is on a model, its parameters and optimizer now on a clock; takes none off in the end."""
    clock = HookClock()
    for hooks in _hooks_of(workload):
        for key, hook in list(hooks.items()):
            hooks[key] = clock.wrapped(hook)
    register = torch.Tensor.register_hook
    with mock.patch.object(torch.Tensor, "register_hook", lambda tensor, hook: register(tensor, clock.wrapped(hook))):
        yield clock


def _hooks_of(workload: Workload) -> Iterator[MutableMapping[int, Any]]:
    owners = [(module, _OF_MODULES) for module in workload.model.modules()]
    owners += [(parameter, _OF_TENSORS) for parameter in workload.model.parameters()]
    owners.append((workload.optimizer, _OF_OPTIMIZERS))
    for owner, attributes in owners:
        for attribute in attributes:
            if hooks := getattr(owner, attribute, None):
                yield hooks
