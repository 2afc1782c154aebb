"""The actions of the View menu: theme, zoom, layout, and one for each panel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject

from moduleview.gui.actions.action_spec import ActionSpec
from moduleview.gui.actions.menus import MenuTitles
from moduleview.gui.actions.obstacles import Obstacles
from moduleview.gui.actions.window_state import WindowState
from moduleview.gui.look.color_scheme import ColorScheme
from moduleview.gui.look.theme import Theme

_ZOOM_STEP = 1.1


@dataclass(frozen=True)
class ViewTargets:
    """Whom the actions call.

    Attributes:
        theme: Zoom.
        set_scheme: Light, dark or the desktop's.
        reset_layout: Puts the docks where they stood at first.
        toggle_panel: Opens or closes a panel by its id.
        focus_next: Puts the focus into the next panel, or the one before for -1.
        enlarge: Gives all the room to one panel, and puts it back.
    """

    theme: Theme
    set_scheme: Callable[[ColorScheme], None]
    reset_layout: Callable[[], object]
    toggle_panel: Callable[[str], object]
    focus_next: Callable[[int], object]
    enlarge: Callable[[], object]


class ViewActions(QObject):
    """Makes the specs, translated."""

    def __init__(self, targets: ViewTargets, parent: QObject) -> None:
        super().__init__(parent)
        self._on = targets
        self._obstacles = Obstacles(self)
        self._menus = MenuTitles(self)

    def specs(self) -> tuple[ActionSpec, ...]:
        """Theme, zoom and layout."""
        menu, theme = (self._menus.view(),), self._on.theme
        return (
            *self._schemes(),
            ActionSpec(
                "view.zoom_in",
                self.tr("Zoom in"),
                menu,
                lambda: theme.set_zoom(theme.zoom * _ZOOM_STEP),
                shortcut="Ctrl++; Ctrl+=",
                starts_group=True,
            ),
            ActionSpec(
                "view.zoom_out",
                self.tr("Zoom out"),
                menu,
                lambda: theme.set_zoom(theme.zoom / _ZOOM_STEP),
                shortcut="Ctrl+-",
            ),
            ActionSpec("view.zoom_reset", self.tr("Actual size"), menu, lambda: theme.set_zoom(1.0), shortcut="Ctrl+0"),
            *self._panel_keys(),
            ActionSpec(
                "view.enlarge_panel",
                self.tr("Enlarge panel, and back"),
                menu,
                self._on.enlarge,
                shortcut="Ctrl+M",
                tip=self.tr("Gives all the room to the panel you are in; the same again puts it back"),
                obstacle=self._obstacles.no_model,
            ),
            ActionSpec(
                "view.reset_layout",
                self.tr("Reset layout"),
                menu,
                self._on.reset_layout,
                tip=self.tr("Puts every panel where it stood at first"),
                obstacle=self._obstacles.no_model,
            ),
        )

    def _panel_keys(self) -> tuple[ActionSpec, ...]:
        keys = (
            ("next", self.tr("Next panel"), "Ctrl+F6", 1),
            ("previous", self.tr("Previous panel"), "Ctrl+Shift+F6", -1),
        )
        return tuple(
            ActionSpec(
                f"view.{name}_panel",
                title,
                (self._menus.view(),),
                partial(self._on.focus_next, direction),
                shortcut=shortcut,
                obstacle=self._obstacles.no_model,
                starts_group=direction > 0,
            )
            for name, title, shortcut, direction in keys
        )

    def _schemes(self) -> tuple[ActionSpec, ...]:
        names = {
            ColorScheme.SYSTEM: self.tr("As the desktop"),
            ColorScheme.LIGHT: self.tr("Light"),
            ColorScheme.DARK: self.tr("Dark"),
        }
        return tuple(
            ActionSpec(
                f"view.theme.{scheme.value}",
                name,
                (self._menus.view(), self.tr("Theme")),
                partial(self._on.set_scheme, scheme),
                checked=partial(_is_scheme, scheme),
            )
            for scheme, name in names.items()
        )

    def panel_specs(self, panels: Sequence[tuple[str, str]]) -> tuple[ActionSpec, ...]:
        """One action a panel in View, ticked while it is open.

        Args:
            panels: Id and title of each.
        """
        return tuple(
            ActionSpec(
                f"view.panel.{panel_id}",
                title,
                self._menus.panels(),
                partial(self._on.toggle_panel, panel_id),
                tip=self.tr("Shows or closes {0}").format(title),
                obstacle=self._obstacles.no_model,
                checked=partial(_is_open, panel_id),
            )
            for panel_id, title in panels
        )


def _is_open(panel_id: str, state: WindowState) -> bool:
    return panel_id in state.open_panels


def _is_scheme(scheme: ColorScheme, state: WindowState) -> bool:
    return state.scheme is scheme
