"""What learning rate schedulers hold for each group of an optimizer, kept right where groups and rates are changed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import LRScheduler

from moduleview.interventions.base import InterventionError, LiveRun
from moduleview.interventions.optimizer_groups import optimizer_python
from moduleview.introspect.living import holders_of, instances_of

_LISTS = ("base_lrs", "max_lrs", "min_lrs", "lr_lambdas", "base_momentums", "max_momentums")
_RATES = ("base_lrs", "max_lrs")  # those that the rate of a group is computed from
_CYCLE_RATES = ("initial_lr", "max_lr", "min_lr")  # OneCycleLR holds them in the group
_PLAIN = (
    lr_scheduler.LambdaLR,
    lr_scheduler.MultiplicativeLR,
    lr_scheduler.StepLR,
    lr_scheduler.MultiStepLR,
    lr_scheduler.ConstantLR,
    lr_scheduler.LinearLR,
    lr_scheduler.ExponentialLR,
    lr_scheduler.PolynomialLR,
    lr_scheduler.CosineAnnealingLR,
    lr_scheduler.CosineAnnealingWarmRestarts,
    lr_scheduler.ReduceLROnPlateau,
)
_CYCLES = (lr_scheduler.CyclicLR, lr_scheduler.OneCycleLR)


@dataclass(frozen=True, eq=False)
class _Schedule:
    """One scheduler that computes rates, not one that only chooses among others.

    Attributes:
        scheduler: Of torch, or of somebody else.
        python: What Python calls it.
        is_active: Whether it sets the rate now; a later part of a sequence does not yet.
    """

    scheduler: Any
    python: str
    is_active: bool = True

    @property
    def is_served(self) -> bool:
        """Whether all that it holds for each group is known; a class of somebody's own may hold anything."""
        return type(self.scheduler) in (*_PLAIN, *_CYCLES)

    @property
    def least(self) -> float:
        """Rate that it goes down to, where the distance from it is what it multiplies."""
        return float(getattr(self.scheduler, "eta_min", 0.0)) if self.is_active else 0.0


@dataclass(frozen=True, eq=False)
class FormerRate:
    """Rate of a group and what schedulers computed it from, to be brought back.

    Attributes:
        lr: Number, or the very tensor.
        in_group: Other rates in the group.
        held: Scheduler, name of its list, and the value there.
        least: Rate that the schedule goes down to; None where nothing is scheduled.
    """

    lr: Any
    in_group: Mapping[str, Any]
    held: Sequence[tuple[LRScheduler, str, Any]]
    least: float | None

    def since(self, set_to: float, now: Any) -> FormerRate:
        """The same, had the schedule gone on with it as it did with the rate that was set, which is ``now`` now."""
        if self.least is None or float(now) == set_to or set_to == self.least:
            return self
        return replace(self, lr=like(self.lr, _moved(float(self.lr), set_to, float(now), self.least)))


