"""Modules of which no hook tells whether they ran."""

from __future__ import annotations

import sys

from torch import nn

from moduleview.hooks.model_index import ModelIndex, is_script

_NOT_LAYERS = ("torch.nn.modules.container", "torch.nn.modules.module")


def unseen_modules(model: nn.Module, *, runs_uncompiled: bool = False) -> set[int]:
    """Identities of modules that are scripted, compiled, replicated, or called in a way of their own.

    What stands below a module of torch's own is its own business too: it passes by the ``out_proj`` of attention, and
    in evaluation every layer of a transformer's encoder.

    Args:
        model: To look at.
        runs_uncompiled: What is compiled is bypassed, and hooks in it fire.
    """
    index = ModelIndex(model)
    found: set[int] = set()
    inside: str | None = None
    for fqn, module in index.modules.items():
        if inside is not None and fqn.startswith(inside) and (fqn or not inside):
            found.add(id(module))
            continue
        inside = None
        is_compiled = fqn in index.compiled and not runs_uncompiled
        if is_compiled or is_script(module) or type(module).__call__ is not nn.Module.__call__:
            found.add(id(module))
        if is_script(module) or _keeps_its_children(type(module), module):
            inside = f"{fqn}." if fqn else ""
    return found


def has_compiled_code() -> bool:
    """torch.compile has made code in this program, which calls modules but not their hooks."""
    frames = sys.modules.get("torch._dynamo.convert_frame")
    return frames is not None and getattr(frames, "FRAME_COUNTER", 1) > 0


def _keeps_its_children(cls: type, module: nn.Module) -> bool:
    if cls.__name__ == "DataParallel":
        return len(vars(module).get("device_ids") or ()) > 1
    return cls.__name__ == "ParametrizationList" or any(
        base.__module__.startswith("torch.nn.modules.")
        and base.__module__ not in _NOT_LAYERS
        and "forward" in base.__dict__
        for base in cls.__mro__
    )
