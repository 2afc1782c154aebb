"""One tensor as it was: its values, whether it is trained, and its gradient."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import torch
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy

_WHOLE_NUMBERS = MappingProxyType({1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64})
Place = tuple[dict[str, Any], str]
"""A module's table, and a name in it."""


class OldTensor:
    """Training thread only.

    Args:
        tensor: Whose values are copied, where there are any to copy.
        places: Where it stands.
        keeps_gradient: Copy the values of its gradient too.

    Attributes:
        tensor: Itself.
        has_other_values: It has other values now, or stands somewhere no longer.
    """

    def __init__(self, tensor: torch.Tensor, places: list[Place], *, keeps_gradient: bool) -> None:
        self.tensor = tensor
        self.has_other_values = False
        self._places, self._kind = places, type(tensor)
        self._values = _copy_of(tensor)
        self._requires_grad, self._requires_grad_after = tensor.requires_grad, not tensor.requires_grad
        self._gradient = gradient_of(tensor)
        self._gradient_values = _copy_of(self._gradient) if keeps_gradient and self._gradient is not None else None
        self._keeps_gradient = keeps_gradient
        self._gradient_after: object = None  # a mark of it, once it is known that it was changed
        self._is_noted = False

    def note_change(self) -> None:
        """From here on only what is another one now is put back: let go of the rest."""
        tensor, self._is_noted = self.tensor, True
        stands = all(table.get(name) is tensor for table, name in self._places)
        if stands and self._values is not None and same_bits(tensor, self._values):
            self._values = None
        self.has_other_values = self._values is not None or not stands
        self._requires_grad_after = tensor.requires_grad
        self._keeps_gradient = self._has_other_gradient()
        if not self._keeps_gradient:
            self._gradient = self._gradient_values = None
        self._gradient_after = _mark(gradient_of(tensor))

    @property
    def is_changed(self) -> bool:
        """There is something to put back."""
        has_other_mode = self._requires_grad_after != self._requires_grad
        return self.has_other_values or has_other_mode or self._keeps_gradient or type(self.tensor) is not self._kind

    @property
    def mode_words(self) -> str:
        """Whether it is trained, where that is another now."""
        if self._requires_grad == self._requires_grad_after:
            return ""
        return f"requires_grad {self._requires_grad} → {self._requires_grad_after}"

    @property
    def n_bytes(self) -> int:
        """That the copies take."""
        copies = (self._values, self._gradient_values)
        return sum(one.numel() * one.element_size() for one in copies if one is not None)

    def put_back(self) -> None:
        """Bring back what was there before."""
        tensor = self.tensor
        if type(tensor) is not self._kind and self._kind in (UninitializedParameter, UninitializedBuffer):
            tensor.data = torch.empty(0, dtype=tensor.dtype, device=tensor.device)  # as torch makes a lazy one
            tensor.__class__ = self._kind
        if self._values is not None and not same_bits(tensor, self._values):  # else autograd would see a change
            write(tensor, self._values)
        if tensor.requires_grad != self._requires_grad and (
            not self._is_noted or tensor.requires_grad == self._requires_grad_after
        ):
            tensor.requires_grad_(self._requires_grad)
        if self._keeps_gradient and (not self._is_noted or _mark(gradient_of(tensor)) == self._gradient_after):
            self._put_gradient_back()

    def take_over(self, earlier: OldTensor) -> None:
        """What both have changed this one puts back as it was before both; the other lets go of it."""
        if self._values is not None and earlier._values is not None:
            self._values, earlier._values = earlier._values, None
        if self._requires_grad != self._requires_grad_after and earlier._requires_grad != earlier._requires_grad_after:
            self._requires_grad = earlier._requires_grad
            earlier._requires_grad = earlier._requires_grad_after

    # -- inside ----------------------------------------------------------------------------------------------------

    def _has_other_gradient(self) -> bool:
        if not self._keeps_gradient:
            return False
        gradient, values = gradient_of(self.tensor), self._gradient_values
        if gradient is None or gradient is not self._gradient:
            return gradient is not self._gradient
        return values is not None and not same_bits(gradient, values)

    def _put_gradient_back(self) -> None:
        values = self._gradient_values
        if self._gradient is not None and values is not None and not same_bits(self._gradient, values):
            write(self._gradient, values)
        if gradient_of(self.tensor) is not self._gradient:
            self.tensor.grad = self._gradient


def gradient_of(tensor: torch.Tensor) -> torch.Tensor | None:
    """Without torch's warning at tensors that can have none."""
    return tensor.grad if not is_lazy(tensor) and tensor.is_leaf else None


def has_values(tensor: torch.Tensor) -> bool:
    """In one block that can be copied."""
    return not is_lazy(tensor) and not tensor.is_meta and tensor.layout is torch.strided


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Equal to the bit, NaN included."""
    if (one.shape, one.dtype, one.device) != (other.shape, other.dtype, other.device):
        return False
    if one.layout is not torch.strided or one.is_quantized:
        return one is other
    if not (one.is_floating_point() or one.is_complex()):
        return torch.equal(one, other)
    whole = _WHOLE_NUMBERS[min(one.element_size(), 8)]  # five times as fast as by bytes
    bits, others = (tensor.detach().reshape(-1).view(whole) for tensor in (one, other))
    return torch.equal(bits, others)


def write(tensor: torch.Tensor, values: torch.Tensor) -> None:
    """Give a tensor these values; where it has become another kind of tensor, the kind too."""
    if (tensor.shape, tensor.dtype, tensor.device) == (values.shape, values.dtype, values.device):
        tensor.copy_(values)
    else:
        tensor.data = values.clone()


def _copy_of(tensor: torch.Tensor) -> torch.Tensor | None:
    return tensor.detach().clone() if has_values(tensor) else None


def _mark(gradient: torch.Tensor | None) -> object:
    """Another one for another gradient, and for one that was written to since."""
    if gradient is None:
        return None
    return id(gradient), -1 if gradient.is_inference() else gradient._version
