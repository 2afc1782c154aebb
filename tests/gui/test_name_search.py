"""Names of modules, parameters and buffers found by what is typed of them."""

from __future__ import annotations

import time

import pytest

from builders import snapshot_of
from moduleview.gui.actions.name_search import NameSearch, path_typed


def found(typed: str, limit: int = 10) -> list[str]:
    search = NameSearch(snapshot_of())
    return [search.name(row) for row in search.rows(typed, limit)]


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("blocks.0.lin", "blocks.0.lin"),
        (" blocks[0].lin ", "blocks.0.lin"),
        ('model.acts["gelu"]', "acts.gelu"),
        ('model.get_submodule("blocks.0")', "blocks.0"),
        ("net.get_parameter('blocks.0.lin.weight')", "blocks.0.lin.weight"),
        ("get_buffer('bn.mean')", "bn.mean"),
        ("", ""),
    ],
)
def test_python_that_names_something_is_read_as_its_path(typed: str, path: str) -> None:
    assert path_typed(typed) == path


def test_the_name_itself_comes_first_then_what_begins_so_then_parts_of_names() -> None:
    assert found("blocks.0")[:3] == ["blocks.0", "blocks.0.lin", "blocks.0.act"]
    assert found("lin")[0] == "blocks.0.lin"
    assert "blocks.1.lin.bias" in found("lin")
    assert found("EMBED") == ["embed", "embed.weight"]
    assert found("eights") == []


def test_parameters_are_found_beside_modules() -> None:
    assert found("head.w") == ["head.weight"]
    assert found("model.get_parameter('head.weight')") == ["head.weight"]


def test_a_path_that_does_not_exist_has_nearest_names() -> None:
    search = NameSearch(snapshot_of())
    for typed, meant in (("blocks.0.lim", "blocks.0.lin"), ("hed.weight", "head"), ("head.wieght", "head.weight")):
        assert search.name(search.nearest(typed)[0]) == meant
    assert search.nearest("zzz") == []


def test_a_key_takes_no_longer_than_a_frame_with_a_hundred_thousand_names() -> None:
    spec = [("", "Net", ()), ("layers", "ModuleList", ())]
    spec += [(f"layers.{at}", "Linear", (("weight", (1, 1)), ("bias", (1,)))) for at in range(40_000)]
    search = NameSearch(snapshot_of(spec))
    assert len(search) > 100_000
    for typed in ("l", "layers.39999.b", "weight", "nothing", "9"):
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            search.rows(typed, 200)
            times.append(time.perf_counter() - begin)
        assert min(times) < 0.016, typed
    assert [search.name(row) for row in search.rows("39999.bias", 5)] == ["layers.39999.bias"]
