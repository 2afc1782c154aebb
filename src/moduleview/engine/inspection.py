"""The public face of the snapshot: what ``moduleview.inspect`` is."""

from __future__ import annotations

import inspect as python_inspect

from torch import nn

from moduleview.engine.task import TrainingTask
from moduleview.introspect.tree import snapshot_model
from moduleview.telemetry.snapshot import ModelSnapshot


def inspect(model: nn.Module) -> ModelSnapshot:
    """Look at a model without a window: every module, parameter and buffer, with shared and tied ones found.

    Args:
        model: Any ``nn.Module``. Its forward is not called, none of its tensors is read, and nothing of it is changed
            or kept.

    Returns:
        A picture that stays as it is whatever becomes of the model: ``snapshot.fqns``, ``snapshot.tensors``,
        ``snapshot.totals`` and so on. The rows stand in the order of ``model.named_modules(remove_duplicate=False)``.

    Raises:
        TypeError: It is no ``nn.Module``; the sentence says what to pass.
    """
    refuse_what_is_no_model(model, "inspect")
    return snapshot_model(model)


def refuse_what_is_no_model(model: object, function: str) -> None:
    """Say what to pass to ``moduleview.function()`` instead.

    Raises:
        TypeError: It is no ``nn.Module``.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"moduleview.{function}() takes an nn.Module, not {_what(model)}; {_advice(model)}.")


def _what(thing: object) -> str:
    if thing is None:
        return "None"
    return f"the class {thing.__name__}" if isinstance(thing, type) else f"an object of type {type(thing).__name__}"


def _advice(thing: object) -> str:
    if isinstance(thing, type):
        return f"make one first: {thing.__name__}(...)" if issubclass(thing, nn.Module) else "pass the model"
    if isinstance(thing, TrainingTask):
        return "pass its .model"
    if type(thing).__name__ == "ExportedProgram":  # by name: importing torch.export costs a second
        return "pass its .module()"
    if python_inspect.isroutine(thing):
        return "pass the model that it makes"
    held = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, list | tuple | set) else ()
    return "pass one model at a time" if any(isinstance(one, nn.Module) for one in held) else "pass the model"
