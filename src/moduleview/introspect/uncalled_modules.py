"""Which registered modules were not called in the steps that were seen, by the largest subtrees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.registrations import RegisteredModule
from moduleview.introspect.seen_steps import SeenSteps


@dataclass(frozen=True, eq=False)
class Uncalled:
    """A subtree of which nothing was called.

    Attributes:
        entry: Its root.
        owner: Class of the module that holds it.
        parameters: Trainable ones in it that no module shares that was called.
        is_bypassed: Its own parameters got a gradient all the same.
        is_dead: It has such parameters, none of them got a gradient or changed, and others did.
        is_trained: An optimizer holds one of its parameters, or none is known.
        has_called_siblings: Other items of the list that it stands in were called: the model may choose among them.
    """

    entry: RegisteredModule
    owner: type
    parameters: list[nn.Parameter]
    is_bypassed: bool
    is_dead: bool
    is_trained: bool
    has_called_siblings: bool


class _Tree:
    """Rows of all modules, with what holds of their subtrees."""

    def __init__(self, run: CheckedRun, steps: SeenSteps) -> None:
        self.entries, self.steps, self.optimized = run.entries, steps, run.optimized
        self.parents = _parents(run.entries)
        self.has_called = [id(entry.module) in steps.calls for entry in run.entries]
        self.has_unseen = [id(e.module) in steps.unseen for e in run.entries]
        self.has_gradient = [any(id(p) in steps.with_gradient for _, p in e.parameters) for e in run.entries]
        self.has_layers = [not is_container(entry.module) for entry in run.entries]
        for row in range(len(run.entries) - 1, 0, -1):
            parent = self.parents[row]
            for holds in (self.has_called, self.has_unseen, self.has_gradient, self.has_layers):
                holds[parent] = holds[parent] or holds[row]

    def is_uncalled(self, row: int) -> bool:
        """Nothing in the subtree was called, as far as can be seen, and there is something to call."""
        return self.has_layers[row] and not self.has_called[row] and not self.has_unseen[row]


def uncalled_modules(run: CheckedRun, steps: SeenSteps) -> Iterator[Uncalled]:
    """Subtrees in tree order; where parameters got a gradient nevertheless, the modules that own them, one by one."""
    tree = _Tree(run, steps)
    called_parameters = {id(p) for entry in run.entries if id(entry.module) in steps.calls for _, p in entry.parameters}
    skipped_until = -1
    for row, entry in enumerate(run.entries):
        if row == 0 or row < skipped_until or not tree.is_uncalled(row):
            continue
        if tree.has_gradient[row]:
            own = [p for _, p in entry.parameters if id(p) in steps.with_gradient]
            if own and not is_container(entry.module) and not any(id(p) in called_parameters for p in own):
                yield _uncalled(tree, row, [], is_bypassed=True)
            continue  # its parts are looked at one by one
        skipped_until = _end(tree, row)
        inside = run.entries[row:skipped_until]
        parameters = [p for e in inside for _, p in e.parameters if p.requires_grad]
        if not any(id(p) in called_parameters for p in parameters):
            yield _uncalled(tree, row, parameters, is_bypassed=False)


def is_container(module: nn.Module) -> bool:
    """It has no forward that could be called."""
    if isinstance(module, torch.jit.ScriptModule):
        return False
    return type(module).forward is nn.Module.forward and "forward" not in vars(module)


def _uncalled(tree: _Tree, row: int, parameters: list[nn.Parameter], *, is_bypassed: bool) -> Uncalled:
    parent = tree.parents[row]
    is_listed = is_container(tree.entries[parent].module)
    return Uncalled(
        entry=tree.entries[row],
        owner=type(tree.entries[parent].module),
        parameters=parameters,
        is_bypassed=is_bypassed,
        is_dead=(
            bool(parameters)
            and bool(tree.steps.with_gradient)
            and not is_bypassed
            and not any(id(parameter) in tree.steps.changed for parameter in parameters)  # an average, moved by hand
        ),
        is_trained=not tree.optimized or any(id(parameter) in tree.optimized for parameter in parameters),
        has_called_siblings=_has_called_siblings(tree, row) if is_listed or parent else False,
    )


def _has_called_siblings(tree: _Tree, row: int) -> bool:
    """On the way up to the next module that was called there is a list or dict, of which other items were."""
    while row:
        parent = tree.parents[row]
        if id(tree.entries[parent].module) in tree.steps.calls:
            return False
        if is_container(tree.entries[parent].module) and tree.has_called[parent]:
            return True
        row = parent
    return False


def _end(tree: _Tree, row: int) -> int:
    depth = tree.entries[row].depth
    rows = range(row + 1, len(tree.entries))
    return next((other for other in rows if tree.entries[other].depth <= depth), len(tree.entries))


def _parents(entries: list[RegisteredModule]) -> list[int]:
    parents = [0] * len(entries)
    open_rows: list[int] = []
    for row, entry in enumerate(entries):
        while open_rows and entries[open_rows[-1]].depth >= entry.depth:
            open_rows.pop()
        parents[row] = open_rows[-1] if open_rows else 0
        open_rows.append(row)
    return parents
