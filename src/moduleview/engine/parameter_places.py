"""Notices at once that another parameter or module was put in the place of one that is measured."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from torch.utils.hooks import RemovableHandle


class ParameterPlaces:
    """Listens to what is registered in the model's modules, which costs a step nothing. Training thread only.

    torch tells of each that is assigned to an attribute of a module. What is written into a module's tables past that
    is no change: FSDP and ``torch.func.functional_call`` take parameters out so, and put them back.
    """

    def __init__(self) -> None:
        self._modules: frozenset[int] = frozenset()
        self._before: dict[tuple[int, str], tuple[dict[str, Any], object]] = {}  # tables, and what was in them
        self._handles: list[RemovableHandle] = []

    def bind(self, model: nn.Module) -> None:
        """The model is this now."""
        self._modules = frozenset(map(id, model.modules()))
        self._before.clear()

    def put_on(self) -> None:
        """Listen from now on."""
        self._handles = [
            register_module_parameter_registration_hook(self._on_parameter),
            register_module_module_registration_hook(self._on_module),
        ]

    def take_off(self) -> None:
        """Listen no more."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._before.clear()

    def have_changed(self) -> bool:
        """Something else is in one of the places than when this was asked for last."""
        if not self._before:
            return False
        before = list(self._before.items())
        self._before.clear()
        return any(table.get(name) is not known for (_, name), (table, known) in before)

    def _on_parameter(self, module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:  # noqa: ARG002
        self._note(module, name, module._parameters)

    def _on_module(self, module: nn.Module, name: str, submodule: nn.Module | None) -> None:  # noqa: ARG002
        self._note(module, name, module._modules)

    def _note(self, module: nn.Module, name: str, table: dict[str, Any]) -> None:
        """The change itself comes after this."""
        if id(module) in self._modules:
            self._before.setdefault((id(module), name), (table, table.get(name)))
