"""Values of a slice to pixels: linear, symmetric around zero, or by decades; NaN and Inf in a colour of their own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from moduleview.gui.look.colormap import lookup_table
from moduleview.gui.look.tokens import Tokens

_BAD, _ZERO, _NOTHING = 256, 257, 258
_MOST_DECADES = 12.0


class ScaleKind(StrEnum):
    """How a value becomes a colour."""

    LINEAR = "linear"
    SYMMETRIC = "symmetric"  # as far below zero as above it
    LOG = "log"  # of the magnitude


@dataclass(frozen=True)
class ValueScale:
    """Values of the first and the last colour; decades of the magnitude for ``LOG``."""

    kind: ScaleKind
    low: float
    high: float


def representative(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float32]:
    """Of the values that a pixel stands for the one of largest magnitude: no spike is hidden."""
    return np.where(np.abs(low) > np.abs(high), low, high).astype(np.float32)


def make_scale(kind: ScaleKind, values: NDArray[np.float32], ends: tuple[float, float]) -> ValueScale:
    """Limits that hold all finite values of a slice.

    Args:
        kind: Of the scale.
        values: (height, width) what the pixels stand for.
        ends: Smallest and largest finite value; NaN where there is none.
    """
    low, high = ends
    if not (math.isfinite(low) and math.isfinite(high)):
        return ValueScale(kind, 0.0, 1.0)
    if kind is ScaleKind.SYMMETRIC:
        reach = max(abs(low), abs(high)) or 1.0
        return ValueScale(kind, -reach, reach)
    if kind is ScaleKind.LOG:
        sizes = np.abs(values[np.isfinite(values) & (values != 0)])
        top = math.log10(max(abs(low), abs(high))) if max(abs(low), abs(high)) > 0 else 0.0
        bottom = math.log10(float(sizes.min())) if sizes.size else top - 1.0
        bottom = max(bottom, top - _MOST_DECADES)
        return ValueScale(kind, bottom, top if top > bottom else bottom + 1.0)
    return ValueScale(kind, low, high if high > low else low + (abs(low) or 1.0))


def make_picture(
    values: NDArray[np.float32], bad: NDArray[np.uint8], scale: ValueScale, map_name: str, tokens: Tokens
) -> NDArray[np.uint8]:
    """The picture of a slice.

    Args:
        values: (height, width); NaN where a pixel has no finite value.
        bad: (height, width); not 0 where a pixel has a NaN or an Inf.
        scale: From values to colours.
        map_name: ``viridis`` or ``cividis``.
        tokens: Colours of the theme.

    Returns:
        (height, width, 4) uint8.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        amounts = np.log10(np.abs(values)) if scale.kind is ScaleKind.LOG else values
        codes = (amounts - np.float32(scale.low)) * np.float32(255.0 / (scale.high - scale.low))
        codes = np.clip(codes + np.float32(0.5), 0.0, 255.0)
    codes[np.isnan(values)] = _NOTHING
    if scale.kind is ScaleKind.LOG:
        codes[values == 0] = _ZERO
    codes[bad > 0] = _BAD
    picture: NDArray[np.uint8] = _table(map_name, tokens)[codes.astype(np.int16)].view(np.uint8)
    return picture.reshape(*values.shape, 4)


def _table(map_name: str, tokens: Tokens) -> NDArray[np.uint32]:
    table = np.full((259, 4), 255, dtype=np.uint8)
    table[:256, :3] = lookup_table(map_name)
    for row, name in ((_BAD, tokens.non_finite), (_ZERO, tokens.not_measured), (_NOTHING, tokens.panel)):
        color = QColor(name)
        table[row, :3] = (color.red(), color.green(), color.blue())
    return table.view(np.uint32).reshape(-1)
