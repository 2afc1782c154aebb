"""Catches what the whole model is called with in one step, where a task makes its steps itself."""

from __future__ import annotations

from typing import Any

from torch import nn

from moduleview.engine.user_hook_trial import RootCall
from moduleview.hooks.silent_hook import SilentHook, is_in_backward


class RootCatch:
    """A forward-pre hook on the root module that is taken off again. Training thread only.

    Attributes:
        call: The last call's arguments, None before there was one.
    """

    def __init__(self, model: nn.Module) -> None:
        self.call: RootCall | None = None
        hook = SilentHook(self._see, lambda _error: None)
        self._handle = model.register_forward_pre_hook(hook, with_kwargs=True)

    def remove(self) -> None:
        """Look no longer."""
        self._handle.remove()

    def _see(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:  # noqa: ARG002  torch's
        if not is_in_backward():
            self.call = RootCall(args, kwargs)