class Schedules:
    """The living schedulers of one optimizer. Training thread only.

    Args:
        optimizer: Whose schedulers.
        schedules: They.
        comment: Line of Python that says which is which; none where there is one only.
    """

    def __init__(self, optimizer: Optimizer, schedules: Sequence[_Schedule], comment: Sequence[str]) -> None:
        self._optimizer = optimizer
        self._all = schedules
        self._comment = comment if schedules else ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is scheduled."""
        return not self._all

    def refuse_others(self) -> None:
        """Make sure that a group may be added or taken away.

        Raises:
            InterventionError: A scheduler would not know of it.
        """
        if unknown := self.unknown:
            raise InterventionError(
                f"{unknown} steps this optimizer. It is none of torch's own, so what it holds for each group is not "
                "known. Choose a whole group, or give these parameters a group where the optimizer is made."
            )

    @property
    def unknown(self) -> str:
        """Type of a scheduler that is none of torch's own; "" where there is none."""
        return next((type(one.scheduler).__name__ for one in self._all if not one.is_served), "")

    def refuse_zero(self, index: int) -> None:
        """Make sure that the rate of a group may be set.

        Raises:
            InterventionError: A cycle stands at zero: where it would lead cannot be told.
        """
        cycle = next((type(one.scheduler).__name__ for one in self._all if type(one.scheduler) in _CYCLES), "")
        if cycle and float(self._optimizer.param_groups[index]["lr"]) == 0:
            raise InterventionError(f"{cycle} stands at a rate of zero, no share of its highest. Try a step later.")

    def follow(self, like: int) -> list[str]:
        """The last group, just added, goes on as the one of number ``like`` does.

        Returns:
            Python that does the same.
        """
        n_groups, lines = len(self._optimizer.param_groups), []
        for one, name, held in self._lists(n_groups - 1):
            setattr(one.scheduler, name, [*held, held[like]])
            lines.append(f"{one.python}.{name}.append({one.python}.{name}[{like}])")
        return [*self._comment, *lines] if lines else []

    def forget(self, index: int) -> list[str]:
        """The group of this number, still there, is about to go.

        Returns:
            Python that does the same.
        """
        lines = []
        for one, name, held in self._lists(len(self._optimizer.param_groups)):
            setattr(one.scheduler, name, [*held[:index], *held[index + 1 :]])
            lines.append(f"del {one.python}.{name}[{index}]")
        return [*self._comment, *lines] if lines else []

    def former(self, index: int) -> FormerRate:
        """What is there now of a group's rate."""
        group = self._optimizer.param_groups[index]
        cycle = {name: group[name] for name in _CYCLE_RATES if name in group} if self._has_one_cycle else {}
        held = [(one.scheduler, name, values[index]) for one, name, values in self._rates()]
        least = next((one.least for one in self._all if one.least), 0.0) if self._all else None
        return FormerRate(group["lr"], cycle, held, least)

    def go_on_from(self, index: int, rate: float, group_python: str) -> list[str]:
        """Set the rate of a group, and what the schedulers compute it from, as if it had been so from the start.

        Where a schedule stands at zero no share of it is known: the rate is the one that it comes from.

        Returns:
            Python that does the same.
        """
        group = self._optimizer.param_groups[index]
        lr, now = f"{group_python}['lr']", float(group["lr"])
        lines = [f"{lr} = {like_python(group['lr'], lr, rate)}"]
        for one, name, held in self._rates():
            value = _moved(float(held[index]), now, rate, one.least)
            setattr(one.scheduler, name, [*held[:index], like(held[index], value), *held[index + 1 :]])
            place = f"{one.python}.{name}[{index}]"
            lines.append(f"{place} = {like_python(held[index], place, value)}")
        if self._has_one_cycle:
            for name in _CYCLE_RATES:
                group[name] = _moved(float(group[name]), now, rate, 0.0)
                lines.append(f"{group_python}[{name!r}] = {group[name]!r}")
        group["lr"] = like(group["lr"], rate)
        return [*self._comment, *lines] if len(lines) > 1 else lines

    def bring_back(self, index: int, former: FormerRate, set_to: float, group_python: str) -> list[str]:
        """Bring back the rate that a group would have now if it had not been set.

        Args:
            index: Of the group.
            former: What was there.
            set_to: Rate that was set then; a schedule may have gone on since.
            group_python: What Python calls the group.

        Returns:
            Python that does the same.
        """
        group = self._optimizer.param_groups[index]
        moved = former.since(set_to, group["lr"])
        group["lr"] = moved.lr
        lr = f"{group_python}['lr']"
        lines = [f"{lr} = {like_python(moved.lr, lr, float(moved.lr))}"]
        group.update(former.in_group)
        lines += [f"{group_python}[{name!r}] = {value!r}" for name, value in former.in_group.items()]
        for one, name, held in self._rates():
            for scheduler, former_name, value in former.held:
                if scheduler is one.scheduler and former_name == name:
                    setattr(scheduler, name, [*held[:index], value, *held[index + 1 :]])
                    place = f"{one.python}.{name}[{index}]"
                    lines.append(f"{place} = {like_python(value, place, float(value))}")
        return [*self._comment, *lines] if len(lines) > 1 else lines

    @property
    def _has_one_cycle(self) -> bool:
        return any(type(one.scheduler) is lr_scheduler.OneCycleLR for one in self._all)

    def _rates(self) -> Iterator[tuple[_Schedule, str, list[Any]]]:
        return (found for found in self._lists(len(self._optimizer.param_groups)) if found[1] in _RATES)

    def _lists(self, n_groups: int) -> Iterator[tuple[_Schedule, str, list[Any]]]:
        for one in filter(lambda one: one.is_served, self._all):
            for name in _LISTS:
                held = vars(one.scheduler).get(name)
                if isinstance(held, list) and len(held) == n_groups:
                    yield one, name, held


