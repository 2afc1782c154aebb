"""Where the program keeps what is its own on this machine: settings, pictures, the sessions of running windows."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path, user_config_path, user_state_path

PROGRAM = "moduleview"


def settings_file() -> Path:
    """Window, layout, theme, recent files and trusted folders."""
    return user_config_path(PROGRAM, appauthor=False) / "settings.ini"


def cache_folder() -> Path:
    """Pictures that can be drawn again."""
    return user_cache_path(PROGRAM, appauthor=False)


def session_folder() -> Path:
    """What a crash would leave behind of a running window."""
    return user_state_path(PROGRAM, appauthor=False)
