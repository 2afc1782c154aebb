"""moduleview: see inside a PyTorch model while it trains.

Importing this package imports neither torch nor Qt; what needs them is loaded when it is first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moduleview.engine.task import TrainingTask

__version__ = "0.1.0"
__all__ = ["TrainingTask"]

_HOME_OF = {"TrainingTask": "moduleview.engine.task"}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
