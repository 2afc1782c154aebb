"""Gives one parameter its new values: by one of torch's initialisers, on the parameter or on a copy of it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from moduleview.interventions.initialising.catalogue import call_of, initialiser_called
from moduleview.interventions.initialising.function import words_of
from moduleview.interventions.initialising.plan import Target, behind_computed
from moduleview.interventions.initialising.randomness import OwnRandomness
from moduleview.telemetry.initialising_messages import Choice, Initialiser, Suggestion
from moduleview.telemetry.number_words import shape_words

MOST_WORK = 4e11
"""Floating-point operations of the one initialiser that is not linear in the elements: 10 s and more on a few cores."""


class CannotFill(Exception):  # noqa: N818  said at a row, not raised to a person
    """The parameter keeps its values; the sentence says why."""


class Filler:
    """One initialiser of torch's, with its arguments.

    Args:
        choice: What a person chose.
        randomness: Where the numbers are drawn.
        suggestions: By FQN of modules; used where the choice says so.
    """

    def __init__(self, choice: Choice, randomness: OwnRandomness, suggestions: Mapping[str, Suggestion]) -> None:
        found = initialiser_called(choice.initialiser)
        assert found is not None, choice.initialiser
        self.initialiser: Initialiser = found
        self._choice, self._randomness, self._suggestions = choice, randomness, suggestions
        self._call = call_of(choice.initialiser)

    def arguments_for(self, module_fqn: str) -> dict[str, Any]:
        """As they are given to torch, without the generator."""
        known = {argument.name for argument in self.initialiser.arguments}
        given = {name: value for name, value in self._choice.arguments if name in known}
        suggestion = self._suggestions.get(module_fqn)
        if self._choice.takes_gain_from_activation and suggestion is not None:
            if "gain" in known:
                given["gain"] = suggestion.gain
            elif "nonlinearity" in known:
                given["nonlinearity"] = suggestion.nonlinearity
                given["a"] = suggestion.parameter or 0.0
        return given

    def fill(self, tensor: torch.Tensor, module_fqn: str) -> str:
        """Write new values into a tensor.

        Returns:
            What torch warned of, "" for nothing.

        Raises:
            CannotFill: Nothing was written.
        """
        reason = why_not_fillable(tensor)
        if not reason and self._choice.initialiser == "orthogonal_":
            reason = _why_too_much(tensor)
        if reason:
            raise CannotFill(reason)
        arguments = self.arguments_for(module_fqn)
        if self.initialiser.is_random:
            arguments["generator"] = self._randomness.generator(tensor.device)
        with self._randomness.in_place_of_global(), warnings.catch_warnings(record=True) as warned, torch.no_grad():
            warnings.simplefilter("always")
            try:
                self._call(tensor, **arguments)
            except Exception as error:
                raise CannotFill(_explained(tensor, error)) from None
        return " ".join(str(warning.message).splitlines()[0] for warning in warned)


def fill_target(filler: Filler, target: Target, parameter: nn.Parameter, outer: nn.Module | None) -> str:
    """Fill a parameter; where a parametrization computes a tensor of it, that tensor, by the way back.

    Args:
        filler: The initialiser.
        target: Of the plan.
        parameter: The target's own, or its copy.
        outer: The module whose tensor is computed, or its copy; None without a parametrization.

    Returns:
        What there is to say of it, "" for nothing.

    Raises:
        CannotFill: It keeps its values.
    """
    if target.computes is None or outer is None:
        return filler.fill(parameter, target.fqn.rpartition(".")[0])
    name = target.computes[2]
    if not has_way_back(outer, name):
        note = filler.fill(parameter, target.computes[0])
        return f"{note} {name} is computed of it; the parametrization has no right_inverse".strip()
    _, behind = behind_computed(outer, name)
    if parameter is not behind[0]:
        return f"set together with the others behind {name}"
    values = torch.empty(computed_shape(behind), dtype=parameter.dtype, device=parameter.device)
    note = filler.fill(values, target.computes[0])
    try:
        with torch.no_grad():
            setattr(outer, name, values)
    except Exception as error:
        raise CannotFill(f"The parametrization does not take it: {words_of(error)}") from None
    return f"{note} set as {name}, by the parametrization's right_inverse".strip()


def has_way_back(outer: nn.Module, name: str) -> bool:
    """All parametrizations of the tensor have a right_inverse."""
    return all(hasattr(one, "right_inverse") for one in behind_computed(outer, name)[0])


def why_not_fillable(tensor: torch.Tensor) -> str:
    """A sentence where a tensor takes no values here, else ""."""
    checks = (
        (is_lazy(tensor), "It is lazy: it gets its shape with the first input. Make one step first."),
        (not is_lazy(tensor) and tensor.is_meta, "It is on the meta device, which keeps no values."),
        (hasattr(tensor, "to_local"), "It is sharded over several ranks."),
        (tensor.is_quantized, "It is quantised: its values are whole numbers with a scale."),
        (not is_lazy(tensor) and tensor.layout is not torch.strided, "It is sparse, not one block of numbers."),
        (not (tensor.is_floating_point() or tensor.is_complex()), f"Its type is {_dtype(tensor)}, not a floating one."),
    )
    reason = next((sentence for applies, sentence in checks if applies), "")
    return reason or ("It has no elements." if tensor.numel() == 0 else "")


def _why_too_much(tensor: torch.Tensor) -> str:
    if tensor.ndim < 2:
        return ""  # torch says it
    rows = tensor.shape[0]
    columns = tensor.numel() // max(rows, 1)
    work = 4.0 * max(rows, columns) * min(rows, columns) ** 2
    if work <= MOST_WORK:
        return ""
    return f"An orthogonal matrix of {rows:,} × {columns:,} is too much work: it would hold the run for over 10 s."


def _explained(tensor: torch.Tensor, error: Exception) -> str:
    kind = "" if tensor.dtype is torch.float32 else f" in {_dtype(tensor)}"  # which may be the reason
    return f"cannot take shape {shape_words(tuple(tensor.shape))}{kind}. torch: {words_of(error)}"


def _dtype(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def computed_shape(behind: Sequence[nn.Parameter]) -> torch.Size:
    """Shape of the tensor that is computed: that of the largest behind it, as with ``weight_norm``.

    The tensor itself is not asked for: with ``spectral_norm`` a look at it changes a buffer.
    """
    return max((one.shape for one in behind), key=torch.Size.numel)
