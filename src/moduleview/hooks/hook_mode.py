"""What a person's hook may leave behind in its thread: looked at around each call, since it costs next to nothing."""

from __future__ import annotations

import torch


class HookMode:
    """Grad mode, default dtype and autocast as they are when this is made; 1 µs."""

    __slots__ = ("_autocast", "_dtype", "_grad")

    def __init__(self) -> None:
        self._grad = torch.is_grad_enabled()
        self._dtype = torch.get_default_dtype()
        self._autocast = torch.is_autocast_enabled("cpu"), torch.is_autocast_enabled("cuda")

    def put_back(self) -> str:
        """Make it so again; what was another, in a few words, "" for nothing."""
        words = []
        if torch.is_grad_enabled() is not self._grad:
            words.append("grad mode")
            torch.set_grad_enabled(self._grad)
        if torch.get_default_dtype() is not self._dtype:
            words.append("the default dtype")
            torch.set_default_dtype(self._dtype)
        for kind, was_on in zip(("cpu", "cuda"), self._autocast, strict=True):
            if torch.is_autocast_enabled(kind) is not was_on:
                words.append(f"autocast on {kind}")
                torch.set_autocast_enabled(kind, was_on)
        return ", ".join(words)
