"""A flat square button with one of our icons, in the colour of its place; follows the theme by itself."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QToolButton, QWidget

from moduleview.gui.look.icons import GRID_PX, Icons
from moduleview.gui.look.theme import Theme

_SIDE_PX = 20  # a button in a title bar


class IconButton(QToolButton):
    """20 px wide, a 16 px icon; the tip is its accessible name too.

    Args:
        theme: Colours and zoom.
        icon_name: File in ``resources/icons``.
        tip: What a click does; tooltip and accessible name.
        parent: Owner.
        role: Field of ``Tokens`` for the icon's strokes.
    """

    def __init__(self, theme: Theme, icon_name: str, tip: str, parent: QWidget, role: str = "muted") -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = Icons(theme)
        self._icon_name, self._role = icon_name, role
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.set_tip(tip)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_tip(self, tip: str) -> None:
        """Say what a click does now."""
        self.setToolTip(tip)
        self.setAccessibleName(tip)

    def set_icon(self, icon_name: str, role: str | None = None) -> None:
        """Show another icon, or the same in another colour."""
        self._icon_name, self._role = icon_name, role or self._role
        self._on_theme_changed()

    def _on_theme_changed(self) -> None:
        self.setIcon(self._icons.icon(self._icon_name, self._role))
        self.setIconSize(QSize(self._theme.px(GRID_PX), self._theme.px(GRID_PX)))
        self.setFixedSize(self._theme.px(_SIDE_PX), self._theme.px(_SIDE_PX))
