"""The norm of every gradient at each place where it changes on its way through a step.

A pass brings a micro-batch's gradient, passes accumulate, ranks are reduced, mixed precision is unscaled, clipping
shortens: each is a station, and ``grad_norm`` is the last. A sweep over all gradients is made only where they have
changed since the one before: that a tensor's version and identity are the same says that its norm is too, and costs
nothing. Whether anything changes between backward and the optimizer is learned: the first step looks, and where a
change was found the next hundred do, since who clips by hand may do so only now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

import torch
from torch import nn

from moduleview.probes.base import Measured
from moduleview.probes.pass_hooks import PassHooks
from moduleview.probes.statistic import Statistic
from moduleview.probes.tensor_readings import Reading, TensorReadings
from moduleview.telemetry.quantities import (
    ACCUMULATED_GRAD_NORM,
    LOCAL_GRAD_NORM,
    MICRO_GRAD_NORM,
    REDUCED_GRAD_NORM,
    UNSCALED_GRAD_NORM,
)

_FEW = 16
_PATIENCE = 100  # steps without a change after which no other one is expected

Norms = tuple[Reading, ...]
_State = list[tuple[int, int]]


@dataclass(eq=False)
class _Way:
    """What is known of a gradient's way since the optimizer stepped last.

    Attributes:
        n_passes: Backward passes so far.
        starts_clear: There was no gradient before the first one, so what it brought is what is there after it.
        has_micro: What the first pass brought was said.
        state: Of all gradients when the last pass ended.
        norms: Of all gradients then, where a sweep was made.
        is_given: It was no backward pass: the gradients were given to whoever asked for them.
        local: Of this rank alone then, where there are several ranks.
        is_unscaled: Mixed precision has divided by its scale.
        told: Names of those whose optimizer has stepped since; another optimizer may hold the others.
    """

    n_passes: int = 0
    starts_clear: bool = True
    has_micro: bool = False
    state: _State | None = None
    norms: Norms | None = None
    local: Mapping[str, torch.Tensor] = field(default_factory=dict)
    is_given: bool = False
    is_unscaled: bool = False
    told: set[str] = field(default_factory=set)


class StationNorms:
    """Follows the gradients through one step. Training thread only.

    Args:
        report: Takes an exception of a hook of its own, which is off from then on.

    Attributes:
        measured: Of the step that runs, by quantity.
        is_on: This step is followed.
    """

    def __init__(self, report: Callable[[Exception], None]) -> None:
        self.measured: dict[str, list[Measured]] = {}
        self.is_on = False
        self._parameters: Mapping[str, nn.Parameter] = {}
        self._hooks = PassHooks(report)
        self._way = _Way()
        self._n_expecting = 1  # steps in which a change is still expected
        self._before: _State | None = None  # of all gradients when the pass that runs began; None: there were none
        self._few: list[nn.Parameter] = []  # with a gradient: they tell whether all were cleared
        self._after: _State = []  # of the few when the last pass ended
        self._is_first = True  # of those since an optimizer has stepped

    def bind(self, parameters: Mapping[str, nn.Parameter]) -> None:
        """Follow these parameters from now on."""
        self._hooks.take_off()
        self._parameters = parameters
        self._few, self._after = [], []
        self._way = _Way()

    def begin_step(self, *, is_on: bool) -> None:
        """A step begins; ``is_on``: it is followed."""
        self.is_on = is_on
        self.measured = {}
        self._way = _Way()

    def end_step(self) -> None:
        """A step ended, or was given up."""
        self._hooks.take_off()
        self.is_on = False
        self._way = _Way()

    def has_nothing_to_use(self) -> bool:
        """Gradients were cleared. Of sharded ones None says nothing: theirs wait elsewhere for the last pass."""
        parameters = self._parameters.values()
        if all(p.grad is None for p in parameters):
            return all(type(p) is nn.Parameter for p in parameters)
        return self._after != _state(self._few) and all(p.grad is None or _is_zero(p.grad) for p in parameters)

    def start_over(self) -> None:
        """What the passes of this step brought was cleared before an optimizer used it."""
        if not self._way.told:
            self.measured, self._way = {}, _Way()

    # -- passes ----------------------------------------------------------------------------------------------------

    def pass_begins(self) -> None:
        """A backward pass begins, perhaps another model's."""
        starts_clear = all(p.grad is None for p in self._parameters.values())
        self._before = None if starts_clear else _state(self._parameters.values())
        if not self.is_on:
            return
        way = self._way
        self._is_first = not way.n_passes or way.is_given or len(way.told) > 0
        if not self._is_first and not way.local:
            way.norms = way.norms or self._sweep()
        self._hooks.put_on(
            self._parameters, has_micro=not (self._is_first and starts_clear), has_local=is_distributed()
        )

    def pass_ended(self, *, was_used: bool) -> bool:
        """It is over, reduction over ranks included.

        Args:
            was_used: An optimizer that steps within the pass has used the gradients.

        Returns:
            Whether it was ours: it has brought our parameters something.
        """
        micro, local = self._hooks.take_off()
        self._few = list(islice((p for p in self._parameters.values() if p.grad is not None), _FEW))
        self._after = _state(self._few)
        if not (was_used or self._has_brought_something()):
            return False
        if not self.is_on:
            return True
        if self._is_first:
            self._way = _Way(starts_clear=self._before is None)
        else:
            self._settle_pass(self._way)
        way = self._way
        way.local = local
        if micro:
            self._emit_scalars(MICRO_GRAD_NORM, micro, f"pass {way.n_passes}" if way.n_passes else "")
            way.has_micro = True
        way.norms = self._sweep() if self._n_expecting else None
        way.state = _state(self._parameters.values())
        way.n_passes += 1
        return True

    def given(self, parameters: Mapping[str, nn.Parameter]) -> None:
        """A pass gave these gradients to whoever asked: nothing is accumulated, and nobody reduces them by itself."""
        if self.is_on and not self._way.n_passes and not is_distributed():
            self._way = _Way(n_passes=1, norms=_norms(parameters), is_given=True)

    def _has_brought_something(self) -> bool:
        """A gradient is another now, or has grown; of sharded ones nothing shows it."""
        parameters = self._parameters.values()
        if self._before is None:
            has_changed = any(p.grad is not None for p in parameters)
        else:
            has_changed = self._before != _state(parameters)
        return has_changed or not all(type(p) is nn.Parameter for p in parameters)

    def _settle_pass(self, way: _Way) -> None:
        """Another pass has followed: say what there was after the one before."""
        part = f"pass {way.n_passes - 1}"
        if way.local:
            self._emit_scalars(ACCUMULATED_GRAD_NORM, way.local, part)
        else:
            self._emit_all(ACCUMULATED_GRAD_NORM, way.norms or (), part)
        self._emit_first_micro(way, way.norms or (), way.local)
        way.has_micro = True

    # -- between backward and the optimizer ------------------------------------------------------------------------

    def unscaling(self) -> None:
        """Mixed precision is about to divide the gradients by its scale."""
        way = self._way
        if self.is_on and not way.is_unscaled:
            way.is_unscaled = True
            if way.norms is None:
                way.norms = self._sweep()

    def gradients_ready(self, final: Norms, scale: torch.Tensor | None, grad_scale: torch.Tensor | None) -> None:
        """The optimizer is about to use the gradients.

        Args:
            final: Norms as the optimizer uses them.
            scale: Of the loss in this step, 0-d; None where there is none.
            grad_scale: What a fused optimizer will divide by itself, 0-d.
        """
        way = self._way
        if not self.is_on or not way.n_passes:
            return
        has_changed = way.state != _state(self._parameters.values())
        if has_changed and not way.is_unscaled:
            self._n_expecting = _PATIENCE
        elif not way.told and not way.is_unscaled:
            self._n_expecting = max(self._n_expecting - 1, 0)
        norms = way.norms
        if not has_changed and norms is None:
            norms = final if grad_scale is None else _times(final, grad_scale)
        held = {fqn for reading in final for fqn in reading.fqns} - way.told
        self._emit_stations(way, norms or (), held, scale)
        way.told |= held

    def settle(self, scale: torch.Tensor | None) -> None:
        """No optimizer will use these gradients: say what there was up to there."""
        way = self._way
        if self.is_on and way.n_passes and not way.told:
            self._emit_stations(way, way.norms or (), self._parameters.keys(), scale)
        self._way = _Way()

    def _emit_stations(self, way: _Way, norms: Norms, held: Collection[str], scale: torch.Tensor | None) -> None:
        norms = _of(norms, held)
        true = norms if scale is None else _times(norms, scale, is_inverse=True)
        local = {fqn: norm for fqn, norm in way.local.items() if fqn in held}
        self._emit_first_micro(way, norms, local)
        if way.local:
            self._emit_scalars(ACCUMULATED_GRAD_NORM, local, "")
            unscaled = local if scale is None else {fqn: norm / _on(scale, norm) for fqn, norm in local.items()}
            self._emit_scalars(LOCAL_GRAD_NORM, unscaled, "")
        else:
            self._emit_all(ACCUMULATED_GRAD_NORM, norms)
            self._emit_all(LOCAL_GRAD_NORM, true)
        self._emit_all(REDUCED_GRAD_NORM, norms)
        self._emit_all(UNSCALED_GRAD_NORM, true)

    def _emit_first_micro(self, way: _Way, norms: Norms, local: Mapping[str, torch.Tensor]) -> None:
        """What the first pass brought is what was there after it, where there was nothing before."""
        if way.has_micro or not way.starts_clear or way.n_passes != 1:
            return
        if way.local:
            self._emit_scalars(MICRO_GRAD_NORM, local, "")
        else:
            self._emit_all(MICRO_GRAD_NORM, norms)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _emit_all(self, quantity: str, norms: Norms, part: str = "") -> None:
        for reading in norms:
            self.measured.setdefault(quantity, []).append(Measured(reading.fqns, reading.values, part))

    def _emit_scalars(self, quantity: str, norms: Mapping[str, torch.Tensor], part: str) -> None:
        by_device: dict[torch.device, list[str]] = {}
        for fqn, norm in norms.items():
            by_device.setdefault(norm.device, []).append(fqn)
        for fqns in by_device.values():
            values = torch.stack([norms[fqn] for fqn in fqns])
            self.measured.setdefault(quantity, []).append(Measured(tuple(fqns), values, part))

    def _sweep(self) -> Norms:
        return _norms(self._parameters)


