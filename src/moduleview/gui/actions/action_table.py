"""The one table of actions: what stands in menus, toolbar, command palette and on the page of keys is made from it.

An action is here only when it works. What it needs is a function of the window's state, so that nothing can be left
enabled by mistake.
"""

from __future__ import annotations

from PySide6.QtCore import QObject

from moduleview.gui.actions.action_spec import ActionSpec
from moduleview.gui.actions.action_targets import ActionTargets
from moduleview.gui.actions.edit_actions import EditActions
from moduleview.gui.actions.menus import MenuTitles
from moduleview.gui.actions.obstacles import Obstacles
from moduleview.gui.actions.view_actions import ViewActions
from moduleview.telemetry.records import RunState


class ActionTable(QObject):
    """Makes the specs, translated."""

    def __init__(self, targets: ActionTargets, parent: QObject) -> None:
        super().__init__(parent)
        self._on = targets
        self._obstacles = Obstacles(self)
        self._menus = MenuTitles(self)
        self._edit = EditActions(targets, self)
        self._view = ViewActions(targets.view, self)

    def specs(self) -> tuple[ActionSpec, ...]:
        """Every action but those that open and close a panel, in the order of the menus."""
        return (
            *self._file(),
            *self._edit.specs(),
            *self._view.specs(),
            *self._model(),
            *self._run(),
            *self._steps(),
            *self._tools(),
            *self._help(),
        )

    def _file(self) -> tuple[ActionSpec, ...]:
        menu = (self._menus.file(),)
        on = self._on
        tip = self.tr("Opens a Python file that makes a model")
        return (
            ActionSpec("file.open", self.tr("Open a model..."), menu, on.choose_file, tip, "Ctrl+O", "open"),
            ActionSpec("file.open_by_name", self.tr("Open by name..."), menu, on.choose_name, shortcut="Ctrl+Shift+O"),
            ActionSpec(
                "file.reload",
                self.tr("Reload"),
                menu,
                on.reload,
                self.tr("Reads the file again and starts at step 0"),
                "Ctrl+R",
                obstacle=self._obstacles.cannot_reload,
                starts_group=True,
            ),
            ActionSpec(
                "file.close",
                self.tr("Close model"),
                menu,
                on.verbs.close_model,
                shortcut="Ctrl+W",
                obstacle=self._obstacles.nothing_to_close,
            ),
            ActionSpec("file.quit", self.tr("Quit"), menu, on.close_window, shortcut="Ctrl+Q", starts_group=True),
        )

    def _model(self) -> tuple[ActionSpec, ...]:
        menu, verbs = (self._menus.model(),), self._on.verbs
        return (
            ActionSpec(
                "model.training_data",
                self.tr("Training data..."),
                menu,
                verbs.show_training_data,
                self.tr("Gives a model without data random batches and a loss"),
                obstacle=self._obstacles.has_data,
            ),
            ActionSpec(
                "model.freeze",
                self.tr("Freeze selection"),
                menu,
                lambda: verbs.freeze(frozen=True),
                self.tr("Its parameters no longer require a gradient"),
                obstacle=self._obstacles.nothing_to_freeze,
                starts_group=True,
            ),
            ActionSpec(
                "model.unfreeze",
                self.tr("Unfreeze selection"),
                menu,
                lambda: verbs.freeze(frozen=False),
                self.tr("Its parameters require a gradient again"),
                obstacle=self._obstacles.nothing_to_unfreeze,
            ),
        )

    def _run(self) -> tuple[ActionSpec, ...]:
        menu, control = (self._menus.run(),), self._on.control
        return (
            ActionSpec(
                "run.start",
                self.tr("Run"),
                menu,
                control.start,
                self.tr("Trains until told otherwise"),
                "F5",
                "run",
                self._obstacles.cannot_train,
                lambda state: state.run is RunState.RUNNING,
            ),
            ActionSpec(
                "run.pause",
                self.tr("Pause"),
                menu,
                control.pause,
                self.tr("Waits after this step"),
                "F6",
                "pause",
                self._obstacles.not_running,
            ),
        )

    def _steps(self) -> tuple[ActionSpec, ...]:
        menu, control = (self._menus.run(),), self._on.control
        return (
            ActionSpec(
                "run.step",
                self.tr("One step"),
                menu,
                control.step_once,
                self.tr("Makes one step and pauses"),
                "F10",
                "one-step",
                self._obstacles.cannot_step,
            ),
            ActionSpec(
                "run.n_steps",
                self.tr("n steps"),
                menu,
                control.step_n,
                self.tr("Makes as many steps as the field beside it says, and pauses"),
                "Ctrl+F10",
                "n-steps",
                self._obstacles.cannot_step,
            ),
            ActionSpec(
                "run.stop",
                self.tr("Stop"),
                menu,
                control.stop,
                self.tr("Ends this run; the next one begins at step 0 with a new model"),
                "Shift+F5",
                "stop",
                self._obstacles.cannot_stop,
                starts_group=True,
            ),
        )

    def _tools(self) -> tuple[ActionSpec, ...]:
        menu = (self._menus.tools(),)
        return (
            ActionSpec(
                "tools.command_palette",
                self.tr("Command palette..."),
                menu,
                self._on.show_commands,
                self.tr("Finds every command by a few letters"),
                "Ctrl+Shift+P",
            ),
            ActionSpec(
                "tools.trusted_folders",
                self.tr("Trusted folders..."),
                menu,
                self._on.show_trusted_folders,
                self.tr("Lists the folders whose Python files run without a question"),
                starts_group=True,
            ),
            ActionSpec(
                "tools.doctor",
                self.tr("Doctor..."),
                menu,
                self._on.verbs.show_doctor,
                self.tr("Says what this machine has and lacks"),
            ),
        )

    def _help(self) -> tuple[ActionSpec, ...]:
        menu = (self._menus.help(),)
        return (
            ActionSpec("help.shortcuts", self.tr("Keys"), menu, self._on.show_shortcuts, shortcut="?; F1"),
            ActionSpec("help.about", self.tr("About moduleview"), menu, self._on.verbs.show_about),
        )
