"""A device of Python's own: as on CUDA, autograd runs its hooks in a thread of the device. For processes of their own.

Every tensor on it stands for one on the CPU, which does the work.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._pytree import tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "fake"
_ON_CPU: dict[int, torch.Tensor] = {}


def on_device(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of the device with the values of one on the CPU. There every tensor is contiguous, and begins at 0."""
    made = torch._C._acc.create_empty_tensor(tensor.shape, tensor.dtype)
    _ON_CPU[made.untyped_storage()._cdata] = tensor.contiguous()
    return made


def on_cpu(value: Any) -> Any:
    """The CPU's tensor behind one of the device; anything else as it is."""
    if isinstance(value, torch.Tensor) and value.device.type == NAME:
        there = _ON_CPU[value.untyped_storage()._cdata]
        return there if there.dtype is value.dtype else there.view(value.dtype)  # torch changed how it reads the bits
    if isinstance(value, torch.device) and value.type == NAME:
        return torch.device("cpu")
    return value


def _with_tensors(operation: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """A number in a tensor's place (``tensor & 7``) as the tensor that the operation wants."""
    wants = [str(argument.type) == "Tensor" for argument in operation._schema.arguments]
    return tuple(
        torch.tensor(arg) if wanted and isinstance(arg, int | float) else arg
        for arg, wanted in zip(args, wants, strict=False)
    )


def _run(operation: Any, *args: Any, **kwargs: Any) -> Any:
    if operation is torch.ops.aten._copy_from.default:
        on_cpu(args[1]).copy_(on_cpu(args[0]))
        return args[1]
    if operation is torch.ops.aten.as_strided.default:
        return on_device(_part(on_cpu(args[0]), *args[1:]))
    of_cpu, named_of_cpu = tree_map(on_cpu, (_with_tensors(operation, args), kwargs))
    result = operation(*of_cpu, **named_of_cpu)
    for argument, schema in zip(args, operation._schema.arguments, strict=False):
        if schema.alias_info is not None and schema.alias_info.is_write:
            return argument if operation._schema.returns else None
    return tree_map(lambda value: on_device(value) if isinstance(value, torch.Tensor) else value, result)


def _part(whole: torch.Tensor, size: list[int], stride: list[int], offset: int | None = None) -> torch.Tensor:
    return whole.as_strided(size, stride, whole.storage_offset() + (offset or 0))


_setup_privateuseone_for_python_backend(NAME)
LIBRARY = torch.library.Library("_", "IMPL")  # as long as it lives
LIBRARY.fallback(_run, "PrivateUse1")
