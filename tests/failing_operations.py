"""Lets torch's operations fail where we measure, and only there, whatever they are."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

_PACKAGE = "/moduleview/"
_HOOKS = "/moduleview/hooks/"
_AROUND_THE_USERS = "/hooks/taps.py"


class FailingOperations(TorchDispatchMode):
    """While it is on, a share of the operations that hooks of ours ask for raises.

    The user's own operations are left alone: they stand above our frames, never below them.

    Args:
        make_error: What is raised.
        share: 1.0 for every operation of ours.
        seed: Which of them fail.
    """

    def __init__(self, make_error: Callable[[], Exception], share: float = 1.0, *, seed: int = 0) -> None:
        super().__init__()
        self._make_error, self._share = make_error, share
        self._chance = random.Random(seed)
        self.n_raised = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if self._share and self._is_ours() and self._chance.random() < self._share:
            self.n_raised += 1
            raise self._make_error()
        return func(*args, **(kwargs or {}))

    def _is_ours(self) -> bool:
        """The innermost frame of ours measures; one that only stands around the user's backward does not."""
        frame = sys._getframe(1)
        while frame is not None:
            path = frame.f_code.co_filename
            if _PACKAGE in path:
                return _HOOKS in path and not path.endswith(_AROUND_THE_USERS)
            frame = frame.f_back  # type: ignore[assignment]
        return False
