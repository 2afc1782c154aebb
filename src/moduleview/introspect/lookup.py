"""Finds a module by its FQN without asking the model: ``get_submodule`` reads attributes, and those may compute."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from moduleview.introspect.module_attributes import attributes_of


def module_at(model: nn.Module, fqn: str) -> nn.Module | None:
    """The module registered as ``fqn`` ("" is ``model`` itself), or None. Training thread only.

    Names with dots in them, which torch refuses but ``_modules`` takes, are found too; of ``a`` and ``a.b`` beside each
    other the shorter is entered.
    """
    way = way_to(model, fqn)
    if way is None:
        return None
    return way[-1][2] if way else model


Way = tuple[tuple[Mapping[str, nn.Module | None], str, nn.Module], ...]


def way_to(model: nn.Module, fqn: str) -> Way | None:
    """The tables that lead to a module, from the model on, each with the name in it and the module found there.

    None where there is no such module. Whether the way still leads there is asked ten times as fast as where it leads.
    """
    module, left = model, fqn
    links = []
    while left:
        table, name, child, left = _child_at(module, left)
        if child is None:
            return None
        links.append((table, name, child))
        module = child
    return tuple(links)


def _child_at(module: nn.Module, fqn: str) -> tuple[Mapping[str, nn.Module | None], str, nn.Module | None, str]:
    """The table of children, the name and the child that ``fqn`` goes through, and what is left of it."""
    children = attributes_of(module).get("_modules") or {}
    end = -1
    while True:
        end = fqn.find(".", end + 1)
        name = fqn if end < 0 else fqn[:end]
        child = children[name] if name in children else None  # noqa: SIM401  a ScriptModule's table has no get()
        if isinstance(child, nn.Module):
            return children, name, child, fqn[len(name) + 1 :]
        if end < 0:
            return children, name, None, ""
