"""Versions that were seen to end the process stay out."""

from __future__ import annotations

import tomllib

from source_tree import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_users_keep_their_torch_and_developers_pin_one() -> None:
    assert "torch>=2.4" in PROJECT["dependencies"]
    assert "torch==2.13.0" in PROJECT["optional-dependencies"]["dev"]


def test_qt_versions_that_abort_are_excluded() -> None:
    pins = [line for line in PROJECT["dependencies"] if line.startswith("PySide6-Essentials")]
    assert len(pins) == 2
    assert all("!=6.9.1" in pin for pin in pins)
    below = next(pin for pin in pins if "python_version < '3.12'" in pin)
    assert "!=6.12.0" in below
