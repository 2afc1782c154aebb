"""A shelf with tensors, and pipelines on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from moduleview.lab.frozen import describe_frozen
from moduleview.lab.pipeline import Pipeline
from moduleview.lab.shelf import Shelf
from moduleview.telemetry.lab_pipelines import PipelineStep, StepOutcome
from moduleview.telemetry.lab_tensors import TensorKind


def step(operation: str, **arguments: str) -> PipelineStep:
    return PipelineStep(operation, arguments)


class Workbench:
    """Tensors ``t1``, ``t2``, ... on a shelf, and a pipeline that begins with the first."""

    def __init__(self, *tensors: torch.Tensor) -> None:
        self.shelf = Shelf()
        self.tensors = tensors
        for tensor in tensors:
            tensor_id = self.shelf.new_id()
            about = describe_frozen(tensor, tensor_id, f"copy {tensor_id}", TensorKind.PARAMETER, origin="")
            self.shelf.put(tensor, about)
        self.pipeline = Pipeline(self.shelf)

    def run(self, *steps: PipelineStep, source: int | None = 1) -> tuple[StepOutcome, ...]:
        outcomes: tuple[StepOutcome, ...] = ()
        for outcomes in self.pipeline.evaluate(source, steps, lambda: False):
            assert len(outcomes) == len(steps)
        return outcomes

    def result(self, outcome: StepOutcome) -> torch.Tensor:
        frozen = self.shelf.get(outcome.parts[0].tensor_id)
        assert frozen is not None
        return frozen.tensor

    def execute(self) -> Any:
        """What the program gives that the person is shown."""
        lab = {f"copy {place}": tensor.clone() for place, tensor in enumerate(self.tensors, start=1)}
        names: dict[str, Any] = {"lab": lab}
        exec(self.pipeline.program(), names)
        return names["x"]


def same(one: Any, other: Any) -> bool:
    """The same value: shape, dtype and elements; NaN equals NaN."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        return bool(np.array_equal(_plain(one), _plain(other), equal_nan=True))
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def _plain(tensor: torch.Tensor) -> Any:
    return (tensor.to(torch.complex128) if tensor.is_complex() else tensor.double()).resolve_conj().numpy()
