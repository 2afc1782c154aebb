"""What is selected in a model that has just been opened."""

from __future__ import annotations

import time

import torch
from torch import nn

from moduleview.gui.first_selection import most_telling
from moduleview.introspect.tree import snapshot_model


def block() -> nn.Module:
    return nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1))


def chosen(model: nn.Module) -> str:
    return most_telling(snapshot_model(model))


def test_it_is_the_first_of_the_largest_family_of_blocks() -> None:
    stem, blocks = block(), nn.ModuleList(block() for _ in range(3))
    assert chosen(nn.ModuleDict({"stem": stem, "blocks": blocks, "head": nn.Linear(1, 1)})) == "blocks.0"


def test_it_is_the_root_where_no_block_stands_out() -> None:
    assert chosen(nn.Linear(1, 1)) == ""
    assert chosen(nn.ReLU()) == ""
    assert chosen(block()) == ""


def test_a_block_with_more_parts_than_there_are_curves_gives_way_to_those_in_it() -> None:
    wide = nn.Sequential(*(block() for _ in range(10)))
    assert chosen(nn.ModuleDict({"wide": wide})) == "wide.0"


def test_ten_thousand_modules_side_by_side_take_no_time_that_a_person_notices() -> None:
    with torch.device("meta"):
        snapshot = snapshot_model(nn.Sequential(*(nn.Linear(1, 1) for _ in range(10_000))))
    began_s = time.perf_counter()
    assert most_telling(snapshot) == ""
    assert time.perf_counter() - began_s < 1.0
