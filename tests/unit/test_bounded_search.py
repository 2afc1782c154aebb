"""A regular expression is found where ``re`` finds it, and given up where it does not end."""

from __future__ import annotations

import re

import pytest

from moduleview.telemetry.bounded_search import EndlessSearchError, starts

TEXT = "blocks.0.attn.q\nblocks.1.mlp\naaaa\nhead"


@pytest.mark.parametrize(
    "pattern", [r"\d\.attn", r"^blocks.*\.\d", r"(?i)HEAD", r"a{2}", r"(?=.*mlp).*p$", r"[^\W\d]+$"]
)
def test_finds_what_re_finds(pattern: str) -> None:
    wanted = [match.start() for match in re.finditer(pattern, TEXT, re.MULTILINE)]
    assert starts(pattern, TEXT).tolist() == wanted


@pytest.mark.parametrize("pattern", [r"(a|aa)+$", r"((a{1000}){1000}){1000}"])
def test_gives_up_what_has_no_end(pattern: str) -> None:
    with pytest.raises(EndlessSearchError):
        starts(pattern, "a" * 200 + "_")


def test_finds_that_there_is_nothing_where_re_would_go_back_for_years() -> None:
    assert starts(r"(a+)+$", "a" * 200 + "_").tolist() == []
