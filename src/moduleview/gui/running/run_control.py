"""Run, pause, step and stop: commands to the source, with the number of steps that stands in the toolbar."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from moduleview.telemetry.commands import Command, Pause, Run, SetDevice, SetThrottle, Stop

FIRST_N_STEPS, MAXIMUM_N_STEPS = 100, 1_000_000


class RunControl(QObject):
    """Sends what a person asks of the training thread; what it does then, the store says."""

    n_steps_changed = Signal(int)

    def __init__(self, send: Callable[[Command], None], parent: QObject) -> None:
        super().__init__(parent)
        self._send = send
        self._n_steps = FIRST_N_STEPS
        self._steps_per_s: float | None = None

    @property
    def n_steps(self) -> int:
        """How many steps "n steps" makes."""
        return self._n_steps

    @property
    def steps_per_s(self) -> float | None:
        """The throttle; None is no limit."""
        return self._steps_per_s

    def set_n_steps(self, n_steps: int) -> None:
        """Make so many steps next time."""
        n_steps = min(max(n_steps, 1), MAXIMUM_N_STEPS)
        if n_steps != self._n_steps:
            self._n_steps = n_steps
            self.n_steps_changed.emit(n_steps)

    def start(self) -> None:
        """Train until told otherwise."""
        self._send(Run())

    def pause(self) -> None:
        """Wait at the next safe point."""
        self._send(Pause())

    def step_once(self) -> None:
        """Make one step and pause."""
        self._send(Run(n_steps=1))

    def step_n(self) -> None:
        """Make ``n_steps`` steps and pause."""
        self._send(Run(n_steps=self._n_steps))

    def stop(self) -> None:
        """End this run; the next one begins at step 0."""
        self._send(Stop())

    def set_device(self, device: str) -> None:
        """Move the model."""
        self._send(SetDevice(device))

    def set_throttle(self, steps_per_s: float | None) -> None:
        """Train at most so fast."""
        self._steps_per_s = steps_per_s
        self._send(SetThrottle(steps_per_s))

    def resend_throttle(self) -> None:
        """Tell a model that was just opened how fast it may train."""
        if self._steps_per_s is not None:
            self._send(SetThrottle(self._steps_per_s))
