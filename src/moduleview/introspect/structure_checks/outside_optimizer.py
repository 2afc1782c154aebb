"""S3: a parameter that requires a gradient, but that no optimizer holds."""

from __future__ import annotations

from typing import ClassVar

from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.finding_words import counted, first_names
from moduleview.introspect.largest_subtrees import Named, largest_subtrees
from moduleview.introspect.optimizer_code import OptimizerCode
from moduleview.introspect.optimizer_contents import looks_replaced
from moduleview.introspect.registrations import RegisteredModule, element_count
from moduleview.introspect.structure_checks.base import StructureCheck
from moduleview.introspect.written_calls import with_more
from moduleview.telemetry.records import Finding, Severity, Tier

_FORGOTTEN = (
    "Give them to the optimizer, and make it after the model is complete; or freeze them where they are not to learn."
)
_COPIED = "Nothing to do for an average, or a target that is copied from the rest: freeze it, to make that plain."


class OutsideOptimizer(StructureCheck):
    """Compares the trainable parameters with the optimizers' groups, and reports the largest subtrees left out.

    Where the user's own step trains the model, something else may move a parameter: there steps must have shown that
    it does not move. What got no gradient in the steps either is not trained on purpose as often as not (an average, a
    target that is synced now and then): that is information.
    """

    id: ClassVar[str] = "S3"
    name: ClassVar[str] = "Parameters outside the optimizer"
    explanation: ClassVar[str] = (
        "These parameters require a gradient, so that one is computed for them at every step, but no group of the "
        "optimizer holds them: it leaves them as they are."
    )

    def check(self, run: CheckedRun) -> list[Finding]:
        """See ``StructureCheck``; without an optimizer there is nothing to compare with."""
        if not run.optimizers or looks_replaced(run) or (run.has_own_loop and run.steps is None):
            return []
        moved = run.steps.changed if run.steps is not None else set()

        def is_outside(identity: int) -> bool:
            return identity not in run.optimized and identity not in moved

        return [self._finding(run, entry, left_out) for entry, left_out in largest_subtrees(run.entries, is_outside)]

    def _finding(self, run: CheckedRun, entry: RegisteredModule, left_out: Named) -> Finding:
        names = [fqn for fqn, _ in left_out]
        n_elements = element_count([tensor for _, tensor in left_out])
        count = counted(len(names), "parameter")
        whole = "the whole model" if not entry.fqn else entry.fqn
        fqn = names[0] if len(names) == 1 else entry.fqn
        still = _still(run, left_out)
        return Finding(
            id=self.id,
            tier=Tier.FACT,
            severity=Severity.INFORMATION if still else Severity.WARNING,
            title=self.name,
            fqn=fqn,
            rule="A parameter that requires a gradient is in no group of the optimizer.",
            evidence=(f"{count} with {n_elements:,} elements in {whole}:", *first_names(names), *still),
            advice=_COPIED if still else _FORGOTTEN,
            source=run.source_of(fqn),
            fix=_fix(OptimizerCode(run, run.optimizers[0]), entry.fqn, names, is_still=bool(still)),
        )


def _still(run: CheckedRun, left_out: Named) -> tuple[str, ...]:
    """That no gradient was seen in them, where steps were."""
    steps = run.steps
    if steps is None or not steps.n_steps or any(id(tensor) in steps.with_gradient for _, tensor in left_out):
        return ()
    return (f"no gradient reached them in {steps.words}",)


def _fix(code: OptimizerCode, fqn: str, names: list[str], *, is_still: bool) -> str:
    is_one = len(names) == 1
    left_out = code.name_of(names[0] if is_one else fqn)
    frozen = f"{left_out}.requires_grad_(False)"
    if is_still:
        return frozen
    if not fqn and not is_one and not code.has_groups:
        return code.over(lambda _old: f"{left_out}.parameters()")
    more = f"[{left_out}]" if is_one else f"{left_out}.parameters()"
    added = f'{{"params": {more}}}' if code.has_groups else f"*{more}" if not is_one else left_out
    return f"{code.over(lambda old: with_more(old, added))}\n# or, where it is not to learn:\n{frozen}"
