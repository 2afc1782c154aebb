"""moduleview: see inside a PyTorch model while it trains.

What a training script may use:

- ``inspect(model) -> ModelSnapshot``: the frozen picture of a module tree, without a window.
- ``check(model, optimizer) -> tuple[Finding, ...]``: faults of structure, each with the corrected code.
- ``watch(model, optimizer) -> Watch``: measures any training loop from inside, without a window.
- ``TrainingTask(model, optimizer, batches, loss)``: what ``moduleview file.py`` looks for in a file.
- ``ModelSnapshot``: what ``inspect`` gives.

Importing this imports nothing heavy: each name brings what it needs when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moduleview.engine.checking import check
    from moduleview.engine.inspection import inspect
    from moduleview.engine.task import TrainingTask
    from moduleview.engine.watching import Watch, watch
    from moduleview.telemetry.records import Finding
    from moduleview.telemetry.snapshot import ModelSnapshot

__version__ = "0.1.0"

__all__ = ["Finding", "ModelSnapshot", "TrainingTask", "Watch", "__version__", "check", "inspect", "watch"]

_WHERE = {
    "Finding": ("moduleview.telemetry.records", "Finding"),
    "ModelSnapshot": ("moduleview.telemetry.snapshot", "ModelSnapshot"),
    "TrainingTask": ("moduleview.engine.task", "TrainingTask"),
    "Watch": ("moduleview.engine.watching", "Watch"),
    "check": ("moduleview.engine.checking", "check"),
    "inspect": ("moduleview.engine.inspection", "inspect"),
    "watch": ("moduleview.engine.watching", "watch"),
}


def __getattr__(name: str) -> Any:
    """One of the two places that load lazily."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _WHERE[name]
    value = globals()[name] = getattr(importlib.import_module(module), attribute)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
