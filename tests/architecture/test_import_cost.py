"""What importing us brings along: a training script must not get Qt, a viewer must not wait for torch."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "left_out"),
    [
        ("moduleview", ("torch", "PySide6", "numpy", "pyqtgraph")),
        ("moduleview.cli", ("torch", "PySide6", "pyqtgraph")),
        ("moduleview.gui.first_frame", ("torch", "numpy", "pyqtgraph", "moduleview.session", "moduleview.gui.panel")),
        ("moduleview.gui.app", ("torch",)),
        ("moduleview.sources.inprocess", ("torch", "PySide6")),
        ("moduleview.engine.training", ("PySide6",)),
    ],
)
def test_import_leaves_heavy_packages_out(module: str, left_out: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print([name for name in {left_out!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
