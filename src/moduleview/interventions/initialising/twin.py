"""A copy of a model that can be written to, called and thrown away, while the model itself stays as it is.

``copy.deepcopy`` would do for most, but it copies whatever a module happens to hold (a dataset, a tokenizer), fails on
what cannot be copied (a lock, an open file), takes the hooks of others with it, and copies all values at once. Here
modules and tensors are copied, and the builtin containers and bound methods that lead to them; anything else is shared.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from types import MethodType
from typing import Any

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from moduleview.introspect.module_attributes import attributes_of

_HOOK_TABLES = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
)
_MOST_ITEMS = 10_000
_MAX_DEPTH = 6


class Twin:
    """The copy. Training thread only.

    Hooks of torch itself come along (``weight_norm``, pruning: without them there is no weight), hooks of others do
    not: what they count, print or keep must not change. What torch.compile has made is left out: the copy runs
    uncompiled.

    Args:
        model: Is read, never written.
    """

    def __init__(self, model: nn.Module) -> None:
        self._live = model
        self._of: dict[int, Any] = {}
        self._kept: list[object] = []  # an id is only good while its object lives
        self.model: nn.Module = model

    def build(self) -> Iterator[None]:
        """Make it, in pieces: a tensor or a module at a time."""
        modules = list(self._live.modules())
        for module in modules:
            self._remember(module, object.__new__(type(module)))
        for module in modules:
            yield from self._copy_tensors(module)
        for module in modules:
            self._fill(module)
            yield
        self.model = self.of(self._live)

    def of(self, thing: Any) -> Any:
        """The copy of a module or tensor of the model."""
        return self._of[id(thing)]

    def has(self, thing: Any) -> bool:
        """It was copied."""
        return id(thing) in self._of

    # -- inside ----------------------------------------------------------------------------------------------------

    def _remember(self, thing: object, copied: object) -> None:
        self._of[id(thing)] = copied
        self._kept.append(thing)

    def _copy_tensors(self, module: nn.Module) -> Iterator[None]:
        attributes = attributes_of(module)
        for table in (attributes.get("_parameters") or {}, attributes.get("_buffers") or {}):
            for tensor in list(table.values()):
                if isinstance(tensor, torch.Tensor) and not self.has(tensor):
                    self._remember(tensor, copy_tensor(tensor))
                    yield

    def _fill(self, module: nn.Module) -> None:
        twin = self.of(module)
        own = twin.__dict__
        for name, value in list(module.__dict__.items()):
            if name in _HOOK_TABLES:
                own[name] = type(value)()
            elif name == "_compiled_call_impl":
                own[name] = None
            else:
                own[name] = self._copied(value, 0)
        self._take_hooks_of_torch(module, own)
        inside = own.get("_modules", {}).get("_orig_mod")
        if inside is not None:  # what torch.compile returned: its forward would run the compiled code of the live model
            own["forward"] = inside.__call__

    def _take_hooks_of_torch(self, module: nn.Module, own: dict[str, Any]) -> None:
        for name in ("_forward_pre_hooks", "_forward_hooks"):
            with_kwargs = module.__dict__.get(f"{name}_with_kwargs", {})
            ours = [item for item in module.__dict__.get(name, {}).items() if _is_of_torch(item[1])]
            for number, hook in ours:
                own[name][number] = self._copied(hook, 0)
            own[f"{name}_with_kwargs"].update({number: True for number, _ in ours if number in with_kwargs})

    def _copied(self, value: Any, depth: int) -> Any:
        if id(value) in self._of:
            return self._of[id(value)]
        if isinstance(value, torch.Tensor):
            self._remember(value, copy_tensor(value))
            return self._of[id(value)]
        if isinstance(value, RemovableHandle):  # removing it would take a hook off the live model
            return RemovableHandle(OrderedDict())
        if isinstance(value, MethodType) and id(value.__self__) in self._of:
            return MethodType(value.__func__, self._of[id(value.__self__)])
        return value if depth >= _MAX_DEPTH else self._copied_parts(value, depth + 1)

    def _copied_parts(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is partial:
            func, args, keywords = self._copied_parts((value.func, value.args, value.keywords), depth)
            return partial(func, *args, **keywords)
        if not isinstance(value, (list, tuple, dict, set)) or len(value) > _MOST_ITEMS:
            return value
        if isinstance(value, dict) and kind.__module__ in ("builtins", "collections"):
            fresh = copy.copy(value)  # keeps the order, and a default factory
            for key, item in list(value.items()):
                fresh[key] = self._copied(item, depth)
            return fresh
        return kind(self._copied(item, depth) for item in value) if kind in (list, tuple, set) else value


def copy_tensor(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of its own with the same values; a parameter stays one, a lazy one stays lazy."""
    with torch.no_grad():
        if nn.parameter.is_lazy(tensor):
            return copy.deepcopy(tensor)
        if type(tensor) is nn.Parameter:
            return nn.Parameter(tensor.detach().clone(), tensor.requires_grad)
        return copy.deepcopy(tensor) if isinstance(tensor, nn.Parameter) else tensor.detach().clone()


def _is_of_torch(hook: Any) -> bool:
    code = getattr(hook, "__func__", hook)
    place = getattr(code, "__module__", None) or type(hook).__module__
    kind = type(hook).__module__
    return str(place).startswith("torch.") or str(kind).startswith("torch.")
