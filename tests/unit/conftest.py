"""Fixtures of the tests without Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from watched_run import WatchedRun


@pytest.fixture
def watch() -> Iterator[Callable[..., WatchedRun]]:
    """Makes watched runs of models; all are detached when the test ends."""
    from watched_run import WatchedRun  # noqa: PLC0415  torch is imported only for the tests that need it

    runs: list[WatchedRun] = []

    def make(*args: Any, **kwargs: Any) -> WatchedRun:
        runs.append(WatchedRun(*args, **kwargs))
        return runs[-1]

    yield make
    for run in runs:
        run.recorder.detach()
