"""Notes modules that no module has registered, and that are called inside one that is."""

from __future__ import annotations

import linecache
import sys
import weakref
from collections.abc import Collection, Mapping

from torch import nn

from moduleview.introspect.persons_code import is_persons
from moduleview.introspect.registrations import element_count, registered_modules
from moduleview.introspect.seen_steps import BuiltModule

_DEEPEST = 40  # frames
_MAXIMUM = 200  # looked at in one step


class BuiltModules:
    """One that was met before is the same one again, kept somewhere, and not built anew.

    Args:
        fqns: Names of the registered modules, by ``id``.
        registered: Identities of registered parameters and buffers.
    """

    def __init__(self, fqns: Mapping[int, str], registered: Collection[int]) -> None:
        self._fqns, self._registered = fqns, registered
        self._met: dict[int, weakref.ref[nn.Module]] = {}
        self._new: list[tuple[tuple[str, str, str], BuiltModule]] = []

    def see(self, module: nn.Module, owner: str) -> None:
        """A module that is not registered is called in the forward of ``owner``."""
        known = self._met.get(id(module))
        if (known is not None and known() is module) or len(self._new) >= _MAXIMUM:
            return
        self._met[id(module)] = weakref.ref(module)
        if getattr(module, "_is_replica", False):  # of nn.DataParallel
            return
        inside = [entry.module for entry in registered_modules(module)]
        trainable = [
            parameter
            for one in inside
            for parameter in one._parameters.values()
            if parameter is not None and parameter.requires_grad and id(parameter) not in self._registered
        ]
        has_dropout = any(isinstance(one, nn.modules.dropout._DropoutNd) and one.p > 0 for one in inside)
        if trainable or has_dropout:
            location, code = _call()
            n_trainable = element_count(list(trainable))
            built = BuiltModule(type(module).__name__, owner, location, code, n_trainable, has_dropout, _made(module))
            self._new.append(((owner, built.type_name, location), built))

    def note(self, notes: dict[tuple[str, str, str], BuiltModule], step: int) -> None:
        """The step is over: add what was new in it."""
        for key, built in self._new:
            noted = notes.setdefault(key, built)
            noted.steps.add(step)
            noted.n_built += 1
        self._new.clear()
        self._met = {key: reference for key, reference in self._met.items() if reference() is not None}


def _made(module: nn.Module) -> str:
    """Layers of torch without parts say in their ``repr`` what they were made with."""
    if not type(module).__module__.startswith("torch.nn.modules.") or module._modules:
        return ""
    return f"nn.{module!r}"


def _call() -> tuple[str, str]:
    """``file:line`` and text of the line that called, in the user's own code."""
    frame = sys._getframe(1)
    for _ in range(_DEEPEST):
        name = frame.f_code.co_filename
        if is_persons(name):
            return f"{name}:{frame.f_lineno}", linecache.getline(name, frame.f_lineno).strip()
        if frame.f_back is None:
            break
        frame = frame.f_back
    return "", ""
