"""Calls modules for new values: their own ``reset_parameters``, or a person's function."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn, no_grad

from moduleview.interventions.initialising.function import function_of, reset_of
from moduleview.interventions.initialising.plan import PlannedVisit
from moduleview.interventions.initialising.python import python_of_function, python_of_reset
from moduleview.interventions.initialising.randomness import OwnRandomness
from moduleview.introspect.lookup import module_at
from moduleview.introspect.module_attributes import attributes_of
from moduleview.telemetry.initialising_messages import RESET, Choice


class ModuleCalls:
    """What is called with each module that is meant. Whatever it raises goes through.

    Args:
        choice: What a person chose.
        randomness: Stands in for the global generators meanwhile.

    Raises:
        FunctionError: A person's text is no function.
    """

    def __init__(self, choice: Choice, randomness: OwnRandomness) -> None:
        self._choice, self._randomness = choice, randomness
        self._is_reset = choice.initialiser == RESET
        self._function = None
        if not self._is_reset:
            with OwnRandomness(choice.seed).in_place_of_global():  # the text may draw, or seed, before it is called
                self._function = function_of(choice.source)
        self._called: list[tuple[str, str]] = []

    def why_not(self, visit: PlannedVisit) -> str:
        """A few words where the module is not called, "" where it is."""
        if not visit.is_meant:
            return visit.note
        if self._is_reset and not reset_of(visit.module):
            return "has no reset_parameters"
        return ""

    def remark(self, visit: PlannedVisit) -> str:
        """What a person has to know of a module that was called, "" for nothing."""
        behind = module_at(visit.module, "parametrizations")
        if not self._is_reset or behind is None:
            return ""
        names = ", ".join(attributes_of(behind).get("_modules") or {})
        return f"{names} stays: the method writes to what a parametrization computes, not to what is behind it"

    def call(self, visit: PlannedVisit, module: nn.Module) -> None:
        """Call it: with the module of the visit, or with its copy."""
        with self.own_randomness():
            self.call_inside(visit, module)

    @contextmanager
    def own_randomness(self) -> Iterator[None]:
        """Around any number of ``call_inside``: changing over takes longer than most calls."""
        with self._randomness.in_place_of_global(), no_grad():
            yield

    def call_inside(self, visit: PlannedVisit, module: nn.Module) -> None:
        """As ``call``, inside ``own_randomness``."""
        if self._function is None:
            method = reset_of(module)
            getattr(module, method)()
            self._called.append((visit.fqn, method))
        else:
            self._function(module)
            self._called.append((visit.fqn, getattr(self._function, "__name__", "init")))

    @property
    def n_called(self) -> int:
        """Modules so far."""
        return len(self._called)

    def python(self) -> str:
        """That does the same to ``model``."""
        if not self._called:
            return "pass"
        if self._is_reset:
            return python_of_reset(self._choice.seed, self._called)
        names = [fqn for fqn, _ in self._called]
        return python_of_function(self._choice.seed, self._choice.source, self._called[0][1], names)
