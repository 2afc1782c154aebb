"""A pipeline of operations on frozen copies: evaluated step by step, what did not change only once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from moduleview.lab.catalogue import CATALOGUE
from moduleview.lab.einsum_labels import draw_einsum
from moduleview.lab.estimate import on_meta, refuse_size, refuse_too_much
from moduleview.lab.expression import ExpressionError
from moduleview.lab.operations.base import Given, Operation, Values
from moduleview.lab.results import Part, parts_of, result_part, value_text
from moduleview.lab.shelf import Shelf
from moduleview.telemetry.lab_pipelines import PipelineStep, StepOutcome, StepState

_MESSAGE_LENGTH = 2000


@dataclass(frozen=True, eq=False)
class Done:
    """A step that was evaluated: its outcome, what it gave, and the copies that its line speaks of."""

    outcome: StepOutcome
    value: Any
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ReadStep:
    """A step whose fields were read."""

    operation: Operation
    given: Given

    @property
    def line(self) -> str:
        """In Python."""
        return f"x = {self.operation.expression(self.given)}"

    @property
    def names(self) -> tuple[str, ...]:
        """The tensors that it speaks of."""
        return tuple(dict.fromkeys(name for argument in self.given.values() for name in argument.names))


def read_step(step: PipelineStep) -> ReadStep:
    """Read what was typed.

    Raises:
        ExpressionError: There is no such operation, or a field cannot be read.
    """
    operation = CATALOGUE.get(step.operation)
    if operation is None:
        raise ExpressionError(f"The lab has no operation “{step.operation[:60]}”. Choose one of the list.")
    return ReadStep(operation, operation.read(step.arguments))


class Pipeline:
    """Evaluates pipelines and remembers the last one. One thread.

    Args:
        shelf: Where its tensors come from, and its results go.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._source: int | None = None
        self._steps: tuple[PipelineStep, ...] = ()
        self._done: list[Done] = []

    def evaluate(
        self, source: int | None, steps: Sequence[PipelineStep], is_cancelled: Callable[[], bool]
    ) -> Iterator[tuple[StepOutcome, ...]]:
        """Evaluate step by step; yields all outcomes after each step that was computed.

        Args:
            source: Id of the copy that is ``x`` at first; None for none.
            steps: What to do.
            is_cancelled: Asked between two steps.
        """
        self._forget_after(self._n_same(source, steps))
        self._source, self._steps = source, tuple(steps)
        x = self._start() if not self._done else self._done[-1].value
        failed = any(done.outcome.state is StepState.FAILED for done in self._done)
        for step in steps[len(self._done) :]:
            if failed or is_cancelled():
                break
            done = self._make(step, x)
            self._done.append(done)
            x, failed = done.value, done.outcome.state is StepState.FAILED
            yield self._outcomes()
        yield self._outcomes()

    def input_of(self, step: int) -> Any:
        """What goes into a step of the pipeline that was evaluated last; None where nothing does."""
        if step == 0:
            return self._start()
        return self._done[step - 1].value if step <= len(self._done) else None

    def program(self) -> str:
        """The pipeline in Python, as far as its steps can be read."""
        needed = [f"t{self._source}"] if self._source is not None else []
        lines = []
        for done in self._done:
            needed += [name for name in done.names if name != "x"]
            lines.append(done.outcome.python or f"# {done.outcome.error.splitlines()[0]}")
        copies = {f"t{about.tensor_id}": about for about in self._shelf.copies()}
        head = ["import numpy as np", "import torch", "from math import inf, nan, pi", ""]
        head += [f"{n} = lab[{copies[n].name!r}]" for n in dict.fromkeys(needed) if n in copies]
        if self._source is not None:
            head.append(f"x = t{self._source}")
        return "\n".join((*head, *lines)) + "\n"

    def forget(self) -> None:
        """Let the results go."""
        self._forget_after(0)

    def _outcomes(self) -> tuple[StepOutcome, ...]:
        n_left = len(self._steps) - len(self._done)
        return tuple(done.outcome for done in self._done) + (StepOutcome(StepState.NOT_REACHED),) * n_left

    def _n_same(self, source: int | None, steps: Sequence[PipelineStep]) -> int:
        """How many steps are as they were last time, and came to an end."""
        if source != self._source:
            return 0
        n = 0
        for done, before, now in zip(self._done, self._steps, steps, strict=False):
            if before != now or done.outcome.state is not StepState.DONE:
                break
            n += 1
        return n

    def _forget_after(self, n: int) -> None:
        gone, self._done = self._done[n:], self._done[:n]
        self._shelf.drop_results(part.tensor_id for done in gone for part in done.outcome.parts)

    def _start(self) -> Any:
        frozen = None if self._source is None else self._shelf.get(self._source)
        return None if frozen is None else frozen.tensor

    def _make(self, step: PipelineStep, x: Any) -> Done:
        line = ""
        names: tuple[str, ...] = ()
        began_s = time.perf_counter()
        try:
            read = read_step(step)
            line, names = read.line, read.names
            value, values = self.compute(read, x)
            outcome = self._describe(read, values, x, value, time.perf_counter() - began_s)
        except Exception as error:
            message = f"{error}"[:_MESSAGE_LENGTH] or type(error).__name__
            return Done(StepOutcome(StepState.FAILED, line, message), None, names)
        return Done(outcome, value, names)

    def compute(self, read: ReadStep, x: Any) -> tuple[Any, Values]:
        """What a step gives, and its arguments' values.

        Raises:
            ExpressionError: A tensor is not there.
            TooMuchError: It would take too much memory or time.
            Exception: What torch raises.
        """
        operation, given = read.operation, read.given
        names = self._names(read, x)
        if operation.needs_input and x is None:
            raise ExpressionError("There is nothing to work on: choose a tensor, or begin with one of “Create”.")
        meta, meta_x = {name: on_meta(tensor) for name, tensor in names.items()}, on_meta(x)
        if operation.needs_input or read.names:
            refuse_too_much(lambda: operation.apply(meta_x, on_meta_values(operation.values(given, meta))))
        values = operation.values(given, names)
        if not operation.needs_input:
            refuse_creation(values)
        return operation.apply(x, values), values

    def _names(self, read: ReadStep, x: Any) -> dict[str, Any]:
        names: dict[str, Any] = dict(self._shelf.tensors())
        if x is not None:
            names["x"] = x
        return {name: names[name] for name in read.names if name in names}

    def _describe(self, read: ReadStep, values: Values, x: Any, value: Any, duration_s: float) -> StepOutcome:
        operation = read.operation
        parts: list[Part] = parts_of(value)
        taken = x if operation.needs_input or "x" in read.names else None
        return StepOutcome(
            StepState.DONE,
            read.line,
            parts=tuple(result_part(part, self._shelf.put_result(part.tensor), taken) for part in parts),
            value="" if parts else value_text(value),
            remark=operation.remark(values, value) if operation.remark is not None else "",
            einsum=draw_einsum(read, values, x) if operation.name == "einsum" else None,
            duration_s=duration_s,
        )