def schedules_of(run: LiveRun) -> list[Schedules]:
    """Those of each optimizer of a run, in their order. Training thread only.

    Looking for them walks every object there is, three times: 45 ms each for 680 000.
    """
    candidates = [*instances_of(LRScheduler), *holders_of(*run.optimizers)]
    living = list({id(one): one for one in candidates if _is_scheduler(one)}.values())
    inner = {id(part) for one in living for part in getattr(one, "_schedulers", ())}
    roots = [one for one in living if id(one) not in inner and any(_belongs(one, of) for of in run.optimizers)]
    named = [(one, "scheduler" if len(roots) == 1 else f"schedulers[{n}]") for n, one in enumerate(roots)]
    comment = [f"# {'; '.join(_said(run, one, name) for one, name in named)}"] if len(roots) > 1 else []
    return [
        Schedules(
            of, [p for one, name in named if _belongs(one, of) for p in _parts(one, name, is_active=True)], comment
        )
        for of in run.optimizers
    ]


def schedules_of_one(run: LiveRun, optimizer: Optimizer) -> Schedules:
    """Those of one of its optimizers; none where the run has another one now."""
    found = (one for one, of in zip(schedules_of(run), run.optimizers, strict=True) if of is optimizer)
    return next(found, Schedules(optimizer, (), ()))


def like(former: Any, value: float) -> Any:
    """A rate that is a tensor stays one: compiled steps and captured graphs read it."""
    return torch.full_like(former, value) if isinstance(former, torch.Tensor) else value


def like_python(former: Any, python: str, value: float) -> str:
    """What gives the same as ``like``; ``python`` is what Python calls ``former``."""
    return f"torch.full_like({python}, {value!r})" if isinstance(former, torch.Tensor) else repr(value)


def _moved(value: float, now: float, rate: float, least: float) -> float:
    """``value`` in the proportion in which ``now`` becomes ``rate``, both seen from ``least``."""
    return rate if now == least else least + (value - least) * ((rate - least) / (now - least))


def _said(run: LiveRun, scheduler: Any, name: str) -> str:
    kind, own = type(scheduler).__name__, run.names.get(id(scheduler))
    if own:
        return f"{name} is {own}, {kind}"
    of = next(one for one in run.optimizers if _belongs(scheduler, one))
    shown = ((key, value) for key, value in vars(scheduler).items() if type(value) in (int, float))
    settings = ", ".join(f"{key} {value:g}" for key, value in shown if not key.startswith("_") and key != "last_epoch")
    return f"{name} is the {kind}{f' with {settings}' if settings else ''} of {optimizer_python(run, of)}"


def _is_scheduler(one: object) -> bool:
    """One of torch's, or somebody's own that holds an optimizer and is called so."""
    kind = type(one)
    if issubclass(kind, LRScheduler):
        return True
    return "Scheduler" in kind.__name__ and isinstance(getattr(one, "__dict__", {}).get("optimizer"), Optimizer)


def _belongs(scheduler: Any, optimizer: Optimizer) -> bool:
    return vars(scheduler).get("optimizer") is optimizer


def _parts(scheduler: Any, python: str, *, is_active: bool) -> Iterator[_Schedule]:
    parts = getattr(scheduler, "_schedulers", None)
    if type(scheduler) not in (lr_scheduler.SequentialLR, lr_scheduler.ChainedScheduler) or parts is None:
        yield _Schedule(scheduler, python, is_active)
        return
    chosen = (
        bisect_right(scheduler._milestones, scheduler.last_epoch)
        if type(scheduler) is lr_scheduler.SequentialLR
        else None
    )
    for number, part in enumerate(parts):
        is_now = is_active and chosen in (None, number)
        yield from _parts(part, f"{python}._schedulers[{number}]", is_active=is_now)
