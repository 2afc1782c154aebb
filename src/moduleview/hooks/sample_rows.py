"""Samples of the tensors that hooks saw in a step, side by side, so that they are reduced together.

A hook that reduced its tensor at once would pay a dozen calls into torch for it; here it pays for one copy, of at most
4 096 elements. Sixty-four rows are reduced in one go, while they are still in the cache.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch.nn.parameter import is_lazy

from moduleview.hooks.close_look import CloseLook
from moduleview.hooks.own_time import own_seconds
from moduleview.hooks.sampling import BLOCK, GRID, SAMPLE_SIZE, flat_elements, sample_plan, stored_values
from moduleview.hooks.statistics import row_statistics

_N_ROWS = 64
_MOST_BLOCKS = 64  # sizes of small tensors that are kept room for


class Sample(NamedTuple):
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

    Attributes:
        spent_s: Seconds that were spent on reducing in this step.
        close_look: Counts what is not finite in all of the tensors of which there are samples, where there is reason.
    """

    def __init__(self) -> None:
        self._blocks: dict[tuple[torch.device, int], _Block] = {}
        self.close_look = CloseLook()
        self.spent_s = 0.0

    def take(self, tensor: torch.Tensor, step: int) -> Sample | None:
        """Copy a sample of a tensor: all of it up to 4 096 elements, else so many, others at each step.

        Args:
            tensor: Of any kind. Complex, quantised, nested, sharded, meta, float4 and lazy tensors have no such
                numbers; a sparse one has those of the values that it stores.
            step: Its number.

        Returns:
            None where there are no numbers.
        """
        flat = tensor.detach() if tensor.requires_grad else tensor
        if (  # nearly all are: elements side by side, of a type that can become float32
            type(flat) in _PLAIN_TYPES
            and flat.dtype in _PLAIN_DTYPES
            and flat.layout is torch.strided
            and not (flat.is_nested or flat.is_meta)
            and flat.is_contiguous()
        ):
            n_stored = n = flat.numel()
        else:
            flat, n_stored, n = _elements(tensor)
        if not n:
            return None
        size = n if n < SAMPLE_SIZE else SAMPLE_SIZE
        block = self._blocks.get((flat.device, size)) or self._new_block(flat.device, size)
        if len(block.weights) == _N_ROWS:
            self._reduce(block)
        row = len(block.weights)
        try:
            if n > size:
                strides, offset = sample_plan(n, step, 1 if flat.is_contiguous() else flat.stride(0))
                block.grids[row].copy_(flat.as_strided(GRID, strides, flat.storage_offset() + offset))
                self.close_look.keep(tensor, block.non_finite, block.n_done + row)
            else:
                block.rows[row].copy_(flat.view(-1))
        except NotImplementedError:  # two numbers to an element, as float4 has them, cannot become float32
            return None
        block.weights.append(n_stored / size)
        return _new_sample(Sample, (block, block.n_done + row, n > size))

    def finish(self) -> None:
        """The step ended: compute what ``Sample.statistics`` gives."""
        for block in self._blocks.values():
            if block.weights:
                self._reduce(block)
            block.gather()
        on_host = [block.table[:, -1].numpy() for block in self._blocks.values() if block.table.is_cpu]
        self.close_look.end_step(has_found=any(counts.any() for counts in on_host))

    def begin(self) -> None:
        """A step begins: what was taken before is void."""
        self.spent_s = 0.0
        if len(self._blocks) > _MOST_BLOCKS:
            self._blocks.clear()
        for block in self._blocks.values():
            block.begin()
        self.close_look.begin_step()

    def _new_block(self, device: torch.device, size: int) -> _Block:
        return self._blocks.setdefault((device, size), _Block(device, size))

    def _reduce(self, block: _Block) -> None:
        began_s = own_seconds()
        block.reduce()
        self.spent_s += own_seconds() - began_s


class _Block:
    """Rows of one length on one device; ``grids`` are the same rows as ``sampled_blocks`` gives them."""

    def __init__(self, device: torch.device, size: int) -> None:
        with torch.inference_mode(mode=False):  # a row that was made in inference mode could not be written outside
            self._whole = torch.empty((_N_ROWS, size), dtype=torch.float32, device=device)
            self.rows = self._whole.unbind()
            self.grids = self._whole.view(_N_ROWS, -1, BLOCK).unbind() if size == SAMPLE_SIZE else ()
        self.table = torch.empty((0, 5), dtype=torch.float32, device=device)
        self.begin()

    def begin(self) -> None:
        self.weights: list[float] = []  # of the rows that are taken
        self._done: list[torch.Tensor] = []
        self.n_done = 0
        self.non_finite: dict[int, int] = {}  # of rows where all elements of the tensor were looked at

    @torch.no_grad()
    def reduce(self) -> None:
        n = len(self.weights)
        weights = torch.tensor(self.weights, dtype=torch.float32, device="cpu", pin_memory=self._whole.is_cuda)
        weights = weights.to(self._whole.device, non_blocking=True)
        self._done.append(row_statistics(self._whole[:n], weights))
        self.n_done += n
        self.weights.clear()

    def gather(self) -> None:
        if self._done:
            self.table = self._done[0] if len(self._done) == 1 else torch.cat(self._done)
            for number, count in self.non_finite.items():
                self.table[number, -1] = count


_new_sample = (
    tuple.__new__
)  # what a NamedTuple calls, without a call in Python: after a large operation each costs 3 us
_PLAIN_TYPES = (torch.Tensor, torch.nn.Parameter)
_PLAIN_DTYPES = (torch.float32, torch.bfloat16, torch.float16, torch.float64, torch.int64)


def _elements(tensor: torch.Tensor) -> tuple[torch.Tensor, int, int]:
    """Elements of any tensor in one dimension; how many it stores, and how many of those are given."""
    if not _has_numbers(tensor):
        return tensor, 0, 0
    values = stored_values(tensor.detach())
    flat = flat_elements(values)
    return flat, values.numel(), flat.numel()


def _has_numbers(tensor: torch.Tensor) -> bool:
    if tensor.is_meta or tensor.is_nested or tensor.is_quantized or tensor.is_complex() or is_lazy(tensor):
        return False
    return not hasattr(tensor, "to_local")
