"""Fault row 60: a hundred thousand modules, ten thousand of them watched."""

from __future__ import annotations

import os

import pytest

from many_modules import watch_many

N_MODULES = int(os.environ.get("MODULEVIEW_MODULES", "100000"))


@pytest.mark.soak
def test_ten_thousand_watched_modules_of_a_hundred_thousand_stay_within_the_budget() -> None:
    seen = watch_many(N_MODULES)
    print(seen)
    assert seen.inspect_s <= 2.0
    assert seen.n_seen >= N_MODULES // 11
    assert seen.watched_s <= 1.1 * seen.plain_s
    assert seen.n_skipped > 0
