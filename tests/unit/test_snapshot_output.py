"""A snapshot as JSON and as text."""

from __future__ import annotations

import json

import torch
from torch import nn

from moduleview.introspect.tree import snapshot_model
from moduleview.telemetry.snapshot_json import snapshot_to_dict
from moduleview.telemetry.snapshot_text import snapshot_to_text


def tied_model() -> nn.Module:
    model = nn.Module()
    model.emb = nn.Embedding(5, 3)
    model.out = nn.Linear(3, 5, bias=False)
    model.out.weight = model.emb.weight
    model.twice = model.out
    model.norm = nn.BatchNorm1d(3).requires_grad_(False)
    model.lazy = nn.LazyLinear(2)
    model.register_buffer("mask", torch.ones(2, dtype=torch.bool), persistent=False)
    return model


def test_json_has_every_field_and_only_what_json_has() -> None:
    content = snapshot_to_dict(snapshot_model(tied_model()))
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert {"fqn", "type", "alias_of"} <= set(content["modules"][0])
    fields = ["fqn", "kind", "shape", "dtype", "device", "requires_grad", "persistent", "alias_of", "numel", "n_bytes"]
    assert set(fields) <= set(content["tensors"][0])
    assert {"parameters", "parameters_referenced", "trainable", "buffers", "n_bytes"} <= set(content["totals"])


def test_json_says_what_stands_twice_and_counts_it_once() -> None:
    model = tied_model()
    content = snapshot_to_dict(snapshot_model(model))
    modules = {module["fqn"]: module for module in content["modules"]}
    tensors = {tensor["fqn"]: tensor for tensor in content["tensors"]}
    assert modules["twice"]["alias_of"] == "out"
    assert modules["out"]["alias_of"] is None
    assert tensors["out.weight"]["alias_of"] == tensors["twice.weight"]["alias_of"] == "emb.weight"
    assert tensors["mask"] == {
        "fqn": "mask",
        "kind": "buffer",
        "module": "",
        "shape": [2],
        "dtype": "bool",
        "device": "cpu",
        "requires_grad": False,
        "persistent": False,
        "alias_of": None,
        "numel": 2,
        "n_bytes": 2,
    }
    assert tensors["lazy.weight"]["shape"] is None
    totals = content["totals"]
    assert totals["parameters"] == 15 + 6
    assert totals["parameters_referenced"] == 3 * 15 + 6
    assert totals["trainable"] == 15
    assert totals["buffers"] == 2 + 3 + 3 + 1


def test_text_shows_the_tree_and_what_is_special() -> None:
    text = snapshot_to_text(snapshot_model(tied_model()))
    lines = {line.split()[1]: line for line in text.splitlines() if line.startswith(("├─", "└─"))}
    assert "weight = emb.weight" in lines["out"]
    assert "the same module as out" in lines["twice"]
    assert "frozen" in lines["norm"]
    assert "waits for its first input" in lines["lazy"]
    assert "mask 2 (bool, buffer, not saved)" in text
    assert "21 parameters (51 with tied and shared ones repeated): 15 trainable, 6 frozen" in text


def test_text_draws_branches() -> None:
    model = nn.Sequential(nn.Sequential(nn.ReLU(), nn.ReLU()), nn.Sequential(nn.ReLU()))
    names = [line[:8].rstrip() for line in snapshot_to_text(snapshot_model(model)).splitlines()[3:8]]
    assert names == ["├─ 0", "│  ├─ 0", "│  └─ 1", "└─ 1", "   └─ 0"]


def test_text_shows_hostile_names_as_they_are_without_obeying_them() -> None:
    model = nn.Module()
    model.add_module("\x1b[2J\u202e" + "x" * 1000, nn.ReLU())
    text = snapshot_to_text(snapshot_model(model))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert max(map(len, text.splitlines())) < 200


def test_one_of_a_kind_is_not_a_plural() -> None:
    model = nn.Module()
    model.scale = nn.Parameter(torch.ones(1))
    model.register_buffer("count", torch.ones(1))
    lines = snapshot_to_text(snapshot_model(model)).splitlines()
    assert lines[-4:-1] == ["1 module", "1 parameter: 1 trainable, 0 frozen", "1 element in buffers"]