def _norms(parameters: Mapping[str, nn.Parameter]) -> Norms:
    gradients = {fqn: grad for fqn, p in parameters.items() if (grad := p.grad) is not None}
    return TensorReadings(gradients, frozenset()).statistic(Statistic.NORM)


def _state(parameters: Iterable[nn.Parameter]) -> _State:
    """Identity and version of each gradient; the gradients themselves are not held. 4 us each where Python is cold."""
    return [(0, 0) if (grad := p.grad) is None else (id(grad), grad._version) for p in parameters]


def _is_zero(gradient: torch.Tensor) -> bool:
    """What ``zero_grad(set_to_none=False)`` leaves. On a GPU it would have to be waited for: there it is not known."""
    return gradient.is_cpu and gradient.layout is torch.strided and not torch.count_nonzero(gradient)


def _of(norms: Norms, held: Collection[str]) -> Norms:
    """Only those of these parameters."""
    chosen = []
    for reading in norms:
        at = [index for index, fqn in enumerate(reading.fqns) if fqn in held]
        if len(at) == len(reading.fqns):
            chosen.append(reading)
        elif at:
            values = torch.stack([reading.values[index] for index in at])
            fqns, sizes = tuple(reading.fqns[index] for index in at), tuple(reading.n_elements[index] for index in at)
            chosen.append(Reading(fqns, values, sizes))
    return tuple(chosen)


def _times(norms: Norms, factor: torch.Tensor, *, is_inverse: bool = False) -> Norms:
    found = []
    for reading in norms:
        values = reading.values
        by = _on(factor, values)
        found.append(Reading(reading.fqns, values / by if is_inverse else values * by, reading.n_elements))
    return tuple(found)


def _on(scale: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return scale.detach().reshape(()).to(like.device, non_blocking=True)


def is_distributed() -> bool:
    """This process is one of several ranks."""
    distributed = torch.distributed
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1
