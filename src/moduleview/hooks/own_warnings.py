"""Keeps quiet the one warning that torch gives only because our hook is there."""

from __future__ import annotations

import re
import warnings

# OptimizedModule.__call__ says it at each call while any global hook is on; with -W error it would end the training.
_MESSAGE = re.escape("Using `torch.compile(module)` when there are global hooks")


class OwnWarnings:
    """A filter for that warning, there only as long as our global hook is.

    Args:
        owner: One word; several filters of the same text would be one to Python, and end together.
    """

    def __init__(self, owner: str) -> None:
        self._pattern = f"{_MESSAGE}(?#{owner})"

    def hush(self) -> None:
        """From now on it is not shown."""
        warnings.filterwarnings("ignore", message=self._pattern, category=UserWarning)

    def restore(self) -> None:
        """As it was before."""
        ours = (
            "ignore",
            re.compile(self._pattern, re.IGNORECASE),
            UserWarning,
            None,
            0,
        )  # as filterwarnings puts it down
        if ours in warnings.filters:
            warnings.filters.remove(ours)  # type: ignore[attr-defined]
