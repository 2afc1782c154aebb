"""When the next step may begin: a budget of steps, a rate, and a watch that stands still in pauses."""

from __future__ import annotations

import time

_LONGEST_PERIOD_S = 3600.0  # a lower rate than one step an hour is a mistake, and no queue waits for ever
_AT_ONCE = float("-inf")


class Stopwatch:
    """Seconds that it ran; stopped at first."""

    def __init__(self) -> None:
        self._before_s = 0.0
        self._since_s: float | None = None

    @property
    def elapsed_s(self) -> float:
        """All the time that it ran so far."""
        running_s = 0.0 if self._since_s is None else time.perf_counter() - self._since_s
        return self._before_s + running_s

    def start(self) -> None:
        """Go on; nothing happens when it runs."""
        if self._since_s is None:
            self._since_s = time.perf_counter()

    def stop(self) -> None:
        """Stand still."""
        self._before_s, self._since_s = self.elapsed_s, None


class Pacing:
    """How many steps may still be made, and when the next one is due. Training thread only.

    A limited rate is kept on average, not as a pause after each step: steps are due at multiples of the period, a late
    one does not delay those after it, and time lost by more than one period is not made up for.
    """

    def __init__(self) -> None:
        self._n_left: int | None = None
        self._period_s = 0.0
        self._due_s = _AT_ONCE

    @property
    def is_used_up(self) -> bool:
        """The steps that were asked for are done."""
        return self._n_left is not None and self._n_left <= 0

    def allow(self, n_steps: int | None) -> None:
        """From now on so many more steps may be made; None for any number. The first of them is due at once."""
        self._n_left = n_steps
        self._due_s = _AT_ONCE

    def limit(self, steps_per_s: float | None) -> None:
        """At most so many steps a second; None or a number that is not positive lifts the limit."""
        if steps_per_s is None or not steps_per_s > 0.0:
            self._period_s = 0.0
        else:
            self._period_s = min(1.0 / steps_per_s, _LONGEST_PERIOD_S)
        self._due_s = _AT_ONCE

    def wait_s(self) -> float:
        """Seconds until the next step is due; 0 when it may begin."""
        return max(0.0, self._due_s - time.perf_counter()) if self._period_s else 0.0

    def count_step(self) -> None:
        """A step begins now."""
        if self._n_left is not None:
            self._n_left -= 1
        now_s = time.perf_counter()
        on_time = self._due_s + self._period_s
        self._due_s = on_time if on_time > now_s else now_s + self._period_s
