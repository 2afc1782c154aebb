"""Values in one short line each: bounded in depth and length, tensors and modules by what they are."""

from __future__ import annotations

import reprlib
from collections.abc import Callable

from torch import Tensor, nn

from moduleview.introspect.error_words import raised_words
from moduleview.introspect.registrations import shape_text

MAXIMUM_LENGTH = 200
_LONGEST_ERROR = 80


class BoundedRepr(reprlib.Repr):
    """As ``reprlib``, with tensors and modules told by what they are. Training thread only.

    A ``repr`` is a user's code: one that raises becomes a sentence. Nothing else of a value is asked.
    """

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = self.maxarray = 6
        self.maxdict = 6
        self.maxstring = self.maxother = 120
        self.maxlong = 40

    def repr1(self, x: object, level: int) -> str:
        """One value, or a part of one."""
        if isinstance(x, Tensor):
            return tensor_words(x)
        if isinstance(x, nn.Module):
            return f"<{type(x).__name__}>"
        return super().repr1(x, level)

    def repr_instance(self, x: object, level: int) -> str:  # noqa: ARG002  reprlib's own signature
        """The ``repr`` of what is of no known type, cut in its middle."""
        try:
            text = repr(x)
        except Exception as error:
            return f"<{type(x).__name__}: its repr raised {raised_words(error, _LONGEST_ERROR)}>"
        half = self.maxother // 2
        return text if len(text) <= self.maxother else f"{text[: half - 2]}...{text[1 - half :]}"


def bounded_repr(value: object) -> str:
    """``value`` in at most about 200 characters."""
    try:
        text = BoundedRepr().repr(value)
    except Exception as error:  # a list whose len() raises, a RecursionError
        return f"<{type(value).__name__}: its repr raised {raised_words(error, _LONGEST_ERROR)}>"
    text = " ".join(text.split())
    return text if len(text) <= MAXIMUM_LENGTH else f"{text[: MAXIMUM_LENGTH - 3]}..."


def tensor_words(tensor: Tensor) -> str:
    """``768 × 256 float32 on cuda:0``: what a tensor is, without one of its values."""
    dtype = _unless_raised(lambda: str(tensor.dtype).removeprefix("torch."))
    device = _unless_raised(lambda: str(tensor.device))
    where = "" if device in ("cpu", "") else f" on {device}"
    return f"{shape_text(tensor)} {dtype}{where}"


def tensor_bytes(tensor: Tensor) -> int:
    """Bytes of a tensor's elements; 0 where it has none yet."""
    try:
        return int(tensor.numel()) * tensor.element_size()
    except Exception:  # a lazy parameter, a subclass that answers nothing
        return 0


def _unless_raised(read: Callable[[], str]) -> str:
    try:
        return read()
    except Exception:
        return ""
