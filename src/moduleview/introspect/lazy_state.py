"""What lazy modules wait for, and what has become of those that wait no more."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.parameter import is_lazy

from moduleview.introspect.bounded_repr import tensor_words
from moduleview.introspect.module_attributes import attributes_of
from moduleview.telemetry.internals_messages import LazyState

_READS = (
    (nn.LazyLinear, "in_features: the last dimension of the input"),
    (nn.modules.conv._LazyConvXdMixin, "in_channels: the dimension of the input before the spatial ones"),
    (nn.modules.batchnorm._LazyNormBase, "num_features: dimension 1 of the input"),
)


def lazy_state(module: nn.Module) -> LazyState | None:
    """What a module waits for, None where it has all its shapes. Training thread only."""
    waiting = tuple(name for name, tensor in own_tensors(module) if is_lazy(tensor))
    if not waiting:
        return None
    becomes = getattr(type(module), "cls_to_become", None)
    reads = next((words for kind, words in _READS if isinstance(module, kind)), "")
    return LazyState(waiting, becomes.__name__ if isinstance(becomes, type) else "", reads)


def waits(module: nn.Module) -> bool:
    """A parameter or buffer of its own has no shape yet."""
    return any(is_lazy(tensor) for _name, tensor in own_tensors(module))


def lazy_modules(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Modules that wait for their first input, each with its FQN."""
    if not _has_lazy_class(model):
        return []
    found: list[tuple[str, nn.Module]] = []
    seen: set[int] = set()
    stack: list[tuple[str, nn.Module]] = [("", model)]
    while stack:
        fqn, module = stack.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        if isinstance(module, LazyModuleMixin) and waits(module):
            found.append((fqn, module))
        for name, child in (attributes_of(module).get("_modules") or {}).items():
            if isinstance(child, nn.Module):
                stack.append((f"{fqn}.{name}" if fqn else name, child))
    return found


def _has_lazy_class(model: nn.Module) -> bool:
    """Some module's class is a lazy one; without names this takes a third of the time, at each opening."""
    seen: set[int] = set()
    stack = [model]
    while stack:
        module = stack.pop()
        if isinstance(module, LazyModuleMixin):
            return True
        children = attributes_of(module).get("_modules")
        if children and id(module) not in seen:
            seen.add(id(module))
            stack.extend(child for child in children.values() if isinstance(child, nn.Module))
    return False


def tensors_told(module: nn.Module) -> tuple[str, ...]:
    """``weight 3 × 4 float32`` of each parameter and buffer of its own."""
    return tuple(f"{name} {tensor_words(tensor)}" for name, tensor in own_tensors(module))


def own_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters and buffers in a module's own tables."""
    own = attributes_of(module)
    for table in ("_parameters", "_buffers"):
        for name, tensor in (own.get(table) or {}).items():
            if isinstance(tensor, Tensor):
                yield name, tensor
