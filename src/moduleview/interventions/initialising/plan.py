"""What an initialiser would come to: modules in the order of ``apply``, and the parameters of each that are meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn.utils.parametrize import ParametrizationList

from moduleview.interventions.base import InterventionError
from moduleview.interventions.initialising.matches import Matches
from moduleview.introspect.lookup import module_at
from moduleview.introspect.module_attributes import attributes_of
from moduleview.telemetry.initialising_messages import Choice

MOST_VISITS = 100_000
REGISTERED = ("_parameters", "_buffers")
PLAIN = "__dict__"
"""Tensors that are attributes and no more."""


@dataclass(frozen=True, eq=False)
class Target:
    """A parameter that is meant.

    Attributes:
        fqn: Where it is registered.
        owner: The module that has it.
        name: In the owner's table.
        parameter: Itself.
        computes: Name, module and name in it of the tensor that a parametrization computes of it; None without one.
    """

    fqn: str
    owner: nn.Module
    name: str
    parameter: nn.Parameter
    computes: tuple[str, nn.Module, str] | None = None


@dataclass(eq=False)
class PlannedVisit:
    """A module that ``apply`` comes to.

    Attributes:
        number: From 1.
        computes: Of the list of a parametrization, the module and the name of the tensor that it computes.
        targets: Its parameters that are meant, for an initialiser of tensors.
        is_meant: It is to be called with, for one of modules.
        note: Why nothing is done to it, "" where something is.
    """

    number: int
    fqn: str
    module: nn.Module
    computes: tuple[str, nn.Module, str] | None = None
    targets: tuple[Target, ...] = ()
    is_meant: bool = False
    note: str = ""


@dataclass(eq=False)
class Plan:
    """All visits.

    Attributes:
        root_fqn, root: Of the subtree.
        visits: Children before parents.
    """

    root_fqn: str
    root: nn.Module
    visits: list[PlannedVisit] = field(default_factory=list)


def make_plan(model: nn.Module, choice: Choice, *, works_on_modules: bool) -> Plan:
    """Find what is meant. Training thread only; reads the modules' own tables.

    Raises:
        InterventionError: There is nothing of that name, or the pattern cannot be understood.
    """
    root_fqn, root, only = _root_of(model, choice.fqn)
    if only and works_on_modules:
        raise InterventionError(
            f"{choice.fqn} is a parameter, and this calls modules. Choose {root_fqn or 'the root'}."
        )
    plan = Plan(root_fqn, root)
    for number, (fqn, module) in enumerate([(root_fqn, root)] if only else post_order(root_fqn, root), 1):
        if number > MOST_VISITS:
            raise InterventionError(f"apply would make more than {MOST_VISITS:,} visits. Choose a smaller subtree.")
        plan.visits.append(PlannedVisit(number, fqn, module, computes=_computed_tensor(model, fqn, module)))
    matches = Matches(choice, lambda: [name for visit in plan.visits for name in _names_at(visit)])
    done: dict[int, str] = {}
    for visit in plan.visits:
        if not matches.has_type(visit.computes[1] if visit.computes else visit.module):
            visit.note = f"is no {' or '.join(choice.types)}"
        elif works_on_modules:
            visit.is_meant = any(map(matches.has_name, _names_at(visit)))
            visit.note = "" if visit.is_meant else "its name does not fit the pattern"
        else:
            _plan_tensors(visit, matches, only, done)
    return plan


def post_order(fqn: str, root: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Modules as ``nn.Module.apply`` visits them: one that is shared between parents comes again under each.

    Raises:
        InterventionError: A module is inside itself, so that ``apply`` would not end.
    """
    inside: list[tuple[str, nn.Module, Iterator[tuple[str, nn.Module]]]] = [(fqn, root, _children(fqn, root))]
    while inside:
        here, module, left = inside[-1]
        child = next(left, None)
        if child is None:
            yield here, module
            inside.pop()
        elif any(child[1] is outer for _, outer, _ in inside):
            raise InterventionError(f"{child[0]} is inside itself: apply would never end. Choose a subtree below it.")
        else:
            inside.append((*child, _children(*child)))


