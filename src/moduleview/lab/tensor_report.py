"""A tensor at the safe point, in numbers: what the window shows when a person asks for one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from moduleview.hooks.sampling import flat_elements, sample_elements
from moduleview.introspect.lookup import module_at
from moduleview.lab.magnitude_histogram import magnitude_histogram
from moduleview.lab.tensor_statistics import tensor_statistics
from moduleview.telemetry.records import TensorReport
from moduleview.telemetry.tensor_numbers import MagnitudeHistogram, TensorStatistics

MAX_ELEMENTS = 4_194_304  # above, a sample of that many: the training thread waits for the report


_NOT_READABLE: tuple[tuple[Callable[[torch.Tensor], bool], str], ...] = (
    (is_lazy, "It is lazy: it gets its shape and values with the first input."),
    (lambda t: t.is_meta, "It is on the meta device, which keeps shapes and no values."),
    (
        lambda t: hasattr(t, "to_local"),
        "It is sharded over several ranks; reading it whole would need all of them.",
    ),
    (lambda t: t.is_quantized, "It is quantised."),
    (lambda t: t.is_nested or t.layout is not torch.strided, "It is sparse or nested, not one block of numbers."),
    (lambda t: t.is_complex(), "It is complex."),
    (lambda t: t.numel() == 0, "It has no elements."),
)


def report_tensor(model: nn.Module, fqn: str, step: int) -> TensorReport:
    """Statistics and magnitudes of a parameter or buffer, and of its gradient. Training thread only; never raises.

    Only the module's own tables are read: an attribute of a parametrized module computes. May wait for the device. Of a
    tensor of more than 4 million elements a sample is looked at, and norm and non-finite count are scaled up.

    Args:
        model: The live model.
        fqn: Name of a parameter or buffer in it.
        step: Steps done so far.
    """
    tensor = _find(model, fqn)
    if tensor is None:
        return _without_values(fqn, step, "", "There is no parameter or buffer of that name now.")
    if reason := _why_not_readable(tensor):
        return _without_values(fqn, step, str(tensor.device), reason)
    try:
        value, value_histogram = _look_at(tensor)
    except RuntimeError as error:
        return _without_values(fqn, step, str(tensor.device), f"torch could not read it: {error}")
    gradient, gradient_histogram, gradient_missing = _look_at_gradient(tensor, step)
    return TensorReport(
        fqn=fqn,
        step=step,
        device=str(tensor.device),
        value=value,
        gradient=gradient,
        value_histogram=value_histogram,
        gradient_histogram=gradient_histogram,
        gradient_missing=gradient_missing,
    )


def _find(model: nn.Module, fqn: str) -> torch.Tensor | None:
    owner, _, name = fqn.rpartition(".")
    module = module_at(model, owner)
    if module is None:
        return None
    for table in (module._parameters, module._buffers):
        found = dict(table.items()).get(name)
        if isinstance(found, torch.Tensor):
            return found
    return None


def _why_not_readable(tensor: torch.Tensor) -> str:
    """A sentence where a tensor has no values to be read here, else ""."""
    return next((sentence for applies, sentence in _NOT_READABLE if applies(tensor)), "")


def _look_at(tensor: torch.Tensor) -> tuple[TensorStatistics, MagnitudeHistogram]:
    with torch.no_grad():
        flat = flat_elements(tensor.detach())
        if flat.numel() > MAX_ELEMENTS:
            flat = sample_elements(flat, MAX_ELEMENTS)
        elements = flat.cpu().contiguous()
        if not elements.is_floating_point() or elements.dtype.itemsize == 1:
            elements = elements.float()
        return tensor_statistics(elements, tensor.numel() / elements.numel()), magnitude_histogram(elements)


def _look_at_gradient(
    tensor: torch.Tensor, step: int
) -> tuple[TensorStatistics | None, MagnitudeHistogram | None, str]:
    if not isinstance(tensor, nn.Parameter):
        return None, None, "A buffer has no gradient."
    if not tensor.requires_grad:
        return None, None, "It is frozen: requires_grad is False."
    gradient = tensor.grad
    if gradient is None:
        reason = "none was computed, or it was set to None after use" if step else "no step has been made"
        return None, None, f"It has no gradient now: {reason}."
    if reason := _why_not_readable(gradient):
        return None, None, f"Its gradient cannot be shown. {reason}"
    try:
        return *_look_at(gradient), ""
    except RuntimeError as error:
        return None, None, f"torch could not read its gradient: {error}"


def _without_values(fqn: str, step: int, device: str, reason: str) -> TensorReport:
    return TensorReport(fqn, step, device, None, None, None, None, not_available=reason)
