"""What a training script may import."""

from __future__ import annotations

import pydoc
import subprocess
import sys

import pytest
from torch import nn

import moduleview


def test_inspect_gives_the_snapshot_of_a_model() -> None:
    snapshot = moduleview.inspect(nn.Sequential(nn.Linear(2, 3)))
    assert isinstance(snapshot, moduleview.ModelSnapshot)
    assert snapshot.totals.parameters == 9


@pytest.mark.parametrize(
    ("thing", "advice"),
    [
        (None, "pass the model"),
        (nn.Linear, "make one first: Linear(...)"),
        (int, "pass the model"),
        ([nn.Linear(1, 1)], "pass one model at a time"),
        ({"net": nn.Linear(1, 1)}, "pass one model at a time"),
        (moduleview.TrainingTask(nn.Linear(1, 1)), "pass its .model"),
        (nn.Linear(1, 1).state_dict(), "pass the model"),
        (lambda: nn.Linear(1, 1), "pass the model that it makes"),
        (type("ExportedProgram", (), {})(), "pass its .module()"),
    ],
)
def test_what_is_no_model_is_refused_with_what_to_pass(thing: object, advice: str) -> None:
    with pytest.raises(TypeError, match=r"^moduleview\.inspect\(\) takes an nn\.Module, not .*; .*\.$") as caught:
        moduleview.inspect(thing)  # type: ignore[arg-type]
    assert advice in str(caught.value)


def test_help_on_inspect_is_about_inspect() -> None:
    shown = pydoc.plain(pydoc.render_doc(moduleview.inspect))
    assert "inspect(model: 'nn.Module') -> 'ModelSnapshot'" in shown
    assert "TypeError" in shown
    assert "thread" not in shown


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
