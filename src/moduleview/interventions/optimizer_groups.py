"""Splits a group of an optimizer and merges it again, without touching what the optimizer remembers of parameters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from torch import nn
from torch.optim import Optimizer

from moduleview.interventions.base import InterventionError, LiveRun

Group = dict[str, Any]
_NAMES = "param_names"  # beside the parameters, where the optimizer was given names


@dataclass(eq=False)
class Split:
    """A part of a group that is a group of its own.

    Attributes:
        optimizer: Whose.
        source: Group that it was part of.
        part: The new group.
        order: Parameters of the source before, with their names where it has names.
    """

    optimizer: Optimizer
    source: Group
    part: Group
    order: list[tuple[nn.Parameter, str]]


def split_group(optimizer: Optimizer, source: Group, chosen: Collection[int]) -> Split:
    """Make those of a group whose ``id`` is chosen a group of its own, at the end, with the same settings."""
    order = list(zip(source["params"], source.get(_NAMES, [""] * len(source["params"])), strict=True))
    part = {**source}
    _fill(part, [pair for pair in order if id(pair[0]) in chosen])
    _fill(source, [pair for pair in order if id(pair[0]) not in chosen])
    optimizer.param_groups.append(part)
    return Split(optimizer, source, part, order)


def merge_group(split: Split) -> None:
    """Bring the part back to where it came from, each parameter to its place; nothing where either is gone."""
    source, part = current_group(split.optimizer, split.source), current_group(split.optimizer, split.part)
    if source is None or part is None:
        return
    groups = split.optimizer.param_groups
    place = {id(parameter): (number, name) for number, (parameter, name) in enumerate(split.order)}
    end = (len(place), "")
    together = [*source["params"], *part["params"]]
    together.sort(key=lambda parameter: place.get(id(parameter), end)[0])
    _fill(source, [(parameter, place.get(id(parameter), end)[1]) for parameter in together])
    groups[:] = [group for group in groups if group is not part]


def is_same_group(one: Group, other: Group) -> bool:
    """The very group, or what ``load_state_dict`` has put in its place."""
    return one is other or one["params"] is other["params"]


def current_group(optimizer: Optimizer, group: Group) -> Group | None:
    """What a group of the optimizer is now; None where it is gone."""
    return next((one for one in optimizer.param_groups if is_same_group(one, group)), None)


def group_number(optimizer: Optimizer, group: Group) -> int:
    """Its number in the optimizer."""
    return next(number for number, one in enumerate(optimizer.param_groups) if is_same_group(one, group))


def known_optimizers(run: LiveRun) -> Sequence[Optimizer]:
    """The optimizers that can be changed.

    Raises:
        InterventionError: None is known.
    """
    if not run.optimizers:
        raise InterventionError(
            "No optimizer is known here. Give one to the TrainingTask (optimizer=...), also beside a step of your own."
        )
    return run.optimizers


def optimizer_python(run: LiveRun, optimizer: Optimizer) -> str:
    """What Python calls it."""
    return "optimizer" if len(run.optimizers) == 1 else f"optimizers[{_number(run, optimizer)}]"


def optimizer_called(run: LiveRun, optimizer: Optimizer) -> str:
    """What a person calls it: ``opt_d (Adam)``, by number where their step gives it no name."""
    kind = type(optimizer).__name__
    if len(run.optimizers) == 1:
        return "the optimizer"
    own = run.names.get(id(optimizer))
    return f"{own} ({kind})" if own else f"optimizer {_number(run, optimizer)} ({kind})"


def optimizer_of_name(run: LiveRun, called: str) -> Optimizer:
    """The one that is called so.

    Raises:
        InterventionError: None is.
    """
    for one in known_optimizers(run):
        if optimizer_called(run, one) == called:
            return one
    raise InterventionError(f"No optimizer is called {called} now. Choose another one.")


def nearest_optimizer(run: LiveRun, fqn: str) -> Optimizer:
    """The one that holds what stands nearest in the tree: what has most of the path in common.

    Raises:
        InterventionError: None is known.
    """
    path, name_of = fqn.split("."), {id(p): name for name, p in run.model.named_parameters()}

    def in_common(optimizer: Optimizer) -> int:
        names = (name_of.get(id(p), "") for group in optimizer.param_groups for p in group["params"])
        return max((_n_in_common(path, name.split(".")) for name in names), default=0)

    return max(known_optimizers(run), key=in_common)  # the first of equals


def which_optimizers(run: LiveRun, python: str) -> str:
    """A line that says which is which, where Python speaks of several by number; "" where it does not."""
    if len(run.optimizers) == 1 or "optimizers[" not in python:
        return ""
    name_of = {id(p): name for name, p in run.model.named_parameters()}

    def said(optimizer: Optimizer) -> str:
        kind, own = type(optimizer).__name__, run.names.get(id(optimizer))
        held = (name_of.get(id(p)) for group in optimizer.param_groups for p in group["params"])
        first = next(filter(None, held), "nothing of the model")
        return f"{own}, {kind}" if own else f"the {kind} that holds {first}"

    each = (f"optimizers[{number}] is {said(one)}" for number, one in enumerate(run.optimizers))
    return f"# {'; '.join(each)}\n"


def _n_in_common(path: Sequence[str], other: Sequence[str]) -> int:
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(path, other, strict=False))))


def _number(run: LiveRun, optimizer: Optimizer) -> int:
    return next(number for number, one in enumerate(run.optimizers) if one is optimizer)


def _fill(group: Group, pairs: Sequence[tuple[nn.Parameter, str]]) -> None:
    group["params"] = [parameter for parameter, _ in pairs]
    if _NAMES in group:
        group[_NAMES] = [name for _, name in pairs]
