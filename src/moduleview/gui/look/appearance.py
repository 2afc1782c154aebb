"""Puts the theme onto the application: style, palette, fonts, style sheet; follows the desktop where asked."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication

from moduleview.gui.look.color_scheme import ColorScheme
from moduleview.gui.look.icons import Icons
from moduleview.gui.look.palette import make_palette
from moduleview.gui.look.style import ModuleViewStyle
from moduleview.gui.look.stylesheet import make_stylesheet
from moduleview.gui.look.theme import Theme

_ARROWS = ("chevron-down", "chevron-up", "chevron-left", "chevron-right")
_ARROW_PX = 14


class Appearance(QObject):
    """Applies the theme to the application whenever it changes. GUI thread only.

    Args:
        application: Whose style, palette, font and style sheet are set.
        theme: Colours, fonts, zoom.
        image_folder: Where the arrows of combo boxes and trees are written, since a style sheet takes pictures only
            from files. Where it cannot be written, there are no arrows.
        scheme: What a person chose.
        parent: Owner.
    """

    def __init__(
        self, application: QApplication, theme: Theme, image_folder: Path, scheme: ColorScheme, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._application = application
        self._theme = theme
        self._icons = Icons(theme)
        self._image_folder = image_folder
        self._scheme = scheme
        application.setStyle(ModuleViewStyle(theme))
        application.styleHints().colorSchemeChanged.connect(self._on_system_scheme_changed)
        theme.set_dark(self._is_dark())
        theme.changed.connect(self._apply)
        self._apply()

    @property
    def scheme(self) -> ColorScheme:
        """What a person chose."""
        return self._scheme

    def set_scheme(self, scheme: ColorScheme) -> None:
        """Take light, dark, or what the desktop has now and later."""
        self._scheme = scheme
        self._theme.set_dark(self._is_dark())

    def _on_system_scheme_changed(self) -> None:
        self._theme.set_dark(self._is_dark())

    def _is_dark(self) -> bool:
        if self._scheme is ColorScheme.SYSTEM:
            return self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self._scheme is ColorScheme.DARK

    def _apply(self) -> None:
        self._application.setPalette(make_palette(self._theme.tokens))
        self._application.setFont(self._theme.ui_font())
        self._application.setStyleSheet(make_stylesheet(self._theme, self._write_arrows()))

    def _write_arrows(self) -> dict[str, str]:
        paths: dict[str, str] = {}
        for name in _ARROWS:
            ratio = self._application.devicePixelRatio()
            side = self._theme.px(_ARROW_PX)
            at_ratio = f"@{round(ratio)}x" if ratio >= 1.5 else ""
            stem = f"{name}-{self._theme.tokens.muted[1:]}-{side}"
            file = self._image_folder / f"{stem}{at_ratio}.png"
            if file.exists() or self._save(name, ratio, file):
                paths[name] = (self._image_folder / f"{stem}.png").as_posix()
        return paths

    def _save(self, name: str, ratio: float, file: Path) -> bool:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError:
            return False
        return self._icons.pixmap(name, "muted", _ARROW_PX, float(round(ratio))).save(str(file))
