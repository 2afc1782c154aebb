"""One line of a chart: how it looks, its items, and its value at a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from moduleview.gui.plots.canvas import Canvas
from moduleview.gui.plots.curve_points import CurvePoints
from moduleview.gui.plots.items import Band, Curve, cosmetic_pen
from moduleview.gui.plots.run_time import RunTime

_BELOW_ALL = -400.0  # below the decade of the smallest float there is
_RAW_OPACITY, _BAND_OPACITY, FADED = 0.3, 0.15, 0.3
_DASHES: tuple[tuple[float, ...], ...] = ((), (6.0, 3.0), (2.0, 2.0))


@dataclass(frozen=True)
class LineStyle:
    """How a line looks.

    Attributes:
        color: Of the line.
        dash: Pixels on and off; empty is solid.
        is_hidden: Not drawn.
        is_faded: Another line is at the front.
    """

    color: str
    dash: tuple[float, ...] = ()
    is_hidden: bool = False
    is_faded: bool = False


def series_style(number: int, colors: Sequence[str], *, is_pinned: bool) -> LineStyle:
    """Colour by number modulo the colours, dash by their turn; pinned lines are dashed whatever their number."""
    turn = number // len(colors) % len(_DASHES)
    return LineStyle(colors[number % len(colors)], _DASHES[max(turn, 1) if is_pinned else turn])


class Scale:
    """Values to heights: themselves, or their decade."""

    def __init__(self, *, is_log: bool) -> None:
        self.is_log = is_log

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Heights of values, NaN where there is none."""
        if not self.is_log:
            return values
        with np.errstate(divide="ignore", invalid="ignore"):
            decades = np.log10(values)
        return np.where(np.isfinite(decades), decades, np.nan)

    def value(self, height: float) -> float:
        """The value at a height."""
        return float(10.0**height) if self.is_log else height


@dataclass(frozen=True)
class LineAxes:
    """Where a chart puts steps and values: ``run_time`` makes seconds of steps, None leaves them steps."""

    scale: Scale
    run_time: RunTime | None = None

    def x_of(self, steps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Positions on the x axis."""
        return steps if self.run_time is None else self.run_time.of(steps)

    def step_at(self, x: float) -> float:
        """The step at a position."""
        return x if self.run_time is None else self.run_time.step_at(x)


class Line:
    """The three items of one line."""

    def __init__(self, canvas: Canvas) -> None:
        self.band, self.raw, self.smooth = Band(), Curve(connect="finite"), Curve(connect="finite")
        self._items: tuple[Any, ...] = (self.band, self.raw, self.smooth)
        self._looks: object = None
        for item in self._items:
            canvas.add_item(item)
        self.set_z(0.0)

    def set_z(self, base: float) -> None:
        """Draw it over lines whose base is lower."""
        for above, item in enumerate(self._items):
            if item.zValue() != base + above:
                item.setZValue(base + above)

    def hide(self) -> None:
        """Draw nothing."""
        for item in self._items:
            item.setVisible(False)
        self._looks = None

    def draw(self, points: CurvePoints, style: LineStyle, axes: LineAxes, *, has_smooth: bool) -> None:
        """Take points and looks."""
        low, high = axes.scale.of(points.low), axes.scale.of(points.high)
        low = np.where(np.isnan(low) & np.isfinite(high), _BELOW_ALL, low)  # zeros: a band reaches down to them
        is_band = bool((low < high).any())
        self._dress(style, is_band=is_band, has_smooth=has_smooth)
        if style.is_hidden:
            return
        if is_band:
            lefts = axes.x_of(points.steps - 0.5)
            self.band.set_edges(lefts, axes.x_of(points.steps - 0.5 + points.n_steps) - lefts, low, high)
        x = axes.x_of(points.steps)  # a group's median is a line of its own; the middle of several steps is none
        middle = axes.scale.of(points.middle)
        if is_band and has_smooth and not points.is_group:
            bare = _is_bare(low, high)
            kept = bare | np.concatenate([[False], bare[:-1]])  # one more behind each stretch, where it is broken
            self.raw.setData(x[kept], np.where(bare, middle, np.nan)[kept])
        else:
            self.raw.setData(x, middle)
        if has_smooth:
            self.smooth.setData(x, axes.scale.of(points.smooth))

    def _dress(self, style: LineStyle, *, is_band: bool, has_smooth: bool) -> None:
        """Set pens only when they change: each costs as much as new points."""
        if self._looks == (style, is_band, has_smooth):
            return
        self._looks = (style, is_band, has_smooth)
        opacity = FADED if style.is_faded else 1.0
        self.band.setVisible(is_band and not style.is_hidden)
        self.raw.setVisible(not style.is_hidden)
        self.smooth.setVisible(has_smooth and not style.is_hidden)
        raw_opacity = opacity * (_RAW_OPACITY if has_smooth else 1.0)
        self.raw.setPen(cosmetic_pen(style.color, raw_opacity, () if has_smooth else style.dash))
        self.smooth.setPen(cosmetic_pen(style.color, opacity, style.dash))
        color = QColor(style.color)
        color.setAlphaF(_BAND_OPACITY * opacity)
        self.band.set_color(color)


def _is_bare(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where a band may show nothing, and the neighbours, to draw a line from.

    A point that holds a single value has no height, and of the last one there may be less than a pixel in the plot.
    """
    flat = np.concatenate([[False], low == high, [True]])
    found: NDArray[np.bool_] = flat[1:-1] | flat[:-2] | flat[2:]
    found[-2:] = True
    return found


def lone_points(points: CurvePoints, scale: Scale) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Steps and heights of the values without a neighbour, of which a line alone would show nothing."""
    heights = scale.of(points.middle)
    there = np.concatenate([[False], np.isfinite(heights), [False]])
    lone = there[1:-1] & ~there[:-2] & ~there[2:]
    return points.steps[lone], heights[lone]


def value_at(points: CurvePoints, step: int | None) -> float | None:
    """The line's value at a step, NaN where it was not finite, None where not measured.

    Of several steps it is the highest; of a group the median of those of its series that are finite.

    Args:
        points: Of the line.
        step: None is the newest point.
    """
    if not len(points.steps):
        return None
    at = len(points.steps) - 1 if step is None else int(np.searchsorted(points.steps, step, side="right")) - 1
    if at < 0 or (step is not None and at == len(points.steps) - 1 and step >= points.steps[at] + points.n_steps[at]):
        return None
    middle = float(points.middle[at])
    if points.is_group and np.isfinite(middle):
        return middle
    if points.non_finite[at]:
        return float("nan")
    value = middle if points.n_steps[at] == 1 else float(points.high[at])
    return None if np.isnan(value) else value
