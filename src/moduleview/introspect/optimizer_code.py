"""The line that makes an optimizer, as a person wrote it, and the same with a change in what it is given."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable

from torch.optim import Optimizer

from moduleview.introspect.checked_run import CheckedRun
from moduleview.introspect.written_calls import changed_call, first_argument, put_first_argument

_PLAIN = (int, float, bool, str, type(None))


class OptimizerCode:
    """Of one optimizer.

    Args:
        run: What is checked.
        optimizer: One of its optimizers.
    """

    def __init__(self, run: CheckedRun, optimizer: Optimizer) -> None:
        self._run, self._optimizer = run, optimizer
        self._construction = run.constructions.of(optimizer)

    @property
    def location(self) -> str:
        """``file:line`` of what makes it, "" where that was not seen."""
        return "" if self._construction is None else self._construction.location

    def over(self, given: Callable[[str], str] = lambda old: old) -> str:
        """The line with other parameters in it.

        Args:
            given: Gives the code of the parameters, from what stands there now.
        """

        def change(call: ast.Call) -> bool:
            old = first_argument(call)
            if old is None:
                return False
            put_first_argument(call, given(ast.unparse(old)))
            return True

        own = changed_call(self._run.sources, self._construction, "optimizer", change)
        return own or self._made_up(given(f"{self.name_of('')}.parameters()"))

    @property
    def has_groups(self) -> bool:
        """It is given groups, not parameters."""
        found: list[bool] = []

        def look(call: ast.Call) -> bool:
            old = first_argument(call)
            found.append(isinstance(old, ast.List) and any(isinstance(one, ast.Dict) for one in old.elts))
            return False

        changed_call(self._run.sources, self._construction, "optimizer", look)
        return len(self._optimizer.param_groups) > 1 or any(found)

    def name_of(self, fqn: str) -> str:
        """What a module or parameter is called where the optimizer is made: ``net.head``, ``self.model[0]``."""
        base, owner, best = "model", "", -1
        for name, reference in (self._construction.names if self._construction else {}).items():
            prefix = self._run.module_fqns.get(id(reference()))
            if prefix is not None and len(prefix) > best and f"{fqn}.".startswith(f"{prefix}." if prefix else ""):
                best, base, owner = len(prefix), name, prefix
        return base + self._run.way_from(owner, fqn)

    def _made_up(self, given: str) -> str:
        """From the options that it has."""
        cls = type(self._optimizer)
        usual = inspect.signature(cls).parameters
        options = [
            f", {name}={value!r}"
            for name, value in self._optimizer.defaults.items()
            if name in usual and usual[name].default != value and _is_plain(value)
        ]
        where = "torch.optim." if cls.__module__.startswith("torch.optim") else ""
        return f"optimizer = {where}{cls.__name__}({given}{''.join(options)})"


def _is_plain(value: object) -> bool:
    return isinstance(value, _PLAIN) or (isinstance(value, tuple) and all(isinstance(one, _PLAIN) for one in value))
