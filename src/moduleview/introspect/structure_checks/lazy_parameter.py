"""S6: a lazy parameter that has not materialised."""

from __future__ import annotations

from typing import ClassVar

from torch.nn.parameter import is_lazy

from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.finding_words import Words, first_names
from moduleview.introspect.registrations import RegisteredModule
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.telemetry.records import Finding, Severity

_BEFORE = Words(
    "Lazy parameters",
    "A lazy parameter has no shape yet.",
    "Run one batch through the model before it is counted, saved or initialised.",
    "with torch.no_grad():\n    model(example_input)  # gives every lazy module its shape",
)


class LazyParameter(StructureCheck):
    """Looks for ``UninitializedParameter`` and ``UninitializedBuffer``.

    Before the first step that is what lazy modules are for, and information. After steps it means that the module never
    ran.
    """

    id: ClassVar[str] = "S6"
    name: ClassVar[str] = "Lazy parameters"
    explanation: ClassVar[str] = (
        "A lazy module gets its shapes from its first input. Until then it cannot be saved, counted or initialised, "
        "and nothing of it is trained."
    )

    def check(self, run: CheckedRun) -> list[Finding]:
        """See ``StructureCheck``."""
        lazy = [
            (entry, names)
            for entry in run.entries
            if (names := [fqn for fqn, tensor in (*entry.parameters, *entry.buffers) if is_lazy(tensor)])
        ]
        if not lazy:
            return []
        if run.steps is None or run.steps.n_steps == 0:
            return [self._finding(run, lazy, Severity.INFORMATION, _BEFORE)]
        rule = f"A lazy parameter has still no shape after {run.steps.words}: its module never ran."
        return [self._finding(run, [one], Severity.WARNING, _after(run, one[0], rule)) for one in lazy]

    def _finding(
        self, run: CheckedRun, lazy: list[tuple[RegisteredModule, list[str]]], severity: Severity, words: Words
    ) -> Finding:
        names = [name for _, own in lazy for name in own]
        fqn = lazy[0][0].fqn
        evidence = (f"{len(names)} waiting for a first input:", *first_names(names))
        return self.found(severity, fqn, words, evidence, run.source_of(fqn))


def _after(run: CheckedRun, entry: RegisteredModule, rule: str) -> Words:
    place = run.place_of(entry.fqn)
    where = "" if place is None else f"# in {place[0].__name__}.forward:\n"
    call = f"{where}x = {run.expression_of(entry.fqn)}(x)"
    return Words(LazyParameter.name, rule, "Call the module in forward, or remove it.", call)
