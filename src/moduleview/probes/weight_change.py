"""Norms of the change of every weight from one step's end to the next, from a copy that is kept."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.parameter import is_lazy

from moduleview.hooks.sampling import sample_elements
from moduleview.probes.device_moments import batched_norms
from moduleview.probes.plain_values import PlainValues, plain_values

MAX_EXACT = 50_000_000  # parameters in all; above, a copy of the weights would cost more memory than people have spare
SAMPLE_SIZE = 4_096  # elements of each tensor
_BLOCK = 65_536  # elements, as in host_moments
_SMALL = 4_096

_Identity = tuple[int, int, torch.dtype]


@dataclass(frozen=True, eq=False)
class Change:
    """What became of the weights of one device.

    Attributes:
        fqns: n names.
        change: (n,) float32, L2 norm of the change.
        before: (n,) float32, L2 norm before it.
        is_sampled: Both are estimates from a part of the elements.
    """

    fqns: tuple[str, ...]
    change: torch.Tensor
    before: torch.Tensor
    is_sampled: bool


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Which weights of one device are compared with which copies.

    Attributes:
        of: Names, lengths and types of the weights, by which it is known again.
        rows: m; which of the weights have a copy.
        fqns: m; their names.
        olds: m; their copies, one-dimensional.
        times: m; how many elements one of a copy stands for.
        small: Those of the m that are compared together with others.
    """

    of: tuple[object, ...]
    rows: list[int]
    fqns: tuple[str, ...]
    olds: list[torch.Tensor]
    times: list[float]
    small: list[int]


class WeightChange:
    """Keeps a copy of the weights and compares. Training thread only.

    The copy made at one step's end is the "before" of the next step, as long as the tensor's version and place say
    that nobody has touched it since; a change through ``.data`` moves no version and is counted to the step it
    precedes. After steps that were not measured the copy is made anew: optimizers that write through ``.data`` move no
    version either.
    """

    def __init__(self) -> None:
        self._kept: dict[str, torch.Tensor] = {}
        self._pairs: dict[torch.device, _Pairs] = {}
        self._identities: dict[str, _Identity] = {}
        self._taken_step = -2
        self._is_sampled: bool | None = None
        self._scratch = np.empty(_BLOCK, dtype=np.float32)

    def keep(self, parameters: Mapping[str, nn.Parameter], step: int) -> None:
        """Make sure that the copy holds what these weights are now, before they change in ``step``."""
        if self._is_sampled is None:
            self._is_sampled = _n_trained(parameters) > MAX_EXACT
        if step > self._taken_step + 1:
            self._identities.clear()
            self._taken_step = step - 1  # another optimizer of the same step need not copy again
        known = self._identities
        now = dict(zip(parameters, _identities(parameters), strict=True))
        moved = {fqn: parameters[fqn] for fqn, identity in now.items() if known.get(fqn) != identity}
        if moved:
            self._copy(moved, is_sampled=self._is_sampled)
            known.update(now)

    def take(
        self, parameters: Mapping[str, nn.Parameter], step: int, chosen: Collection[str] | None = None
    ) -> Iterator[Change]:
        """Changes since the copy was made, one ``Change`` a device; the copy then holds the weights of now.

        A weight that no copy was kept of, or of another shape or type, has no change yet.

        Args:
            parameters: All of the model's.
            step: That just ended.
            chosen: Names of those whose change is wanted; None for all.
        """
        if step > self._taken_step + 1:  # nobody said before the update that it comes: the copy is of long ago
            self._kept.clear()
        trained = {fqn: p for fqn, p in parameters.items() if p.requires_grad and (chosen is None or fqn in chosen)}
        is_sampled = self._is_sampled = _n_trained(parameters) > MAX_EXACT
        self._taken_step = step
        unknown: dict[str, nn.Parameter] = {}
        for group in plain_values(trained):
            pairs = self._paired(group, is_sampled=is_sampled)
            if len(pairs.rows) < len(group.fqns):
                unknown |= {fqn: trained[fqn] for fqn in set(group.fqns).difference(pairs.fqns)}
            if pairs.rows:
                news = [_chosen(group.flats[row], is_sampled=is_sampled) for row in pairs.rows]
                on_host = group.device.type == "cpu"
                change, before = self._on_host(news, pairs) if on_host else _on_device(news, pairs)
                yield Change(pairs.fqns, change, before, is_sampled)
        self._copy(unknown, is_sampled=is_sampled)
        self._identities.update(zip(trained, _identities(trained), strict=True))
        if self._kept.keys() - parameters.keys():
            self._pairs.clear()
            for fqn in self._kept.keys() - parameters.keys():  # the model has it no more
                del self._kept[fqn]
        for fqn in self._identities.keys() - parameters.keys():
            del self._identities[fqn]

    def _copy(self, parameters: Mapping[str, nn.Parameter], *, is_sampled: bool) -> None:
        for group in plain_values(parameters):
            for fqn, flat in zip(group.fqns, group.flats, strict=True):
                now, old = _chosen(flat, is_sampled=is_sampled), self._kept.get(fqn)
                if old is not None and _are_alike(old, now):
                    old.copy_(now)
                else:
                    self._kept[fqn] = now.clone()
                    self._pairs.clear()

    def _paired(self, group: PlainValues, *, is_sampled: bool) -> _Pairs:
        """The same as in the last step, as long as the weights look the same."""
        of = (group.fqns, group.lengths, group.weights, group.dtypes, is_sampled)
        pairs = self._pairs.get(group.device)
        if pairs is not None and pairs.of == of:
            return pairs
        rows, olds, times = [], [], []
        for row, (fqn, flat) in enumerate(zip(group.fqns, group.flats, strict=True)):
            now, old = _chosen(flat, is_sampled=is_sampled), self._kept.get(fqn)
            if old is not None and _are_alike(old, now):
                rows.append(row)
                olds.append(old)
                times.append(group.weights[row] * group.lengths[row] / now.numel())
        small = [at for at, old in enumerate(olds) if old.numel() <= _SMALL]
        pairs = _Pairs(of, rows, tuple(group.fqns[row] for row in rows), olds, times, small)
        if len(rows) == len(group.fqns):
            self._pairs[group.device] = pairs
        return pairs

    def _on_host(self, news: list[torch.Tensor], pairs: _Pairs) -> tuple[torch.Tensor, torch.Tensor]:
        squares = np.zeros((len(news), 2), dtype=np.float64)
        small, olds = pairs.small, pairs.olds
        if small:
            some_news, some_olds = [news[at] for at in small], [olds[at] for at in small]
            squares[small] = _squares_together(some_news, some_olds)
            torch._foreach_copy_(some_olds, some_news)
        with np.errstate(all="ignore"):
            for at in sorted(set(range(len(news))).difference(small)):
                squares[at] = self._squares_in_blocks(news[at], olds[at])
            norms = torch.from_numpy(np.sqrt(squares * np.asarray(pairs.times)[:, None]).astype(np.float32))
        return norms[:, 0], norms[:, 1]

    def _squares_in_blocks(self, new: torch.Tensor, old: torch.Tensor) -> tuple[float, float]:
        """Squares of the change and of the weight before, and the copy renewed while a block is in the cache.

        In NumPy, whose calls are cheaper than torch's here: 8.3 against 10.6 ms for 10 million float32.
        """
        changed = before = 0.0
        if new.dtype is not torch.float32:
            for fresh, past in zip(torch.split(new, _BLOCK), torch.split(old, _BLOCK), strict=True):
                wide = past.double().numpy()
                changed += _square(fresh.double().numpy() - wide)
                before += _square(wide)
                past.copy_(fresh)
            return changed, before
        news, olds = new.numpy(), old.numpy()
        for start in range(0, len(news), _BLOCK):
            now, then = news[start : start + _BLOCK], olds[start : start + _BLOCK]
            changed += _square(np.subtract(now, then, out=self._scratch[: len(now)]))
            before += _square(then)
            then[:] = now
        return changed, before


