"""A person's own hook is to be taken off: the opposite of its going live, which the journal takes back instead."""

from __future__ import annotations

from typing import ClassVar

from moduleview.interventions.base import Intervention, InterventionError, LiveRun


class UserHookOff(Intervention):
    """Never made itself: where no hook of that name is on, there is nothing to do.

    Args:
        name: Of the hook.
    """

    title: ClassVar[str] = "Take a hook off"
    changes_model: ClassVar[bool] = False

    def __init__(self, name: str) -> None:
        self.name = name

    def apply(self, run: LiveRun) -> str:  # noqa: ARG002
        """There is none.

        Raises:
            InterventionError: Always.
        """
        raise InterventionError(f"The hook {self.name} is not on.")

    def undo(self, run: LiveRun) -> str:  # noqa: ARG002
        """Nothing was done."""
        return ""

    def is_undone_by(self, other: Intervention) -> bool:  # noqa: ARG002
        """Nothing was done."""
        return False

    def __str__(self) -> str:
        return f"Took the hook {self.name} off"
