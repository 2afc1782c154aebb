"""Files of safetensors in the lab, written here by the words of the format; and what is no such file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from moduleview.errors import ModuleViewError
from moduleview.lab.checkpoint import list_checkpoint, read_from_checkpoint

WEIGHT = torch.arange(6.0).reshape(2, 3)
HALF = torch.tensor([0.5, -2.0], dtype=torch.bfloat16)


def write(path: Path, head: Any, content: bytes = b"") -> str:
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)
    return str(path)


def entry(dtype: str = "F32", shape: Any = (2, 3), place: Any = (0, 24)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": place}


def test_tensors_are_listed_and_read_without_a_library(tmp_path: Path) -> None:
    path = write(
        tmp_path / "model.safetensors",
        {
            "__metadata__": {"format": "pt"},
            "h.0.weight": entry(),
            "h.0.half": entry("BF16", [2], [24, 28]),
            "none": entry("I64", [0, 4], [28, 28]),
        },
        WEIGHT.numpy().tobytes() + HALF.view(torch.uint8).numpy().tobytes(),
    )
    listed = {each.key: (each.shape, each.dtype, each.n_bytes) for each in list_checkpoint(path)}
    assert listed == {
        "h.0.weight": ((2, 3), "float32", 24),
        "h.0.half": ((2,), "bfloat16", 4),
        "none": ((0, 4), "int64", 0),
    }
    assert torch.equal(read_from_checkpoint(path, "h.0.weight"), WEIGHT)
    assert torch.equal(read_from_checkpoint(path, "h.0.half"), HALF)
    assert read_from_checkpoint(path, "none").shape == (0, 4)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"no json", "cannot be read"),
        ([1, 2], "names no tensors"),
        ({"a": entry("F4")}, "says nothing that torch has of “a”"),
        ({"a": entry(shape=[-2, 3])}, "says nothing that torch has of “a”"),
        ({"a": entry(shape=[10**30])}, "says nothing that torch has of “a”"),
        ({"a": entry(shape="wide")}, "says nothing that torch has of “a”"),
        ({"a": {}}, "says nothing that torch has of “a”"),
        ({"a": entry(place=[0])}, "says nothing that torch has of “a”"),
        ({"a": entry(place=[0, 20])}, "a place that is not of its size"),
        ({"a": entry(place=[-4, 20])}, "a place that is not of its size"),
    ],
)
def test_a_head_that_is_none_is_a_sentence(tmp_path: Path, head: Any, words: str) -> None:
    with pytest.raises(ModuleViewError, match=words):
        list_checkpoint(write(tmp_path / "bad.safetensors", head))


def test_a_file_that_is_cut_short_is_a_sentence(tmp_path: Path) -> None:
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(b"\xff" * 9)
    with pytest.raises(ModuleViewError, match="longer than the file"):
        list_checkpoint(str(cut))
    short = write(tmp_path / "short.safetensors", {"a": entry()}, b"1234")
    with pytest.raises(ModuleViewError, match="ends before this tensor does"):
        read_from_checkpoint(short, "a")
