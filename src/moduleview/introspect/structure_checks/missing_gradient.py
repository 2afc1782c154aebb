"""S8: a parameter whose module ran, but that never got a gradient, with the place where the gradient ends."""

from __future__ import annotations

from typing import ClassVar

from torch import nn

from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.finding_words import counted, first_names
from moduleview.introspect.gradient_ends import gradient_ends
from moduleview.introspect.largest_subtrees import Named, largest_subtrees
from moduleview.introspect.module_report import written_class
from moduleview.introspect.optimizer_code import OptimizerCode
from moduleview.introspect.registrations import RegisteredModule, element_count
from moduleview.introspect.seen_steps import GapKind, GradientGap
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.telemetry.records import Finding, Severity, Tier

_MOST_FROZEN = 8


class MissingGradient(StructureCheck):
    """Looks at the gradients as an optimizer finds them when it steps.

    A parameter that one of its module's others leaves behind, or one of a module that has parts, may be there for other
    inputs: that is information. A layer that ran and got no gradient at all is a warning.
    """

    id: ClassVar[str] = "S8"
    name: ClassVar[str] = "Gradient is missing"
    explanation: ClassVar[str] = (
        "The module ran, and the optimizer holds its parameters, but at every step their gradient is None: the way "
        "back from the loss ends before it, at a detach, under no_grad, or because the loss does not use what it "
        "returns."
    )
    needs_steps: ClassVar[bool] = True

    def check(self, run: CheckedRun) -> list[Finding]:
        """See ``StructureCheck``."""
        assert run.steps is not None
        missing = run.steps.without_gradient - run.steps.with_gradient
        return [self._finding(run, *found) for found in largest_subtrees(run.entries, missing.__contains__)]

    def _finding(self, run: CheckedRun, entry: RegisteredModule, named: Named) -> Finding:
        assert run.steps is not None
        names = [fqn for fqn, _ in named]
        owners = _owners(run, names)
        gap_of = next((one for one in (entry, *owners) if id(one.module) in run.steps.gaps), None)
        gap = None if gap_of is None else run.steps.gaps[id(gap_of.module)]
        is_certain = any(_is_whole_layer(owner.module, names, owner.fqn) for owner in owners)
        n = element_count([parameter for _, parameter in named])
        count = f"{counted(len(names), 'parameter')} with {n:,} elements, {run.steps.words}:"
        fqn = names[0] if len(names) == 1 else entry.fqn
        source, without_end = _source(run, gap_of, gap, entry.fqn) if is_certain or gap is not None else ("", "")
        return Finding(
            id=self.id,
            tier=Tier.FACT,
            severity=Severity.WARNING if is_certain else Severity.INFORMATION,
            title=self.name,
            fqn=fqn,
            rule="Its gradient was None each time that the optimizer stepped. "
            + (_end(gap_of, gap) if is_certain or gap is not None else "Where the way back ends was not seen."),
            evidence=(count, *first_names(names)),
            advice="Remove what stops the gradient, or freeze the parameters where they are not to learn.",
            source=source or run.source_of(fqn),
            fix=_fix(_frozen(run, entry, names), without_end),
        )


def _owners(run: CheckedRun, names: list[str]) -> list[RegisteredModule]:
    by_fqn = {entry.fqn: entry for entry in run.entries}
    fqns = dict.fromkeys(name.rpartition(".")[0] for name in names)
    return [by_fqn[fqn] for fqn in fqns if fqn in by_fqn]


def _is_whole_layer(module: nn.Module, names: list[str], fqn: str) -> bool:
    if any(child is not None for child in module._modules.values()):
        return False
    own = [name for name, p in module._parameters.items() if p is not None and p.requires_grad]
    return all((f"{fqn}.{name}" if fqn else name) in names for name in own)


def _end(of: RegisteredModule | None, gap: GradientGap | None) -> str:
    if of is None or gap is None:
        return "No gradient came back to what it returned: the loss does not use it, or what comes after it lets go."
    name = of.fqn or "The model"
    match gap.kind:
        case GapKind.NO_GRAD if gap.begin is None:
            return f"{name} ran with gradients switched off, from outside of the model."
        case GapKind.NO_GRAD:
            return f"{name} ran with gradients switched off (no_grad), in the forward of {gap.begin or 'the model'}."
        case GapKind.INSIDE:
            return f"What {name} returns does not require a gradient: its own forward detaches it."
    return f"The next detach after it: what {gap.begin or 'the model'} returns is detached before {gap.end} takes it."


def _source(run: CheckedRun, of: RegisteredModule | None, gap: GradientGap | None, fqn: str) -> tuple[str, str]:
    """``file:line`` of what ends the gradient, and the code without it, where its class has just one such line."""
    if of is None or gap is None:
        holds = run.place_of(fqn)
        return ("", "") if holds is None else _only_end(run, holds[0])
    place = of.fqn if gap.kind is GapKind.INSIDE else gap.begin
    if gap.kind is GapKind.DETACHED:
        place = _joint(gap.begin or "", gap.end)
    module = next((entry.module for entry in run.entries if entry.fqn == place), None)
    return ("", "") if module is None else _only_end(run, written_class(type(module)))


def _only_end(run: CheckedRun, cls: type) -> tuple[str, str]:
    ends = gradient_ends(run.sources, cls)
    return ends[0] if len(ends) == 1 else ("", "")


def _joint(first: str, second: str) -> str:
    """The innermost module that holds both."""
    shared = []
    for one, other in zip(first.split(".")[:-1], second.split(".")[:-1], strict=False):
        if one != other:
            break
        shared.append(one)
    return ".".join(shared)


def _frozen(run: CheckedRun, entry: RegisteredModule, names: list[str]) -> str:
    """Code that freezes these and no others."""
    code = OptimizerCode(run, run.optimizers[0]) if run.optimizers else None
    name_of = run.expression_in_model if code is None else code.name_of
    prefix = f"{entry.fqn}." if entry.fqn else ""
    below = {fqn for fqn, parameter in run.parameters.values() if fqn.startswith(prefix) and parameter.requires_grad}
    if below <= set(names):
        return f"{name_of(entry.fqn)}.requires_grad_(False)"
    if len(names) <= _MOST_FROZEN:
        return "\n".join(f"{name_of(name)}.requires_grad_(False)" for name in names)
    return f"for name in {names!r}:\n    {name_of('')}.get_parameter(name).requires_grad_(False)"


def _fix(freezing: str, without_end: str) -> str:
    frozen = f"# where it is not to learn:\n{freezing}"
    return f"{without_end}\n{frozen.replace('# where', '# or, where')}" if without_end else frozen
