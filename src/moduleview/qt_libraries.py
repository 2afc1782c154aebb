"""Whether Qt can work here: its version, the shared libraries it needs on Linux, and a display to draw on.

Qt aborts the process where another library would raise, so this is looked at before QApplication is made. Nothing here
imports a module of Qt: a library that is missing would make that very import fail.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
import re
import sys
from pathlib import Path

_MINIMUM_PYSIDE = (6, 8)
_BASE = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libX11.so.6": "libx11-6",
}
_X11 = {
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libX11-xcb.so.1": "libx11-xcb1",
}
_WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
}
_OF_PLATFORM = {"xcb": _X11, "wayland": _WAYLAND}
_NEEDS_NO_DISPLAY = frozenset(
    {"offscreen", "minimal", "minimalegl", "vnc", "eglfs", "linuxfb", "vkkhrdisplay", "windows", "cocoa"}
)


def is_linux() -> bool:
    """Everything here is about Linux; elsewhere Qt brings all it needs."""
    return sys.platform.startswith("linux")


def chosen_platform() -> str:
    """The Qt platform that would be used: ``QT_QPA_PLATFORM``, else what the session offers; "" for no display."""
    return next(iter(_platforms_to_try()), "")


def missing_qt_libraries(platform: str) -> list[str]:
    """Debian packages that hold the shared libraries which Qt's ``platform`` needs and which are not here.

    Args:
        platform: "xcb", "wayland" or any other name of a Qt platform; those two need more than the others.

    Returns:
        Package names, sorted; empty elsewhere than on Linux.
    """
    if not is_linux():
        return []
    needed = _BASE | _OF_PLATFORM.get(platform, {})
    return sorted({package for soname, package in needed.items() if not _is_loadable(soname)})


def installed_platforms() -> tuple[str, ...]:
    """Names of the platform plugins that the installed Qt has, sorted; empty when PySide6 is not installed."""
    spec = importlib.util.find_spec("PySide6")
    if spec is None or not spec.submodule_search_locations:
        return ()
    plugins = Path(next(iter(spec.submodule_search_locations)), "Qt", "plugins", "platforms")
    return tuple(sorted(path.name.removeprefix("libq").removesuffix(".so") for path in plugins.glob("libq*.so")))


def display_answers(platform: str) -> bool:
    """Whether the X server or the Wayland compositor that the environment names takes a connection.

    True for platforms without a display.
    """
    if platform == "xcb":
        return _xcb_answers()
    if platform == "wayland":
        return _wayland_answers()
    return True


def display_problem() -> str | None:
    """Why no window can be opened here, in a sentence and what to do; None when one can be opened.

    To be called before QApplication is made, since Qt ends the process where this only says so.
    """
    pyside = _pyside_version()
    known = bad_pair(pyside, sys.version_info[:2]) if pyside else ""
    if known:
        return f"The window cannot run on PySide6 {pyside}. {known}"
    if not is_linux():
        return None
    problems = [_platform_problem(platform) for platform in _platforms_to_try()]
    if not problems:
        return (
            "There is no display to open a window on (DISPLAY and WAYLAND_DISPLAY are not set). "
            'Use "moduleview shot TARGET --steps 100 -o window.png" for a picture of the window, '
            '"moduleview inspect TARGET" for text, log in with "ssh -X", '
            "or set QT_QPA_PLATFORM=offscreen to run without one."
        )
    return None if None in problems else problems[0]


def bad_pair(pyside: str, python: tuple[int, int]) -> str:
    """What is known to go wrong with this PySide6 on this Python, and what to do; "" when nothing is.

    Both were tried: 6.12.0 loses a reference to None with each wrapped call on Python below 3.12, which ends the
    process within seconds; 6.9.1 breaks pyqtgraph.
    """
    numbers = version_numbers(pyside)
    if numbers < _MINIMUM_PYSIDE:
        return 'Too old: pip install "PySide6-Essentials>=6.8"'
    if numbers == (6, 9, 1):
        return 'Breaks pyqtgraph: pip install "PySide6-Essentials>=6.8,!=6.9.1"'
    if numbers == (6, 12, 0) and python < (3, 12):
        return 'Aborts the process on Python below 3.12: pip install "PySide6-Essentials<6.12"'
    return ""


def version_numbers(text: str) -> tuple[int, ...]:
    """``2.13.0+cpu`` as (2, 13, 0)."""
    return tuple(int(number) for number in re.findall(r"\d+", text.partition("+")[0])[:3])


def install_command(packages: list[str]) -> str:
    """The line that installs Debian packages."""
    prefix = "" if hasattr(os, "geteuid") and os.geteuid() == 0 else "sudo "
    return f"{prefix}apt-get install -y --no-install-recommends {' '.join(packages)}"


def _pyside_version() -> str | None:
    """The version that the package itself names: the window imports it anyway, and importlib.metadata costs 20 ms."""
    try:
        return str(importlib.import_module("PySide6").__version__)
    except ImportError:
        return None


def _platforms_to_try() -> list[str]:
    """In Qt's order: what fails is passed over for the next one (XWayland beside Wayland)."""
    asked = os.environ.get("QT_QPA_PLATFORM", "")
    if asked:
        return [name.split(":")[0].strip() for name in asked.split(";") if name.strip()]
    if not is_linux():
        return [{"darwin": "cocoa", "win32": "windows"}.get(sys.platform, "native")]
    found = {"wayland": os.environ.get("WAYLAND_DISPLAY"), "xcb": os.environ.get("DISPLAY")}
    first = "wayland" if os.environ.get("XDG_SESSION_TYPE") == "wayland" else "xcb"
    return [name for name in sorted(found, key=lambda name: name != first) if found[name]]


