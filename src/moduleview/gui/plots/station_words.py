"""What the lane of stations says in words: names, scopes, factors, and why a value is missing."""

from __future__ import annotations

import math
from itertools import pairwise

from PySide6.QtCore import QObject

from moduleview.gui.look import number_format
from moduleview.gui.models.quantity_words import QuantityWords
from moduleview.gui.plots.missing_gradient import MissingGradient
from moduleview.gui.plots.station_reading import Absence, Lane, Station, factor
from moduleview.telemetry.costs import CostsMeasured
from moduleview.telemetry.quantities import (
    ACCUMULATED_GRAD_NORM,
    GRAD_NORM,
    MICRO_GRAD_NORM,
    REDUCED_GRAD_NORM,
    UNSCALED_GRAD_NORM,
    UPDATE_RATIO,
    Scope,
)

_SAME_SCALE = 2e-3  # relative: half precision rounds


class StationWords(QObject):
    """Words only; a QObject for ``tr``."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._quantities = QuantityWords(self)

    def name(self, quantity: str) -> str:
        """Of a station."""
        return {
            MICRO_GRAD_NORM: self.tr("micro-batch"),
            ACCUMULATED_GRAD_NORM: self.tr("accumulated"),
            REDUCED_GRAD_NORM: self.tr("over ranks"),
            UNSCALED_GRAD_NORM: self.tr("unscaled"),
            GRAD_NORM: self.tr("as used"),
            UPDATE_RATIO: self.tr("update / weight"),
        }[quantity]

    def scope(self, station: Station, lane: Lane) -> str:
        """Both lines of ``scope_lines`` in one."""
        return " · ".join(line for line in self.scope_lines(station, lane) if line)

    def scope_lines(self, station: Station, lane: Lane) -> tuple[str, str]:
        """Below the value: over what it was taken, or why there is none; and what else belongs to it, mostly ""."""
        if station.absence is not None:
            return self.absence(station.absence), ""
        scope = {Scope.GLOBAL: self.tr("global"), Scope.LOCAL: self.tr("local"), Scope.SHARD: self.tr("shard")}[
            station.traits.scope
        ]
        if station.traits.is_sampled:
            scope = self.tr("{0} · est.").format(scope)  # in full it is cut at 1280 pixels; the tip says it whole
        more = ""
        if station.quantity == MICRO_GRAD_NORM and station.passes:
            more = self.tr("first of {0}").format(len(station.passes))
        if station.quantity == UPDATE_RATIO and lane.update is not None:
            more = self.tr("update {0}").format(number_format.gradient(lane.update))
        return scope, more

    def absence(self, absence: Absence) -> str:
        """Why there is no value, in as few words as stand below one."""
        return {
            Absence.NEVER: self.tr("not measured"),
            Absence.THIS_STEP: self.tr("not in this step"),
            Absence.SKIPPED: self.tr("step skipped"),
        }[absence]

    def change(self, before: Station, after: Station, lane: Lane) -> tuple[str, str]:
        """Between two neighbours: the factor, and where it comes from; empty where nothing changed."""
        if after.quantity == UPDATE_RATIO:
            rate = lane.learning_rate
            return "", "" if rate is None else self.tr("lr {0}").format(number_format.gradient(rate))
        if after.quantity == ACCUMULATED_GRAD_NORM and before.passes:
            return "", self.tr("{0} passes").format(len(before.passes))
        found = factor(before, after)
        if found is None:
            return "", ""
        scale = lane.loss_scale
        if after.quantity == UNSCALED_GRAD_NORM and scale and math.isclose(found * scale, 1.0, rel_tol=_SAME_SCALE):
            return f"÷ {scale_text(scale)}", self.tr("loss scale")
        return f"× {number_format.plain(found, 3)}", self._cause(after.quantity, found)

    def _cause(self, quantity: str, found: float) -> str:
        if quantity == REDUCED_GRAD_NORM:
            return self.tr("averaged")
        if quantity == GRAD_NORM:
            return self.tr("clipped") if found < 1 else self.tr("changed")
        return self.tr("added up") if quantity == ACCUMULATED_GRAD_NORM else self.tr("changed")

    def tip(self, station: Station, lane: Lane, costs: CostsMeasured | None) -> str:
        """All that is known of a station."""
        lines = [self._quantities.tip(station.quantity)]
        if station.value is not None:
            lines.append(self.tr("Value: {0}").format(number_format.gradient(station.value, 4)))
        if station.absence is not None:
            lines.append(self.reason(station, lane, costs))
        if station.passes:
            values = ", ".join(number_format.gradient(value) for value in station.passes)
            lines.append(self.tr("By pass: {0}").format(values))
        scopes = {
            Scope.GLOBAL: self.tr("Global: the same on every rank."),
            Scope.LOCAL: self.tr("Local: of this rank alone; other ranks have other values."),
            Scope.SHARD: self.tr("Shard: of the part that this rank holds."),
        }
        if station.absence is None:
            lines.append(scopes[station.traits.scope])
        if station.traits.is_sampled:
            lines.append(self.tr("Estimated from a part of the elements."))
        return "\n".join(lines)

    def reason(self, station: Station, lane: Lane, costs: CostsMeasured | None) -> str:
        """Why a value is missing, in a sentence."""
        if station.absence is Absence.SKIPPED:
            return lane.skipped.reason if lane.skipped is not None else self.tr("The optimizer did not step.")
        every = self.every(costs)
        if station.absence is Absence.THIS_STEP and every > 1:
            text = self.tr("Not measured in this step: one in {0} is followed, to keep to the budget.")
            return text.format(number_format.exact_count(every))
        if station.absence is Absence.THIS_STEP:
            return self.tr("Not measured in this step.")
        return self.tr("Not measured in this run: nothing has passed this station yet, or it is switched off.")

    def every(self, costs: CostsMeasured | None) -> int:
        """The way is followed in one of so many steps."""
        names = (UNSCALED_GRAD_NORM, GRAD_NORM)
        found = [entry.every for entry in (() if costs is None else costs.entries) if entry.name in names]
        return max(found, default=1)

    def notes(self, n_parameters: int, costs: CostsMeasured | None, *, is_unchanged: bool) -> str:
        """What stands beside the curves."""
        lines = []
        if n_parameters > 1:
            n = number_format.exact_count(n_parameters)
            lines.append(self.tr("{0} parameters together: root of the sum of squares.").format(n))
        every = self.every(costs)
        if every > 1:
            n = number_format.exact_count(every)
            lines.append(self.tr("One step in {0} is followed, to keep to the budget.").format(n))
        if is_unchanged:
            lines.append(self.tr("Nothing changes the gradient on its way: its curves lie on each other."))
        return "\n\n".join(lines)

    def summary(self, lane: Lane) -> str:
        """For who cannot see the lane."""
        return ", ".join(f"{self.name(s.quantity)} {number_format.gradient(s.value)}" for s in lane.stations)

    def nothing_selected(self) -> tuple[str, str]:
        """Before anything is selected."""
        return self.tr("Nothing selected"), self.tr("Select a module or a parameter to follow its gradient.")

    def nothing_here(self, missing: MissingGradient, every: int) -> tuple[str, str]:
        """Why what is selected has no lane; ``every``: one in so many steps is followed."""
        title = self.tr("No gradient here")
        if missing is MissingGradient.NO_STEP:
            return self.tr("No step yet"), self.tr("The way of the gradient is drawn once training runs.")
        if missing is MissingGradient.NOT_FOLLOWED and every > 1:
            text = self.tr("No step was followed up to here: one in {0} is, to keep to the budget.")
            return self.tr("Not measured here"), text.format(number_format.exact_count(every))
        return title, {
            MissingGradient.NO_PARAMETER: self.tr("What is selected has no parameter."),
            MissingGradient.FROZEN: self.tr(
                "What is selected is frozen: it gets no gradient, and the optimizer leaves it alone."
            ),
            MissingGradient.NOT_EXECUTED: self.tr("What is selected was not executed, and no gradient reached it."),
            MissingGradient.NONE_CAME: self.tr(
                "No gradient was found here in the steps followed so far, though other parameters had one: the loss "
                "does not use it, it was detached, or its numbers cannot be read."
            ),
        }.get(
            missing,
            self.tr("What is selected got no gradient up to this step, or its steps are no longer kept."),
        )


def is_unchanged(lane: Lane) -> bool:
    """The gradient has the same norm at every station."""
    values = [station.value for station in lane.stations[:-1]]
    if len(values) < len(lane.stations) - 1 or any(value is None for value in values):
        return False
    return all(factor(a, b) is None for a, b in pairwise(lane.stations[:-1])) and not any(
        station.passes for station in lane.stations
    )


def scale_text(scale: float) -> str:
    """``65,536``: a loss scale is a power of two, and is written out where it is whole."""
    is_whole = math.isfinite(scale) and scale == round(scale)
    return number_format.exact_count(round(scale)) if is_whole else number_format.plain(scale)