def on_meta_values(values: Values) -> Values:
    """Arguments without values: literals become tensors only here."""
    return {name: on_meta(value) for name, value in values.items()}


def refuse_creation(values: Values) -> None:
    """Refuse a size that would not fit: nothing goes in that could be looked at on the meta device.

    Raises:
        TooMuchError: With the size.
    """
    size = values.get("size")
    n = 0.0
    if isinstance(size, tuple) and all(isinstance(length, int) for length in size):
        n = 1.0
        for length in size:
            n *= max(0, length)
    if isinstance(values.get("n"), int):
        n = float(values["n"]) * values.get("m", values["n"])
    if all(isinstance(values.get(name), int | float) for name in ("start", "end", "step")) and values["step"]:
        n = (values["end"] - values["start"]) / values["step"]
    if n > 0:
        refuse_size(int(min(n * _dtype_made(values).itemsize, 1e30)), "Ask for fewer elements.")


def _dtype_made(values: Values) -> torch.dtype:
    """As torch chooses it: what is asked for, or what the numbers are; of none of both its default."""
    dtype = values.get("dtype")
    if isinstance(dtype, torch.dtype):
        return dtype
    numbers = [values[name] for name in ("fill_value", "low", "high", "start", "end", "step") if name in values]
    if not all(isinstance(number, bool | int | float | complex) for number in numbers):
        return torch.float64
    return torch.tensor(sum(numbers)).dtype if numbers else torch.get_default_dtype()
