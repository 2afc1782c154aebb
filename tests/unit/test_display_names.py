"""Names fit for a screen (fault row 75)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moduleview.telemetry.display_names import displayable


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("encoder.0", "encoder.0"),
        ("größe.层", "größe.层"),
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("mod\u202eelpy", "mod\\u202eelpy"),
        ("two\nlines\ttab", "two\\x0alines\\x09tab"),
        ("lone\ud800", "lone\\ud800"),
        ("<b>bold</b>", "<b>bold</b>"),
        ("", ""),
    ],
)
def test_what_would_be_obeyed_is_written_out(name: str, shown: str) -> None:
    assert displayable(name) == shown


def test_a_long_name_is_cut_and_says_so() -> None:
    shown = displayable("x" * 100_000)
    assert len(shown) == 200
    assert shown.endswith("…")
    assert displayable("x" * 200) == "x" * 200
    assert displayable("abcdef", 4) == "abc…"


def test_marks_that_would_paint_over_other_lines_are_written_out() -> None:
    assert displayable("e\u0301") == "e\u0301"
    assert displayable("e" + "\u0301" * 50).count("\\u0301") > 10


@given(st.text(), st.integers(2, 300))
def test_the_result_is_one_short_printable_line(name: str, limit: int) -> None:
    shown = displayable(name, limit)
    assert len(shown) <= limit
    assert all(character.isprintable() or character.isspace() for character in shown)
    assert len(shown.splitlines()) <= 1
