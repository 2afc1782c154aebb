"""Names that may stand behind a dot in a hook's code; no attribute of a model is read for them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import torch
from torch import nn

from moduleview.introspect.lookup import module_at
from moduleview.introspect.module_attributes import attributes_of
from moduleview.telemetry.user_hooks_messages import UserHookKind

_TABLES = ("_parameters", "_buffers", "_modules")
_MOST = 3_000


def words_for(model: nn.Module, kind: UserHookKind, fqn: str) -> Mapping[str, tuple[str, ...]]:
    """Public names by what stands before the dot; those of ``module`` where the hook goes on one."""
    known = {"torch": torch, "nn": nn, "F": nn.functional, "math": math, "tensor": torch.Tensor}
    words = {name: _public(dir(thing)) for name, thing in known.items()}
    module = None if kind.is_of_parameter else module_at(model, fqn)
    if module is not None:
        attributes = attributes_of(module)
        own = {str(name) for table in _TABLES for name in attributes.get(table) or ()}
        words["module"] = _public({*dir(type(module)), *map(str, attributes), *own})
    return words


def _public(names: Iterable[str]) -> tuple[str, ...]:
    found = sorted(name for name in names if not name.startswith("_"))
    return tuple(found[:_MOST])
