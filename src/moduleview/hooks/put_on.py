"""What torch was given for one ticked hook, and how to take it back without a trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn
from torch.utils.hooks import RemovableHandle

from moduleview.hooks.forecast import Trial


@dataclass(frozen=True, eq=False)
class PutOn:
    """One or two hooks of torch's.

    Attributes:
        handles: To take them off again.
        trial: The trial that runs instead of the hook itself.
        tidy: Brings back what torch does not when a hook goes.
        parameter: That has the hook.
        table: Where its hooks stand.
        identity: Of the tensor behind the parameter: ``swap_module_params`` puts another one there, and the Python
            object keeps a table of hooks that are dead.
    """

    handles: tuple[RemovableHandle, ...]
    trial: Trial | None = None
    tidy: Callable[[], None] | None = None
    parameter: nn.Parameter | None = None
    table: str = ""
    identity: int = 0

    @classmethod
    def on_parameter(cls, handle: RemovableHandle, parameter: nn.Parameter, table: str) -> PutOn:
        """A hook on a parameter; ``table`` is the attribute in which torch keeps it."""
        return cls((handle,), parameter=parameter, table=table, identity=parameter._cdata)

    def remove(self) -> None:
        """Take them off."""
        for handle in self.handles:
            handle.remove()
        if self.parameter is not None and not getattr(self.parameter, self.table):
            setattr(self.parameter, self.table, None)  # an empty table would be a trace, and cost a call each backward
        if self.tidy is not None:
            self.tidy()

    def is_on(self, parameter: nn.Parameter) -> bool:
        """They still sit on the tensor that the parameter is now."""
        return self.handles[0].id in (getattr(parameter, self.table) or {}) and parameter._cdata == self.identity


def forget_kind(module: nn.Module) -> None:
    """As before the first full-backward hook, so that its owner may still choose torch's old kind."""
    if not module._backward_hooks:
        module._is_full_backward_hook = None
