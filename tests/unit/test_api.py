"""What a training script may import."""

from __future__ import annotations

import subprocess
import sys

import pytest
from torch import nn

import moduleview


def test_inspect_gives_the_snapshot_of_a_model() -> None:
    snapshot = moduleview.inspect(nn.Sequential(nn.Linear(2, 3)))
    assert isinstance(snapshot, moduleview.ModelSnapshot)
    assert snapshot.totals.parameters == 9


def test_every_name_that_is_offered_is_there() -> None:
    assert set(moduleview.__all__) <= set(dir(moduleview))
    for name in moduleview.__all__:
        assert getattr(moduleview, name) is not None
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        moduleview.nothing_of_ours  # noqa: B018


def test_pythons_own_inspect_is_still_python_s() -> None:
    code = "import moduleview; moduleview.inspect; import inspect; print(inspect.__name__, inspect.isclass(int))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "inspect True"
