"""What all changes of gradients have in common: whose they are, when they act, how Python does the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import nn

from moduleview.interventions.base import InterventionError, LiveRun
from moduleview.interventions.gradient_changes import GradientChanges
from moduleview.interventions.offered import OfferedChange
from moduleview.interventions.targets import parameters_python, parameters_with_gradients
from moduleview.telemetry.changes_messages import Argument, ChangeField, Fits

SECTION = "Gradient"
WHEN = "Once a step, just before the optimizer uses it, until it is taken back."


class GradientIntervention(OfferedChange, ABC):
    """Acts on the gradient that an optimizer is about to use, in each step until it is taken back.

    Panels show gradients as they are then; what they were before is at the stations.

    Class attributes:
        verb: Begins the names of its variables in Python.
    """

    section: ClassVar[str] = SECTION
    fits: ClassVar[Fits] = Fits.GRADIENTS
    changes_model: ClassVar[bool] = False
    verb: ClassVar[str]

    def __init__(self, fqn: str, arguments: Mapping[str, Argument]) -> None:
        super().__init__(fqn, arguments)
        self.parameters: Sequence[nn.Parameter] = ()
        self.n_steps = 0  # since it stands
        self._gradients: GradientChanges | None = None

    @classmethod
    def fields_for(cls, run: LiveRun, fqn: str) -> Sequence[ChangeField]:
        """The same for every node; one without gradients is refused."""
        parameters_with_gradients(run.model, fqn)
        return cls.fields

    @abstractmethod
    def change(self, parameters: Sequence[nn.Parameter]) -> None:
        """Change their gradients in place; grad mode is off."""

    @abstractmethod
    def lines(self) -> Sequence[str]:
        """Python that does the same to ``parameters``, a list."""

    def preparation(self, name: str) -> Sequence[str]:  # noqa: ARG002
        """Python that is needed once before, with variables that begin with ``name``."""
        return ()

    def find_again(self, run: LiveRun) -> None:
        """The model changed: names may lead to other tensors."""
        try:
            self.parameters = list(parameters_with_gradients(run.model, self.fqn).values())
        except InterventionError:  # nothing is changed where nothing is
            self.parameters = ()

    def apply(self, run: LiveRun) -> str:
        """Act from the next step on."""
        self.parameters = list(parameters_with_gradients(run.model, self.fqn).values())
        run.gradients.add(self)
        self._gradients, self.n_steps = run.gradients, 0
        return "\n".join(self._python(run))

    def undo(self, run: LiveRun) -> str:
        """Act no longer."""
        run.gradients.remove(self)
        self.parameters, self._gradients = (), None
        return f"{self._name}_handle.remove()"

    @property
    def note(self) -> str:
        """See ``Intervention``."""
        if self._gradients is None or not self.n_steps or self in self._gradients.has_acted:
            return ""
        return "It has changed nothing yet: no optimizer that calls its hooks has used this gradient."

    @property
    def _name(self) -> str:
        return f"{self.verb}_{self.number}"

    def _python(self, run: LiveRun) -> Sequence[str]:
        name, only = self._name, run.optimizers[0] if len(run.optimizers) == 1 else None
        condition = "p.grad is not None"
        before: list[str] = []
        if only is None:
            before = ["    held = {id(p) for group in optimizer.param_groups for p in group['params']}"]
            condition += " and id(p) in held"
        lines = [f"    {line}" for line in self.lines()]
        if only is None or getattr(only, "_step_supports_amp_scaling", False):
            lines = [
                "    scale = getattr(optimizer, 'grad_scale', None)  # of mixed precision, for a fused optimizer",
                "    for p in parameters if scale is not None else []: p.grad.div_(scale)",
                *lines,
                "    for p in parameters if scale is not None else []: p.grad.mul_(scale)",
            ]
        head = [
            f"{name}_parameters = {parameters_python(run.model, self.fqn)}",
            *self.preparation(name),
            "@torch.no_grad()",
            f"def {name}(optimizer, args, kwargs):",
            *before,
            f"    parameters = [p for p in {name}_parameters if {condition}]",
            *lines,
        ]
        if isinstance(only, torch.optim.LBFGS):
            return [*head, *_in_closure(name)]
        if only is None:
            head.insert(0, "from torch.optim.optimizer import register_optimizer_step_pre_hook")
            return [*head, f"{name}_handle = register_optimizer_step_pre_hook({name})"]
        return [*head, f"{name}_handle = optimizer.register_step_pre_hook({name})"]


def _in_closure(name: str) -> Sequence[str]:
    """An optimizer that computes its gradients in a closure uses them right after it."""
    return (
        f"def {name}_in_closure(optimizer, args, kwargs):",
        "    def closure(inner=args[1]):",
        "        loss = inner()",
        f"        {name}(optimizer, args, kwargs)",
        "        return loss",
        "    return (args[0], closure, *args[2:]), kwargs",
        f"{name}_handle = optimizer.register_step_pre_hook({name}_in_closure)",
    )
