"""Which command opens a file at a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from moduleview.gui.inspector.editor_command import editor_command, is_usable

PLACE = "/home/a b/net.py:12"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("code", "vim", "kate", "strange"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("chosen", "environment", "command"),
    [
        ("", {"VISUAL": "code"}, ["code", "-g", PLACE]),
        ("", {"VISUAL": "code --wait"}, ["code", "--wait", "-g", PLACE]),
        ("", {"EDITOR": "kate"}, ["kate", "-l", "12", "/home/a b/net.py"]),
        ("", {"VISUAL": "vim", "EDITOR": "kate"}, ["kate", "-l", "12", "/home/a b/net.py"]),
        ("strange +{line} {file}", {"VISUAL": "code"}, ["strange", "+12", "/home/a b/net.py"]),
        ("strange", {}, ["strange", "/home/a b/net.py"]),
        ("absent", {"VISUAL": "code"}, ["code", "-g", PLACE]),
        ("", {"VISUAL": "vim"}, None),
        ("", {}, None),
        ("'", {}, None),
    ],
)
def test_what_is_set_comes_before_the_environment_and_a_terminals_editor_is_passed_over(
    programs: Path, chosen: str, environment: dict[str, str], command: list[str] | None
) -> None:
    assert editor_command(PLACE, chosen, environment) == command


def test_a_command_without_a_program_is_not_taken(programs: Path) -> None:
    assert is_usable("code -g {file}:{line}")
    assert is_usable("")
    assert not is_usable("absent {file}")
