"""TARGET taken apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from moduleview.errors import TargetError
from moduleview.introspect.loaders.target import ParsedTarget, parse_target


@pytest.mark.parametrize(
    ("text", "path", "module", "sample", "name"),
    [
        ("net.py", "net.py", "", "", ""),
        ("net.py:Net", "net.py", "", "", "Net"),
        ("./nets/net.py:make.model", "nets/net.py", "", "", "make.model"),
        ("NET.PY", "NET.PY", "", "", ""),
        ("package.module:name", None, "package.module", "", "name"),
        ("package.module", None, "package.module", "", ""),
        ("größe:Netz", None, "größe", "", "Netz"),
        (r"C:\nets\net.py", r"C:\nets\net.py", "", "", ""),
        (r"C:\nets\net.py:Net", r"C:\nets\net.py", "", "", "Net"),
        ("C:/nets/net.py:Net", "C:/nets/net.py", "", "", "Net"),
        ("c:net.py", "c:net.py", "", "", ""),
        ("sample:digits", None, "", "digits", ""),
        ("  net.py  ", "net.py", "", "", ""),
    ],
)
def test_parts_of_a_target(text: str, path: str | None, module: str, sample: str, name: str) -> None:
    expected = ParsedTarget(text, None if path is None else Path(path), module, sample, name)
    assert parse_target(text) == expected


@pytest.mark.parametrize("text", ["", "   ", ":name", "net.py:", "net.py:not a name", "a b c", "net\0.py", "net:1x"])
def test_what_is_no_target_is_refused_with_the_three_forms(text: str) -> None:
    with pytest.raises(TargetError, match=r"file\.py, file\.py:name or package\.module:name"):
        parse_target(text)


def test_a_file_whose_name_holds_a_colon_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "odd:name"
    path.touch()
    assert parse_target(str(path)).path == path


def test_home_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse_target("~/net.py").path == tmp_path / "net.py"
