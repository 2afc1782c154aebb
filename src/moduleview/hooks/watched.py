"""Modules that the observer looks for, as what is ticked asks for them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from torch import nn

from moduleview.hooks.forecast import TRIED_KINDS, Trial
from moduleview.hooks.ticked import Ticked
from moduleview.telemetry.hooks import HookKind

SEEN_BY_OBSERVER = (HookKind.FORWARD_PRE, HookKind.FORWARD, HookKind.BACKWARD, *TRIED_KINDS)
"""Kinds whose calls it counts."""


@dataclass(eq=False)
class Watched:
    """A module that the observer looks for.

    Attributes:
        slot: Its number; a closure holds this, never a tensor or the module.
        module: Ids are reused, so an id alone proves nothing.
        forward_pre: Hooks on its inputs, which torch calls.
        forward, backward: Hooks that its outputs, and the gradients at them, are for.
        full_backward: Hooks of torch's own, which want to know the number of each call.
        trials: Collect what a forecast needs, in one step.
        n_calls: In the step so far.
        n_outside: The first so many of them do not belong to it.
        waiting: Calls whose gradient is still to come, by place in the output; the last one comes first.
    """

    slot: int
    module: weakref.ref[nn.Module]
    forward_pre: tuple[Ticked, ...] = ()
    forward: tuple[Ticked, ...] = ()
    backward: tuple[Ticked, ...] = ()
    full_backward: tuple[Ticked, ...] = ()
    trials: tuple[Trial, ...] = ()
    n_calls: int = 0
    n_outside: int = 0
    output_needs_gradient: bool = False
    waiting: dict[str, list[int]] = field(default_factory=dict)

    def begin_step(self) -> None:
        """Forget the step before."""
        self.n_calls, self.n_outside, self.output_needs_gradient = 0, 0, False
        self.waiting.clear()

    @property
    def n_begun(self) -> tuple[int, int]:
        """Calls in the step as seen after them, and by the hooks before them: one that raises has no after."""
        return self.n_calls, self.forward_pre[0].calls_in_step if self.forward_pre else 0

    def leave_out(self, n_calls: int, n_pre: int) -> None:
        """So many calls were made before the step."""
        self.n_outside = n_calls
        for ticked in (*self.forward, *self.backward, *self.full_backward):
            ticked.n_outside = n_calls
        for ticked in self.forward_pre:
            ticked.n_outside = n_pre


def watch_set(
    ticked: Iterable[Ticked],
    modules: Mapping[str, nn.Module],
    trial_of: Callable[[Ticked], Trial | None],
    ahead: tuple[nn.Module, Trial] | None,
    slots: Iterator[int],
) -> dict[int, Watched]:
    """What the observer is to look for, by the modules' ``id``.

    Args:
        ticked: All hooks.
        modules: By FQN.
        trial_of: Gives the trial that runs for one.
        ahead: A module that is looked at without a tick.
        slots: Numbers that were never given.
    """
    by_module: dict[int, list[Ticked]] = {}
    for one in ticked:
        if (one.is_armed or one.is_on_trial) and one.kind in SEEN_BY_OBSERVER:
            by_module.setdefault(id(modules[one.fqn]), []).append(one)
    found = {key: _watched(modules[group[0].fqn], group, trial_of, next(slots)) for key, group in by_module.items()}
    if ahead is not None:
        module, trial = ahead
        known = found.get(id(module)) or Watched(next(slots), weakref.ref(module))
        found[id(module)] = replace(known, trials=(*known.trials, trial))
    return found


def _watched(
    module: nn.Module, group: Iterable[Ticked], trial_of: Callable[[Ticked], Trial | None], slot: int
) -> Watched:
    of_kind: dict[HookKind, list[Ticked]] = {}
    for ticked in group:
        of_kind.setdefault(ticked.kind, []).append(ticked)
    full_backward = [ticked for kind in TRIED_KINDS for ticked in of_kind.get(kind, ())]
    return Watched(
        slot,
        weakref.ref(module),
        forward_pre=tuple(of_kind.get(HookKind.FORWARD_PRE, ())),
        forward=tuple(of_kind.get(HookKind.FORWARD, ())),
        backward=tuple(of_kind.get(HookKind.BACKWARD, ())),
        full_backward=tuple(ticked for ticked in full_backward if ticked.is_armed),
        trials=tuple(trial for ticked in full_backward if (trial := trial_of(ticked)) is not None),
    )
