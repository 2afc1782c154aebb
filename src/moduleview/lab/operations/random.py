"""Random tensors, each from a generator of its own with a seed: the run's own random numbers are left alone."""

from __future__ import annotations

from typing import Any

import torch

from moduleview.lab.operations.base import Given, Operation, Values, dtype, integer, integers, operand

_TOPIC = "Random"
_SEED = integer("seed", "0", "of a generator of its own")
_SIZE = integers("size", "2, 3", "2, 3")
_GENERATOR = "generator=torch.Generator().manual_seed({seed})"


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _rand(size: Any, seed: int, dtype: torch.dtype | None = None) -> torch.Tensor:
    return torch.rand(size, generator=_generator(seed), dtype=dtype)


def _randn(size: Any, seed: int, dtype: torch.dtype | None = None) -> torch.Tensor:
    return torch.randn(size, generator=_generator(seed), dtype=dtype)


def _randint(low: int, high: int, size: Any, seed: int, dtype: torch.dtype | None = None) -> torch.Tensor:
    return torch.randint(low, high, size, generator=_generator(seed), dtype=dtype)


def _normal(mean: Any, std: Any, seed: int, size: Any = None) -> torch.Tensor:
    if size is None:
        return torch.normal(mean, std, generator=_generator(seed))
    return torch.normal(mean, std, size, generator=_generator(seed))


def _without_size(given: Given) -> Given:
    """A mean or standard deviation for each element says how many there are, and torch takes no size beside it."""
    if given["mean"].is_tensor or given["std"].is_tensor:
        return {name: argument for name, argument in given.items() if name != "size"}
    return given


def _normal_line(given: Given) -> str:
    size = f", {given['size'].python}" if "size" in given else ""
    generator = _GENERATOR.format(seed=given["seed"].python)
    return f"torch.normal({given['mean'].python}, {given['std'].python}{size}, {generator})"


def _its_own(values: Values, _: Any) -> str:
    return (
        f"Drawn with a generator of its own, seed {values['seed']}: the same again each time, and torch's global "
        "random numbers, which the run uses, are left alone."
    )


OPERATIONS = (
    Operation("rand", _TOPIC, "Evenly from 0 to below 1.", _rand,
              f"torch.rand({{size}}, {_GENERATOR}, dtype={{dtype}})", (_SIZE, _SEED, dtype()), needs_input=False,
              remark=_its_own),
    Operation("randn", _TOPIC, "Normal, of mean 0 and standard deviation 1.", _randn,
              f"torch.randn({{size}}, {_GENERATOR}, dtype={{dtype}})", (_SIZE, _SEED, dtype()), needs_input=False,
              remark=_its_own),
    Operation("randint", _TOPIC, "Whole numbers from low to below high.", _randint,
              f"torch.randint({{low}}, {{high}}, {{size}}, {_GENERATOR}, dtype={{dtype}})",
              (integer("low", "0"), integer("high", "10"), _SIZE, _SEED, dtype()), needs_input=False, remark=_its_own),
    Operation("normal", _TOPIC, "Normal, of a mean and a standard deviation for all or one for each element.", _normal,
              "torch.normal",
              (operand("mean", "0.0"), operand("std", "1.0"), _SEED,
               integers("size", "2, 3", "counts where mean and std are numbers; a tensor has its own", optional=True)),
              needs_input=False, line=_normal_line, settle=_without_size, remark=_its_own),
)  # fmt: skip
