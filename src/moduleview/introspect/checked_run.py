"""What structure checks look at: a model, what trains it, and what was seen of its steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from torch import Tensor, nn
from torch.optim import Optimizer

from moduleview.introspect.class_sources import ClassSources
from moduleview.introspect.constructions import Constructions
from moduleview.introspect.held_values import Held, held_values
from moduleview.introspect.module_report import written_class
from moduleview.introspect.registrations import RegisteredModule, registered_modules
from moduleview.introspect.seen_steps import SeenSteps

Ties = frozenset[frozenset[str]]
"""Groups of names that were one parameter each."""


@dataclass(frozen=True, eq=False)
class CheckedRun:
    """Read once for all checks; must not outlive them. Training thread only.

    Attributes:
        model: What is checked.
        optimizers: All that are known to train it.
        has_own_loop: The user's own step trains it: what no known optimizer holds may still be trained.
        beside: Modules that train beside the model, as a loss with parameters.
        former_ties: Names that were tied when the model was opened.
        steps: What was seen of its steps, None before.
        constructions: Lines that construct what is checked, where its target was seen to open.
        failures: Filled while it is checked: checks that raised, in a line each.
    """

    model: nn.Module
    optimizers: tuple[Optimizer, ...] = ()
    has_own_loop: bool = False
    beside: tuple[nn.Module, ...] = ()
    former_ties: Ties = frozenset()
    steps: SeenSteps | None = None
    constructions: Constructions = field(default_factory=Constructions)
    failures: list[str] = field(default_factory=list)

    @cached_property
    def entries(self) -> list[RegisteredModule]:
        """Every module at its first place, in tree order."""
        return list(registered_modules(self.model))

    @cached_property
    def parameters(self) -> dict[int, tuple[str, nn.Parameter]]:
        """Every parameter with its first name, by ``id``."""
        found: dict[int, tuple[str, nn.Parameter]] = {}
        for entry in self.entries:
            for fqn, parameter in entry.parameters:
                found.setdefault(id(parameter), (fqn, parameter))
        return found

    @cached_property
    def tensors(self) -> frozenset[int]:
        """Identities of all parameters and buffers."""
        return frozenset((*self.parameters, *(id(t) for entry in self.entries for _, t in entry.buffers)))

    @cached_property
    def module_fqns(self) -> dict[int, str]:
        """FQN of every module, by ``id``."""
        return {id(entry.module): entry.fqn for entry in self.entries}

    @cached_property
    def held(self) -> list[Held]:
        """Modules and tensors in plain attributes."""
        return held_values(self.entries)

    @cached_property
    def optimized(self) -> frozenset[int]:
        """Identities of all parameters in the optimizers."""
        return frozenset(id(parameter) for _, parameter in self.in_optimizers())

    @cached_property
    def sources(self) -> ClassSources:
        """Source of the classes."""
        return ClassSources()

    @cached_property
    def ties(self) -> Ties:
        """Groups of names that are one parameter now."""
        names: dict[int, list[str]] = {}
        for entry in self.entries:
            for fqn, parameter in entry.parameters:
                names.setdefault(id(parameter), []).append(fqn)
        return frozenset(frozenset(group) for group in names.values() if len(group) > 1)

    @cached_property
    def _by_fqn(self) -> dict[str, nn.Module]:
        return {entry.fqn: entry.module for entry in self.entries}

    def has_same_structure(self, other: CheckedRun) -> bool:
        """The very same modules and parameters stand at the same places."""
        mine, theirs = self.parameters, other.parameters
        return self.module_fqns == other.module_fqns and (
            {i: fqn for i, (fqn, _) in mine.items()} == {i: fqn for i, (fqn, _) in theirs.items()}
        )

    def in_optimizers(self) -> Iterator[tuple[str, Tensor]]:
        """Every place in a group, in words, with the parameter in it."""
        for number, optimizer in enumerate(self.optimizers):
            which = f" of optimizer {number}" if len(self.optimizers) > 1 else ""
            for group_number, group in enumerate(optimizer.param_groups):
                for parameter in group["params"]:
                    yield f"group {group_number}{which}", parameter

    def place_of(self, fqn: str) -> tuple[type, str] | None:
        """The innermost class of a person's own that assigns something on the way to ``fqn``, and the attribute."""
        found: tuple[type, str] | None = None
        names, owner = fqn.split(".") if fqn else [], ""
        for name in names:
            module = self._by_fqn.get(owner)
            if module is not None and not is_torchs(type(module)):
                found = written_class(type(module)), name
            owner = f"{owner}.{name}" if owner else name
        return found

    def expression_of(self, fqn: str) -> str:
        """``self.heads['a']``: what the class of ``place_of`` calls it."""
        place, names = "", fqn.split(".") if fqn else []
        for n in range(len(names)):
            module = self._by_fqn.get(".".join(names[:n]))
            if module is not None and not is_torchs(type(module)):
                place = ".".join(names[: n + 1])
        return f"self.{place.rpartition('.')[2]}{self.way_from(place, fqn)}" if place else self.expression_in_model(fqn)

    def expression_in_model(self, fqn: str) -> str:
        """``model.heads['a']``."""
        return f"model{self.way_from('', fqn)}"

    def way_from(self, owner: str, fqn: str) -> str:
        """How what is called ``fqn`` is reached from the module ``owner``: ``.heads['a']``."""
        way = ""
        for name in fqn[len(owner) :].lstrip(".").split(".") if fqn != owner else []:
            way += item_of(self._by_fqn.get(owner), name)
            owner = f"{owner}.{name}" if owner else name
        return way

    def source_of(self, fqn: str) -> str:
        """``file:line`` of the assignment that brought a module or parameter; of its class where there is none.

        Of what only classes of torch's hold, the line that constructs it, where that was seen.
        """
        place = self.place_of(fqn)
        if place is not None:
            return self.sources.assignment(*place).location
        module = self._by_fqn.get(fqn)
        if module is not None and not is_torchs(type(module)):
            return self.sources.assignment(written_class(type(module)), "").location
        return self._constructed_at(fqn)

    def _constructed_at(self, fqn: str) -> str:
        names = fqn.split(".") if fqn else []
        for n in range(len(names), -1, -1):
            construction = self.constructions.of(self._by_fqn.get(".".join(names[:n])))
            if construction is not None:
                return construction.location
        return ""


def is_torchs(cls: type) -> bool:
    """One of torch's own classes, or what torch made of one."""
    return written_class(cls).__module__.partition(".")[0] == "torch"


def item_of(module: nn.Module | None, name: str) -> str:
    """How a part is reached in Python: ``[0]`` of a list, ``['a']`` of a dict, ``.name`` of another."""
    if isinstance(module, nn.ModuleDict | nn.ParameterDict):
        return f"[{name!r}]"
    return f"[{name}]" if name.isdigit() else f".{name}"
