"""Leaves without cutting a training step in two: asks, says what it waits for, and gives up after some seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

_POLL_MS = 50
_SAY_AFTER_S = 0.5
GIVE_UP_AFTER_S = 7.0  # a source interrupts the user's code after 2 s and gives up itself after 4


class Closing(QObject):
    """Waits for the training thread without blocking the window. GUI thread only.

    Args:
        ask: Asks the source to let go; True once it has. Never waits.
        say: Shows a sentence.
        parent: Owner.
    """

    finished = Signal(bool)  # True: everything has ended; False: a thread still runs and will not be waited for

    def __init__(self, ask: Callable[[], bool], say: Callable[[str], None], parent: QObject) -> None:
        super().__init__(parent)
        self._ask, self._say = ask, say
        self._began_s: float | None = None
        self._has_given_up = False
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def has_begun(self) -> bool:
        """The window is closing."""
        return self._began_s is not None

    def begin(self) -> bool:
        """Ask for the first time; True when nothing has to be waited for."""
        if self._began_s is None:
            self._began_s = time.monotonic()
        if self._has_given_up or self._ask():
            return True
        self._timer.start()
        return False

    def _poll(self) -> None:
        assert self._began_s is not None
        waited_s = time.monotonic() - self._began_s
        if self._ask():
            self._end(has_ended=True)
        elif waited_s > GIVE_UP_AFTER_S:
            self._end(has_ended=False)
        elif waited_s > _SAY_AFTER_S:
            left = max(1, round(GIVE_UP_AFTER_S - waited_s))
            self._say(self.tr("Waiting for the training step to end; leaving in {0} s at the latest.").format(left))

    def _end(self, *, has_ended: bool) -> None:
        self._timer.stop()
        self._has_given_up = not has_ended
        self.finished.emit(has_ended)
