"""Where marks at an edge of a chart stand: a value that is not finite, or that a logarithmic axis has no place for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

ToPixels = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def mark_spans(
    steps: NDArray[np.float64], n_steps: NDArray[np.int64], to_pixels: ToPixels, least_px: float
) -> list[tuple[float, float]]:
    """Left edges and widths of marks; one where several are in a pixel.

    A point that holds several steps is marked over all of them, since any of them may be meant, and its first one may
    be out of sight.

    Args:
        steps: (m,) the first step of each point to mark.
        n_steps: (m,) how many it may hold.
        to_pixels: Of steps.
        least_px: Width of the mark of a single step, and of any at least.
    """
    if not len(steps):
        return []
    begins, ends = to_pixels(steps - 0.5), to_pixels(steps - 0.5 + n_steps)
    widths = np.where(n_steps > 1, np.maximum(ends - begins, least_px), least_px)
    lefts = np.round((begins + ends - widths) / 2)
    spans = np.unique(np.stack([lefts, np.round(widths)], axis=1), axis=0)
    return [(left, width) for left, width in spans.tolist()]
