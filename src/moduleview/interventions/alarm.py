"""Sets a threshold on a series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from moduleview.hooks.model_index import ModelIndex
from moduleview.interventions.alarm_watch import AlarmRule, Crossing, Reaction
from moduleview.interventions.base import InterventionError, LiveRun
from moduleview.interventions.fields import choice, integer, number
from moduleview.interventions.offered import OfferedChange
from moduleview.interventions.targets import place
from moduleview.telemetry.changes_messages import Argument, ChangeField, FieldKind, Fits
from moduleview.telemetry.quantities import GRAD_NORM, RUN_QUANTITIES

CLIPPED = (GRAD_NORM,)
"""Quantities that clipping can bring below a threshold."""


class Alarm(OfferedChange):
    """Judged at the end of each step, on the thread that trains; what it needs is measured in each step, always.

    It rings when the threshold is crossed, and not again before the series has come back.
    """

    kind: ClassVar[str] = "alarm"
    title: ClassVar[str] = "Set alarm"
    summary: ClassVar[str] = (
        "Rings when a series crosses a threshold, at the end of that step, and again only after it has come back. "
        "Its series is measured in each step, whatever the budget."
    )
    section: ClassVar[str] = "Alarm"
    fits: ClassVar[Fits] = Fits.ANYTHING
    changes_model: ClassVar[bool] = False
    fields: ClassVar[tuple[ChangeField, ...]] = (
        ChangeField(
            "quantity",
            "Series",
            FieldKind.TEXT,
            GRAD_NORM,
            tip="What is measured: grad_norm, ... of this node; loss, learning_rate, memory, ... of the run",
        ),
        choice("when", "Rings when it", tuple(Crossing), "What is compared with the threshold"),
        number("limit", "Threshold", 10.0, "The value, or how many times its median; not used for NaN or Inf"),
        integer(
            "n_steps", "Median of", 50, "Steps that the median is taken of", unit="steps", minimum=1, maximum=10_000
        ),
        choice(
            "then",
            "Then",
            tuple(Reaction),
            "Pause the run after this step, mark it, or clip gradients from the next one on",
        ),
    )

    def __init__(self, fqn: str, arguments: Mapping[str, Argument]) -> None:
        super().__init__(fqn, arguments)
        self._rule: AlarmRule | None = None

    @classmethod
    def fields_for(cls, run: LiveRun, fqn: str) -> Sequence[ChangeField]:
        """The same everywhere."""
        index = ModelIndex(run.model)
        if fqn not in index.modules and fqn not in index.parameters:
            raise InterventionError(f"There is no module or parameter called {fqn} now. Choose another one.")
        return cls.fields

    @classmethod
    def make(cls, run: LiveRun, fqn: str, arguments: Mapping[str, Argument]) -> Self:
        """What is of the whole run, as the loss, is so whatever is selected."""
        made = super().make(run, fqn, arguments)
        return cls("", made.arguments) if made.text_of("quantity").strip() in RUN_QUANTITIES else made

    @property
    def rule(self) -> AlarmRule | None:
        """What is judged, while it stands."""
        return self._rule

    @property
    def note(self) -> str:
        """See ``Intervention``."""
        if self._rule is None or not self._rule.is_unmeasured:
            return ""
        return f"{self.text_of('quantity')} of {place(self.fqn)} was not measured in the last step."

    def apply(self, run: LiveRun) -> str:
        """Judge from the next step on."""
        when, then = Crossing(self.text_of("when")), Reaction(self.text_of("then"))
        quantity = self.text_of("quantity").strip()
        if not quantity:
            raise InterventionError("The alarm names no series. Give one, such as grad_norm or loss.")
        if then is Reaction.CLIP and (quantity not in CLIPPED or when not in (Crossing.ABOVE, Crossing.GROWS)):
            raise InterventionError(
                f"Clipping helps against a {GRAD_NORM} that is too large only. Choose that series and above, or pause."
            )
        limit = self.number_of("limit")
        if limit <= 0 and (then is Reaction.CLIP or when is Crossing.GROWS):
            raise InterventionError(f"Threshold is {limit:g}; give a number above 0.")
        n_steps = int(self.number_of("n_steps"))
        self._rule = AlarmRule(self.number, quantity, self.fqn, when, limit, n_steps, then)
        run.alarms.rules.append(self._rule)
        return f"# {self}"

    def undo(self, run: LiveRun) -> str:
        """Judge no longer."""
        rules = run.alarms.rules
        rules[:] = [rule for rule in rules if rule is not self._rule]
        self._rule = None
        return f"# {self}"

    def __str__(self) -> str:
        of = f" of {self.fqn}" if self.fqn else ""
        when, limit = self.text_of("when"), f"{self.number_of('limit'):g}"
        crossed = {
            Crossing.NOT_FINITE: when,
            Crossing.GROWS: f"is above {limit} times its median of {self.number_of('n_steps'):g} steps",
        }.get(Crossing(when), f"is {when} {limit}")
        return f"Alarm: {self.text_of('then')} when {self.text_of('quantity')}{of} {crossed}"
