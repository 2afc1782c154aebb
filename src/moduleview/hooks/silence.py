"""Why a hook that is on did not fire in a whole step."""

from __future__ import annotations

from moduleview.hooks.observer import Watched
from moduleview.telemetry.hooks import HookKind

_NOT_CALLED = (
    "It was not called as a module in the last step; code that calls its forward, or uses its parameters directly, "
    "passes hooks by."
)


def reason_it_was_silent(kind: HookKind, watched: Watched | None) -> str:
    """A sentence; ``watched`` is what the observer knows of the module in the step that ended."""
    if kind is HookKind.TENSOR:
        return "No gradient reached this parameter in the last step."
    if watched is None or not watched.n_calls:
        return _NOT_CALLED
    if kind in (HookKind.FORWARD_PRE, HookKind.FORWARD):
        return _NOT_CALLED
    if kind is HookKind.BACKWARD and not watched.output_needs_gradient:
        return "Its output does not require a gradient."
    return (
        "No gradient reached its output in the last step: the loss does not use it, it was detached, or an in-place "
        "operation on a view hides it."
    )
