"""The one clock of the window: every 33 ms it takes what arrived, and draws only as much as training can spare.

Painting holds the GIL, so a trainer bound by it slows by the share of a core that the window uses. The next frame
comes after its own CPU time / 0.03, at most a second: the share stays at 3 % whatever is shown. What a person does is
drawn at once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

PERIOD_MS = 33
PUMP_BUDGET_S = 0.008
DUTY = 0.03
LONGEST_PAUSE_S = 1.0  # a first frame that lays out every panel must not leave the window still for ten seconds


@dataclass(frozen=True)
class ClockWork:
    """What the clock drives.

    Attributes:
        pump: Takes records for at most so many seconds; True when some are left.
        is_training: A training thread competes for the GIL now.
        draw: Lets everything that can be seen draw what changed.
        look: Cheap look at what must not wait for the next frame (run state); called after each pump.
        collect_garbage: Collects cycles in this thread when it is time, since no other one may destroy a QObject.
    """

    pump: Callable[[float], bool]
    is_training: Callable[[], bool]
    draw: Callable[[], None]
    look: Callable[[], None]
    collect_garbage: Callable[[], None]


class Clock(QObject):
    """Ticks while the window lives. GUI thread only."""

    ticked = Signal()

    def __init__(self, work: ClockWork, parent: QObject) -> None:
        super().__init__(parent)
        self._work = work
        self._next_frame_s = 0.0
        self._frame_began_cpu_s = 0.0
        self._timer = QTimer(self, interval=PERIOD_MS)
        self._timer.setObjectName("clock")
        self._timer.timeout.connect(self.tick)
        self._after_paint = QTimer(self, singleShot=True, interval=0)
        self._after_paint.setObjectName("clock.after_paint")
        self._after_paint.timeout.connect(self._on_painted)

    @property
    def is_painting(self) -> bool:
        """What the last frame drew is not on the screen yet."""
        return self._after_paint.isActive()

    def start(self) -> None:
        """Begin to tick."""
        self._timer.start()

    def stop(self) -> None:
        """Tick no more."""
        self._timer.stop()
        self._after_paint.stop()

    def wake(self) -> None:
        """A person did something: draw at the next tick, whatever the last frame cost."""
        self._next_frame_s = 0.0

    def tick(self) -> None:
        """Take what arrived; draw when a frame is due. A part that fails is reported and holds no other part back."""
        for part in (self._pump, self._work.look, self._draw_when_due, self._work.collect_garbage):
            try:
                part()
            except Exception as error:  # of ours: garbage must be collected and commands confirmed all the same
                sys.excepthook(type(error), error, error.__traceback__)
        self.ticked.emit()

    def _pump(self) -> None:
        self._work.pump(PUMP_BUDGET_S)

    def _draw_when_due(self) -> None:
        if time.monotonic() >= self._next_frame_s and not self.is_painting:
            self._frame_began_cpu_s = time.thread_time()
            self._after_paint.start()  # fires behind the paint events that drawing posts
            self._work.draw()

    def _on_painted(self) -> None:
        cpu_s = time.thread_time() - self._frame_began_cpu_s
        if self._work.is_training():
            self._next_frame_s = time.monotonic() + min(cpu_s / DUTY, LONGEST_PAUSE_S)
