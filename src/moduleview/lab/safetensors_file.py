"""The tensors of a safetensors file, as Hugging Face saves them: the head alone is read, and no library is needed.

The format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import torch

SUFFIX = ".safetensors"
_MAX_HEAD = 100_000_000  # bytes, as the library's own limit
_LENGTH = 8  # bytes, little-endian, in front of the head
_DTYPES: Mapping[str, torch.dtype] = MappingProxyType(
    {
        "BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "F8_E5M2": torch.float8_e5m2,
        "F8_E4M3": torch.float8_e4m3fn, "I16": torch.int16, "U16": torch.uint16, "F16": torch.float16,
        "BF16": torch.bfloat16, "I32": torch.int32, "U32": torch.uint32, "F32": torch.float32, "C64": torch.complex64,
        "F64": torch.float64, "I64": torch.int64, "U64": torch.uint64,
    }
)  # fmt: skip


def read_head(path: Path) -> dict[str, torch.Tensor]:
    """The file's tensors on the meta device; their storages know their place in the file, as those of ``torch.load``.

    Raises:
        ValueError: It is no such file; the sentence says why.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        n_head = int.from_bytes(file.read(_LENGTH), "little")
        if not 0 < n_head <= min(_MAX_HEAD, path.stat().st_size - _LENGTH):
            raise ValueError("its head is longer than the file: it is no safetensors file, or cut short.")
        head = msgspec.json.decode(file.read(n_head))
    if not isinstance(head, dict):
        raise ValueError("its head names no tensors: it is no safetensors file.")
    return {name: _stored(name, entry, _LENGTH + n_head) for name, entry in head.items() if name != "__metadata__"}


def _stored(name: str, entry: Any, first: int) -> torch.Tensor:
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        tensor = torch.empty(shape, dtype=_DTYPES[dtype], device="meta")
    except (KeyError, TypeError, ValueError, RuntimeError):
        raise ValueError(f"its head says nothing that torch has of “{name[:80]}”: {str(entry)[:120]}.") from None
    if not isinstance(begin, int) or begin < 0 or end != begin + tensor.numel() * tensor.element_size():
        raise ValueError(f"its head gives “{name[:80]}” a place that is not of its size: it is damaged.")
    setattr(tensor.untyped_storage(), "_checkpoint_offset", first + begin)  # noqa: B010  torch's own name
    return tensor
