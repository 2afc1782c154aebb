"""S2: a parameter, or a tensor that is to be learned or kept, in a plain attribute."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar

from torch import Tensor, nn

from moduleview.introspect.checked_run import CheckedRun, is_torchs
from moduleview.introspect.held_values import Held
from moduleview.introspect.module_report import written_class
from moduleview.introspect.registrations import element_count, shape_text
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.telemetry.records import Finding, Severity, Tier

_MAXIMUM_SHOWN = 6
_MAXIMUM_NODES = 64  # of an autograd graph, walked back from one tensor
_SAVING = ("state_dict", "_save_to_state_dict", "get_extra_state", "_apply", "parameters", "named_parameters")
_Tensors = list[tuple[str, Tensor]]


class UnregisteredTensor(StructureCheck):
    """Looks for tensors in plain attributes and in containers in them.

    What requires a gradient and is registered nowhere is an error; so is what was computed from such a tensor alone
    (``torch.randn(3, requires_grad=True) * 0.1``). A plain tensor is information: it may be meant to be lost. What a
    method other than those that build the module writes is left alone: it holds on to something that passes through.
    """

    id: ClassVar[str] = "S2"
    name: ClassVar[str] = "Unregistered tensor"
    explanation: ClassVar[str] = (
        "torch registers an nn.Parameter that is an attribute of a module, and a buffer where register_buffer is "
        "called. Other tensors are missing from parameters() and state_dict(): they are not trained, saved or moved to "
        "a device."
    )

    def check(self, run: CheckedRun) -> list[Finding]:
        """See ``StructureCheck``."""
        found: list[Finding] = []
        plain: dict[tuple[type, str], list[tuple[Held, _Tensors]]] = defaultdict(list)
        for held in run.held:
            unknown = [(place, tensor) for place, tensor in held.tensors if id(tensor) not in run.tensors]
            cls = type(held.owner.module)
            if not unknown or any(_defines(cls, name) for name in _SAVING):
                continue
            learned = [(place, tensor) for place, tensor in unknown if _is_to_be_learned(run, tensor)]
            parameters: _Tensors = [(place, tensor) for place, tensor in learned if isinstance(tensor, nn.Parameter)]
            passes_through = run.sources.is_written_while_running(written_class(cls), held.attribute)
            if parameters or (learned and not passes_through):
                found.append(self._of_learned(run, held, parameters if passes_through else learned))
            elif not passes_through and not learned and not is_torchs(cls):
                kept = [(place, tensor) for place, tensor in unknown if tensor.grad_fn is None]
                if kept:
                    plain[written_class(cls), held.attribute].append((held, kept))
        found.extend(self._of_plain(run, cls, attribute, group) for (cls, attribute), group in plain.items())
        return found

    def _of_learned(self, run: CheckedRun, held: Held, tensors: _Tensors) -> Finding:
        cls, attribute = written_class(type(held.owner.module)), held.attribute
        assignment = run.sources.assignment(cls, attribute)
        is_trained = all(id(tensor) in run.optimized for _, tensor in tensors)
        consequence = "They are not saved with the model and not moved to a device."
        if not is_trained:
            consequence = "It is not trained by model.parameters(), not saved and not moved to a device."
        what = "a Parameter" if all(isinstance(t, nn.Parameter) for _, t in tensors) else "a tensor that requires grad"
        return Finding(
            id=self.id,
            tier=Tier.FACT,
            severity=Severity.WARNING if is_trained else Severity.ERROR,
            title=self.name if len(tensors) == 1 else f"{self.name}s",
            fqn=held.owner.fqn,
            rule=f"{cls.__name__}.{attribute} holds {what} that is registered nowhere. {consequence}",
            evidence=_evidence(attribute, tensors),
            advice=f"{_advice(held.value)}, before the optimizer is made.",
            source="" if is_torchs(cls) else assignment.location,
            fix=_as_parameter(held, assignment.code),
        )

    def _of_plain(self, run: CheckedRun, cls: type, attribute: str, group: list[tuple[Held, _Tensors]]) -> Finding:
        held, tensors = group[0]
        assignment = run.sources.assignment(cls, attribute)
        where = (f"the same in {len(group) - 1} more",) if len(group) > 1 else ()
        return Finding(
            id=self.id,
            tier=Tier.FACT,
            severity=Severity.INFORMATION,
            title="Plain tensor",
            fqn=held.owner.fqn,
            rule=f"{cls.__name__}.{attribute} is neither a parameter nor a buffer: it is not saved with the model, and "
            "model.to() leaves it where it is.",
            evidence=(*_evidence(attribute, tensors), *where),
            advice="Register it as a buffer, with persistent=False if it need not be saved; or leave it where it is.",
            source=assignment.location,
            fix=_as_buffers(held, tensors, assignment.code),
        )


def _evidence(attribute: str, tensors: _Tensors) -> tuple[str, ...]:
    n = element_count([tensor for _, tensor in tensors])
    count = f"{len(tensors)} tensor{'s' if len(tensors) > 1 else ''} with {n:,} elements in {attribute}:"
    shown = [f"{place}: {shape_text(tensor)}" for place, tensor in tensors[:_MAXIMUM_SHOWN]]
    more = [f"and {len(tensors) - len(shown)} more"] if len(tensors) > len(shown) else []
    return (count, *shown, *more)


def _is_to_be_learned(run: CheckedRun, tensor: Tensor) -> bool:
    """It requires a gradient and leads to nothing registered: a leaf, or computed from such leaves alone."""
    if not tensor.requires_grad:
        return False
    try:
        if tensor.grad_fn is None:
            return True
        leaves = list(_leaves_of(tensor))
    except RuntimeError:  # a view that torch will not look at again
        return False
    return bool(leaves) and not any(leaf is None or id(leaf) in run.tensors for leaf in leaves)


def _leaves_of(tensor: Tensor) -> Iterator[Tensor | None]:
    """Leaves that a tensor was computed from; None where the graph goes on beyond a bound, or was let go."""
    waiting, seen = [tensor.grad_fn], 0
    while waiting:
        node = waiting.pop()
        seen += 1
        if node is None:
            continue
        if seen > _MAXIMUM_NODES:
            yield None
            return
        variable = getattr(node, "variable", None)
        if isinstance(variable, Tensor):
            yield variable
        waiting.extend(following for following, _ in node.next_functions)


def _defines(cls: type, name: str) -> bool:
    return any(
        name in base.__dict__
        for base in cls.__mro__
        if base not in (nn.Module, object) and base.__module__.partition(".")[0] != "torch"
    )


def _advice(value: object) -> str:
    if isinstance(value, dict):
        return "Use nn.ParameterDict instead of the dict"
    return "Make it an nn.Parameter" if isinstance(value, Tensor) else "Use nn.ParameterList"


def _as_parameter(held: Held, code: str) -> str:
    attribute, value = held.attribute, held.value
    written = code if code not in ("", "None") else f"self.{attribute}"
    if isinstance(value, nn.Parameter):
        return f'self.register_parameter("{attribute}", {code or _taken(attribute)})'
    if isinstance(value, Tensor):
        without = written.replace(", requires_grad=True", "")
        return f"self.{attribute} = nn.Parameter({without if code else _taken(attribute)})"
    return f"self.{attribute} = {'nn.ParameterDict' if isinstance(value, dict) else 'nn.ParameterList'}({written})"


def _taken(attribute: str) -> str:
    """Of an attribute that stands in the way of its registered name."""
    return f'self.__dict__.pop("{attribute}")'


def _as_buffers(held: Held, tensors: _Tensors, code: str) -> str:
    """One buffer for each tensor; of a list or dict of them, in a loop over it as it is written."""
    attribute, value = held.attribute, held.value
    written = code or f"self.{attribute}"
    if isinstance(value, Tensor):
        return f'self.register_buffer("{attribute}", {written})'
    items = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list | tuple) and all(isinstance(item, Tensor) for item in items):
        each = f"{written}.items()" if isinstance(value, dict) else f"enumerate({written})"
        return f'for key, value in {each}:\n    self.register_buffer(f"{attribute}_{{key}}", value)'
    shown = [(re.sub(r"\W+", "_", place).strip("_"), place) for place, _ in tensors[:_MAXIMUM_SHOWN]]
    return "\n".join(f'self.register_buffer("{name}", self.{place})' for name, place in shown)
