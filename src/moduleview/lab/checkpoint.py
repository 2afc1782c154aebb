"""Tensors of a checkpoint file: its list without reading a value, then one tensor from its place in the file.

Only ``weights_only`` loading, so that no code of the file runs; nothing is mapped, since a file that is cut short while
it is mapped ends the process.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import torch

from moduleview.errors import ModuleViewError
from moduleview.lab.dtypes import dtype_name
from moduleview.lab.estimate import refuse_size
from moduleview.lab.readable import why_not_copied
from moduleview.lab.safetensors_file import SUFFIX, read_head
from moduleview.telemetry.lab_tensors import CheckpointEntry

MAX_ENTRIES = 100_000
_MAX_DEPTH = 8
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_FOREIGN = re.compile(r"Unsupported global: GLOBAL (\S+)")


class CheckpointError(ModuleViewError):
    """A file that cannot be read as a checkpoint; the sentence says why."""


@dataclass(frozen=True, eq=False)
class _Stored:
    """A tensor of the file, on the meta device."""

    key: str
    tensor: torch.Tensor


def list_checkpoint(path: str) -> tuple[CheckpointEntry, ...]:
    """The tensors of a file made by ``torch.save`` or safetensors, by their keys: ``model.0.weight``.

    Raises:
        CheckpointError: It is no such file.
    """
    return tuple(
        CheckpointEntry(
            stored.key,
            tuple(stored.tensor.shape),
            dtype_name(stored.tensor.dtype),
            stored.tensor.numel() * stored.tensor.element_size(),
        )
        for stored in _stored(_load(path, "meta"))
    )


def read_from_checkpoint(path: str, key: str) -> torch.Tensor:
    """One tensor of a file.

    Raises:
        CheckpointError: There is no such file, or nothing of that key in it.
        TooMuchError: It is too large.
    """
    found = next((stored.tensor for stored in _stored(_load(path, "meta")) if stored.key == key), None)
    if found is None:
        raise CheckpointError(f"“{key[:80]}” is not in {Path(path).name} now. Choose one of the list.")
    if reason := why_not_copied(torch.empty(0, dtype=found.dtype)):
        raise CheckpointError(reason)
    refuse_size(max(found.numel() * found.element_size(), found.untyped_storage().nbytes()))
    offset = getattr(found.untyped_storage(), "_checkpoint_offset", None)
    if isinstance(offset, int):
        return _read_range(path, offset, found)
    loaded = next(stored.tensor for stored in _stored(_load(path, "cpu")) if stored.key == key)
    return loaded.detach().clone()


def _read_range(path: str, offset: int, meta: torch.Tensor) -> torch.Tensor:
    """The storage's bytes from their place in the file."""
    n_bytes = meta.untyped_storage().nbytes()
    with _opened(path).open("rb") as file:
        file.seek(offset)
        content = bytearray(file.read(n_bytes))
    if len(content) < n_bytes:
        raise CheckpointError(f"{Path(path).name} ends before this tensor does: it is still being written, or damaged.")
    if not n_bytes:
        return torch.empty(meta.shape, dtype=meta.dtype)
    storage = torch.frombuffer(content, dtype=torch.uint8).untyped_storage()
    whole = torch.empty(0, dtype=meta.dtype).set_(storage, meta.storage_offset(), meta.shape, meta.stride())
    return whole.clone()


def _opened(path: str) -> Path:
    """The path of a plain file: a pipe would wait for ever.

    Raises:
        CheckpointError: It is none.
    """
    place = Path(path).expanduser()
    try:
        mode = place.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CheckpointError(f"{path[:200]} cannot be opened: {reason}. Choose another file.") from None
    if not stat.S_ISREG(mode):
        raise CheckpointError(f"{path[:200]} is not a file. Choose a checkpoint that torch.save made, or safetensors.")
    return place


def _load(path: str, device: str) -> Any:
    place = _opened(path)
    if place.suffix == SUFFIX:
        try:
            return read_head(place)
        except (ValueError, OSError, msgspec.DecodeError) as error:
            raise CheckpointError(f"{place.name} cannot be read: {error} Choose another file.") from None
    try:
        return torch.load(place, map_location=device, weights_only=True)
    except Exception as error:
        raise CheckpointError(
            f"torch.load could not read {place.name} with weights_only=True, and the lab reads nothing else: "
            f"{_why(error)}"
        ) from None


def _why(error: Exception) -> str:
    """Torch's words in one line; for a file with a person's own classes in it, which one, and what to save instead."""
    words = _COLOURS.sub("", str(error)).strip()
    found = _FOREIGN.search(words)
    if found is not None:
        return f"it holds a {found[1]}, which would run code. Save model.state_dict() instead of the model."
    return words.splitlines()[0][:300] if words else type(error).__name__


def _stored(loaded: Any) -> Iterator[_Stored]:
    return islice(_walk(loaded, "", 0), MAX_ENTRIES)


def _walk(value: Any, key: str, depth: int) -> Iterator[_Stored]:
    if isinstance(value, torch.Tensor):
        if value.layout is torch.strided and not value.is_quantized:
            yield _Stored(key or "tensor", value)
    elif depth < _MAX_DEPTH and isinstance(value, Mapping):
        for name, part in value.items():
            yield from _walk(part, f"{key}.{name}" if key else str(name), depth + 1)
    elif depth < _MAX_DEPTH and isinstance(value, list | tuple):
        for place, part in enumerate(value):
            yield from _walk(part, f"{key}[{place}]", depth + 1)