def _squares_together(news: list[torch.Tensor], olds: list[torch.Tensor]) -> NDArray[np.float64]:
    starts = np.zeros(len(news), dtype=np.int64)
    np.cumsum([new.numel() for new in news[:-1]], out=starts[1:])
    now, then = torch.cat(news).double().numpy(), torch.cat(olds).double().numpy()
    with np.errstate(invalid="ignore", over="ignore"):
        return np.stack([np.add.reduceat((now - then) ** 2, starts), np.add.reduceat(then * then, starts)], axis=1)


def _square(values: NDArray[Any]) -> float:
    square = float(values.dot(values))
    if values.dtype == np.float32 and not 1e-30 < square < 1e36 and not math.isnan(square):
        wide = values.astype(np.float64)
        square = float(wide.dot(wide))
    return square


def _on_device(news: list[torch.Tensor], pairs: _Pairs) -> tuple[torch.Tensor, torch.Tensor]:
    """A few launches for all tensors, and no memory beside the copy."""
    roots, olds = [times**0.5 for times in pairs.times], pairs.olds
    before = torch._foreach_mul(batched_norms(olds, 2.0), roots)
    torch._foreach_sub_(olds, news)
    change = torch._foreach_mul(batched_norms(olds, 2.0), roots)
    torch._foreach_copy_(olds, news)
    return torch.stack(change), torch.stack(before)


def _n_trained(parameters: Mapping[str, nn.Parameter]) -> int:
    trained = [p for p in parameters.values() if p.requires_grad]
    return sum([p.numel() for p in trained if type(p) is nn.Parameter or not is_lazy(p)])


def _chosen(flat: torch.Tensor, *, is_sampled: bool) -> torch.Tensor:
    return sample_elements(flat, SAMPLE_SIZE) if is_sampled and flat.numel() > SAMPLE_SIZE else flat


def _are_alike(old: torch.Tensor, now: torch.Tensor) -> bool:
    return old.shape == now.shape and old.dtype == now.dtype and old.device == now.device


def _identities(parameters: Mapping[str, nn.Parameter]) -> list[_Identity]:
    """Version, place and type of each."""
    found = list(parameters.values())
    if {nn.Parameter}.issuperset(map(type, found)):
        with suppress(RuntimeError):  # a sparse one has no place, one made in inference mode no version
            return list(map(_marks_of, found, map(torch.Tensor.data_ptr, found)))
    return [_identity(parameter) for parameter in found]


def _marks_of(parameter: nn.Parameter, place: int) -> _Identity:
    return parameter._version, place, parameter.dtype


def _identity(parameter: nn.Parameter) -> _Identity:
    if type(parameter) is not nn.Parameter or parameter.is_meta or parameter.layout is not torch.strided:
        return id(parameter), 0, torch.float32  # lazy, sharded: what has no one place in memory
    return 0 if parameter.is_inference() else parameter._version, parameter.data_ptr(), parameter.dtype
