"""Which of the parameters that are known an optimizer holds."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from weakref import WeakKeyDictionary

from torch import nn
from torch.optim.optimizer import Optimizer

_Ends = list[tuple[int, int, int, int]]  # of each group: the list, its length, the first and the last parameter


class HeldParameters:
    """Looks them up again only when an optimizer holds others than the last time. Training thread only.

    Attributes:
        has_new: An optimizer that holds some of ours holds others beside them, which were not seen in it before.
    """

    def __init__(self) -> None:
        self._fqn_of: dict[int, str] = {}
        self._known: WeakKeyDictionary[Optimizer, tuple[_Ends, Mapping[str, nn.Parameter]]] = WeakKeyDictionary()
        self._others: frozenset[int] = frozenset()  # in optimizers beside ours, and seen before
        self.has_new = False

    def bind(self, parameters: Mapping[str, nn.Parameter]) -> None:
        """These are known from now on."""
        self._fqn_of = {id(parameter): fqn for fqn, parameter in parameters.items()}
        self._others = frozenset()
        self.has_new = False
        self.let_go()

    def let_go(self) -> None:
        """Hold no parameter any longer."""
        self._known.clear()

    def of(self, optimizer: Optimizer) -> Mapping[str, nn.Parameter]:
        """Those of ours that are in its groups, by FQN. What is replaced in the middle of a group is not noticed."""
        lists = [group["params"] for group in optimizer.param_groups]
        ends = [(id(params), len(params), id(params[0]), id(params[-1])) for params in lists if params]
        known = self._known.get(optimizer)
        if known is not None and ends == known[0]:
            return known[1]
        params = list(chain.from_iterable(lists))
        held = {fqn: parameter for parameter in params if (fqn := self._fqn_of.get(id(parameter))) is not None}
        others = frozenset(id(p) for p in params if id(p) not in self._fqn_of) if held else frozenset()
        self.has_new |= not others <= self._others
        self._others |= others
        self._known[optimizer] = ends, held
        return held

    def name_of(self, tensor: object) -> str | None:
        """The FQN of a parameter of ours."""
        return self._fqn_of.get(id(tensor))
