"""Copies of live tensors that take longer than one visit at the safe point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import torch

from moduleview.engine.live_tensors import find_module, find_tensor
from moduleview.engine.services.base import LiveModel
from moduleview.errors import ModuleViewError
from moduleview.hooks.tensor_capture import TensorCapture
from moduleview.lab.copying import PiecewiseCopy, TornCopyError, plain
from moduleview.lab.free_memory import free_memory, size_words
from moduleview.lab.frozen import describe_frozen
from moduleview.lab.readable import why_not_copied
from moduleview.lab.shelf import Shelf
from moduleview.telemetry.lab_tensors import FrozenTensor, TakeTensor, TensorKind

_N_TRIES = 3  # to copy what somebody changes meanwhile


class TakingError(ModuleViewError):
    """A copy that cannot be made; the sentence says why and what to do."""


def refuse_unreadable(tensor: torch.Tensor, shelf: Shelf) -> None:
    """Refuse what is no block of numbers, or would not fit.

    Raises:
        TakingError: With the reason, or the size.
    """
    if reason := why_not_copied(tensor):
        raise TakingError(reason)
    n_bytes = tensor.numel() * tensor.element_size()
    free, held = free_memory() * 4 // 5, shelf.memory()
    if n_bytes > free:
        raise TakingError(f"It has {size_words(n_bytes)}, and {size_words(free)} of memory can be used now.")
    if held.n_bytes + n_bytes > held.n_bytes_limit:
        raise TakingError(
            f"It has {size_words(n_bytes)}; the lab holds {size_words(held.n_bytes)} of at most "
            f"{size_words(held.n_bytes_limit)}. Drop some copies."
        )


@dataclass(frozen=True)
class Original:
    """What the copy does not show of the tensor that it was made of."""

    device: str
    requires_grad: bool
    remark: str = ""


class CopyInPieces:
    """One copy that goes on from visit to visit. Training thread only.

    Args:
        live: Where the tensor is found, again at each begin.
        asked: Which.

    Raises:
        ModuleViewError: It is not there, or cannot be copied.
    """

    def __init__(self, live: LiveModel, asked: TakeTensor) -> None:
        self.asked = asked
        self._live = live
        self._n_tries = 0
        self._begin()

    def _begin(self) -> None:
        tensor = find_tensor(self._live, self.asked)
        refuse_unreadable(tensor, self._live.shelf)
        self._about = (str(tensor.device), tensor.requires_grad, tensor.stride())
        self._copy = PiecewiseCopy(tensor)
        self._n_tries += 1

    @property
    def n_bytes(self) -> int:
        """Of all of it."""
        return self._copy.n_bytes

    @property
    def n_bytes_done(self) -> int:
        """How far it is."""
        return self._copy.n_bytes_done

    @property
    def is_done(self) -> bool:
        """All is copied."""
        return self._copy.is_done

    def go_on(self, n_bytes: int) -> None:
        """Copy about so many bytes more; from the beginning where somebody changed the tensor.

        Raises:
            ModuleViewError: It is gone, or it is changed again and again.
        """
        try:
            self._copy.go_on(n_bytes)
        except TornCopyError:
            if self._n_tries == _N_TRIES:
                raise TakingError("It is changed while it is copied, again and again. Pause the run first.") from None
            self._begin()

    def frozen(self) -> tuple[torch.Tensor, FrozenTensor]:
        """The copy, and what is said of it."""
        device, requires_grad, strides = self._about
        remark = "" if strides == self._copy.copy.stride() else f"The original's strides are {strides}."
        return self._copy.copy, describe_taken(
            self._copy.copy,
            self.asked,
            self._live.shelf.new_id(),
            self._live.n_steps,
            Original(device, requires_grad, remark),
        )


class CaptureInStep:
    """One output, or its gradient, taken in the next step that is made. Training thread only.

    The copy is made where the tensor is. To the host it goes after the step. It lives only in the step, and may be
    written over in it, so that it cannot be copied in pieces: what would hold the step for as long again is refused.

    Args:
        live: The model.
        asked: Which.
        n_bytes_now: How much may be copied at the moment when it is found.

    Raises:
        ModuleViewError: There is no such module.
    """

    def __init__(self, live: LiveModel, asked: TakeTensor, n_bytes_now: Callable[[], int]) -> None:
        self.asked = asked
        self._live = live
        self._n_bytes_now = n_bytes_now
        self._taken: torch.Tensor | None = None
        self._capture = TensorCapture(
            find_module(live, asked.fqn),
            asked.part,
            asked.call,
            wants_gradient=asked.kind is TensorKind.OUTPUT_GRADIENT,
            take=self._take,
        )

    def put_on(self) -> None:
        """A step begins."""
        self._taken = None
        self._capture.put_on()

    def take_off(self) -> None:
        """It is over, or failed."""
        self._capture.take_off()

    def frozen(self) -> tuple[torch.Tensor, FrozenTensor]:
        """The copy, and what is said of it.

        Raises:
            TakingError: The step had none.
        """
        if self._taken is None:
            raise TakingError(self._capture.missing or self._why_not_called())
        copy = self._taken.cpu()
        about = describe_taken(
            copy,
            self.asked,
            self._live.shelf.new_id(),
            self._live.n_steps,
            Original(str(self._taken.device), self._requires_grad),
        )
        self._taken = None
        return copy, about

    def _take(self, tensor: torch.Tensor) -> None:
        refuse_unreadable(tensor, self._live.shelf)
        n_bytes = tensor.numel() * tensor.element_size()
        if n_bytes > self._n_bytes_now():
            raise TakingError(
                f"It has {size_words(n_bytes)}, more than can be copied in the time of one step, and it is there only "
                "in the step. Take it with a smaller batch, or what you need of it in a hook of your own."
            )
        self._requires_grad = tensor.requires_grad
        with torch.no_grad():
            self._taken = plain(tensor).clone()

    def _why_not_called(self) -> str:
        n = self._capture.n_calls
        where = self.asked.fqn or "The model"
        if n:
            return f"{where} was called {n} times in the step, and call {self.asked.call + 1} was asked for."
        return (
            f"{where} was not called in the step: it is not used, is called as a function, or is compiled "
            "(“Run uncompiled” makes its hooks fire)."
        )


def describe_taken(
    copy: torch.Tensor, asked: TakeTensor, tensor_id: int, step: int, original: Original
) -> FrozenTensor:
    """What is said of a copy from the run."""
    plain_name = asked.fqn or ("model" if asked.kind not in (TensorKind.INPUT, TensorKind.TARGET) else "batch")
    short = {
        TensorKind.GRADIENT: ".grad",
        TensorKind.ACTIVATION: " output",
        TensorKind.OUTPUT_GRADIENT: " output gradient",
        TensorKind.INPUT: " input",
        TensorKind.TARGET: " target",
    }
    call = f" call {asked.call + 1}" if asked.call else ""
    name = f"{plain_name}{short.get(asked.kind, '')}{asked.part}{call}@{step}"
    about = describe_frozen(copy, tensor_id, name, asked.kind, origin=_origin(asked, step))
    return msgspec.structs.replace(
        about,
        fqn=asked.fqn,
        part=asked.part,
        step=step,
        device=original.device,
        requires_grad=original.requires_grad,
        remark=original.remark,
    )


def _origin(asked: TakeTensor, step: int) -> str:
    match asked.kind:
        case TensorKind.PARAMETER:
            return f"model.get_parameter({asked.fqn!r}).detach().clone()"
        case TensorKind.BUFFER:
            return f"model.get_buffer({asked.fqn!r}).detach().clone()"
        case TensorKind.GRADIENT:
            return f"model.get_parameter({asked.fqn!r}).grad.detach().clone()"
        case _:
            return f"# {asked.kind} of {asked.fqn or 'the model'} in step {step - 1}"
