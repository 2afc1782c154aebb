"""What an operation of the lab is: its fields, what it computes, and its line in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moduleview.lab.expression import Names
from moduleview.lab.given_argument import GivenArgument, read_argument
from moduleview.telemetry.lab_pipelines import ArgumentKind, ArgumentSpec, OperationSpec

Given = Mapping[str, GivenArgument]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation. The line in Python and what is computed come from the same arguments, in the same order.

    Attributes:
        name: Unique, as torch calls it.
        topic: Under which it is listed.
        summary: One line.
        function: Called with ``x`` (where it needs it), the required arguments by position and those that are optional
            by name.
        python: What stands before the bracket: ``torch.gather``, ``x.expand``; or, with braces, the whole expression:
            ``x{index}``.
        arguments: Its fields.
        needs_input: It takes ``x``.
        absent: What stands in the whole expression for an argument that was left out.
        line: Makes the expression where no pattern does.
        moves: Its result is made of cells of its inputs: ``x`` and the arguments named here. A picture can show it;
            None where it computes.
        settle: What is given after all, where one argument decides whether another one may be there.
        remark: What a person has to know of this result, given the values and the result.
    """

    name: str
    topic: str
    summary: str
    function: Callable[..., Any]
    python: str
    arguments: tuple[ArgumentSpec, ...] = ()
    needs_input: bool = True
    absent: str = "None"
    line: Callable[[Given], str] | None = None
    moves: tuple[str, ...] | None = None
    settle: Callable[[Given], Given] | None = None
    remark: Callable[[Values, Any], str] | None = None

    @property
    def spec(self) -> OperationSpec:
        """What the viewing side is told of it."""
        return OperationSpec(
            self.name, self.topic, self.summary, self.arguments, self.needs_input, has_picture=self.moves is not None
        )

    def read(self, texts: Mapping[str, str]) -> Given:
        """Read what was typed into its fields.

        Raises:
            ExpressionError: One cannot be read.
        """
        given: dict[str, GivenArgument] = {}
        for spec in self.arguments:
            argument = read_argument(spec, texts.get(spec.name, spec.default))
            if argument is not None:
                given[spec.name] = argument
        return given if self.settle is None else self.settle(given)

    def expression(self, given: Given) -> str:
        """The right side of its line: ``torch.gather(x, 1, t7)``."""
        if self.line is not None:
            return self.line(given)
        if "{" in self.python:
            absent = {spec.name: self.absent for spec in self.arguments}
            line = self.python.format_map(absent | {name: argument.python for name, argument in given.items()})
            return line.replace(", dtype=None", "")  # as one would write it
        optional = {spec.name for spec in self.arguments if spec.is_optional}
        parts = ["x"] if self.needs_input and not self.python.startswith("x.") else []
        parts += [f"{name}={arg.python}" if name in optional else arg.python for name, arg in given.items()]
        return f"{self.python}({', '.join(parts)})"

    def values(self, given: Given, names: Names) -> Values:
        """Its arguments' values.

        Raises:
            ExpressionError: A tensor is not there.
            Exception: What torch raises.
        """
        return {name: argument.evaluate(names) for name, argument in given.items()}

    def apply(self, x: Any, values: Values) -> Any:
        """Compute. Never changes ``x``.

        Raises:
            Exception: What torch raises.
        """
        optional = {spec.name for spec in self.arguments if spec.is_optional}
        first = [x] if self.needs_input else []
        by_position = [value for name, value in values.items() if name not in optional]
        by_name = {name: value for name, value in values.items() if name in optional}
        return self.function(*first, *by_position, **by_name)


# -- fields that many have ---------------------------------------------------------------------------------------------


def integer(name: str, default: str = "", hint: str = "", *, optional: bool = False) -> ArgumentSpec:
    """A whole number."""
    return ArgumentSpec(name, ArgumentKind.INTEGER, default, optional, hint=hint)


def dim(default: str = "0", *, optional: bool = False) -> ArgumentSpec:
    """The axis."""
    return integer("dim", default, "an axis: 0 is the first, -1 the last", optional=optional)


def integers(name: str, default: str = "", hint: str = "", *, optional: bool = False) -> ArgumentSpec:
    """Sizes or axes."""
    return ArgumentSpec(name, ArgumentKind.INTEGERS, default, optional, hint=hint)


def number(name: str, default: str = "", hint: str = "", *, optional: bool = False) -> ArgumentSpec:
    """A number."""
    return ArgumentSpec(name, ArgumentKind.NUMBER, default, optional, hint=hint)


def boolean(name: str, default: str = "", *, optional: bool = True) -> ArgumentSpec:
    """True or False."""
    return ArgumentSpec(name, ArgumentKind.BOOLEAN, default, optional, choices=("", "True", "False"))


def choice(name: str, *choices: str) -> ArgumentSpec:
    """One of some words, or what torch takes where none is given."""
    return ArgumentSpec(name, ArgumentKind.CHOICE, "", is_optional=True, choices=choices)


def norm(name: str, default: str = "", hint: str = "") -> ArgumentSpec:
    """Which norm."""
    return ArgumentSpec(name, ArgumentKind.NORM, default, is_optional=True, hint=hint)


def tensor(name: str, hint: str = "", default: str = "", *, optional: bool = False) -> ArgumentSpec:
    """A tensor."""
    return ArgumentSpec(name, ArgumentKind.TENSOR, default, optional, hint=hint or "t1, x, or a list: [0, 2]")


def operand(name: str, default: str = "", *, optional: bool = False) -> ArgumentSpec:
    """A tensor or a number."""
    return ArgumentSpec(name, ArgumentKind.OPERAND, default, optional, hint="a tensor (t1) or a number")


def tensors(name: str = "tensors", default: str = "x, x") -> ArgumentSpec:
    """Several tensors."""
    return ArgumentSpec(name, ArgumentKind.TENSORS, default, hint="x, t1, ...; x alone for what chunk gave")


def dtype(default: str = "", *, optional: bool = True) -> ArgumentSpec:
    """A dtype."""
    return ArgumentSpec("dtype", ArgumentKind.DTYPE, default, optional, hint="float32, int64, bool, ...")
