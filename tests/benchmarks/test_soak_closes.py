"""Fault row 46: the window closed at two hundred random moments, each in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from window_process import close_at_random, run_window, said_wrong, write_small_target

N_CLOSES = int(os.environ.get("MODULEVIEW_CLOSES", "200"))


@pytest.mark.soak
def test_window_closed_at_any_moment_ends_well_each_time(tmp_path: Path) -> None:
    target = str(write_small_target(tmp_path))
    bad = []
    for seed in range(N_CLOSES):
        done, _ = run_window(close_at_random(seed), target)
        if done.returncode != 0 or said_wrong(done):
            bad.append((seed, done.returncode, done.stderr[-2000:]))
    print(f"{N_CLOSES} closes, {len(bad)} of them bad")
    assert not bad
