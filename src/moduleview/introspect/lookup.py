"""Finds a module by its FQN without asking the model: ``get_submodule`` reads attributes, and those may compute."""

from __future__ import annotations

from torch import nn

from moduleview.introspect.module_attributes import attributes_of


def module_at(model: nn.Module, fqn: str) -> nn.Module | None:
    """The module registered as ``fqn`` ("" is ``model`` itself), or None. Training thread only.

    Names with dots in them, which torch refuses but ``_modules`` takes, are found too; of ``a`` and ``a.b`` beside each
    other the shorter is entered.
    """
    module, left = model, fqn
    while left:
        child, left = _child_at(module, left)
        if child is None:
            return None
        module = child
    return module


def _child_at(module: nn.Module, fqn: str) -> tuple[nn.Module | None, str]:
    """The child that ``fqn`` goes through, and what is left of it."""
    children = attributes_of(module).get("_modules") or {}
    end = -1
    while True:
        end = fqn.find(".", end + 1)
        name = fqn if end < 0 else fqn[:end]
        child = children[name] if name in children else None  # noqa: SIM401  a ScriptModule's table has no get()
        if isinstance(child, nn.Module):
            return child, fqn[len(name) + 1 :]
        if end < 0:
            return None, ""
