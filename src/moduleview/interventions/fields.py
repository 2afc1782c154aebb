"""The arguments of a change: checked before anything is done, with a sentence where one does not fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from moduleview.interventions.base import InterventionError
from moduleview.telemetry.changes_messages import Argument, ChangeField, FieldKind


def number(name: str, title: str, default: float, tip: str, **more: object) -> ChangeField:
    """A field for a number; ``more`` are other attributes of ``ChangeField``."""
    return ChangeField(name, title, FieldKind.NUMBER, default, tip=tip, **more)  # type: ignore[arg-type]


def integer(name: str, title: str, default: int, tip: str, **more: object) -> ChangeField:
    """A field for a whole number."""
    return ChangeField(name, title, FieldKind.INTEGER, default, tip=tip, **more)  # type: ignore[arg-type]


def choice(name: str, title: str, choices: Sequence[str], tip: str, default: str = "") -> ChangeField:
    """A field for one of several words, the first by default."""
    first = default or (choices[0] if choices else "")
    return ChangeField(name, title, FieldKind.CHOICE, first, choices=tuple(choices), tip=tip)


def switch(name: str, title: str, default: bool, tip: str) -> ChangeField:
    """A field for yes or no."""
    return ChangeField(name, title, FieldKind.SWITCH, default, tip=tip)


def checked(fields: Sequence[ChangeField], arguments: Mapping[str, Argument]) -> dict[str, Argument]:
    """The value of each field.

    Args:
        fields: That there are.
        arguments: By name; the default holds for one that is not there.

    Raises:
        InterventionError: One does not fit, or there is no such field.
    """
    names = [field.name for field in fields]
    for name in arguments:
        if name not in names:
            raise InterventionError(f"There is no argument {name!r} here; there are {', '.join(names) or 'none'}.")
    return {field.name: _checked(field, arguments.get(field.name, field.default)) for field in fields}


def _checked(field: ChangeField, value: Argument) -> Argument:
    match field.kind:
        case FieldKind.NUMBER | FieldKind.INTEGER:
            return _checked_number(field, value)
        case FieldKind.SWITCH:
            return bool(value)
        case FieldKind.CHOICE:
            if value not in field.choices:
                raise InterventionError(f"{field.title} is {value!r}; choose one of {', '.join(field.choices)}.")
    return str(value)


def _checked_number(field: ChangeField, value: Argument) -> float | int:
    if isinstance(value, bool | str):
        raise InterventionError(f"{field.title} is {value!r}; give a number such as {field.default:g}.")
    if not math.isfinite(value) or (field.kind is FieldKind.INTEGER and value != int(value)):
        what = "whole number" if field.kind is FieldKind.INTEGER else "finite number"
        raise InterventionError(f"{field.title} is {value}; give a {what} such as {field.default:g}.")
    low, high = field.minimum, field.maximum
    unit = f" {field.unit}" if field.unit else ""
    if low is not None and (value < low or (field.is_above_minimum and value == low)):
        raise InterventionError(
            f"{field.title} is {value:g}{unit}; give a number {'above' if field.is_above_minimum else 'from'} {low:g}"
            f"{'' if field.is_above_minimum else ' on'}."
        )
    if high is not None and value > high:
        raise InterventionError(f"{field.title} is {value:g}{unit}; give a number up to {high:g}.")
    return int(value) if field.kind is FieldKind.INTEGER else float(value)
