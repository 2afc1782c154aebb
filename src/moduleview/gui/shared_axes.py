"""What the plots show in common: which steps, which modules are opened to their parameters, where the columns end.

The map, the curves and the loss draw the same steps, and the profile the map's rows, without knowing of each other.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from moduleview.gui.gui_thread import gui_thread_only

WINDOWS: tuple[int | None, ...] = (240, 1000, None)
_FIRST_WIDTH = 30  # steps: a run that has just begun fills the plot in doublings of this, not in jumps at every step
_NARROWEST = 4.0
_MOVES_A_WINDOW = 240


class SharedAxes(QObject):
    """The window of steps and the rows that plots share. GUI thread only.

    Steps are continuous numbers here: the column of step 7 reaches from 6.5 to 7.5.
    """

    steps_changed = Signal()  # range, window or following
    rows_changed = Signal()  # opened modules or the visible rows
    unit_changed = Signal()  # step or time
    columns_changed = Signal()  # where the map's columns end on the screen

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window = WINDOWS[0]
        self._is_following = True
        self._extent: tuple[int, int] | None = None
        self._steps = (-0.5, _FIRST_WIDTH - 0.5)
        self._opened: frozenset[str] = frozenset()
        self._rows: tuple[float, float] | None = None
        self._right_edge: int | None = None
        self._shows_time = False

    @property
    def shows_time(self) -> bool:
        """Lines are drawn against the time of training, not the step; the map's columns stay steps."""
        return self._shows_time

    @gui_thread_only
    def set_shows_time(self, shows_time: bool) -> None:
        """Draw lines against the time of training, or against the step."""
        if shows_time != self._shows_time:
            self._shows_time = shows_time
            self.unit_changed.emit()

    @property
    def window(self) -> int | None:
        """Steps shown while following; None is all of them."""
        return self._window

    @property
    def is_following(self) -> bool:
        """The newest step stays at the right edge."""
        return self._is_following

    @property
    def steps(self) -> tuple[float, float]:
        """The steps at the left and the right edge."""
        return self._steps

    @property
    def n_steps(self) -> int:
        """Steps that there are, those that nobody measured included."""
        return 0 if self._extent is None else self._extent[1] + 1

    @property
    def opened(self) -> frozenset[str]:
        """FQNs of the modules that show a row for each of their parameters."""
        return self._opened

    @property
    def rows(self) -> tuple[float, float] | None:
        """The rows at the upper and the lower edge, or None for all."""
        return self._rows

    def rows_in_view(self, n_rows: int) -> tuple[float, float]:
        """The rows at the upper and the lower edge, where there are so many."""
        if self._rows is None:
            return 0.0, float(n_rows)
        height = min(self._rows[1] - self._rows[0], float(n_rows))
        top = min(max(self._rows[0], 0.0), n_rows - height)
        return top, top + height

    @property
    def right_edge(self) -> int | None:
        """Where the map's columns end, in pixels of the screen; None while there is no map."""
        return self._right_edge

    @gui_thread_only
    def set_window(self, n_steps: int | None) -> None:
        """Show so many of the newest steps, and follow them."""
        self._window = n_steps
        self.follow()

    @gui_thread_only
    def follow(self) -> None:
        """Keep the newest step at the right edge again."""
        self._is_following = True
        self._set_steps(self._following_range(), always=True)

    @gui_thread_only
    def take_extent(self, first_step: int | None, last_step: int | None) -> None:
        """Say which steps there are; moves the range while following. Cheap when nothing changed."""
        extent = None if first_step is None or last_step is None else (first_step, last_step)
        if extent == self._extent:
            return
        began_anew = extent is None or (self._extent is not None and extent[1] < self._extent[1])
        self._extent = extent
        self._is_following = self._is_following or began_anew
        if self._is_following:
            self._set_steps(self._following_range())

    @gui_thread_only
    def show_steps(self, low: float, high: float) -> None:
        """Show these steps, as a person asked; ends following unless the newest stays at the right edge."""
        if high - low < _NARROWEST:
            middle = (low + high) / 2
            low, high = middle - _NARROWEST / 2, middle + _NARROWEST / 2
        if self._extent is not None:
            low, high = self._kept_in_extent(low, high)
        self._is_following = False
        self._set_steps((low, high), always=True)

    @gui_thread_only
    def toggle_opened(self, fqn: str) -> None:
        """Give a module a row for each of its parameters, or take them away."""
        self._opened ^= {fqn}
        self.rows_changed.emit()

    @gui_thread_only
    def show_rows(self, rows: tuple[float, float] | None) -> None:
        """Show these rows; None shows all."""
        if rows != self._rows:
            self._rows = rows
            self.rows_changed.emit()

    @gui_thread_only
    def set_right_edge(self, screen_x: int | None) -> None:
        """Say where the map's columns end, so that other plots can end there too."""
        if screen_x != self._right_edge:
            self._right_edge = screen_x
            self.columns_changed.emit()

    @gui_thread_only
    def forget_model(self) -> None:
        """Another model was opened: nothing is opened or zoomed any more."""
        self._opened, self._rows = frozenset(), None
        self.rows_changed.emit()
        self.follow()

    def _kept_in_extent(self, low: float, high: float) -> tuple[float, float]:
        """At least a quarter of the plot keeps steps in it, however far somebody pans."""
        assert self._extent is not None
        margin = (high - low) / 4
        shift = min(0.0, self._extent[1] + 0.5 - margin - low) + max(0.0, -0.5 + margin - high)
        return low + shift, high + shift

    def _following_range(self) -> tuple[float, float]:
        last = -1 if self._extent is None else self._extent[1]
        width = _FIRST_WIDTH
        while width < last + 1:
            width *= 2
        if self._window is not None:
            width = min(width, self._window)
        elif last + 1 > _FIRST_WIDTH:  # all: rounded up, so that the columns keep their place for a while
            width = _rounded_up(last + 1, last + 1)
        high = max(_rounded_up(last + 1, width), width) - 0.5
        return high - width, high

    def _set_steps(self, steps: tuple[float, float], *, always: bool = False) -> None:
        if always or steps != self._steps:
            self._steps = steps
            self.steps_changed.emit()


def _rounded_up(n_steps: int, width: int) -> int:
    """A window with more steps than pixels need not move at every step: only by about 1/240 of its width."""
    quantum = 1
    while quantum * 2 * _MOVES_A_WINDOW <= width:
        quantum *= 2
    return -(-n_steps // quantum) * quantum
