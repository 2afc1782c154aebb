"""Every initialiser: all of ``torch.nn.init`` with the arguments of its signature, and two that call modules."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Iterator

import torch
from torch import nn

from moduleview.telemetry.initialising_messages import FUNCTION, RESET, Argument, Initialiser, InitialiserArgument

_MARKUP = re.compile(r":\w+:|\\text|[`{}]")
_OURS = frozenset({"tensor", "generator"})


def all_initialisers() -> tuple[Initialiser, ...]:
    """In torch's order of writing, then ``reset_parameters`` and a person's own function."""
    own = Initialiser(RESET, (), True, True, "Each module's own reset_parameters(), or _reset_parameters().")
    function = Initialiser(FUNCTION, (), True, True, "A function of yours, called with each module as apply() does.")
    return (*(_described(name, call) for name, call in _of_torch()), own, function)


def initialiser_called(name: str) -> Initialiser | None:
    """The one of that name, or None."""
    return next((found for found in all_initialisers() if found.name == name), None)


def call_of(name: str) -> Callable[..., torch.Tensor]:
    """The function of ``torch.nn.init``."""
    return typing.cast(Callable[..., torch.Tensor], getattr(nn.init, name))


def _of_torch() -> Iterator[tuple[str, Callable[..., object]]]:
    """Functions that write into a tensor in place, as torch names them: with an underscore at the end."""
    for name, value in vars(nn.init).items():
        if name.endswith("_") and not name.startswith("_") and inspect.isfunction(value):
            yield name, value


def _described(name: str, call: Callable[..., object]) -> Initialiser:
    signature, hints = inspect.signature(call), typing.get_type_hints(call)
    arguments = tuple(
        _argument(parameter, hints.get(parameter.name))
        for parameter in signature.parameters.values()
        if parameter.name not in _OURS
    )
    sentence = (inspect.getdoc(call) or "").split("\n\n")[0].replace("\n", " ")
    sentence = _MARKUP.sub("", sentence)
    return Initialiser(name, arguments, "generator" in signature.parameters, False, sentence)


def _argument(parameter: inspect.Parameter, hint: object) -> InitialiserArgument:
    default: Argument | None = None if parameter.default is inspect.Parameter.empty else parameter.default
    if typing.get_origin(hint) is typing.Literal:
        return InitialiserArgument(parameter.name, "choice", default, tuple(map(str, typing.get_args(hint))))
    if hint is float and default is not None:
        default = float(default)
    return InitialiserArgument(parameter.name, {int: "int", bool: "bool"}.get(hint, "float"), default)  # type: ignore[call-overload]
