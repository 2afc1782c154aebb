"""Shows failures without burying the window: one dialog a place, however often it fails there."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from moduleview.gui.dialogs.error import ErrorDialog
from moduleview.gui.gui_thread import gui_thread_only
from moduleview.gui.look.theme import Theme
from moduleview.telemetry.records import FailureReport

MAXIMUM_OPEN = 5


class FailureDialogs(QObject):
    """The error dialogs of one window. GUI thread only.

    Attributes:
        theme: Of all dialogs.
        window: Parent of all dialogs.
    """

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self.theme = theme
        self.window = window
        self._open: dict[tuple[str, str], ErrorDialog] = {}
        self._seen_bugs: set[tuple[str, str]] = set()

    @gui_thread_only
    def show(self, failure: FailureReport) -> ErrorDialog | None:
        """Show a failure; one from a place that is already on the screen brings that dialog to the front.

        Returns:
            The dialog, or None when so many are open that another one would help nobody.
        """
        place = _place(failure)
        dialog = self._open.get(place)
        if dialog is None:
            if len(self._open) >= MAXIMUM_OPEN:
                return None
            dialog = ErrorDialog(failure, self.theme, self.window)
            dialog.destroyed.connect(lambda _object=None: self._open.pop(place, None))
            self._open[place] = dialog
        dialog.show()
        dialog.raise_()
        return dialog

    def show_bug(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Show an exception that nobody caught, once a place until the program ends; fits ``sys.excepthook``.

        A fault in ``paintEvent`` comes with every frame: it is shown, and written to stderr, once.
        """
        if not issubclass(kind, Exception):
            sys.__excepthook__(kind, error, trace)  # Ctrl+C is no mistake
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        failure = FailureReport(
            title=self.tr("moduleview made a mistake: {0}.").format(kind.__name__),
            advice=self.tr("The window goes on. Please report it, with this traceback."),
            traceback=text,
            is_users=False,
        )
        place = _place(failure)
        if place not in self._seen_bugs:
            self._seen_bugs.add(place)
            sys.__excepthook__(kind, error, trace)
            self.show(failure)


def _place(failure: FailureReport) -> tuple[str, str]:
    """Where it failed: the last file and line of the traceback, whatever the message says this time."""
    frames = [line.strip() for line in failure.traceback.splitlines() if line.lstrip().startswith('File "')]
    return failure.title, frames[-1] if frames else failure.advice
