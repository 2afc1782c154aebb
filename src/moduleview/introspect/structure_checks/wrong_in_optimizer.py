"""S4: what an optimizer holds, but should not: frozen parameters, those of something else, one of them twice."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

from torch import Tensor

from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.finding_words import Words, counted, first_names
from moduleview.introspect.optimizer_code import OptimizerCode
from moduleview.introspect.optimizer_contents import foreign, looks_replaced
from moduleview.introspect.registrations import element_count, shape_text
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.telemetry.records import Finding, Severity


class WrongInOptimizer(StructureCheck):
    """Goes through the groups of all optimizers.

    A frozen parameter is information as long as nothing moves it, since an optimizer passes over what has no gradient.
    One of another module is information too, for a loss may have parameters, unless none of the model's is held.
    """

    id: ClassVar[str] = "S4"
    name: ClassVar[str] = "Wrong parameters in the optimizer"
    explanation: ClassVar[str] = (
        "A frozen parameter in the optimizer moves where an old gradient is left on it. One in two groups is moved "
        "twice at each step. One that the model does not have is trained for nothing."
    )

    def check(self, run: CheckedRun) -> list[Finding]:
        """See ``StructureCheck``."""
        return [*self._twice(run), *self._frozen(run), *self._foreign(run)]

    def _twice(self, run: CheckedRun) -> list[Finding]:
        places: dict[int, list[str]] = defaultdict(list)
        for place, parameter in run.in_optimizers():
            places[id(parameter)].append(place)
        by_places: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for identity, found in places.items():
            if len(found) > 1 and identity in run.parameters:
                by_places[tuple(found)].append(run.parameters[identity][0])
        severity = Severity.ERROR if len(run.optimizers) == 1 else Severity.WARNING
        return [
            self._finding(run, severity, names, _words_for_twice(where)) for where, names in sorted(by_places.items())
        ]

    def _frozen(self, run: CheckedRun) -> list[Finding]:
        moved = run.steps.moved_though_frozen if run.steps is not None else set()
        frozen = {
            identity: fqn
            for identity, (fqn, parameter) in run.parameters.items()
            if not parameter.requires_grad and identity in run.optimized
        }
        by_severity = {
            Severity.WARNING: [fqn for identity, fqn in frozen.items() if identity in moved],
            Severity.INFORMATION: [fqn for identity, fqn in frozen.items() if identity not in moved],
        }
        return [
            self._finding(run, severity, names, _words_for_frozen(run, severity is Severity.WARNING))
            for severity, names in by_severity.items()
            if names
        ]

    def _foreign(self, run: CheckedRun) -> list[Finding]:
        strangers = foreign(run)
        if not strangers or looks_replaced(run):
            return []
        code = OptimizerCode(run, run.optimizers[0])
        holds_ours = any(identity in run.optimized for identity in run.parameters)
        severity = Severity.INFORMATION if holds_ours else Severity.ERROR
        words = Words(
            "Foreign parameters in the optimizer",
            "The optimizer holds parameters that are not registered in this model"
            + ("." if holds_ours else ", and none of the model's own."),
            "Make the optimizer over the parameters of this model; leave it where they belong to something else that "
            "trains with it.",
            code.over(lambda _old: f"{code.name_of('')}.parameters()"),
        )
        return [self._finding(run, severity, [shape_text(stranger) for stranger in strangers], words, strangers)]

    def _finding(
        self,
        run: CheckedRun,
        severity: Severity,
        names: list[str],
        words: Words,
        strangers: list[Tensor] | None = None,
    ) -> Finding:
        by_name: dict[str, Tensor] = dict(run.parameters.values())
        n = element_count([by_name[name] for name in names] if strangers is None else strangers)
        count = f"{counted(len(names), 'parameter')} with {n:,} elements:"
        fqn = names[0] if len(names) == 1 and strangers is None else ""
        source = OptimizerCode(run, run.optimizers[0]).location or (run.source_of(fqn) if fqn else "")
        return self.found(severity, fqn, words, (count, *first_names(names)), source)


def _words_for_twice(where: tuple[str, ...]) -> Words:
    return Words(
        "A parameter in several places",
        f"The same parameter stands in {' and in '.join(where)}: each of them moves it.",
        "Let each parameter stand in one group only.",
        "seen = set()\n"
        "for group in optimizer.param_groups:\n"
        '    group["params"] = [p for p in group["params"] if not (p in seen or seen.add(p))]',
    )


def _words_for_frozen(run: CheckedRun, is_moved: bool) -> Words:
    passed_over = "A parameter that does not require a gradient is in a group of the optimizer, which passes over it."
    stepped_on = "The optimizer stepped on a frozen parameter: it still has the gradient from before."
    return Words(
        "Frozen parameters in the optimizer",
        stepped_on if is_moved else passed_over,
        "Give the optimizer only what is to learn, and clear gradients when you freeze.",
        _fix_of_frozen(OptimizerCode(run, run.optimizers[0])),
    )


def _fix_of_frozen(code: OptimizerCode) -> str:
    if code.has_groups:
        return (
            "for group in optimizer.param_groups:\n"
            '    group["params"] = [p for p in group["params"] if p.requires_grad]'
        )
    return code.over(lambda old: f"[p for p in {old} if p.requires_grad]")
