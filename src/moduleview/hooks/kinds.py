"""Every table in which torch keeps hooks of a module, by the name that a person knows it by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

TABLES: Mapping[str, str] = {
    "forward_pre": "_forward_pre_hooks",
    "forward": "_forward_hooks",
    "backward_pre": "_backward_pre_hooks",
    "backward": "_backward_hooks",
    "state_dict_pre": "_state_dict_pre_hooks",
    "state_dict": "_state_dict_hooks",
    "load_state_dict_pre": "_load_state_dict_pre_hooks",
    "load_state_dict_post": "_load_state_dict_post_hooks",
}


def hooks_of(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """(kind, callable) of every hook on a module itself, in the order in which torch runs those of a kind.

    ``backward`` is called "full_backward" where it is of torch's new kind.
    """
    is_full = vars(module).get("_is_full_backward_hook") is True
    for kind, attribute in TABLES.items():
        name = "full_backward" if kind == "backward" and is_full else kind
        for hook in list((vars(module).get(attribute) or {}).values()):
            yield name, hook
