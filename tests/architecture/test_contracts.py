"""The import contracts of pyproject.toml hold, and each one bites: a copy of the sources is broken on purpose."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from source_tree import PACKAGE, ROOT

BREAKS = {
    "layers": ("telemetry/inbox.py", "import moduleview.hooks"),
    "layers-new-package": ("novelty/__init__.py", ""),
    "layers-siblings": ("probes/base.py", "import moduleview.lab"),
    "qt-in-gui-only": ("session.py", "import PySide6.QtCore"),
    "no-torch-on-the-viewing-side": ("gui/selection.py", "import torch"),
    "panels-apart": ("gui/panels/log.py", "import moduleview.gui.panels.findings"),
    "panels-get-a-context": ("gui/panels/log.py", "import moduleview.session"),
    "plots-fence-pyqtgraph": ("gui/models/__init__.py", "import pyqtgraph"),
}


def lint(folder: Path, contract: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "COLUMNS": "200"}
    command = [str(Path(sys.executable).with_name("lint-imports")), "--contract", contract]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy_of_the_sources(tmp_path: Path) -> Path:
    shutil.copytree(PACKAGE, tmp_path / "src" / "moduleview", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", BREAKS)
def test_contract_holds_until_it_is_broken_on_purpose(name: str, copy_of_the_sources: Path) -> None:
    contract = "layers" if name.startswith("layers") else name
    clean = lint(copy_of_the_sources, contract)
    assert clean.returncode == 0, clean.stdout

    file, line = BREAKS[name]
    path = copy_of_the_sources / "src" / "moduleview" / file
    path.parent.mkdir(exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(before + f"\n{line}\n", encoding="utf-8")

    broken = lint(copy_of_the_sources, contract)
    assert broken.returncode == 1, broken.stdout + broken.stderr
    assert "BROKEN" in broken.stdout or "Missing layer" in broken.stdout + broken.stderr or "novelty" in broken.stdout
