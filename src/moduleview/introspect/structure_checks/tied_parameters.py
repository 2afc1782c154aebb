"""S5: one parameter under several names, and names that were one parameter and are no longer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, ClassVar

from torch import Tensor, nn

from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.registrations import joined, shape_text
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.telemetry.records import Finding, Severity, Tier

_MAXIMUM_FINDINGS = 100
_MAXIMUM_NAMES = 8


class TiedParameters(StructureCheck):
    """Says which parameters are one and the same tensor, registered in several modules, and which no longer are.

    A shared module is not reported: its parameters have one owner, which stands in several places. A tie was lost where
    names that were one parameter when the model was opened are two now; where two parameters lie in the same memory,
    as ``load_state_dict(assign=True)`` leaves them; and where a model of Hugging Face's declares a tie that is not
    there.
    """

    id: ClassVar[str] = "S5"
    name: ClassVar[str] = "Tied parameters"
    explanation: ClassVar[str] = (
        "One tensor is registered under several names. It gets one gradient, the sum over its uses, and is counted "
        "once. This is how embeddings and output layers are often built, and no fault by itself. A tie that was lost "
        "is one: the two are trained apart from then on."
    )

    def check(self, run: CheckedRun) -> list[Finding]:
        """See ``StructureCheck``."""
        lost: dict[frozenset[str], Finding] = {}
        for names, rule in (*_memory_shared(run), *_former_ties(run), *_declared_ties(run)):
            lost.setdefault(frozenset(names), self._lost(run, names, rule))
        shapes = {fqn: shape_text(parameter) for fqn, parameter in run.parameters.values()}
        order = {fqn: row for row, fqn in enumerate(fqn for e in run.entries for fqn, _ in e.parameters)}
        tied = sorted((sorted(group, key=order.__getitem__) for group in run.ties), key=lambda names: order[names[0]])
        found = [*lost.values(), *(self._tied(run, names, shapes[names[0]]) for names in tied)]
        return found[:_MAXIMUM_FINDINGS]

    def _tied(self, run: CheckedRun, names: list[str], shape: str) -> Finding:
        shown, n_more = names[:_MAXIMUM_NAMES], len(names) - _MAXIMUM_NAMES
        before, last = (shown, f"{n_more} more") if n_more > 0 else (shown[:-1], shown[-1])
        return Finding(
            id=self.id,
            tier=Tier.FACT,
            severity=Severity.INFORMATION,
            title=self.name,
            fqn=names[0],
            rule="The same tensor object is registered under more than one name.",
            evidence=(f"{', '.join(before)} and {last} are one parameter", f"its shape: {shape}"),
            advice="Nothing to do where it is meant. The gradient shown is the sum over all of its uses.",
            source=run.source_of(names[-1]),
        )

    def _lost(self, run: CheckedRun, names: list[str], rule: str) -> Finding:
        shown, called = names[:_MAXIMUM_NAMES], run.expression_in_model
        return Finding(
            id=self.id,
            tier=Tier.FACT,
            severity=Severity.WARNING,
            title="A tie was lost",
            fqn=names[0],
            rule=rule,
            evidence=(f"{' and '.join(shown)} are {len(names)} parameters",),
            advice="Tie them again after loading, converting or wrapping, and make the optimizer after that.",
            source=run.source_of(names[-1]),
            fix="\n".join(f"{called(name)} = {called(names[0])}" for name in shown[1:]),
        )


def _former_ties(run: CheckedRun) -> Iterator[tuple[list[str], str]]:
    now = {fqn: parameter for entry in run.entries for fqn, parameter in entry.parameters}
    for group in run.former_ties:
        names = sorted(name for name in group if name in now)
        if len({id(now[name]) for name in names}) > 1:
            yield names, "These names were one parameter when the model was opened, and are several now."


def _memory_shared(run: CheckedRun) -> Iterator[tuple[list[str], str]]:
    """Parameters that are several objects over the very same elements."""
    places: dict[Any, list[str]] = defaultdict(list)
    for fqn, parameter in run.parameters.values():
        place = _memory(parameter)
        if place is not None:
            places[place].append(fqn)
    for names in places.values():
        if len(names) > 1:
            yield (
                names,
                "These parameters lie in the same memory, but are several: the optimizer moves it once for each.",
            )


def _memory(tensor: Tensor) -> Any:
    """Where the elements lie, None where that says nothing: no memory of its own, or none yet."""
    if type(tensor) is not nn.Parameter or tensor.device.type == "meta":
        return None
    try:
        pointer = tensor.data_ptr()
        return (tensor.device, pointer, tensor.shape, tensor.stride(), tensor.dtype) if pointer else None
    except Exception:  # sparse, quantised, a wrapper around others
        return None


def _declared_ties(run: CheckedRun) -> Iterator[tuple[list[str], str]]:
    """``_tied_weights_keys`` of Hugging Face's models (a dict since their version 5), where their config ties them."""
    now = {fqn: parameter for entry in run.entries for fqn, parameter in entry.parameters}
    for entry in run.entries:
        declared = getattr(type(entry.module), "_tied_weights_keys", None)
        config = vars(entry.module).get("config")
        if not isinstance(declared, dict) or config is None or vars(config).get("tie_word_embeddings") is not True:
            continue
        for target, origin in declared.items():
            names = [joined(entry.fqn, str(origin)), joined(entry.fqn, str(target))]
            if all(name in now for name in names) and now[names[0]] is not now[names[1]]:
                yield names, f"{type(entry.module).__name__} declares that they are tied, and its config asks for it."
