"""Why an action cannot be used now, in a sentence that its tooltip shows; an empty one when it can."""

from __future__ import annotations

from PySide6.QtCore import QObject

from moduleview.gui.actions.window_state import WindowState
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.records import RunState

_BEGUN = (RunState.PAUSED, RunState.FINISHED, RunState.FAILED)


class Obstacles(QObject):
    """Functions of the window's state; nothing is kept."""

    def no_model(self, state: WindowState) -> str:
        """Needs an open model."""
        return "" if state.has_model else self.tr("Open a model first.")

    def nothing_to_close(self, state: WindowState) -> str:
        """Needs an open model, or one that is being opened, which is given up then."""
        return "" if state.is_opening else self.no_model(state)

    def nothing_to_undo(self, state: WindowState) -> str:
        """Needs something that was done."""
        return "" if state.can_undo else self.tr("Nothing was done to modules.")

    def nothing_to_redo(self, state: WindowState) -> str:
        """Needs something that was taken back."""
        return "" if state.can_redo else self.tr("Nothing was taken back.")

    def cannot_reload(self, state: WindowState) -> str:
        """Needs a model that can be opened again."""
        if not state.has_model:
            return self.tr("Open a model first.")
        return "" if state.target else self.tr("This model does not come from a file.")

    def nothing_selected(self, state: WindowState) -> str:
        """Needs a selected module."""
        return "" if state.fqn is not None else self.tr("Select a module first.")

    def has_data(self, state: WindowState) -> str:
        """Needs a model that came without data; the ones it was given can be corrected."""
        if not state.has_model:
            return self.tr("Open a model first.")
        can_be_given = state.cannot_train_reason or state.has_random_data
        return "" if can_be_given else self.tr("This model has its own data.")

    def nothing_to_freeze(self, state: WindowState) -> str:
        """Needs a trainable parameter in the selection."""
        return self.cannot_intervene(state) or (
            "" if state.n_trainable else self.tr("Nothing in the selection requires a gradient.")
        )

    def nothing_to_unfreeze(self, state: WindowState) -> str:
        """Needs a frozen parameter in the selection."""
        return self.cannot_intervene(state) or (
            "" if state.n_frozen else self.tr("Nothing in the selection is frozen.")
        )

    def cannot_intervene(self, state: WindowState) -> str:
        """Needs a source that can change the run, and a selection."""
        if Capability.INTERVENE not in state.capabilities and state.has_model:
            return self.tr("This source cannot be changed from here.")
        return self.nothing_selected(state)

    def cannot_train(self, state: WindowState) -> str:
        """Needs a model with data and a source that can run it."""
        if not state.has_model:
            return self.tr("Open a model first.")
        if Capability.CONTROL not in state.capabilities:
            return self.tr("This source cannot be run from here.")
        return state.cannot_train_reason

    def not_running(self, state: WindowState) -> str:
        """Needs a run that goes on."""
        return "" if state.run is RunState.RUNNING else self.tr("Nothing is running.")

    def cannot_step(self, state: WindowState) -> str:
        """Needs what training needs, and no run that goes on."""
        if state.run is RunState.RUNNING:
            return self.tr("Pause first.")
        return self.cannot_train(state)

    def cannot_stop(self, state: WindowState) -> str:
        """Needs a run that has begun."""
        has_begun = state.run is RunState.RUNNING or (state.run in _BEGUN and state.has_steps)
        return "" if has_begun else self.tr("No run has begun.")
