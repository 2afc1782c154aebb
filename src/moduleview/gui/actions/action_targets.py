"""Whom the actions call, so that they know nothing of the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from moduleview.gui.actions.view_actions import ViewTargets
from moduleview.gui.actions.window_verbs import WindowVerbs
from moduleview.gui.running.run_control import RunControl
from moduleview.gui.selection import Selection


@dataclass(frozen=True)
class ActionTargets:
    """Whom the actions call.

    Attributes:
        control: Run, pause, step, stop.
        verbs: Find, go to, copy, freeze, pages.
        selection: Back and forward.
        view: Theme, zoom, layout.
        choose_file: File > Open.
        choose_name: File > Open by name.
        show_trusted_folders: Lists whose code may run.
        reload: Opens what is open again.
        undo: Takes back what was last done to modules.
        redo: Does again what was last taken back.
        find: Puts the cursor into the search field of the panel a person is in.
        show_commands: Opens the command palette.
        show_shortcuts: Opens the page of keys.
        close_window: Leaves the program.
    """

    control: RunControl
    verbs: WindowVerbs
    selection: Selection
    view: ViewTargets
    choose_file: Callable[[], object]
    choose_name: Callable[[], object]
    show_trusted_folders: Callable[[], object]
    reload: Callable[[], object]
    undo: Callable[[], object]
    redo: Callable[[], object]
    find: Callable[[], object]
    show_commands: Callable[[], object]
    show_shortcuts: Callable[[], object]
    close_window: Callable[[], object]
