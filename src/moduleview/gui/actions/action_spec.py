"""Actions as data: one frozen spec each, from which menus, toolbar, command palette and the page of keys are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

from moduleview.gui.actions.window_state import WindowState
from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.plain_tip import plain_tip


def nothing_in_the_way(_state: WindowState) -> str:
    """The obstacle of an action that can always be used."""
    return ""


@dataclass(frozen=True)
class ActionSpec:
    """Everything that is known of one action.

    Attributes:
        id: Stable name ("run.start"); panels run actions by it.
        title: As it stands in the menu, translated, without the ellipsis' full stop.
        menu: Path of titles it stands under ("&View", "Theme"); empty keeps it out of the menus.
        run: What it does.
        tip: A sentence for the tooltip; the title when it is empty.
        shortcut: In Qt's portable notation ("Ctrl+O"); several are separated by "; ".
        icon: File in ``resources/icons``, shown in the toolbar.
        obstacle: Says in a sentence why it cannot be used now; "" when it can.
        checked: Says whether it is ticked; None for an action without a tick.
        starts_group: A separator stands before it.
    """

    id: str
    title: str
    menu: tuple[str, ...]
    run: Callable[[], object]
    tip: str = ""
    shortcut: str = ""
    icon: str = ""
    obstacle: Callable[[WindowState], str] = nothing_in_the_way
    checked: Callable[[WindowState], bool] | None = None
    starts_group: bool = False


class Actions(QObject):
    """The QActions of the specs; enabled and ticked are computed from the window's state and never kept."""

    def __init__(self, specs: Sequence[ActionSpec], theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._specs = tuple(specs)
        self._theme = theme
        self._icons = Icons(theme)
        self._state = WindowState()
        self._actions = {spec.id: self._make_action(spec) for spec in specs}
        theme.changed.connect(self._on_theme_changed)
        self.update(self._state)

    @property
    def specs(self) -> tuple[ActionSpec, ...]:
        """The table, in the order of the menus."""
        return self._specs

    def extend(self, specs: Sequence[ActionSpec]) -> None:
        """Add actions that were not known at the start: one a panel."""
        self._specs = (*self._specs, *specs)
        self._actions.update((spec.id, self._make_action(spec)) for spec in specs)
        self.update(self._state)

    def action(self, action_id: str) -> QAction:
        """The QAction of a spec, for a menu or a toolbar.

        Raises:
            KeyError: There is no such action.
        """
        return self._actions[action_id]

    def obstacle(self, spec: ActionSpec) -> str:
        """Why the action cannot be used now, "" when it can."""
        return spec.obstacle(self._state)

    def run(self, action_id: str) -> None:
        """Run an action, unless something stands in its way."""
        self._actions[action_id].trigger()

    def update(self, state: WindowState) -> None:
        """Bring enabled, ticked and tooltips in line with the state."""
        self._state = state
        for spec in self._specs:
            self._update_action(spec, self._actions[spec.id])

    def _make_action(self, spec: ActionSpec) -> QAction:
        action = QAction(spec.title, self)
        action.setObjectName(spec.id)
        action.setShortcuts([QKeySequence(keys) for keys in spec.shortcut.split("; ") if keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setCheckable(spec.checked is not None)
        action.setMenuRole(QAction.MenuRole.NoRole)
        if spec.icon:
            action.setIcon(self._icons.icon(spec.icon, "text"))
            action.setIconVisibleInMenu(False)
        action.triggered.connect(lambda _checked=False: self._on_triggered(spec))
        return action

    def _on_triggered(self, spec: ActionSpec) -> None:
        spec.run()
        self._update_action(spec, self._actions[spec.id])  # a click has ticked it; only the state may

    def _update_action(self, spec: ActionSpec, action: QAction) -> None:
        obstacle = spec.obstacle(self._state)
        action.setEnabled(not obstacle)
        if spec.checked is not None:
            action.setChecked(spec.checked(self._state))
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        what = spec.tip or spec.title.replace("...", "")
        tip = f"{what} ({keys})" if keys else what
        action.setToolTip(plain_tip(f"{tip}\n{obstacle}" if obstacle else tip))
        action.setStatusTip("")

    def _on_theme_changed(self) -> None:
        for spec in self._specs:
            if spec.icon:
                self._actions[spec.id].setIcon(self._icons.icon(spec.icon, "text"))
