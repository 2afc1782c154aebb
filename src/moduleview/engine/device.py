"""Which devices there are, and moving a model there with everything that belongs to it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import torch
from torch import nn

from moduleview.engine.tensor_tree import move_tensors
from moduleview.errors import DeviceError


def available_devices() -> tuple[str, ...]:
    """Names of the devices that this machine has, the CPU first."""
    names = ["cpu"]
    if torch.cuda.is_available():
        names.extend(f"cuda:{index}" for index in range(torch.cuda.device_count()))
    if torch.backends.mps.is_available():
        names.append("mps")
    return tuple(names)


def checked_device(name: str) -> torch.device:
    """The device called ``name``; "cuda" is the first one.

    Raises:
        DeviceError: This machine does not have it.
    """
    full_name = "cuda:0" if name == "cuda" else name
    devices = available_devices()
    if full_name not in devices:
        raise DeviceError(f"There is no device {name!r} here; choose one of: {', '.join(devices)}.")
    return torch.device(full_name)


def devices_of(model: nn.Module) -> tuple[torch.device, ...]:
    """The devices that hold the model's parameters and buffers, each once, in the order they are met."""
    found: dict[torch.device, None] = {}
    for module in model.modules():  # never through getattr: reading a parametrised weight recomputes it
        for tensor in (*module._parameters.values(), *module._buffers.values()):
            if tensor is not None:
                found[tensor.device] = None
    return tuple(found)


def batch_device(model: nn.Module) -> torch.device | None:
    """Where batches go: the model's device, or None where it lies on several and only its author knows."""
    devices = devices_of(model)
    return devices[0] if len(devices) == 1 and devices[0].type != "meta" else None


def release_cached_memory() -> None:
    """Give back what torch keeps for later on every device, so that it is there for whoever needs it next."""
    with suppress(RuntimeError):  # a device that failed (an assert in a kernel) answers nothing but that from then on
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if torch.backends.mps.is_available():
            torch.mps.empty_cache()


def move_training(
    model: nn.Module, optimizer: torch.optim.Optimizer | None, loss: object, device: torch.device
) -> None:
    """Move model, optimizer state and a loss that is a module to ``device``, in place. Training thread only.

    Parameters keep their identity, so the optimizer still holds them; where torch has to make new ones
    (``torch.__future__.set_swap_module_params_on_conversion`` and its like), the optimizer is given the new ones.

    Raises:
        DeviceError: They do not fit there; everything is back where it was.
    """
    home = batch_device(model)
    try:
        _move(model, optimizer, loss, device)
    except (RuntimeError, NotImplementedError) as error:
        if home is not None:
            _move(model, optimizer, loss, home)
        reason = str(error).split("\n", 1)[0].replace("; ", ", ").rstrip(".")
        raise DeviceError(
            f"The model cannot be moved to {device} ({reason}); choose another, it stays where it was."
        ) from None


def _move(model: nn.Module, optimizer: torch.optim.Optimizer | None, loss: object, device: torch.device) -> None:
    before = dict(model.named_parameters(remove_duplicate=False))
    model.to(device)
    if isinstance(loss, nn.Module):
        loss.to(device)
    if optimizer is None:
        return
    after = dict(model.named_parameters(remove_duplicate=False))
    new_of = {id(old): after[fqn] for fqn, old in before.items() if after[fqn] is not old}
    if new_of:
        _replace_parameters(optimizer, new_of)
    for group in optimizer.param_groups:
        for param in group["params"]:
            if param in optimizer.state:
                _move_state(optimizer.state[param], group, param.device)


def _replace_parameters(optimizer: torch.optim.Optimizer, new_of: dict[int, nn.Parameter]) -> None:
    for group in optimizer.param_groups:
        replaced = [(param, new_of.get(id(param), param)) for param in group["params"]]
        group["params"] = [new for _, new in replaced]
        for old, new in replaced:
            if new is not old and old in optimizer.state:
                optimizer.state[new] = optimizer.state.pop(old)


def _move_state(state: dict[str, Any], group: dict[str, Any], device: torch.device) -> None:
    """Move one parameter's state; the step count stays on the CPU unless the optimizer runs on the device itself.

    The same rule as ``Optimizer._process_value_according_to_param_policy`` in torch 2.13.
    """
    counts_on_device = bool(group.get("capturable") or group.get("fused"))
    for name, value in state.items():
        if name == "step" and not counts_on_device:
            continue
        state[name] = move_tensors(value, device)
