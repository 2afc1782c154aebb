"""Which modules ran in a step, from the number of their calls and the gradients that came."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from torch import nn

from moduleview.hooks.forecast import is_container
from moduleview.hooks.model_index import ModelIndex, is_script
from moduleview.telemetry.snapshot import NodeCoverage


class CoverageCount:
    """Gathers one step's evidence. Training thread only."""

    def __init__(self) -> None:
        self._with_gradient: set[int] = set()

    def see_gradients(self, parameters: Mapping[str, nn.Parameter]) -> None:
        """Gradients are ready on these parameters."""
        self._with_gradient.update(id(p) for p in parameters.values() if p.grad is not None)

    def rows(self, index: ModelIndex, calls: Mapping[int, int]) -> NDArray[np.uint8]:
        """(n_modules,) of ``NodeCoverage`` in the snapshot's rows.

        Args:
            index: The model.
            calls: Calls of each module in the step, by ``id``.

        A module without a forward, one inside a ScriptModule or a compiled region, and a Sequential whose children ran
        without it stay UNKNOWN: nothing was to be seen of them. A parameter that a module that ran shares does not tell
        that its other places were passed by.
        """
        of_executed = {id(p) for module in index.modules.values() if id(module) in calls for p in _own(module)}
        hidden = index.compiled | _inside_scripts(index)
        rows = [
            NodeCoverage.UNKNOWN if fqn in hidden else self._of(module, calls, of_executed)
            for fqn, module in index.modules.items()
        ]
        return np.asarray(rows, dtype=np.uint8)

    def _of(self, module: nn.Module, calls: Mapping[int, int], of_executed: set[int]) -> NodeCoverage:
        if id(module) in calls:
            return NodeCoverage.EXECUTED
        if is_container(module):
            return NodeCoverage.UNKNOWN
        if any(id(p) in self._with_gradient and id(p) not in of_executed for p in _own(module)):
            return NodeCoverage.BYPASSED
        if isinstance(module, nn.Sequential) and any(id(child) in calls for child in module.modules()):
            return NodeCoverage.UNKNOWN
        return NodeCoverage.NOT_EXECUTED


def _own(module: nn.Module) -> list[nn.Parameter]:
    return [parameter for _, parameter in module._parameters.items() if parameter is not None]


def _inside_scripts(index: ModelIndex) -> set[str]:
    scripts = [f"{fqn}." if fqn else "" for fqn, module in index.modules.items() if is_script(module)]
    return {fqn for fqn in index.modules if fqn and fqn.startswith(tuple(scripts))} if scripts else set()
