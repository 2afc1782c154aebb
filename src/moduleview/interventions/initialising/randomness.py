"""Random numbers of our own, so that a run draws the same ones as if nobody had looked."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

_NUMPY_SEEDS = 2**32
_LARGEST_SEED = 2**63 - 1


class OwnRandomness:
    """One generator a device for torch's initialisers, and a state of all global ones for code that draws from those.

    Args:
        seed: Of all of them. Two objects of the same seed, used in the same way, give the same numbers.
    """

    def __init__(self, seed: int) -> None:
        self._seed = min(max(seed, 0), _LARGEST_SEED)
        self._generators: dict[torch.device, torch.Generator] = {}
        self._state: _State | None = None

    def generator(self, device: torch.device) -> torch.Generator:
        """That of a device, seeded when it is asked for first."""
        if device not in self._generators:
            self._generators[device] = torch.Generator(device).manual_seed(self._seed)
        return self._generators[device]

    @contextmanager
    def in_place_of_global(self) -> Iterator[None]:
        """Inside, torch, ``random`` and NumPy draw from here; afterwards they go on where they were."""
        theirs = _State()
        if self._state is None:
            seed_all(self._seed)
        else:
            self._state.restore()
        try:
            yield
        finally:
            self._state = _State()
            theirs.restore()


def seed_all(seed: int) -> None:
    """Seed torch on all devices, ``random`` and NumPy."""
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % _NUMPY_SEEDS)


class _State:
    """What the global generators are about to give."""

    def __init__(self) -> None:
        self._torch = torch.get_rng_state()
        self._cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
        self._python = random.getstate()
        self._numpy = np.random.get_state()

    def restore(self) -> None:
        """Go on from there."""
        torch.set_rng_state(self._torch)
        if self._cuda:
            torch.cuda.set_rng_state_all(self._cuda)
        random.setstate(self._python)
        np.random.set_state(self._numpy)
