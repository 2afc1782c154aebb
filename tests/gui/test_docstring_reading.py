"""Docstrings become HTML beside the window, which may be closed meanwhile."""

from __future__ import annotations

import threading

import pytest
import shiboken6
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from moduleview.gui.inspector import docstring_html
from moduleview.gui.inspector.docstring_reading import DocstringReading


def test_docstring_is_read_once_and_then_kept(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(docstring_html, "docstring_html", lambda text: read.append(text) or f"<p>{text}</p>")
    parent = QObject()
    reading = DocstringReading(parent)
    with qtbot.waitSignal(reading.read) as told:
        assert reading.html("Words.") is None
        assert reading.html("Words.") is None
    assert told.args == ["Words.", "<p>Words.</p>"]
    assert reading.html("Words.") == "<p>Words.</p>"
    assert read == ["Words."]


def test_window_may_be_closed_while_a_docstring_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that emits a signal of what is being destroyed ends the process; this one knows nothing of Qt."""
    goes_on = threading.Event()

    def slow(text: str) -> str:
        goes_on.wait(10.0)
        return text

    monkeypatch.setattr(docstring_html, "docstring_html", slow)
    parent = QObject()
    reading = DocstringReading(parent)
    emitted: list[threading.Thread] = []
    reading.read.connect(lambda *_: emitted.append(threading.current_thread()))
    assert reading.html("Words.") is None
    (thread,) = (one for one in threading.enumerate() if one.name == "moduleview-docstring")
    shiboken6.delete(parent)
    goes_on.set()
    thread.join(10.0)
    assert not thread.is_alive()
    assert not emitted
