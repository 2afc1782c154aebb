"""What an operation will take, found on the meta device: how many bytes it makes, and about how long it computes.

Nothing in torch can be interrupted, so what would be too large or never end is refused before it begins.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode, _pop_mode, _push_mode
from torch.utils.flop_counter import flop_registry

from moduleview.errors import ModuleViewError
from moduleview.lab.free_memory import free_memory, size_words

MAX_RESULT_BYTES = 2 * 2**30
_MAX_ELEMENTS = 4_000_000_000  # read and written; about 10 s on one core
_MAX_PRODUCTS = 400_000_000_000  # multiplications of float32; about 10 s on one core
_MAX_SLOW_PRODUCTS = 4_000_000_000  # of dtypes that no library multiplies: naive loops
_MAX_SIDE = 2_700  # of a square matrix whose singular values take 3 to 10 s
_MAX_PARTS = 10_000  # tensors of one result: each is an object of Python, which the window waits for
_FAST = (torch.float32, torch.float64, torch.complex64, torch.complex128)
_SLICE = "Take a slice before it, or sum in the same step with einsum."
_DECOMPOSITIONS = {
    "linalg_svd": 1.0,
    "linalg_eig": 1.0,
    "linalg_pinv": 1.0,
    "linalg_qr": 0.2,
    "linalg_inv": 0.2,
    "linalg_lu": 0.1,
    "linalg_det": 0.1,
    "linalg_solve": 0.1,
}
"""How long each takes, measured in singular value decompositions of the same matrix."""


class TooMuchError(ModuleViewError):
    """An operation that would take too much memory or time; it was not begun."""


class _Tally(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up what each of torch's own operations makes and computes, on meta tensors; in this thread only.

    As torch enters a mode (2.13) it also sets flags of the whole process: a compiled step that is made meanwhile in the
    trainer's thread would run uncompiled, or compile anew. The stack of modes itself is each thread's own.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.n_bytes = self.n_elements = 0
        self.n_products = self.n_slow_products = 0
        self.n_decomposed = 0.0
        self._n_calls = 0

    def __enter__(self) -> _Tally:
        _push_mode(self)
        return self

    def __exit__(self, *_: object) -> None:
        _pop_mode()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._refuse_many(func, args)
        read = _tensors((args, kwargs))
        self.n_bytes += _bytes_that_values_decide(func, args)
        result = func(*args, **(kwargs or {}))
        if not func.is_view:
            made = _tensors(result)
            self.n_bytes += sum(t.numel() * t.element_size() for t in made if not any(t is other for other in read))
            self.n_elements += sum(t.numel() for t in (*read, *made))
        count = flop_registry.get(func.overloadpacket)
        if count is not None:
            n = count(*args, **(kwargs or {}), out_val=result) // 2
            if read[0].dtype in _FAST:
                self.n_products += n
            else:
                self.n_slow_products += n
        weight = max((w for word, w in _DECOMPOSITIONS.items() if word in func.overloadpacket.__name__), default=0.0)
        if weight:
            self.n_decomposed += weight * decomposition_cost(tuple(read[0].shape))
        return result

    def _refuse_many(self, func: Any, args: Any) -> None:
        """Before it is computed: on the meta device too each part of a result takes its time."""
        self._n_calls += 1  # tensor_split is one call a part
        n = self._n_calls
        if func.overloadpacket is torch.ops.aten.split:
            x, size, dim = (*args, 0)[:3]
            n = math.ceil(x.shape[dim] / max(1, size)) if x.dim() else 0
        if n > _MAX_PARTS:
            raise TooMuchError(f"This would make {n:,} tensors or more; {_MAX_PARTS:,} is the lab's limit.")


def _bytes_that_values_decide(func: Any, args: Any) -> int:
    """What a selection by a mask makes at most, with the places that torch notes meanwhile; 0 for what is no such."""
    if func.overloadpacket is torch.ops.aten.masked_select:
        shape: torch.Size = torch.broadcast_shapes(args[0].shape, args[1].shape)  # type: ignore[no-untyped-call]
        return shape.numel() * (16 + int(args[0].element_size()))
    if func.overloadpacket is not torch.ops.aten.index:
        return 0
    masks = [mask for mask in args[1] if mask is not None and mask.dtype in (torch.bool, torch.uint8)]
    n = sum(8 * mask.numel() * mask.dim() for mask in masks)
    return int(n + args[0].numel() * args[0].element_size()) if masks else 0


def decomposition_cost(shape: tuple[int, ...]) -> int:
    """Rows x columns x the smaller of both, of all matrices in a tensor of this shape."""
    return math.prod(shape) * min(shape[-2:]) if len(shape) >= 2 else 0


def refuse_decomposition(cost: float) -> None:
    """Refuse what would take too long.

    Raises:
        TooMuchError: With what to do.
    """
    if cost > _MAX_SIDE**3:
        side = round(cost ** (1 / 3))
        raise TooMuchError(
            f"This would take as long as the singular values of {side:,} × {side:,} numbers; those of {_MAX_SIDE:,} × "
            f"{_MAX_SIDE:,}, some seconds, are the lab's limit. Take a slice first, such as [:2000, :2000]."
        )


def refuse_size(n_bytes: int, advice: str = _SLICE) -> None:
    """Refuse what would not fit.

    Args:
        n_bytes: Of all that would be made.
        advice: What to do instead.

    Raises:
        TooMuchError: With the size.
    """
    limit = min(MAX_RESULT_BYTES, free_memory() // 2)
    if n_bytes > limit:
        raise TooMuchError(
            f"This would make {size_words(n_bytes)} of tensors; {size_words(limit)} is the lab's limit now. {advice}"
        )


def refuse_too_much(compute: Callable[[], Any]) -> None:
    """Run ``compute`` on meta tensors and refuse what would take too much.

    Args:
        compute: The operation on meta tensors. What cannot be known without values (a boolean selection) is not larger
            than what goes in; what raises here raises there too, with torch's own message.

    Raises:
        TooMuchError: With the size, or the reason.
    """
    tally = _Tally()
    try:
        with tally:
            compute()
    except TooMuchError:
        raise
    except Exception:
        pass
    refuse_size(tally.n_bytes)
    if tally.n_elements > _MAX_ELEMENTS:
        raise TooMuchError(
            f"This would go through {tally.n_elements:,} elements; {_MAX_ELEMENTS:,} is the lab's limit. "
            "Take a slice first."
        )
    if tally.n_products > _MAX_PRODUCTS or tally.n_slow_products > _MAX_SLOW_PRODUCTS:
        raise TooMuchError(
            f"This would take {tally.n_products + tally.n_slow_products:.1e} multiplications, a minute or more. "
            "Take a slice first; float32 is the fastest dtype."
        )
    refuse_decomposition(tally.n_decomposed)


def on_meta(value: Any) -> Any:
    """The same without values: a tensor of the same shape, strides and dtype on the meta device."""
    if isinstance(value, torch.Tensor):
        return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device="meta")
    if isinstance(value, list | tuple):
        parts = [on_meta(part) for part in value]
        return parts if isinstance(value, list) else tuple(parts)
    return value


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [tensor for part in value for tensor in _tensors(part)]
    return []
