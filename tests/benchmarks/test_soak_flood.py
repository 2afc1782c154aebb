"""Fault row 40: a model that prints a million lines, with the real window and its log panel open beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from flood import LIMITS, flood


@pytest.mark.soak
def test_a_million_printed_lines_leave_the_window_quick(qtbot: QtBot, tmp_path: Path) -> None:
    seen = flood(tmp_path, 1_000_000)
    print(seen)
    assert seen.longest_gap_ms <= LIMITS.longest_gap_ms
    assert seen.grown_mb <= LIMITS.grown_mb
    assert seen.n_shown > 0
