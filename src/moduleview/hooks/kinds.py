"""Every table in which torch keeps hooks, and the order in which it runs what stands in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.modules import module as torch_modules
from torch.optim import optimizer as torch_optimizers

from moduleview.hooks.silent_hook import is_ours, is_torchs

_Table = MutableMapping[int, Any]

_OF_MODULES: Mapping[str, tuple[str, str]] = {  # kind: the module's own table, the table for every module
    "forward_pre": ("_forward_pre_hooks", "_global_forward_pre_hooks"),
    "forward": ("_forward_hooks", "_global_forward_hooks"),
    "backward_pre": ("_backward_pre_hooks", "_global_backward_pre_hooks"),
    "backward": ("_backward_hooks", "_global_backward_hooks"),
    "state_dict_pre": ("_state_dict_pre_hooks", ""),
    "state_dict": ("_state_dict_hooks", ""),
    "load_state_dict_pre": ("_load_state_dict_pre_hooks", ""),
    "load_state_dict_post": ("_load_state_dict_post_hooks", ""),
    "module_registration": ("", "_global_module_registration_hooks"),
    "parameter_registration": ("", "_global_parameter_registration_hooks"),
    "buffer_registration": ("", "_global_buffer_registration_hooks"),
}
_OF_TENSORS: Mapping[str, str] = {
    "tensor": "_backward_hooks",
    "post_accumulate_grad": "_post_accumulate_grad_hooks",
}
_OF_OPTIMIZERS: Mapping[str, str] = {
    "step_pre": "_optimizer_step_pre_hooks",
    "step_post": "_optimizer_step_post_hooks",
    "state_dict_pre": "_optimizer_state_dict_pre_hooks",
    "state_dict": "_optimizer_state_dict_post_hooks",
    "load_state_dict_pre": "_optimizer_load_state_dict_pre_hooks",
    "load_state_dict_post": "_optimizer_load_state_dict_post_hooks",
}
EVERY_MODULE, EVERY_OPTIMIZER = "every module", "every optimizer"
LEGACY_BACKWARD, FULL_BACKWARD = "backward", "full_backward"


@dataclass(frozen=True, eq=False)
class HookSlot:
    """One place in one of torch's tables.

    Attributes:
        kind: As torch calls the table.
        table: Where it stands; live.
        key: Under which number.
        order: Torch runs it as this one of its kind, from 1.
        place: What it is on, "" for the module itself.
    """

    kind: str
    table: _Table
    key: int
    order: int
    place: str = ""

    @property
    def hook(self) -> Any:
        """What stands there now."""
        return self.table[self.key]


def slots_of(module: nn.Module) -> Iterator[HookSlot]:
    """Hooks on a module itself and on its own parameters. Training thread only.

    Those that are on every module run before its own and are counted in their order, but are not given here.
    """
    for kind, (own, everywhere) in _OF_MODULES.items():
        table = (vars(module).get(own) or {}) if own else {}
        is_full = kind == "backward" and vars(module).get("_is_full_backward_hook") is True
        n_before = len(_global_table(everywhere))
        if kind == "backward" and is_full is not (torch_modules._global_is_full_backward_hook is True):
            n_before = 0  # torch runs the two kinds apart
        yield from _slots(FULL_BACKWARD if is_full else kind, table, n_before)
    for name, parameter in module._parameters.items():
        if parameter is not None:
            for kind, attribute in _OF_TENSORS.items():
                yield from _slots(kind, getattr(parameter, attribute, None) or {}, place=name)


def slots_everywhere(optimizers: Sequence[Any]) -> Iterator[HookSlot]:
    """Hooks on every module, on these optimizers, and on every optimizer. Training thread only."""
    for kind, (_, everywhere) in _OF_MODULES.items():
        is_full = kind == "backward" and torch_modules._global_is_full_backward_hook is True
        yield from _slots(FULL_BACKWARD if is_full else kind, _global_table(everywhere), place=EVERY_MODULE)
    before, after = torch_optimizers._global_optimizer_pre_hooks, torch_optimizers._global_optimizer_post_hooks
    yield from _slots("step_pre", before, place=EVERY_OPTIMIZER)
    for optimizer in optimizers:
        for kind, attribute in _OF_OPTIMIZERS.items():
            table = vars(optimizer).get(attribute) or {}
            yield from _slots(kind, table, len(before) if kind == "step_pre" else 0, place=type(optimizer).__name__)
    n_own = max((len(vars(one).get("_optimizer_step_post_hooks") or {}) for one in optimizers), default=0)
    yield from _slots("step_post", after, n_own, place=EVERY_OPTIMIZER)


def n_foreign_global_hooks() -> int:
    """Hooks of others than us that torch calls for every module."""
    tables = (_global_table(name) for kind, (_, name) in _OF_MODULES.items() if "registration" not in kind)
    return sum(not is_ours(hook) for table in tables for hook in list(table.values()))


def has_forward_hooks_of_others(module: nn.Module) -> bool:
    """A module's own forward hooks, not torch's: they run after those that are on every module."""
    return any(not is_ours(hook) and not is_torchs(hook) for hook in list(module._forward_hooks.values()))


def _global_table(name: str) -> _Table:
    return vars(torch_modules).get(name) or {}


def _slots(kind: str, table: _Table, n_before: int = 0, place: str = "") -> Iterator[HookSlot]:
    for order, key in enumerate(list(table), start=n_before + 1):
        yield HookSlot(kind, table, key, order, place)
