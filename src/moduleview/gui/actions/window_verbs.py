"""What the actions do that is neither run control nor docking: find, go to, copy, freeze, pages and dialogs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from moduleview.gui.actions.action_spec import Actions
from moduleview.gui.actions.command_palette import CommandPalette
from moduleview.gui.actions.menu_entries import menu_entries
from moduleview.gui.actions.name_search import NameSearch
from moduleview.gui.actions.named_places import NamedPlaces
from moduleview.gui.actions.palette_choices import PaletteChoices, PaletteEntry
from moduleview.gui.actions.place_keys import PlaceKeys
from moduleview.gui.dialogs.about import AboutDialog
from moduleview.gui.dialogs.doctor import DoctorDialog
from moduleview.gui.dialogs.shortcuts import Shortcut, ShortcutsDialog
from moduleview.gui.dialogs.training_data import TrainingDataDialog
from moduleview.gui.panel import PanelContext
from moduleview.session import Session
from moduleview.telemetry.commands import Freeze
from moduleview.telemetry.training_data_code import NO_PARAMETERS


@dataclass(frozen=True)
class VerbsContext:
    """What the verbs work on.

    Attributes:
        session: The run being looked at.
        panels: What panels are given; the verbs look at the same selection.
        window: Parent of dialogs.
    """

    session: Session
    panels: PanelContext
    window: QWidget


class WindowVerbs(QObject):
    """One method an action. GUI thread only."""

    def __init__(self, context: VerbsContext) -> None:
        super().__init__(context.window)
        self._session = context.session
        self._panels = context.panels
        self._window = context.window
        self._search: NameSearch | None = None

    def close_model(self) -> None:
        """Close what is open; the welcome page takes its place."""
        self._session.close_model()
        self._panels.selection.clear()
        self._panels.notify("")  # what was said was about the model

    def go_to(self) -> None:
        """Ctrl+P: find what ``get_submodule``, ``get_parameter`` or ``get_buffer`` would give, by its path."""
        model = self._panels.store.model
        if model is None:
            return
        if self._search is None or self._search.snapshot is not model:
            self._search = NameSearch(model)
        places = NamedPlaces(self._search, self._panels.selection.select_named)
        self._open_palette(places, self.tr("Go to a module, parameter or buffer"))

    def show_commands(self, actions: Actions, menus: Sequence[QMenu]) -> None:
        """Ctrl+Shift+P: find a command by a few letters, or what can be done with the selection.

        Args:
            actions: Of the window.
            menus: Of what is selected, each titled with its name; they go with the palette.
        """
        entries = [
            PaletteEntry(
                title=" > ".join((*spec.menu[1:], spec.title)) if spec.menu[1:] else spec.title,
                detail=actions.action(spec.id).shortcut().toString(QKeySequence.SequenceFormat.NativeText),
                run=partial(actions.run, spec.id),
                obstacle=actions.obstacle(spec),
            )
            for spec in actions.specs
        ]
        for menu in menus:
            entries += menu_entries(menu, menu.title())
        palette = self._open_palette(sorted(entries, key=lambda entry: bool(entry.obstacle)), self.tr("Run a command"))
        for menu in menus:
            palette.destroyed.connect(menu.deleteLater)

    def copy_path(self) -> None:
        """Copy the FQN of what is selected, as ``get_submodule`` or ``get_parameter`` takes it."""
        selection = self._panels.selection
        path = selection.tensor_fqn or selection.fqn
        if path is not None:
            QGuiApplication.clipboard().setText(path)
            self._panels.notify(self.tr("Copied {0}").format(path or '""'))

    def freeze(self, *, frozen: bool) -> None:
        """Set ``requires_grad`` in the selected subtree, or of the selected parameter."""
        selection = self._panels.selection
        fqn = selection.tensor_fqn or selection.fqn
        if fqn is not None:
            self._session.send(Freeze(fqn, frozen))

    def show_training_data(self) -> None:
        """Ask for input shapes and a loss, so that a bare model can train."""
        task, model = self._panels.store.task, self._panels.store.model
        if task is None or model is None:
            return
        theme, window = self._panels.theme, self._window
        obstacle = "" if model.tensors.is_parameter.any() else NO_PARAMETERS
        dialog = TrainingDataDialog(task.title, self._session.send, theme, window, task.random_data, obstacle)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def show_shortcuts(self, actions: Actions) -> None:
        """``?``: the page of keys."""
        lines = [
            Shortcut(
                "".join(spec.menu[:1]).replace("&", ""), spec.title.replace("...", ""), spec.shortcut.split("; ")[0]
            )
            for spec in actions.specs
            if spec.shortcut
        ]
        dialog = ShortcutsDialog([*lines, *PlaceKeys(self).lines()], self._panels.theme, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def show_about(self) -> None:
        """Name, version, licence."""
        dialog = AboutDialog(self._panels.theme, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def show_doctor(self) -> None:
        """What this machine has and lacks."""
        dialog = DoctorDialog(self._panels.theme, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _open_palette(self, entries: PaletteChoices | Sequence[PaletteEntry], prompt: str) -> CommandPalette:
        palette = CommandPalette(entries, prompt, self._panels.theme, self._window)
        palette.open()
        return palette
