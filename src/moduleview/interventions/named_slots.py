"""Changes that set one value in each of many places, and remember what stood there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar, Generic, TypeVar

from torch import nn

from moduleview.interventions.base import Intervention

V = TypeVar("V")


class NamedSlots(Intervention, ABC, Generic[V]):
    """Knows by name what stood where. One that was made later on the same place takes that over when this is undone.

    Class attributes:
        is_sorted: Names stand in Python in the order of the values.
    """

    is_sorted: ClassVar[bool] = False

    def __init__(self) -> None:
        self._former: dict[str, V] = {}

    @abstractmethod
    def write(self, model: nn.Module, values: Mapping[str, V]) -> None:
        """Put these values where the names lead now; names that are gone are passed over."""

    @abstractmethod
    def python_of(self, names: tuple[str, ...], value: V) -> str:
        """Python that puts one value into places by name."""

    def pass_on(self, later: Intervention) -> None:
        """See ``Intervention``."""
        if type(later) is type(self):
            assert isinstance(later, NamedSlots)
            for name in [name for name in self._former if name in later._former]:
                later._former[name] = self._former.pop(name)

    def bring_back(self, model: nn.Module) -> str:
        """Put what stood there back; gives Python that does the same."""
        self.write(model, self._former)
        lines = [self.python_of(names, value) for names, value in _by_value(self._former.items())]
        self._former = {}
        return "\n".join(lines)


def _by_value(items: Iterable[tuple[str, V]]) -> list[tuple[tuple[str, ...], V]]:
    found: list[tuple[list[str], V]] = []
    for name, value in items:
        names = next((names for names, of_these in found if of_these == value), None)
        if names is None:
            found.append(([name], value))
        else:
            names.append(name)
    return [(tuple(names), value) for names, value in found]
