"""Features are found by their being there."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from moduleview.registry import discover


class Feature:
    """What the files of the package derive from."""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "features_found_here"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    head = "from test_registry import Feature\n"
    (folder / "second.py").write_text(head + "class Second(Feature): pass\n")
    (folder / "first.py").write_text(
        head + "class First(Feature): pass\nclass _Hidden(Feature): pass\nclass Other: pass\n"
    )
    (folder / "third.py").write_text("from features_found_here.first import First\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "test_registry", sys.modules[__name__])
    yield "features_found_here"
    for name in [name for name in sys.modules if name.startswith("features_found_here")]:
        del sys.modules[name]


def test_own_public_classes_are_found_by_file_name(package: str) -> None:
    found = discover(importlib.import_module(package), Feature)
    assert [kind.__name__ for kind in found] == ["First", "Second"]
