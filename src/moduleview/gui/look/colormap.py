"""The colour maps of measured values: viridis, and cividis for those who see fewer colours.

Their published tables lie in ``resources/colormaps``, so that a swatch in a tree needs no plotting library.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from moduleview.resources import resource_path

MAP_NAMES = ("viridis", "cividis")


@cache
def lookup_table(name: str) -> NDArray[np.uint8]:
    """The 256 colours of a map, lowest value first.

    Args:
        name: One of ``MAP_NAMES``.

    Returns:
        (256, 3) uint8: red, green, blue. Shared between callers, therefore not writeable.

    Raises:
        ValueError: There is no map of this name.
    """
    if name not in MAP_NAMES:
        raise ValueError(f"There is no colour map {name!r}; choose one of {', '.join(MAP_NAMES)}.")
    table = np.loadtxt(resource_path("colormaps", f"{name}.csv"), delimiter=",", dtype=np.uint8, encoding="utf-8")
    table.flags.writeable = False
    return table
