"""A hook on the forward of every module, which torch.compile never meets.

Dynamo, when it traces a module while a global hook is on, guards its code by that hook's number: the next toggle, with
another number, compiles anew, and after eight of them the function runs uncompiled for ever. So the hook is off while
torch.compile looks, and the code that it makes has no such guard.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from torch.nn.modules import module as torch_module
from torch.utils.hooks import RemovableHandle


class GlobalForwardHook:
    """Puts one hook on all modules, and takes it off. Training thread only.

    Args:
        hook: Called as torch calls them, without keyword inputs.
        is_pre: Before each forward instead of after it.
    """

    def __init__(self, hook: Callable[..., None], *, is_pre: bool = False) -> None:
        self._hook = hook
        self._register = (
            torch_module.register_module_forward_pre_hook if is_pre else torch_module.register_module_forward_hook
        )
        self._table: dict[int, Any] = (
            torch_module._global_forward_pre_hooks if is_pre else torch_module._global_forward_hooks
        )
        self._handle: RemovableHandle | None = None

    @property
    def is_on(self) -> bool:
        """It was put on; it may be out of sight of torch.compile for a moment."""
        return self._handle is not None

    def put_on(self) -> None:
        """Put it on where it is not. Call it again at each step: torch.compile may have come since."""
        if self._handle is None:
            # without with_kwargs: torch 2.13 stays marked for ever by a global with_kwargs hook that was removed
            self._handle = self._register(self._hook)
        compiler = _compiler_callbacks()
        if compiler is not None and self._hide not in compiler.start_callbacks:  # torch._dynamo.reset forgets it
            compiler.register_start_callback(self._hide)
            compiler.register_end_callback(self._show)

    def take_off(self) -> None:
        """Take it off, and leave torch.compile alone."""
        compiler = _compiler_callbacks()
        if compiler is not None and self._hide in compiler.start_callbacks:
            compiler.remove_start_callback(self._hide)
            compiler.remove_end_callback(self._show)
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def _hide(self, *_: Any) -> None:
        if self._handle is not None:
            self._table.pop(self._handle.id, None)

    def _show(self, *_: Any) -> None:
        if self._handle is not None:
            self._table[self._handle.id] = self._hook


def _compiler_callbacks() -> Any:
    """Those whom torch tells when it compiles; None where nothing was compiled: it is slow to import."""
    return getattr(sys.modules.get("torch._dynamo.callback"), "callback_handler", None)
