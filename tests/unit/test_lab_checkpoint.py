"""Checkpoint files in the lab: their list, one tensor of them, and sentences for what cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from moduleview.errors import ModuleViewError
from moduleview.lab.checkpoint import list_checkpoint, read_from_checkpoint

STATE = {
    "model": {"0.weight": torch.arange(12.0).reshape(3, 4), "0.bias": torch.ones(3, dtype=torch.bfloat16)},
    "optimizer": {"state": {0: {"exp_avg": torch.full((3, 4), 2.0)}}, "lr": 0.1},
    "history": [torch.tensor(1), torch.zeros(0)],
    "strided": torch.arange(24.0).reshape(4, 6)[:, ::2].t(),
}


@pytest.fixture
def saved(tmp_path: Path) -> str:
    path = tmp_path / "state.pt"
    torch.save(STATE, path)
    return str(path)


def test_all_tensors_are_listed_by_key(saved: str) -> None:
    entries = {entry.key: entry for entry in list_checkpoint(saved)}
    assert list(entries) == [
        "model.0.weight",
        "model.0.bias",
        "optimizer.state.0.exp_avg",
        "history[0]",
        "history[1]",
        "strided",
    ]
    weight = entries["model.0.weight"]
    assert (weight.shape, weight.dtype, weight.n_bytes) == ((3, 4), "float32", 48)


@pytest.mark.parametrize("is_old", [False, True])
def test_one_tensor_is_read_as_it_was_saved(tmp_path: Path, is_old: bool) -> None:
    path = str(tmp_path / "state.pt")
    torch.save(STATE, path, _use_new_zipfile_serialization=not is_old)
    assert torch.equal(read_from_checkpoint(path, "model.0.weight"), STATE["model"]["0.weight"])
    assert torch.equal(read_from_checkpoint(path, "model.0.bias"), STATE["model"]["0.bias"])
    assert torch.equal(read_from_checkpoint(path, "strided"), STATE["strided"])
    assert read_from_checkpoint(path, "history[0]").item() == 1
    assert read_from_checkpoint(path, "history[1]").shape == (0,)


def test_a_bare_tensor_has_a_key_too(tmp_path: Path) -> None:
    torch.save(torch.ones(2), tmp_path / "one.pt")
    assert [entry.key for entry in list_checkpoint(str(tmp_path / "one.pt"))] == ["tensor"]


class Program:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("ran-code",)


def test_what_cannot_be_read_is_a_sentence_and_runs_nothing(tmp_path: Path, saved: str, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"a": Program()}, "program.pt")
    Path("text.pt").write_text("no checkpoint")
    Path("cut.pt").write_bytes(Path(saved).read_bytes()[:600])
    os.mkfifo("pipe.pt")
    for name, words in (
        ("program.pt", "weights_only=True"),
        ("text.pt", "weights_only=True"),
        ("cut.pt", "weights_only=True"),
        ("pipe.pt", "is not a file"),
        (".", "is not a file"),
        ("nowhere.pt", "No such file"),
        ("bad\0name", "cannot be opened"),
    ):
        with pytest.raises(ModuleViewError, match=words):
            list_checkpoint(name)
    assert not Path("ran-code").exists()
    with pytest.raises(ModuleViewError, match=r"“gone” is not in state\.pt"):
        read_from_checkpoint(saved, "gone")


def test_a_whole_model_in_a_file_says_what_to_save_instead(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "whole.pt")
    with pytest.raises(ModuleViewError) as raised:
        list_checkpoint(str(tmp_path / "whole.pt"))
    assert "torch.nn.modules.linear.Linear" in str(raised.value)
    assert "Save model.state_dict() instead of the model." in str(raised.value)
    assert "\x1b" not in str(raised.value)


def test_a_file_that_is_cut_short_while_it_is_read_is_a_sentence(saved: str, monkeypatch) -> None:
    monkeypatch.setattr("moduleview.lab.checkpoint._load", lambda path, device: _cut(path))
    with pytest.raises(ModuleViewError, match="still being written, or damaged"):
        read_from_checkpoint(saved, "a")


def _cut(path: str) -> dict[str, torch.Tensor]:
    tensor = torch.empty(1000, device="meta")
    tensor.untyped_storage()._checkpoint_offset = Path(path).stat().st_size - 100
    return {"a": tensor}


def test_a_tensor_that_claims_more_than_there_is_memory_is_refused_with_its_size(tmp_path: Path) -> None:
    torch.save(torch.zeros(1).expand(10**12), tmp_path / "bomb.pt")
    (entry,) = list_checkpoint(str(tmp_path / "bomb.pt"))
    with pytest.raises(ModuleViewError, match="would make 4,000 GB"):
        read_from_checkpoint(str(tmp_path / "bomb.pt"), entry.key)