def _platform_problem(platform: str) -> str | None:
    return _plugin_problem(platform) or _library_problem(platform) or _connection_problem(platform)


def _plugin_problem(platform: str) -> str | None:
    installed = installed_platforms()
    if platform in installed or not installed:
        return None
    return (
        f"QT_QPA_PLATFORM asks for {platform!r}, which this Qt does not have. "
        f"Unset it, or take one of: {', '.join(installed)}."
    )


def _library_problem(platform: str) -> str | None:
    missing = missing_qt_libraries(platform)
    if not missing:
        return None
    return f"Qt cannot open a window: shared libraries are missing. Install them with: {install_command(missing)}"


def _connection_problem(platform: str) -> str | None:
    if platform in _NEEDS_NO_DISPLAY or display_answers(platform):
        return None
    name = "DISPLAY" if platform == "xcb" else "WAYLAND_DISPLAY"
    display = os.environ.get(name)
    if not display:
        return (
            f"There is no display to open a window on: QT_QPA_PLATFORM asks for {platform!r}, but {name} is not set. "
            'Set it, log in with "ssh -X", or set QT_QPA_PLATFORM=offscreen to run without a window.'
        )
    return (
        f"The display {display!r} that {name} names does not answer. "
        'Log in again with "ssh -X", correct it, or set QT_QPA_PLATFORM=offscreen to run without a window.'
    )


def _is_loadable(soname: str) -> bool:
    """Ask the loader itself: ldconfig's cache knows nothing of ``LD_LIBRARY_PATH``, conda or Nix."""
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def _xcb_answers() -> bool:
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)  # never NULL: an error is a connection in the error state
    answers = bool(xcb.xcb_connection_has_error(connection) == 0)
    xcb.xcb_disconnect(connection)
    return answers


def _wayland_answers() -> bool:
    wayland = ctypes.CDLL("libwayland-client.so.0")
    wayland.wl_display_connect.restype = ctypes.c_void_p
    wayland.wl_display_connect.argtypes = [ctypes.c_char_p]
    wayland.wl_display_disconnect.argtypes = [ctypes.c_void_p]
    connection = wayland.wl_display_connect(None)
    if not connection:
        return False
    wayland.wl_display_disconnect(connection)
    return True
