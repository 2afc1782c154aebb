"""Gives an optimizer parameters as a group of their own, and takes them away again; its schedulers know of it."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn
from torch.optim import Optimizer

from moduleview.interventions.base import LiveRun
from moduleview.interventions.optimizer_groups import optimizer_python
from moduleview.interventions.schedules import like, like_python, schedules_of_one

_OF_PARAMETERS = ("params", "param_names")


def add_group(run: LiveRun, optimizer: Optimizer, named: Mapping[str, nn.Parameter], rate: float | None) -> list[str]:
    """Add them with the optimizer's own settings; a schedule goes on with them as with its first group.

    Args:
        run: Of which the optimizer is.
        optimizer: What gets them.
        named: Parameters by the names by which Python finds them in the model.
        rate: Their learning rate; None for the optimizer's own, or what a schedule has made of it.

    Returns:
        Python that does the same.

    Raises:
        InterventionError: A scheduler would not know of them.
    """
    schedules, first = schedules_of_one(run, optimizer), optimizer.param_groups[0]
    schedules.refuse_others()
    if rate is not None:
        schedules.refuse_zero(0)
    python = optimizer_python(run, optimizer)
    group, said = _parameters(named, has_names="param_names" in first)
    if schedules.is_empty:
        if rate is not None:
            lr = like_python(first["lr"], f"{python}.param_groups[0]['lr']", rate)
            group, said = {**group, "lr": like(first["lr"], rate)}, f"{said}, 'lr': {lr}"
        optimizer.add_param_group(group)
        return [f"{python}.add_param_group({{{said}}})"]
    of_schedulers = {k: v for k, v in first.items() if k not in optimizer.defaults and k not in _OF_PARAMETERS}
    optimizer.add_param_group({**group, **of_schedulers, "lr": first["lr"]})
    last = len(optimizer.param_groups) - 1
    followed = schedules.follow(0)
    going_on = [] if rate is None else schedules.go_on_from(last, rate, f"{python}.param_groups[{last}]")
    return [
        f"first = {python}.param_groups[0]",
        f"kept = {{k: v for k, v in first.items() if k not in {python}.defaults and k not in {_OF_PARAMETERS!r}}}",
        f"{python}.add_param_group({{{said}, **kept, 'lr': first['lr']}})",
        *followed,
        *going_on,
    ]


def _parameters(named: Mapping[str, nn.Parameter], *, has_names: bool) -> tuple[dict[str, object], str]:
    """Beginning of a group, and its Python; an optimizer that was given names takes nothing without them."""
    one = "(name, model.get_parameter(name))" if has_names else "model.get_parameter(name)"
    held = list(named.items()) if has_names else list(named.values())
    return {"params": held}, f"'params': [{one} for name in {tuple(named)!r}]"


def take_away(run: LiveRun, optimizer: Optimizer, named: Mapping[str, nn.Parameter], gone_python: str) -> list[str]:
    """Let the optimizer forget parameters, and groups that hold nothing else.

    Args:
        run: Of which the optimizer is, if it still is.
        optimizer: Whose.
        named: Which.
        gone_python: A set of them in Python.

    Returns:
        Python that does the same; nothing where the run has another optimizer now.
    """
    gone = {id(parameter) for parameter in named.values()}
    schedules = schedules_of_one(run, optimizer)
    lines = []
    for index in reversed(range(len(optimizer.param_groups))):
        group = optimizer.param_groups[index]
        if group["params"] and all(id(parameter) in gone for parameter in group["params"]):
            lines += schedules.forget(index)
    for group in optimizer.param_groups:
        is_kept = [id(parameter) not in gone for parameter in group["params"]]
        for key in _OF_PARAMETERS:
            if key in group:
                group[key] = [value for value, kept in zip(group[key], is_kept, strict=True) if kept]
    optimizer.param_groups[:] = [group for group in optimizer.param_groups if group["params"]]
    for parameter in named.values():
        optimizer.state.pop(parameter, None)
    if not any(one is optimizer for one in run.optimizers):
        return []
    python = optimizer_python(run, optimizer)
    return [
        *lines,
        f"gone = {gone_python}",
        f"for group in {python}.param_groups: group['params'] = [p for p in group['params'] if p not in gone]",
        f"{python}.param_groups[:] = [group for group in {python}.param_groups if group['params']]",
        f"for p in gone: {python}.state.pop(p, None)",
    ]
