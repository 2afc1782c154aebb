"""What is kept between two starts: window, layout, theme, zoom. An ini file under the user's configuration folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSettings, QSize
from PySide6.QtWidgets import QMainWindow

from moduleview.gui.look.color_scheme import ColorScheme
from moduleview.gui.look.theme import Theme
from moduleview.user_folders import settings_file

if TYPE_CHECKING:  # the window reads its place and colours here before either is imported
    from moduleview.gui.look.appearance import Appearance
    from moduleview.gui.running.run_control import RunControl

FIRST_SIZE = QSize(1280, 800)
_GEOMETRY, _SCHEME, _ZOOM, _N_STEPS = "window/geometry", "theme/scheme", "theme/zoom", "run/n_steps"


def open_settings(file: Path | None = None) -> QSettings:
    """The settings in ``file``, by default the user's. A broken file reads as empty."""
    return QSettings(str(file or settings_file()), QSettings.Format.IniFormat)


class KeptSettings:
    """Reads and writes what the window itself keeps; a value that does not fit is left at its default."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    @property
    def scheme(self) -> ColorScheme:
        """The colours that were chosen."""
        scheme = str(self._settings.value(_SCHEME, ColorScheme.SYSTEM.value))
        return ColorScheme(scheme) if scheme in set(ColorScheme) else ColorScheme.SYSTEM

    def restore_theme(self, theme: Theme) -> None:
        """Take zoom and colours as they were, as far as they can be known at once."""
        theme.set_zoom(self._number(_ZOOM, 1.0))
        theme.set_dark(self.scheme.seems_dark())

    def restore_place(self, window: QMainWindow) -> None:
        """Take the window's place and size as they were, or the first size."""
        geometry = self._settings.value(_GEOMETRY)
        if not isinstance(geometry, QByteArray) or not window.restoreGeometry(geometry):
            window.resize(FIRST_SIZE)

    def restore_run(self, control: RunControl) -> None:
        """Take the number of steps as it was."""
        control.set_n_steps(int(self._number(_N_STEPS, control.n_steps)))

    def save(self, window: QMainWindow, control: RunControl, appearance: Appearance, theme: Theme) -> None:
        """Write all of it to the file now."""
        self._settings.setValue(_GEOMETRY, window.saveGeometry())
        self._settings.setValue(_SCHEME, appearance.scheme.value)
        self._settings.setValue(_ZOOM, theme.zoom)
        self._settings.setValue(_N_STEPS, control.n_steps)
        self._settings.sync()

    def _number(self, key: str, default: float) -> float:
        try:
            return float(str(self._settings.value(key, default)))
        except ValueError:
            return default
