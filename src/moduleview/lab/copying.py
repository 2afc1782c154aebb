"""Copies a live tensor to the host in pieces, so that between two of them others are served."""

from __future__ import annotations

import torch

PIECE_BYTES = 16 * 2**20  # 10 to 30 ms, most of them for memory that is touched for the first time


class TornCopyError(Exception):
    """The tensor was changed between two pieces."""


class PiecewiseCopy:
    """A frozen copy that is being made. Training thread only.

    It keeps the strides of what is dense; anything else (expanded, with gaps) becomes contiguous.

    Args:
        live: A strided tensor with values; it is read only.
    """

    def __init__(self, live: torch.Tensor) -> None:
        self._live = plain(live)
        self.copy = torch.empty_like(self._live, device="cpu", memory_format=torch.preserve_format)
        self._version = live._version if not live.is_inference() else None
        self._pieces = _flat_views(self._live, self.copy)
        self._n_done = 0
        self.n_bytes = self._live.numel() * self._live.element_size()

    @property
    def n_bytes_done(self) -> int:
        """How far it is."""
        return self._n_done * self._live.element_size()

    @property
    def is_done(self) -> bool:
        """All is copied."""
        return self._n_done >= self._live.numel()

    def go_on(self, n_bytes: int = PIECE_BYTES) -> None:
        """Copy the next piece of about ``n_bytes``.

        Raises:
            TornCopyError: The tensor was written to since the first piece.
        """
        if self._version is not None and self._live._version != self._version:
            raise TornCopyError
        source, target = self._pieces
        per_row = max(1, self._live.numel() // max(1, source.shape[0]))
        rows = max(1, n_bytes // (per_row * self._live.element_size()))
        first = self._n_done // per_row
        target[first : first + rows].copy_(source[first : first + rows])
        self._n_done = min(self._live.numel(), (first + rows) * per_row)

    def finish(self) -> torch.Tensor:
        """Copy what is left at once.

        Raises:
            TornCopyError: The tensor was written to since the first piece.
        """
        while not self.is_done:
            self.go_on(self.n_bytes)
        return self.copy


def plain(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor's own memory, of no subclass and no part of a graph. Shares its version counter."""
    if type(tensor) is torch.Tensor or type(tensor) is torch.nn.Parameter:
        return tensor.detach()
    with torch._C.DisableTorchFunctionSubclass():
        return tensor.detach().as_subclass(torch.Tensor)


def _flat_views(live: torch.Tensor, copy: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The same elements of both, in one dimension where both are laid out alike, else as they are."""
    if live.numel() and live.stride() == copy.stride():
        by_stride = sorted(range(live.dim()), key=lambda dim: -live.stride()[dim])
        live, copy = live.permute(by_stride), copy.permute(by_stride)
        if live.is_contiguous() and copy.is_contiguous():
            return live.view(-1), copy.view(-1)
    return live, copy
