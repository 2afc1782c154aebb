"""How a frozen tensor's elements are spread, and its numbers: in pieces, so that memory stays bounded."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch

from moduleview.hooks.sampling import flat_elements, sample_elements
from moduleview.lab.dtypes import as_numpy, as_reals
from moduleview.lab.magnitude_histogram import magnitude_histogram
from moduleview.lab.planes import plane_or_all
from moduleview.lab.readable import has_magnitudes
from moduleview.telemetry.lab_views import HistogramAnswered, RequestHistogram, RequestStatistics, StatisticsAnswered

MAX_ELEMENTS = 64_000_000  # above, a sample of that many
_PIECE = 4_194_304
_MAX_UNIQUE = 1_000_000
MAX_BINS = 4096


def read_histogram(tensor: torch.Tensor, request: RequestHistogram) -> HistogramAnswered:
    """Histograms of a tensor or slice: evenly from the smallest to the largest finite value, and by powers of two.

    Raises:
        PlaneError: There is no such slice.
    """
    flat, remark = _elements(plane_or_all(tensor, request.plane))
    n_bins = min(max(1, request.n_bins), MAX_BINS)
    low, high, n_nan, n_inf = _range(flat)
    edges = np.linspace(low, high, n_bins + 1) if low < high else np.array([low - 0.5, low + 0.5])
    if math.isnan(low):
        edges = np.zeros(0)
    counts = np.zeros(max(0, len(edges) - 1), np.int64)
    for piece in _pieces(flat) if len(edges) else ():
        counts += _count(piece, edges)
    shows = has_magnitudes(flat) and flat.numel() > 0
    return HistogramAnswered(
        request.request,
        request.tensor_id,
        request.plane,
        flat.numel(),
        edges,
        counts,
        n_nan,
        n_inf,
        magnitude_histogram(flat) if shows else None,
        remark,
    )


def read_statistics(tensor: torch.Tensor, request: RequestStatistics) -> StatisticsAnswered:
    """Numbers of a tensor or slice, over its finite elements.

    Raises:
        PlaneError: There is no such slice.
    """
    flat, _ = _elements(plane_or_all(tensor, request.plane))
    low, high, n_nan, n_inf = _range(flat)
    n = flat.numel() - n_nan - n_inf
    total = square = 0.0
    n_zero = 0
    for piece in _finite_pieces(flat):
        total += float(piece.sum(dtype=torch.float64))
        square += float(torch.linalg.vector_norm(piece, dtype=torch.float64)) ** 2
        n_zero += piece.numel() - int(torch.count_nonzero(piece))
    mean = total / n if n else math.nan
    spread = sum(float(torch.linalg.vector_norm(piece.double() - mean)) ** 2 for piece in _finite_pieces(flat))
    return StatisticsAnswered(
        request.request,
        request.tensor_id,
        request.plane,
        n=flat.numel(),
        min=low,
        max=high,
        mean=mean,
        std=math.sqrt(spread / n) if n else math.nan,
        norm=math.sqrt(square) if n else math.nan,
        n_zero=n_zero,
        n_nan=n_nan,
        n_inf=n_inf,
        n_unique=_n_unique(flat),
    )


def _n_unique(flat: torch.Tensor) -> int | None:
    return None if flat.numel() > _MAX_UNIQUE else len(np.unique(as_numpy(flat)))


def _elements(tensor: torch.Tensor) -> tuple[torch.Tensor, str]:
    """One-dimensional elements, all or a sample, and a sentence where it is a sample."""
    n = tensor.numel()
    flat = flat_elements(tensor.resolve_conj().resolve_neg())  # of an expanded tensor each stored element once
    if flat.numel() > MAX_ELEMENTS:
        return sample_elements(flat, MAX_ELEMENTS), f"A sample of {MAX_ELEMENTS:,} of {n:,} elements."
    repeats = n // max(1, flat.numel())
    remark = f"Each of {flat.numel():,} stored elements stands for {repeats:,}." if repeats > 1 else ""
    return flat.contiguous(), remark


def _pieces(flat: torch.Tensor) -> Iterator[torch.Tensor]:
    for first in range(0, flat.numel(), _PIECE):
        yield as_reals(flat[first : first + _PIECE])


def _finite_pieces(flat: torch.Tensor) -> Iterator[torch.Tensor]:
    for piece in _pieces(flat):
        finite = torch.isfinite(piece)
        yield piece if bool(finite.all()) else piece[finite]


def _range(flat: torch.Tensor) -> tuple[float, float, int, int]:
    """Smallest and largest finite value, NaN where there is none; counts of NaN and Inf."""
    low, high, n_nan, n_inf = math.inf, -math.inf, 0, 0
    for piece in _pieces(flat):
        lowest, highest = (float(extreme) for extreme in torch.aminmax(piece))
        if not (math.isfinite(lowest) and math.isfinite(highest)):
            n_nan += int(torch.isnan(piece).sum())
            n_inf += int(torch.isinf(piece).sum())
            finite = piece[torch.isfinite(piece)]
            if not finite.numel():
                continue
            lowest, highest = (float(extreme) for extreme in torch.aminmax(finite))
        low, high = min(low, lowest), max(high, highest)
    return (low, high, n_nan, n_inf) if low <= high else (math.nan, math.nan, n_nan, n_inf)


def _count(piece: torch.Tensor, edges: np.ndarray) -> np.ndarray:
    """Counts by multiplication, 5 ns an element: a tenth of what searching the edges takes."""
    n_bins = len(edges) - 1
    width = (edges[-1] - edges[0]) / n_bins
    finite = torch.isfinite(piece)
    piece = piece if bool(finite.all()) else piece[finite]
    bins = ((piece - edges[0]) / width).clamp_(0, n_bins - 1).to(torch.int64)
    counts: np.ndarray = np.bincount(bins.numpy(), minlength=n_bins)
    return counts
