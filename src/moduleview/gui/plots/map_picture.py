"""Decades to pixels: the colours of the gradient map as bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from moduleview.gui.look.colormap import lookup_table
from moduleview.gui.look.tokens import Tokens

_HELD_ALPHA = 150
_NON_FINITE, _NO_GRADIENT, _NOT_MEASURED = 256, 257, 258


def color_table(map_name: str, tokens: Tokens) -> NDArray[np.uint32]:
    """(259,): the map's 256 colours, then those of NaN and Inf, of no gradient, and nothing where nobody measured.

    Bytes are RGBA.
    """
    table = np.full((259, 4), 255, dtype=np.uint8)
    table[:256, :3] = lookup_table(map_name)
    for row, name in ((_NON_FINITE, tokens.non_finite), (_NO_GRADIENT, tokens.not_measured)):
        color = QColor(name)
        table[row, :3] = (color.red(), color.green(), color.blue())
    table[_NOT_MEASURED] = 0
    return table.view(np.uint32).reshape(-1)


def make_picture(
    decades: NDArray[np.float32], limits: tuple[int, int], table: NDArray[np.uint32], is_held: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """The picture of the map.

    Args:
        decades: (rows, columns) log10; +Inf is not finite, -Inf no gradient, NaN not measured.
        limits: Decades of the first and the last colour.
        table: As ``color_table`` makes it.
        is_held: (columns,) what was measured before: it is paler, and what lies behind shines through.

    Returns:
        (rows, columns, 4) uint8.
    """
    low, high = limits
    with np.errstate(invalid="ignore"):
        codes = np.clip((decades - low) * (255.0 / (high - low)) + 0.5, 0.0, 255.0)
    codes[np.isnan(decades)] = _NOT_MEASURED
    codes[np.isposinf(decades)] = _NON_FINITE
    codes[np.isneginf(decades)] = _NO_GRADIENT
    picture: NDArray[np.uint8] = table[codes.astype(np.int16)].view(np.uint8).reshape(*decades.shape, 4)
    picture[:, is_held, 3] = np.minimum(picture[:, is_held, 3], _HELD_ALPHA)
    return picture
