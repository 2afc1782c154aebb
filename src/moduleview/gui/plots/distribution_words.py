"""What the distribution says in words: of what it is, how much was looked at, and why there is nothing."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject

from moduleview.gui.look import number_format
from moduleview.gui.plots.distribution_facts import Facts
from moduleview.gui.plots.dtype_ranges import DTYPE_RANGES
from moduleview.gui.plots.magnitude_shares import SPECIAL, ShareHistory, median_decade
from moduleview.gui.plots.missing_gradient import MissingGradient
from moduleview.gui.plots.special_bins import percent
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.quantities import GRAD_MAGNITUDES

_ROLES = ("text", "text", "error", "error")


class DistributionWords(QObject):
    """Words only; a QObject for ``tr``. Each pair is a title and a sentence."""

    def nothing_selected(self) -> tuple[str, str]:
        """Before anything is selected."""
        return self.tr("Nothing selected"), self.tr("Select a module or a parameter to see how its elements spread.")

    def no_parameter(self) -> tuple[str, str]:
        """What is selected is not learned."""
        return self.tr("No distribution here"), self.tr("What is selected has no parameter.")

    def nothing_measured(
        self, quantity: str, dtypes: tuple[str, ...], missing: MissingGradient, *, has_steps: bool
    ) -> tuple[str, str]:
        """There are parameters, and no histogram of any.

        Args:
            quantity: ``grad_magnitudes`` or ``weight_magnitudes``.
            dtypes: Of each parameter.
            missing: What would keep a gradient away.
            has_steps: Training ran.
        """
        is_gradient = quantity == GRAD_MAGNITUDES
        if is_gradient and missing is MissingGradient.FROZEN:
            return self.tr("No gradient here"), self.tr("What is selected is frozen: it gets no gradient.")
        if not has_steps:
            return self.tr("No step yet"), self.tr("How the elements spread is drawn once training runs.")
        if all(dtype.startswith("complex") for dtype in dtypes):
            line = self.tr("What is selected holds complex numbers; only real ones are counted here.")
        elif not is_gradient:
            line = self.tr("The weights were not looked at yet.")
        elif missing is MissingGradient.NOT_EXECUTED:
            line = self.tr("What is selected was not executed, and no gradient reached it.")
        else:
            line = self.tr("No gradient of what is selected was seen yet.")
        return self.tr("Not measured here"), line

    def nothing_before(self, first_step: int) -> tuple[str, str]:
        """The crosshair is left of the first histogram."""
        line = self.tr("The first distribution was measured at step {0}.")
        return self.tr("Not measured at this step"), line.format(number_format.exact_count(first_step))

    def facts(self, name: str, dtypes: tuple[str, ...], history: ShareHistory, rows: tuple[int, int | None]) -> Facts:
        """What stands beside the distribution.

        Args:
            name: What was selected.
            dtypes: Of each tensor in it.
            history: Their shares.
            rows: The row of the bars, and that of the outline.
        """
        now, earlier = rows
        shares = history.shares[now]
        half = median_decade(shares)
        lines = [(self._special(n), percent(float(shares[at])), _ROLES[n]) for n, at in enumerate(SPECIAL)]
        lines = [
            (word, text, role if shares[SPECIAL[n]] > 0 else "muted") for n, (word, text, role) in enumerate(lines)
        ]
        middle = number_format.NO_VALUE if half is None else number_format.gradient(10.0**half)
        return Facts(
            name=displayable(name) or self.tr("whole model"),
            kind=self._kinds(dtypes, int(history.n_tensors[now])),
            step=int(history.steps[now]),
            earlier=None if earlier is None else int(history.steps[earlier]),
            rows=((self.tr("half lie below"), middle, "text"), *self._range(dtypes), *lines),
            note=self._sample(int(history.n_sampled[now]), int(history.n_elements[now])),
        )

    def _range(self, dtypes: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
        """From which magnitude on the type keeps all its digits."""
        dtype = common_dtype(dtypes)
        if not dtype:
            return ()
        smallest = math.ldexp(1.0, DTYPE_RANGES[dtype].normal)
        return ((self.tr("normal from"), number_format.gradient(smallest), "muted"),)

    def _kinds(self, dtypes: tuple[str, ...], n_measured: int) -> tuple[str, ...]:
        """Of how many parameters, and their types; frozen ones, say, have no gradient to be in it."""
        kinds, n_all = ", ".join(dict.fromkeys(dtypes)), number_format.exact_count(len(dtypes))
        if len(dtypes) == 1:
            return (kinds,)
        if n_measured < len(dtypes):
            return self.tr("{0} of {1} parameters").format(number_format.exact_count(n_measured), n_all), kinds
        return self.tr("{0} parameters").format(n_all), kinds

    def _special(self, number: int) -> str:
        return (self.tr("zero"), self.tr("subnormal"), self.tr("Inf"), self.tr("NaN"))[number]

    def _sample(self, n_sampled: int, n_elements: int) -> tuple[str, ...]:
        if n_elements == 1:
            return (self.tr("its only element"),)
        if n_sampled >= n_elements:
            return (self.tr("all {0} elements").format(number_format.exact_count(n_elements)),)
        return (
            self.tr("a sample of {0}").format(number_format.exact_count(n_sampled)),
            self.tr("of {0} elements").format(number_format.exact_count(n_elements)),
        )


def common_dtype(dtypes: tuple[str, ...]) -> str:
    """The type that all tensors have, "" where they differ or where its range is not known."""
    only = dtypes[0] if len(set(dtypes)) == 1 else ""
    return only if only in DTYPE_RANGES else ""
