"""The Edit menu: undo, copy, find, go to, back and forward."""

from __future__ import annotations

from PySide6.QtCore import QObject

from moduleview.gui.actions.action_spec import ActionSpec
from moduleview.gui.actions.action_targets import ActionTargets
from moduleview.gui.actions.menus import MenuTitles
from moduleview.gui.actions.obstacles import Obstacles


class EditActions(QObject):
    """Makes the specs, translated."""

    def __init__(self, targets: ActionTargets, parent: QObject) -> None:
        super().__init__(parent)
        self._on = targets
        self._obstacles = Obstacles(self)
        self._menus = MenuTitles(self)

    def specs(self) -> tuple[ActionSpec, ...]:
        """In the order of the menu."""
        return (*self._undo(), *self._find(), *self._history())

    def _undo(self) -> tuple[ActionSpec, ...]:
        menu, on = (self._menus.edit(),), self._on
        return (
            ActionSpec(
                "edit.undo",
                self.tr("Undo"),
                menu,
                on.undo,
                shortcut="Ctrl+Z",
                tip=self.tr("Takes back what was last done to modules: hooks, freezing"),
                obstacle=self._obstacles.nothing_to_undo,
            ),
            ActionSpec(
                "edit.redo",
                self.tr("Redo"),
                menu,
                on.redo,
                shortcut="Ctrl+Shift+Z; Ctrl+Y",
                obstacle=self._obstacles.nothing_to_redo,
            ),
        )

    def _find(self) -> tuple[ActionSpec, ...]:
        menu = (self._menus.edit(),)
        on, verbs = self._on, self._on.verbs
        return (
            ActionSpec(
                "edit.copy_path",
                self.tr("Copy path"),
                menu,
                verbs.copy_path,
                shortcut="Ctrl+Shift+C",
                tip=self.tr("Copies the name of what is selected, as get_submodule takes it"),
                obstacle=self._obstacles.nothing_selected,
                starts_group=True,
            ),
            ActionSpec(
                "edit.find",
                self.tr("Find in the tree"),
                menu,
                on.find,
                shortcut="Ctrl+F",
                obstacle=self._obstacles.no_model,
                starts_group=True,
            ),
            ActionSpec(
                "edit.go_to",
                self.tr("Go to..."),
                menu,
                verbs.go_to,
                shortcut="Ctrl+P",
                tip=self.tr(
                    "A module, parameter or buffer by its path, as get_submodule, get_parameter, get_buffer take it"
                ),
                obstacle=self._obstacles.no_model,
            ),
        )

    def _history(self) -> tuple[ActionSpec, ...]:
        menu, on = (self._menus.edit(),), self._on
        return (
            ActionSpec(
                "edit.back",
                self.tr("Back"),
                menu,
                on.selection.go_back,
                shortcut="Alt+Left",
                tip=self.tr("Back to the module selected before"),
                starts_group=True,
                obstacle=lambda state: "" if state.can_go_back else self.tr("Nothing was selected before."),
            ),
            ActionSpec(
                "edit.forward",
                self.tr("Forward"),
                menu,
                on.selection.go_forward,
                shortcut="Alt+Right",
                tip=self.tr("Forward to the module selected after"),
                obstacle=lambda state: "" if state.can_go_forward else self.tr("Nothing was selected after."),
            ),
        )
