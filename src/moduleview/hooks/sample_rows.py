"""Samples of the tensors that hooks saw in a step, side by side, so that they are reduced together.

A hook that reduced its tensor at once would pay a dozen calls into torch for it; here it pays for one copy, of at most
4 096 elements. Sixty-four rows are reduced in one go, while they are still in the cache.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch.nn.parameter import is_lazy

from moduleview.hooks.sampling import BLOCK, SAMPLE_SIZE, flat_elements, sampled_blocks, stored_values
from moduleview.hooks.statistics import row_statistics

_N_ROWS = 64
_MOST_BLOCKS = 64  # sizes of small tensors that are kept room for


@dataclass(frozen=True, eq=False)
class Sample:
    """Where the numbers of one tensor will stand, once the step is over; ``is_part``: they are not of all of it."""

    block: _Block
    number: int
    is_part: bool

    @property
    def statistics(self) -> torch.Tensor:
        """(5,) float32, in the order of ``HOOK_STATISTICS``, on the tensor's device."""
        return self.block.table[self.number]


class SampleRows:
    """Takes samples in a step and gives their statistics at its end.

    On CUDA autograd's own threads write here: a device has one such thread, and rows of its own.
    """

    def __init__(self) -> None:
        self._blocks: dict[tuple[torch.device, int], _Block] = {}

    @property
    def spent_s(self) -> float:
        """Seconds that were spent on reducing in this step."""
        return sum(block.spent_s for block in self._blocks.values())

    def take(self, tensor: torch.Tensor, step: int) -> Sample | None:
        """Copy a sample of a tensor: all of it up to 4 096 elements, else so many, others at each step.

        Args:
            tensor: Of any kind. Complex, quantised, nested, sharded, meta, float4 and lazy tensors have no such
                numbers; a sparse one has those of the values that it stores.
            step: Its number.

        Returns:
            None where there are no numbers.
        """
        if not _has_numbers(tensor):
            return None
        values = stored_values(tensor.detach())
        flat = flat_elements(values)
        n = flat.numel()
        if n == 0:
            return None
        size = min(n, SAMPLE_SIZE)
        block = self._blocks.get((flat.device, size)) or self._new_block(flat.device, size)
        try:
            if n > size:
                block.next_row(values.numel() / size).view(-1, BLOCK).copy_(sampled_blocks(flat, step))
            else:
                block.next_row(values.numel() / n).copy_(flat)
        except NotImplementedError:  # two numbers to an element, as float4 has them, cannot become float32
            block.drop_row()
            return None
        return Sample(block, block.n_taken - 1, n > size)

    def finish(self) -> None:
        """The step ended: compute what ``Sample.statistics`` gives."""
        for block in self._blocks.values():
            block.finish()

    def begin(self) -> None:
        """A step begins: what was taken before is void."""
        if len(self._blocks) > _MOST_BLOCKS:
            self._blocks.clear()
        for block in self._blocks.values():
            block.begin()

    def _new_block(self, device: torch.device, size: int) -> _Block:
        return self._blocks.setdefault((device, size), _Block(device, size))


class _Block:
    """Rows of one length on one device."""

    def __init__(self, device: torch.device, size: int) -> None:
        with torch.inference_mode(mode=False):  # a row that was made in inference mode could not be written outside
            self._rows = torch.empty((_N_ROWS, size), dtype=torch.float32, device=device)
        self.table = torch.empty((0, 5), dtype=torch.float32, device=device)
        self.begin()

    def begin(self) -> None:
        self._weights: list[float] = []
        self._done: list[torch.Tensor] = []
        self._n_done = 0
        self.spent_s = 0.0

    @property
    def n_taken(self) -> int:
        return self._n_done + len(self._weights)

    def next_row(self, weight: float) -> torch.Tensor:
        if len(self._weights) == _N_ROWS:
            self._reduce()
        self._weights.append(weight)
        return self._rows[len(self._weights) - 1]

    def drop_row(self) -> None:
        self._weights.pop()

    def finish(self) -> None:
        if self._weights:
            self._reduce()
        if self._done:
            self.table = self._done[0] if len(self._done) == 1 else torch.cat(self._done)

    @torch.no_grad()
    def _reduce(self) -> None:
        began_s = time.perf_counter()
        n = len(self._weights)
        weights = torch.tensor(self._weights, dtype=torch.float32, device="cpu", pin_memory=self._rows.is_cuda)
        weights = weights.to(self._rows.device, non_blocking=True)
        self._done.append(row_statistics(self._rows[:n], weights))
        self._n_done += n
        self._weights.clear()
        self.spent_s += time.perf_counter() - began_s


def _has_numbers(tensor: torch.Tensor) -> bool:
    if tensor.is_meta or tensor.is_nested or tensor.is_quantized or tensor.is_complex() or is_lazy(tensor):
        return False
    return not hasattr(tensor, "to_local")
