"""What ``moduleview.watch`` may be given, and the sentence for what it may not."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from torch import nn
from torch.optim.optimizer import Optimizer

from moduleview import probes as probes_package
from moduleview.probes.base import Probe
from moduleview.registry import discover
from moduleview.telemetry.hooks import HOOK_STATISTICS, PARAMETER_KINDS, HookKind
from moduleview.telemetry.quantities import (
    GRAD_MAX,
    GRAD_MEAN,
    GRAD_NON_FINITE,
    GRAD_NORM,
    GRAD_STD,
    LEARNING_RATE,
    LOSS,
    LOSS_SCALE,
    MEMORY,
    OVERHEAD,
    STATION_NORMS,
    UPDATE_NORM,
    UPDATE_RATIO,
    WEIGHT_NORM,
)

_BY_DEFAULT = frozenset(
    {
        *(LOSS, LEARNING_RATE, LOSS_SCALE, MEMORY),
        *(GRAD_NORM, GRAD_MEAN, GRAD_STD, GRAD_MAX, GRAD_NON_FINITE),
        *STATION_NORMS,
        *(WEIGHT_NORM, UPDATE_RATIO),
    }
)
_MEASURED_WITH = {UPDATE_NORM: UPDATE_RATIO}


def known_quantities() -> frozenset[str]:
    """All quantities that there is a probe for."""
    return frozenset(probe.quantity for probe in discover(probes_package, Probe)) | _MEASURED_WITH.keys()


def chosen_quantities(quantities: Iterable[str] | None) -> frozenset[str]:
    """The quantities to measure; those of light gradient tracking where none are named.

    Raises:
        ValueError: One is not known.
    """
    if quantities is None:
        return _BY_DEFAULT
    chosen = frozenset((quantities,) if isinstance(quantities, str) else quantities)
    unknown = sorted(chosen - known_quantities())
    if unknown:
        raise ValueError(f"There is no quantity {unknown[0]!r}; there are {', '.join(sorted(known_quantities()))}.")
    return frozenset(_MEASURED_WITH.get(quantity, quantity) for quantity in chosen)


def check_arguments(model: object, optimizer: object, every: object, budget: object, memory_mb: object) -> None:
    """Raise what ``watch`` promises to raise."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"moduleview.watch() takes an nn.Module first, not an object of type {type(model).__name__}.")
    if optimizer is not None and not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"moduleview.watch() takes a torch.optim.Optimizer second, not {type(optimizer).__name__}; "
            "leave it out, and any optimizer that holds the model's parameters is found."
        )
    if isinstance(optimizer, Optimizer) and not _holds_some_of(optimizer, model):
        raise ValueError(
            "The optimizer holds no parameter of the model: was the model wrapped, converted or copied after it was "
            "made? Make the optimizer over the parameters of the model that trains."
        )
    if not isinstance(every, int) or isinstance(every, bool) or every < 1:
        raise ValueError(f"every must be a whole number of steps, 1 or more, not {every!r}.")
    if budget is not None and not (isinstance(budget, int | float) and 0.0 < budget <= 1.0):
        raise ValueError(f"budget is a share of the step's time, above 0 and at most 1, not {budget!r}.")
    if not isinstance(memory_mb, int) or memory_mb < 1:
        raise ValueError(f"memory_mb is a whole number of MiB, 1 or more, not {memory_mb!r}.")


def _holds_some_of(optimizer: Optimizer, model: nn.Module) -> bool:
    """The optimizer's groups and the model share a parameter."""
    ours = set(map(id, model.parameters()))
    return any(id(parameter) in ours for group in optimizer.param_groups for parameter in group["params"])


def check_quantity(quantity: str) -> None:
    """Raise where nothing could ever be measured under that name.

    Raises:
        ValueError: It is neither a probe's nor a hook's.
    """
    kind, _, statistic = quantity.partition(".")
    is_hooks = kind in list(HookKind) and statistic in HOOK_STATISTICS
    if not is_hooks and quantity not in known_quantities() | {OVERHEAD}:
        names = ", ".join(sorted(known_quantities()))
        raise ValueError(
            f"There is no quantity {quantity!r}; there are {names}, and of hooks forward.mean and its like."
        )


def check_places(kind: HookKind, fqns: Iterable[str], modules: Collection[str], parameters: Collection[str]) -> None:
    """Raise where a hook of this kind has no place of that name to sit on.

    Raises:
        KeyError: There is none; the sentence says what the kind sits on.
    """
    is_on_parameters = kind in PARAMETER_KINDS
    what, places = ("parameter", parameters) if is_on_parameters else ("module", modules)
    for fqn in fqns:
        if fqn not in places:
            raise KeyError(
                f"The model has no {what} {fqn!r}; a {kind} hook sits on {what}s, as named_{what}s() calls them."
            )


def checked_kind(kind: str) -> HookKind:
    """The kind of hook by its name.

    Raises:
        ValueError: There is none of that name.
    """
    try:
        return HookKind(kind)
    except ValueError:
        raise ValueError(f"There is no hook kind {kind!r}; there are {', '.join(HookKind)}.") from None
