"""S7: a module that is registered but never called, called past its hooks, or built anew on every call."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

from torch import nn

from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.class_sources import Use
from moduleview.introspect.finding_words import Words, counted, first_names
from moduleview.introspect.layer_in_init import layer_in_init
from moduleview.introspect.module_report import written_class
from moduleview.introspect.registrations import RegisteredModule, element_count
from moduleview.introspect.seen_steps import BuiltModule, SeenSteps
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.introspect.uncalled_modules import Uncalled, uncalled_modules
from moduleview.telemetry.records import Finding, Severity


class NeverCalled(StructureCheck):
    """Counts the calls of every module over some steps.

    A container is not called itself, and neither is a module whose parts are. What routing may leave out (one expert
    of several, a layer that is dropped at times) is information, and so is what has nothing to train.
    """

    id: ClassVar[str] = "S7"
    name: ClassVar[str] = "Module never called"
    explanation: ClassVar[str] = (
        "A module that is registered, but not called, takes part in nothing: its parameters are kept, saved and moved, "
        "but never trained. One that is called as a function runs, but none of its hooks. One that is built inside "
        "forward begins at each call with new random numbers."
    )
    needs_steps: ClassVar[bool] = True

    def check(self, run: CheckedRun) -> list[Finding]:
        """See ``StructureCheck``."""
        steps = run.steps
        assert steps is not None
        found: list[Finding] = []
        idle: dict[tuple[type, str, type], list[Uncalled]] = defaultdict(list)
        dead: dict[tuple[type, str, type, bool], list[Uncalled]] = defaultdict(list)
        bypassed: dict[tuple[type, str, type], list[Uncalled]] = defaultdict(list)
        for uncalled in uncalled_modules(run, steps):
            use = _use_of(run, uncalled.entry)
            name = uncalled.entry.fqn.rpartition(".")[2]
            alike = type(uncalled.entry.module), "" if name.isdigit() else name, uncalled.owner
            if uncalled.is_bypassed or (use is not None and use.is_forward):
                bypassed[alike].append(uncalled)
            elif uncalled.parameters:
                dead[(*alike, uncalled.has_called_siblings)].append(uncalled)
            elif type(uncalled.entry.module) is not nn.Identity:
                idle[alike].append(uncalled)
        found.extend(self._bypassed(run, steps, group) for group in bypassed.values())
        found.extend(self._never_called(run, steps, group) for group in (*dead.values(), *idle.values()))
        found.extend(
            self._built(run, steps, built) for built in steps.built.values() if _is_built_each_time(steps, built)
        )
        return found

    def _never_called(self, run: CheckedRun, steps: SeenSteps, group: list[Uncalled]) -> Finding:
        first = group[0]
        fqns = [one.entry.fqn for one in group]
        elements = element_count([parameter for one in group for parameter in one.parameters])
        type_name = written_class(type(first.entry.module)).__name__
        words = Words(
            self.name,
            "A module that is registered was never called."
            if first.is_dead
            else "A module that is registered was not called in these steps.",
            _advice(first),
            _call_of(first.entry, run),
        )
        named = first_names(fqns) if len(fqns) > 1 else ()
        numbers = f"{fqns[0]} ({type_name}, {elements:,} parameters): no call in {steps.words}"
        if len(fqns) > 1:
            n = counted(len(fqns), "module")
            numbers = f"{n} of type {type_name} with {elements:,} parameters: no call in {steps.words}:"
        gradient = ["no gradient reached its parameters"] if first.is_dead else []
        is_certain = first.is_dead and first.is_trained and not first.has_called_siblings
        severity = Severity.WARNING if is_certain else Severity.INFORMATION
        return self.found(severity, fqns[0], words, (numbers, *named, *gradient), run.source_of(fqns[0]))

    def _bypassed(self, run: CheckedRun, steps: SeenSteps, group: list[Uncalled]) -> Finding:
        entry = group[0].entry
        use = _use_of(run, entry)
        more = [f"and so are {len(group) - 1} more like it"] if len(group) > 1 else []
        is_forward = use is not None and use.is_forward
        code = use.code if use is not None else ""
        words = Words(
            "Module called past its hooks",
            f"{entry.fqn} was never called as a module, but its "
            + ("forward was called as a function." if is_forward else "parameters were used and got a gradient.")
            + " Hooks on it do not run.",
            "Call the module itself; leave it where only its weight is meant to be used.",
            code.replace(".forward(", "(") if is_forward else f"x = {run.expression_of(entry.fqn)}(x)",
        )
        evidence = (
            f"{entry.fqn} ({type(entry.module).__name__}): no call in {steps.words}",
            *([code] if code else []),
            *more,
        )
        severity = Severity.WARNING if is_forward else Severity.INFORMATION
        source = use.location if use is not None else run.source_of(entry.fqn)
        return self.found(severity, entry.fqn, words, evidence, source)

    def _built(self, run: CheckedRun, steps: SeenSteps, built: BuiltModule) -> Finding:
        cls = next((type(entry.module) for entry in run.entries if entry.fqn == built.owner), nn.Module)
        forgets = "what it learns is lost at once, and no optimizer can hold its parameters."
        stays_on = "model.eval() does not reach it, so that it drops always."
        words = Words(
            "Module built inside forward",
            f"A new {built.type_name} is made at every call: {forgets if built.n_trainable else stays_on}",
            "Make it once in __init__, and call it in forward.",
            layer_in_init(run.sources, written_class(cls), built.type_name, built.made),
        )
        place = built.owner or "the model"
        evidence = (
            f"{built.n_built} built in {steps.words} in the forward of {place}",
            f"each with {built.n_trainable:,} trainable elements",
            *([built.code] if built.code else []),
        )
        severity = Severity.ERROR if built.n_trainable else Severity.WARNING
        return self.found(severity, built.owner, words, evidence, built.location)


def _use_of(run: CheckedRun, entry: RegisteredModule) -> Use | None:
    """A line of the owner's class that uses the module otherwise than by calling it."""
    place = run.place_of(entry.fqn)
    if place is None or place[1] != entry.fqn.rpartition(".")[2]:
        return None
    return next(run.sources.uses(*place), None)


def _advice(uncalled: Uncalled) -> str:
    if uncalled.is_dead and not uncalled.is_trained:
        return "Nothing to do for an average, or a target that is copied from the rest. Else call it, or remove it."
    if uncalled.has_called_siblings:
        return "Nothing to do where the model chooses between its parts; look again after more steps."
    return "Call it in forward, or remove it."


def _call_of(entry: RegisteredModule, run: CheckedRun) -> str:
    place = run.place_of(entry.fqn)
    if place is None:
        return ""
    return f"# in {place[0].__name__}.forward:\n{_called(run.expression_of(entry.fqn), entry.module)}"


def _called(expression: str, module: nn.Module) -> str:
    """Code that calls it, or the parts of what cannot be called."""
    if isinstance(module, nn.ModuleDict) and len(module):
        return f"x = {expression}[{next(iter(module))!r}](x)"
    if isinstance(module, nn.ModuleList):
        return f"for part in {expression}:\n    x = part(x)"
    return f"x = {expression}(x)"


def _is_built_each_time(steps: SeenSteps, built: BuiltModule) -> bool:
    return steps.n_steps >= 2 and len(built.steps) == steps.n_steps
