"""What is registered where, each module once; nothing is read through a property."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor, nn

from moduleview.introspect.module_attributes import attributes_of
from moduleview.telemetry.number_words import shape_words


@dataclass(frozen=True, eq=False)
class RegisteredModule:
    """A module at the first place where it is registered. Must not outlive the call that asked for it."""

    fqn: str
    depth: int
    module: nn.Module

    @cached_property
    def parameters(self) -> list[tuple[str, nn.Parameter]]:
        """FQN and parameter of what it holds itself."""
        parameters = attributes_of(self.module).get("_parameters") or {}
        return [(joined(self.fqn, name), tensor) for name, tensor in parameters.items() if tensor is not None]

    @cached_property
    def buffers(self) -> list[tuple[str, Tensor]]:
        """FQN and buffer of what it holds itself."""
        buffers = attributes_of(self.module).get("_buffers") or {}
        return [(joined(self.fqn, name), tensor) for name, tensor in buffers.items() if tensor is not None]


def registered_modules(model: nn.Module) -> Iterator[RegisteredModule]:
    """All modules in tree order; one that is registered more than once comes at its first place only."""
    seen: set[int] = set()
    waiting = [RegisteredModule("", 0, model)]
    while waiting:
        entry = waiting.pop()
        if id(entry.module) in seen:
            continue
        seen.add(id(entry.module))
        yield entry
        children = attributes_of(entry.module).get("_modules") or {}
        waiting.extend(
            RegisteredModule(joined(entry.fqn, name), entry.depth + 1, child)
            for name, child in reversed(list(children.items()))
            if isinstance(child, nn.Module)
        )


def joined(fqn: str, name: str) -> str:
    """FQN of what is called ``name`` in the module ``fqn``."""
    return f"{fqn}.{name}" if fqn else name


def shape_text(tensor: Tensor) -> str:
    """``768 × 256``, or a sentence where there is no shape yet."""
    try:
        return shape_words(map(int, tensor.shape))
    except Exception:  # a lazy parameter
        return "shape not known yet"


def element_count(tensors: list[Tensor]) -> int:
    """Elements of all ``tensors``; a lazy one has none yet."""
    total = 0
    for tensor in tensors:
        try:
            total += int(tensor.numel())
        except Exception:  # a lazy parameter
            continue
    return total
