"""For which class a private attribute stands in a module: that whose own methods use the name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import CodeType, FunctionType

from torch import nn


def written_for(name: str, classes: Sequence[type]) -> str:
    """``torch.nn.modules.rnn.RNNBase`` of ``_flat_weights``; "" where no method of the classes uses the name.

    Args:
        name: Of the attribute.
        classes: Of the module, as ``__mro__`` has them; what every module has is left out.
    """
    for cls in reversed(classes):
        if cls not in (nn.Module, object) and any(name in code.co_names for code in _codes(cls)):
            return f"{cls.__module__}.{cls.__qualname__}"
    return ""


def _codes(cls: type) -> Iterator[CodeType]:
    for member in vars(cls).values():
        member = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if isinstance(member, FunctionType):
            yield member.__code__
