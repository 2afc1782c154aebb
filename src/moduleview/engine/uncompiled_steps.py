"""Steps that go past what torch.compile has made, so that hooks in compiled modules fire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from moduleview.hooks.hook_set import HookSet
from moduleview.telemetry.records import HooksChanged, Record


class UncompiledSteps:
    """How many of them are left, and the hooks that fire in just these. Training thread only.

    torch keeps what it has compiled, and takes it up again after them: nothing is compiled a second time.

    Args:
        hooks: What is ticked.
        put: Takes the record of what hooks stand.
    """

    def __init__(self, hooks: HookSet, put: Callable[[Record], None]) -> None:
        self._hooks = hooks
        self._put = put
        self._n_left = 0

    def allow(self, n_steps: int) -> None:
        """The next ``n_steps`` steps are made so; 0 for none."""
        was_on, self._n_left = self._n_left > 0, max(n_steps, 0)
        if was_on != (self._n_left > 0):
            self._hooks.run_uncompiled(not was_on)
            self._put(HooksChanged(self._hooks.tell()))

    @contextmanager
    def step(self) -> Iterator[None]:
        """Around a step; whatever is raised in it, compiled code runs again after it."""
        if not self._n_left:
            yield
            return
        with torch.compiler.set_stance("force_eager"):
            yield

    def count_step(self) -> None:
        """A step is over."""
        if self._n_left:
            self.allow(self._n_left - 1)
