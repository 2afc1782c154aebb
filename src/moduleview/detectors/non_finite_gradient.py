"""S14: the first NaN or Inf that training made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from moduleview.detectors.base import Detector
from moduleview.telemetry.quantities import GRAD_NORM, LOSS
from moduleview.telemetry.records import Finding, SeriesKey, Severity, Tier
from moduleview.telemetry.store_view import StoreView

_QUANTITIES = (LOSS, GRAD_NORM)
_N_NAMED = 3  # tensors spelled out in the evidence


@dataclass
class NonFiniteGradient(Detector):
    """The step at which the loss or a gradient first stopped being a number.

    How to read it: from this step on the optimizer writes NaN into the weights and nothing after it means anything.
    Backward runs from the output to the input, so of several gradients that turned non-finite in the same step the one
    nearest the output is where to look first. When the loss is non-finite too, it began in the forward pass.
    """

    name: ClassVar[str] = "Non-finite gradient"
    explanation: ClassVar[str] = "The first step at which the loss or a gradient is NaN or Inf."

    _found: Finding | None = field(default=None, init=False)

    def reset(self) -> None:
        """Forget the finding."""
        self._found = None

    def check(self, store: StoreView, since_step: int) -> Sequence[Finding]:
        """The first non-finite value; it stays for the rest of the run, since a fact does not pass."""
        if self._found is None:
            self._found = self._first(store, since_step)
        return () if self._found is None else (self._found,)

    def _first(self, store: StoreView, since_step: int) -> Finding | None:
        keys = [key for quantity in _QUANTITIES for key in store.keys(quantity)]
        last_step = store.last_step
        if not keys or last_step is None:
            return None
        matrix = store.matrix(keys, last_step - since_step + 1)
        new = matrix.steps >= since_step
        bad = matrix.measured[new] & ~np.isfinite(matrix.values[new])
        rows = np.flatnonzero(bad.any(axis=1))
        if not len(rows):
            return None
        row = int(rows[0])
        bad_keys = [keys[column] for column in np.flatnonzero(bad[row]).tolist()]
        n_gradients = int(matrix.measured[new][row].sum()) - sum(1 for key in keys if key.quantity == LOSS)
        return self._finding(store, int(matrix.steps[new][row]), bad_keys, n_gradients)

    def _finding(self, store: StoreView, step: int, bad: list[SeriesKey], n_gradients: int) -> Finding:
        gradients = _in_model_order(store, [key for key in bad if key.quantity == GRAD_NORM])
        in_loss = next((key for key in bad if key.quantity == LOSS), None)
        start = in_loss or gradients[-1]
        word = _word(store, start, step)
        evidence = [f"loss = {word}" if in_loss else f"norm of the gradient of {start.fqn} = {word}"]
        if gradients:
            evidence.append(f"{len(gradients)} of {max(n_gradients, len(gradients))} gradients, {_named(gradients)}")
        evidence += _hooks_that_saw_it(store, step)
        return Finding(
            id="S14",
            tier=Tier.FACT,
            severity=Severity.ERROR,
            title="Non-finite loss" if in_loss else _gradient_title(word),
            fqn=start.fqn,
            rule="The loss and the norm of every gradient are finite. A norm is NaN when one element is, and Inf when "
            "one element is or when the sum of squares leaves float32.",
            evidence=tuple(evidence),
            advice=_advice(in_loss is not None, step),
            step=step,
            rank=start.rank,
        )


def _in_model_order(store: StoreView, keys: list[SeriesKey]) -> list[SeriesKey]:
    model = store.model
    if model is None:
        return keys
    return sorted(keys, key=lambda key: -1 if (row := model.tensor_row_of(key.fqn)) is None else row)


def _word(store: StoreView, key: SeriesKey, step: int) -> str:
    value = float(store.matrix((key,), 1, end_step=step).values[-1, 0])
    if np.isnan(value):
        return "NaN"
    return "Inf" if value > 0 else "-Inf"


def _gradient_title(word: str) -> str:
    """NaN comes from an element; Inf may come from the sum of squares alone, and a fact says no more than is known."""
    return "Non-finite gradient" if word == "NaN" else "Gradient norm is Inf"


def _named(gradients: list[SeriesKey]) -> str:
    nearest_output = [key.fqn for key in reversed(gradients[-_N_NAMED:])]
    more = len(gradients) - len(nearest_output)
    return ", ".join(nearest_output) + (f" and {more} more" if more else "")


def _hooks_that_saw_it(store: StoreView, step: int) -> list[str]:
    """Where a hook that is ticked counted a non-finite element in that step: narrower than the gradients."""
    for quantity in ("forward_pre.non_finite", "forward.non_finite"):
        keys = store.keys(quantity)
        if not keys:
            continue
        matrix = store.matrix(keys, 1, end_step=step)
        if not len(matrix.steps) or matrix.steps[-1] != step:
            continue
        counts = np.nan_to_num(matrix.values[-1])
        if counts.any():
            first = int(np.flatnonzero(counts)[0])
            return [f"hook on {keys[first].fqn or 'the model'}: {counts[first]:.0f} elements in its {_side(quantity)}"]
    return []


def _side(quantity: str) -> str:
    return "input" if quantity.startswith("forward_pre") else "output"


def _advice(in_loss: bool, step: int) -> str:
    if in_loss:
        return f"Look at the batch of step {step:,} and at log, sqrt and divisions; tick forward hooks to narrow it"
    return f"Lower the learning rate, or clip; look at the batch of step {step:,}"
