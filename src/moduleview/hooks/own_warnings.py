"""Keeps quiet the one warning that torch gives only because our hook is there."""

from __future__ import annotations

import re
import warnings
from typing import Any

# OptimizedModule.__call__ says it at each call while any global hook is on; with -W error it would end the training.
_MESSAGE = "Using `torch.compile(module)` when there are global hooks"


class OwnWarnings:
    """A filter for that warning, there only as long as our global hook is."""

    def __init__(self) -> None:
        self._filter: Any = None

    def hush(self) -> None:
        """From now on it is not shown."""
        before = list(warnings.filters)
        warnings.filterwarnings("ignore", message=re.escape(_MESSAGE), category=UserWarning)
        added = [entry for entry in warnings.filters if entry not in before]
        self._filter = added[0] if added else None

    def restore(self) -> None:
        """As it was before."""
        if self._filter is not None and self._filter in warnings.filters:
            warnings.filters.remove(self._filter)  # type: ignore[attr-defined]
        self._filter = None
