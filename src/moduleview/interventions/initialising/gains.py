"""The gain that ``torch.nn.init.calculate_gain`` gives for the activation that follows a module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from torch import nn

from moduleview.introspect.module_attributes import attributes_of
from moduleview.telemetry.initialising_messages import Suggestion

KNOWN = frozenset({"relu", "leaky_relu", "tanh", "sigmoid", "selu"})
STAND_INS: Mapping[str, tuple[str, float | None]] = MappingProxyType(
    {
        **dict.fromkeys(("relu6", "gelu", "silu", "mish", "elu", "celu", "hardswish", "softplus"), ("relu", None)),
        **dict.fromkeys(("hardtanh", "softsign"), ("tanh", None)),
        **dict.fromkeys(("hardsigmoid", "logsigmoid", "glu"), ("sigmoid", None)),
        "prelu": ("leaky_relu", 0.25),
        "rrelu": ("leaky_relu", (1 / 8 + 1 / 3) / 2),
    }
)
"""Activations that torch has no gain for, and that of a similar shape: half of the line, or a bounded S."""
ACTIVATIONS = KNOWN | STAND_INS.keys()

_NAMES: Mapping[str, str] = MappingProxyType(
    {name.replace("_", ""): name for name in ACTIVATIONS}  # ReLU6, LeakyReLU, Hardtanh, LogSigmoid, ...
)
_PARTS = (("gelu", "gelu"), ("silu", "silu"), ("swish", "silu"))  # NewGELUActivation: computed by hand, with a tanh
_PASSED_BY = ("norm", "dropout", "pool", "flatten", "identity", "unflatten", "upsample")


def suggestion_for(activation: str, slope: float | None, seen: str) -> Suggestion:
    """What goes with an activation.

    Args:
        activation: One of ``ACTIVATIONS``, or "" for none.
        slope: Of a leaky ReLU.
        seen: Where it was seen, as the end of a sentence.
    """
    if not activation:
        return Suggestion("", "linear", None, float(nn.init.calculate_gain("linear")), f"no activation follows, {seen}")
    if activation in KNOWN:
        parameter = slope if activation == "leaky_relu" else None
        gain = nn.init.calculate_gain(activation, parameter)  # type: ignore[arg-type]
        return Suggestion(activation, activation, parameter, float(gain), f"{activation} follows, {seen}")
    other, parameter = STAND_INS[activation]
    gain = nn.init.calculate_gain(other, parameter)  # type: ignore[arg-type]
    why = f"{activation} follows, {seen}; torch has no gain for it, {other} stands in"
    return Suggestion(activation, other, parameter, float(gain), why)


def activation_of(module: nn.Module) -> tuple[str, float | None]:
    """Name of the activation that a module is, and its slope; "" for none."""
    kind = type(module).__name__.lower()
    name = _NAMES.get(kind, "")
    if not name and not attributes_of(module).get("_modules") and not attributes_of(module).get("_parameters"):
        name = next((found for part, found in _PARTS if part in kind), "")
    slope = getattr(module, "negative_slope", None) if name == "leaky_relu" else None
    return name, slope


def suggestions_by_registration(model: nn.Module) -> dict[str, Suggestion]:
    """For modules with weights inside a Sequential: what is registered after them, as it is called there in order."""
    found = {}
    for fqn, parent in model.named_modules():
        if not isinstance(parent, nn.Sequential):
            continue
        children = [(name, child) for name, child in attributes_of(parent)["_modules"].items() if child is not None]
        for place, (name, child) in enumerate(children, 1):
            after = _first_that_matters(children[at][1] for at in range(place, len(children)))
            if has_weights(child) and after is not None:
                seen = "as the next in the Sequential"
                found[f"{fqn}.{name}" if fqn else name] = suggestion_for(*activation_of(after), seen)
    return found


def has_weights(module: nn.Module) -> bool:
    """It has a parameter of two dimensions or more of its own, or one that a parametrization computes."""
    behind = (attributes_of(module).get("_modules") or {}).get("parametrizations")
    own = attributes_of(module).get("_parameters") or {}
    parameters = [*own.values(), *([] if behind is None else behind.parameters())]
    return any(isinstance(one, nn.Parameter) and not nn.parameter.is_lazy(one) and one.ndim >= 2 for one in parameters)


def _first_that_matters(modules: Iterable[nn.Module]) -> nn.Module | None:
    """The first that is an activation or has weights; None where another kind comes first, or none."""
    for module in modules:
        if activation_of(module)[0] or has_weights(module):
            return module
        if not any(word in type(module).__name__.lower() for word in _PASSED_BY):
            return None
    return None
