"""The empty frame that is on the screen before what fills the window is imported."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtGui import QColor

from moduleview.gui.first_frame import make_application, make_frame

_START = """
import sys
from moduleview import cli

def load(part, original=cli._load):
    if part == "window":
        heavy = ("torch", "numpy", "pyqtgraph", "moduleview.gui.window_contents")
        print([name for name in heavy if name in sys.modules])
        print(seen)
    found = original(part)
    return found if part == "window" else lambda: watch(found())

def watch(frame):
    seen.append(frame.isVisible() and frame._is_painted)
    {action}
    return frame

seen = []
cli._load = load
sys.exit(cli.main([]))
"""
_CLOSE = "from PySide6.QtCore import QTimer; QTimer.singleShot({delay_ms}, frame.close)"


def start(action):
    """The real start in a process of its own; ``action`` knows ``frame``."""
    return subprocess.run(
        [sys.executable, "-c", _START.format(action=action)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )


def settings_in(folder, scheme, zoom="1"):
    settings = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    settings.setValue("theme/scheme", scheme)
    settings.setValue("theme/zoom", zoom)
    return settings


def test_frame_is_painted_before_anything_heavy_is_imported():
    done = start(_CLOSE.format(delay_ms=0))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["[]", "[True]"]
    assert "Traceback" not in done.stderr


def test_frame_closed_before_it_is_filled_ends_well():
    done = start("frame.close()")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def bare_application():
    """As at the start of the program: no style sheet of another window."""
    application = make_application()
    sheet = application.styleSheet()
    application.setStyleSheet("")
    yield application
    application.setStyleSheet(sheet)


@pytest.mark.parametrize(("scheme", "is_dark"), [("dark", True), ("light", False), ("nonsense", False)])
def test_frame_has_the_colours_that_were_kept(qtbot, bare_application, tmp_path, scheme, is_dark):
    window = make_frame(bare_application, settings_in(tmp_path, scheme, "1.5"))
    qtbot.addWidget(window)
    window.theme.setParent(window)
    window.show()
    image = window.grab().toImage()
    tokens = window.theme.tokens
    assert tokens.is_dark is is_dark
    assert image.pixelColor(5, 5) == QColor(tokens.window)
    colors = {image.pixelColor(5, y).name().upper() for y in range(image.height())}
    assert colors == {tokens.window, tokens.border}


def test_frame_stands_where_the_window_was_left(qtbot, tmp_path):
    settings = settings_in(tmp_path, "light")
    first = make_frame(make_application(), settings)
    first.theme.setParent(first)
    qtbot.addWidget(first)
    first.setGeometry(40, 50, 700, 500)
    first.show()
    settings.setValue("window/geometry", first.saveGeometry())
    second = make_frame(make_application(), settings)
    second.theme.setParent(second)
    qtbot.addWidget(second)
    assert second.size() == first.size()
