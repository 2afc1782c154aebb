"""Why a hook that is on did not fire in a whole step."""

from __future__ import annotations

from moduleview.hooks.watched import Watched
from moduleview.telemetry.hooks import OPTIMIZER_KINDS, PARAMETER_KINDS, HookKind

_NOT_CALLED = (
    "It was not called as a module in the last step; code that calls its forward, or uses its parameters directly, "
    "passes hooks by."
)


def reason_it_was_silent(kind: HookKind, watched: Watched | None) -> str:
    """A sentence; ``watched`` is what the observer knows of the module in the step that ended."""
    if kind in PARAMETER_KINDS:
        return "No gradient reached this parameter in the last step."
    if kind in OPTIMIZER_KINDS:
        return (
            "No optimizer that holds these parameters made a step in the last one: mixed precision skipped it, "
            "gradients are still being accumulated, or the weights are changed by hand."
        )
    if watched is None or not watched.n_calls or kind in (HookKind.FORWARD_PRE, HookKind.FORWARD):
        return _NOT_CALLED
    if kind is HookKind.BACKWARD and not watched.output_needs_gradient:
        return "Its output does not require a gradient."
    where = "inputs" if kind is HookKind.FULL_BACKWARD else "output"
    return (
        f"No gradient reached its {where} in the last step: the loss does not use it, it was detached, or an in-place "
        "operation on a view hides it."
    )
