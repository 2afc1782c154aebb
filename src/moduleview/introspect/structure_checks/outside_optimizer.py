"""S3: a parameter that requires a gradient, but that the optimizer does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import ClassVar

from torch import Tensor, nn
from torch.optim import Optimizer

from moduleview.introspect.module_report import class_location, written_class
from moduleview.introspect.registrations import RegisteredModule, element_count, registered_modules
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.telemetry.records import Finding, Severity, Tier

_MAXIMUM_NAMES = 8

Named = list[tuple[str, Tensor]]


class OutsideOptimizer(StructureCheck):
    """Compares the trainable parameters with the optimizer's groups, and reports the largest subtrees left out."""

    id: ClassVar[str] = "S3"
    name: ClassVar[str] = "Parameters outside the optimizer"
    explanation: ClassVar[str] = (
        "These parameters require a gradient, so that one is computed for them at every step, but no group of the "
        "optimizer holds them: they keep the values they have now."
    )

    def check(self, model: nn.Module, optimizer: Optimizer | None) -> list[Finding]:
        """See ``StructureCheck``; without an optimizer there is nothing to compare with."""
        if optimizer is None:
            return []
        held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
        return [self._finding(entry, left_out) for entry, left_out in _left_out(list(registered_modules(model)), held)]

    def _finding(self, entry: RegisteredModule, left_out: Named) -> Finding:
        names = [fqn for fqn, _ in left_out]
        shown = names[:_MAXIMUM_NAMES]
        more = [f"and {len(names) - len(shown)} more"] if len(names) > len(shown) else []
        n_elements = element_count([tensor for _, tensor in left_out])
        count = f"{len(names)} parameter{'s' if len(names) > 1 else ''}"
        whole = "the whole model" if not entry.fqn else entry.fqn
        return Finding(
            id=self.id,
            tier=Tier.FACT,
            severity=Severity.WARNING,
            title=self.name,
            fqn=names[0] if len(names) == 1 else entry.fqn,
            rule="A parameter that requires a gradient is in no group of the optimizer.",
            evidence=(f"{count} with {n_elements:,} elements in {whole}:", *shown, *more),
            advice=(
                "Give them to the optimizer (torch.optim.AdamW(model.parameters())), and make it after the model is "
                "complete; or freeze them with requires_grad_(False) where they are not to learn."
            ),
            source=_own_location(entry.module),
        )


def _own_location(module: nn.Module) -> str:
    """Where the module's class is written, "" for one of torch's."""
    cls = written_class(type(module))
    return "" if cls.__module__.partition(".")[0] == "torch" else class_location(cls)


def _left_out(entries: list[RegisteredModule], held: set[int]) -> Iterator[tuple[RegisteredModule, Named]]:
    """The largest subtrees of which the optimizer holds no trainable parameter, and the single parameters beside."""
    once: set[int] = set()
    trainable = [_trainable(entry, once) for entry in entries]
    outside = [[(fqn, tensor) for fqn, tensor in own if id(tensor) not in held] for own in trainable]
    n_trainable = [0, *accumulate(len(own) for own in trainable)]
    n_outside = [0, *accumulate(len(own) for own in outside)]
    ends = _subtree_ends(entries)
    row = 0
    while row < len(entries):
        end = ends[row]
        n = n_outside[end] - n_outside[row]
        if n and n == n_trainable[end] - n_trainable[row]:
            yield entries[row], [named for own in outside[row:end] for named in own]
            row = end
            continue
        if outside[row]:
            yield entries[row], outside[row]
        row += 1


def _trainable(entry: RegisteredModule, once: set[int]) -> Named:
    own = [(fqn, tensor) for fqn, tensor in entry.parameters if tensor.requires_grad and id(tensor) not in once]
    once.update(id(tensor) for _, tensor in own)
    return list(own)


def _subtree_ends(entries: list[RegisteredModule]) -> list[int]:
    ends = [len(entries)] * len(entries)
    open_rows: list[int] = []
    for row, entry in enumerate(entries):
        while open_rows and entries[open_rows[-1]].depth >= entry.depth:
            ends[open_rows.pop()] = row
        open_rows.append(row)
    return ends
