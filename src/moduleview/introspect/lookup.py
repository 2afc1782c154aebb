"""Finds a module by its FQN without asking the model: ``get_submodule`` reads attributes, and those may compute."""

from __future__ import annotations

from torch import nn


def module_at(model: nn.Module, fqn: str) -> nn.Module | None:
    """The module registered as ``fqn`` ("" is ``model`` itself), or None. Training thread only.

    Names with dots in them, which torch refuses but ``_modules`` takes, are found too.
    """
    if not fqn:
        return model
    children = model.__dict__.get("_modules") or {}
    direct = children.get(fqn)
    if isinstance(direct, nn.Module):
        return direct
    for end in [place for place, character in enumerate(fqn) if character == "."]:
        child = children.get(fqn[:end])
        if isinstance(child, nn.Module):
            found = module_at(child, fqn[end + 1 :])
            if found is not None:
                return found
    return None
