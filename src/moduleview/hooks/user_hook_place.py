"""Where a person's own hook goes: says why it cannot, puts it into torch's table, and takes it out without a trace."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping

from torch import nn

from moduleview.errors import ModuleViewError
from moduleview.hooks.forecast import reason_a_parameter_cannot_fire, reason_it_cannot_fire
from moduleview.hooks.model_index import ModelIndex
from moduleview.hooks.put_on import PutOn, forget_kind
from moduleview.introspect.lookup import module_at
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.user_hook_arguments import python_words
from moduleview.telemetry.user_hook_code import read_hook_code
from moduleview.telemetry.user_hooks_messages import Argument, UserHookKind, WrittenHook

_AS_TICKED = {
    UserHookKind.FORWARD_PRE: HookKind.FORWARD_PRE,
    UserHookKind.FORWARD: HookKind.FORWARD,
    UserHookKind.BACKWARD_PRE: HookKind.BACKWARD_PRE,
    UserHookKind.BACKWARD: HookKind.FULL_BACKWARD,
    UserHookKind.TENSOR: HookKind.TENSOR,
    UserHookKind.ACCUMULATED: HookKind.POST_ACCUMULATE,
}
_FROM_FUTURE = re.compile("^from __future__ import .*$", re.MULTILINE)
_IMPORTS = {
    "math": "import math",
    "F": "import torch.nn.functional as F",
    "partial": "from functools import partial",
}


class HookPlaceError(ModuleViewError):
    """The hook cannot go there; nothing was put on."""


def place_words(fqn: str) -> str:
    """A module or parameter as a sentence names it."""
    return fqn or "the whole model"


def check_place(model: nn.Module, written: WrittenHook, *, index: ModelIndex | None = None) -> None:
    """Look whether such a hook can fire there, as far as that is known without a step.

    Raises:
        HookPlaceError: It cannot, with the reason.
    """
    index = ModelIndex(model) if index is None else index
    kind = _AS_TICKED[written.kind]
    if written.kind.is_of_parameter:
        parameter = index.parameters.get(written.fqn)
        if parameter is None:
            raise HookPlaceError(f"There is no parameter called {written.fqn} now. Choose one in the tree.")
        reason = reason_a_parameter_cannot_fire(parameter, kind)
    elif written.fqn not in index.modules:
        raise HookPlaceError(f"There is no module called {written.fqn} now. Choose one in the tree.")
    else:
        reason = reason_it_cannot_fire(index, written.fqn, kind)
    if reason:
        raise HookPlaceError(f"The hook cannot go on {place_words(written.fqn)}: {reason}")


def target_of(model: nn.Module, written: WrittenHook) -> nn.Module | nn.Parameter | None:
    """What the hook's name leads to now; None where it is gone."""
    if not written.kind.is_of_parameter:
        return module_at(model, written.fqn)
    owner, _, name = written.fqn.rpartition(".")
    module = module_at(model, owner)
    return None if module is None else dict(module._parameters.items()).get(name)


def put_on(target: nn.Module | nn.Parameter, written: WrittenHook, hook: Callable[..., object]) -> PutOn:
    """Register a hook as torch's own ``register_*`` does it.

    Raises:
        RuntimeError: torch refuses, in its own words.
    """
    if isinstance(target, nn.Parameter):
        if written.kind is UserHookKind.TENSOR:
            handle = target.register_hook(hook)  # type: ignore[no-untyped-call]
            return PutOn.on_parameter(handle, target, "_backward_hooks")
        handle = target.register_post_accumulate_grad_hook(hook)  # type: ignore[no-untyped-call]
        return PutOn.on_parameter(handle, target, "_post_accumulate_grad_hooks")
    match written.kind:
        case UserHookKind.FORWARD_PRE:
            return PutOn((target.register_forward_pre_hook(hook, with_kwargs=written.with_kwargs),))
        case UserHookKind.FORWARD:
            options = {"with_kwargs": written.with_kwargs, "always_call": written.always_call}
            return PutOn((target.register_forward_hook(hook, **options),))
        case UserHookKind.BACKWARD_PRE:
            return PutOn((target.register_full_backward_pre_hook(hook),))
        case _:
            was_full = target._is_full_backward_hook
            put = target.register_full_backward_hook(hook)
            return PutOn((put,), tidy=functools.partial(forget_kind, target) if was_full is None else None)


def python_of(written: WrittenHook, values: Mapping[str, Argument], variable: str) -> str:
    """What does the same in a script that has torch, nn and the model.

    The handle is called ``<variable>_handle``, the partial ``<variable>``.
    """
    arguments = "".join(f", {name}={python_words(value)}" for name, value in values.items())
    lines = [line for name, line in _IMPORTS.items() if re.search(rf"\b{name}\b", written.code)]
    bound = f"{variable} = functools.partial({read_hook_code(written.code).function}{arguments})"
    first = _FROM_FUTURE.findall(written.code)  # nothing but comments may stand before them
    code, registration = _FROM_FUTURE.sub("", written.code).rstrip(), _registration(written, variable)
    return "\n".join((*first, "import functools", *lines, code, f"\n{bound}\n{variable}_handle = {registration}"))


def _registration(written: WrittenHook, variable: str) -> str:
    if written.kind.is_of_parameter:
        method = "register_hook" if written.kind is UserHookKind.TENSOR else "register_post_accumulate_grad_hook"
        return f"model.get_parameter({written.fqn!r}).{method}({variable})"
    of = f"model.get_submodule({written.fqn!r})" if written.fqn else "model"
    is_forward = written.kind in (UserHookKind.FORWARD, UserHookKind.FORWARD_PRE)
    options = ", with_kwargs=True" if is_forward and written.with_kwargs else ""
    if written.kind is UserHookKind.FORWARD and written.always_call:
        options += ", always_call=True"
    return f"{of}.register_{written.kind.value}_hook({variable}{options})"
