"""Lets a person find an operation by its name, its topic or what it does, and choose it by the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QWidget

from moduleview.gui.actions.command_palette import CommandPalette, PaletteEntry
from moduleview.gui.look.theme import Theme
from moduleview.telemetry.lab_pipelines import OperationsListed, OperationSpec


def find_operation(
    catalogue: OperationsListed, choose: Callable[[OperationSpec], object], prompt: str, theme: Theme, owner: QWidget
) -> CommandPalette:
    """Open a field over the window with all operations under it, by topic as long as nothing is typed.

    Args:
        catalogue: What there is.
        choose: Is given the operation that was chosen.
        prompt: What stands in the field.
        theme: Colours and zoom.
        owner: Some widget of the window.
    """
    entries = [
        PaletteEntry(f"{spec.name}   {spec.summary}", spec.topic, partial(choose, spec))
        for spec in catalogue.operations
    ]
    palette = CommandPalette(entries, prompt, theme, owner.window())
    palette.open()
    return palette