def _children(fqn: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """As ``named_children``: of the same module under two names of one parent the first."""
    seen: set[int] = set()
    for name, child in list((attributes_of(module).get("_modules") or {}).items()):
        if isinstance(child, nn.Module) and id(child) not in seen:
            seen.add(id(child))
            yield f"{fqn}.{name}" if fqn else name, child


def parameters_of(module: nn.Module) -> dict[str, nn.Parameter]:
    """Its own, by name."""
    table = attributes_of(module).get("_parameters") or {}
    return {name: parameter for name, parameter in list(table.items()) if parameter is not None}


def behind_computed(outer: nn.Module, name: str) -> tuple[ParametrizationList, list[nn.Parameter]]:
    """The parametrizations of a tensor that is computed, and the parameters that it is computed of."""
    found = module_at(outer, f"parametrizations.{name}")
    assert isinstance(found, ParametrizationList), name
    return found, list(parameters_of(found).values())


def subtree_places(root: nn.Module, tables: Sequence[str] = REGISTERED) -> Iterator[tuple[nn.Module, str]]:
    """Modules and names of all tensors in these tables of a subtree, tied ones at each of their places."""
    for module in root.modules():
        for table in tables:
            yield from ((module, name) for name in tensors_in(module, table))


def tensors_in(module: nn.Module, table: str) -> dict[str, torch.Tensor]:
    """The tensors in one of its tables, by name."""
    attributes = attributes_of(module)
    held = attributes if table == PLAIN else attributes.get(table) or {}
    return {name: value for name, value in list(held.items()) if isinstance(value, torch.Tensor)}


def _root_of(model: nn.Module, fqn: str) -> tuple[str, nn.Module, str]:
    """Name and module of the subtree, and the name of the one parameter in it that is meant, "" for all."""
    module = module_at(model, fqn)
    if module is not None:
        return fqn, module, ""
    owner_fqn, _, name = fqn.rpartition(".")
    owner = module_at(model, owner_fqn)
    if owner is not None and name in parameters_of(owner):
        return owner_fqn, owner, name
    behind = _joined(_joined(owner_fqn, "parametrizations"), name)
    if module_at(model, behind) is not None:  # 0.weight, as a person sees it
        return _root_of(model, behind)
    raise InterventionError(f"There is no module or parameter called {fqn} now. Choose another one.")


def _names_at(visit: PlannedVisit) -> list[str]:
    """Of the module, of its parameters, and of the tensor that they are behind."""
    computed = [_joined(visit.computes[0], visit.computes[2])] if visit.computes else []
    return [visit.fqn, *(_joined(visit.fqn, name) for name in parameters_of(visit.module)), *computed]


def _plan_tensors(visit: PlannedVisit, matches: Matches, only: str, done: dict[int, str]) -> None:
    parameters = parameters_of(visit.module)
    if only:
        parameters = {only: parameters[only]}
    targets, first_places = [], []
    for name, parameter in parameters.items():
        target = Target(_joined(visit.fqn, name), visit.module, name, parameter, visit.computes)
        seen_fqn = _joined(visit.computes[0], visit.computes[2]) if visit.computes else target.fqn
        if not (matches.has_name(target.fqn) or matches.has_name(seen_fqn)) or not matches.is_part(seen_fqn):
            continue
        if id(parameter) in done:
            first_places.append(done[id(parameter)])
        else:
            done[id(parameter)] = target.fqn
            targets.append(target)
    visit.targets = tuple(targets)
    if first_places and not targets:
        visit.note = f"tied: done as {first_places[0]}"
    elif not parameters:
        visit.note = "has no parameters of its own"
    elif not targets:
        visit.note = "none of its parameters is meant"


def _computed_tensor(model: nn.Module, fqn: str, module: nn.Module) -> tuple[str, nn.Module, str] | None:
    """Behind ``0.parametrizations.weight.original`` stands ``0.weight``."""
    owner_fqn, _, name = fqn.rpartition(".")
    owner_fqn, _, table = ("." + owner_fqn).rpartition(".")
    outer = module_at(model, owner_fqn.removeprefix("."))
    if not isinstance(module, ParametrizationList) or table != "parametrizations" or outer is None:
        return None
    return owner_fqn.removeprefix("."), outer, name


def _joined(fqn: str, name: str) -> str:
    return f"{fqn}.{name}" if fqn else name
