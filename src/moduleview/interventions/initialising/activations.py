"""Follows what modules return through one forward pass, up to the activation or the next product that takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from moduleview.hooks.leaves import bounded_leaves
from moduleview.interventions.initialising.gains import ACTIVATIONS, suggestion_for
from moduleview.telemetry.initialising_messages import Suggestion

_PRODUCTS = (
    "linear",
    "conv",
    "matmul",
    "bmm",
    "mm",
    "einsum",
    "baddbmm",
    "addmm",
    "scaled_dot_product_attention",
    "multi_head_attention",
    "softmax",
    "embedding",
    "bilinear",
    "loss",
    "entropy",
)
"""Functions whose name holds one of these take a value as it is: what was not activated until here is not."""
_SEEN = "seen in a forward pass of the last batch"
_DEFAULT_SLOPE = 0.01


class ActivationTrace(TorchFunctionMode):
    """Used around a forward pass; all functions of torch go through it.

    Activations are seen where they are computed, as ``nn.ReLU``, ``F.relu``, ``torch.relu`` or ``x.relu()`` alike.
    Whatever is neither one of those nor a product (a norm, dropout, a sum, a view) passes on what came into it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sources: Any = WeakTensorKeyDictionary()
        self._met: set[str] = set()
        self._found: dict[str, Suggestion] = {}

    def note_output(self, fqn: str, output: Any) -> None:
        """A module with weights returned this."""
        self._met.add(fqn)
        for _, tensor in bounded_leaves(output):
            self._sources[tensor] = frozenset({fqn})

    def note_activation(self, name: str, slope: float | None, inputs: Any) -> None:
        """A module that is an activation is called with this: how it computes it does not matter then."""
        sources = self._sources_of(tuple(tensor for _, tensor in bounded_leaves(inputs)))
        self._found.update(dict.fromkeys(sources, suggestion_for(name, slope, _SEEN)))

    @property
    def suggestions(self) -> Mapping[str, Suggestion]:
        """By FQN of the modules that were called; those whose output nothing took leave the model."""
        at_the_end = {fqn: suggestion_for("", None, f"its output leaves the model: {_SEEN}") for fqn in self._met}
        return at_the_end | self._found

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call the function, and follow what came into it."""
        keywords = kwargs or {}
        sources = self._sources_of((*args, *keywords.values()))
        result = func(*args, **keywords)
        if sources:
            self._follow(str(getattr(func, "__name__", "")).strip("_"), sources, args, keywords, result)
        return result

    # -- inside ----------------------------------------------------------------------------------------------------

    def _sources_of(self, values: tuple[Any, ...]) -> frozenset[str]:
        found: frozenset[str] = frozenset()
        for value in values:
            if isinstance(value, torch.Tensor):
                found |= self._sources.get(value, frozenset())
            elif isinstance(value, (tuple, list)):
                found |= self._sources_of(tuple(one for one in value[:64] if isinstance(one, torch.Tensor)))
        return frozenset(fqn for fqn in found if fqn not in self._found)  # a difference walks all that was found

    def _follow(
        self, name: str, sources: frozenset[str], args: tuple[Any, ...], keywords: Mapping[str, Any], result: Any
    ) -> None:
        if name in ACTIVATIONS:
            found = suggestion_for(name, _slope(args, keywords) if name == "leaky_relu" else None, _SEEN)
        elif any(product in name for product in _PRODUCTS):
            found = suggestion_for("", None, f"{name} takes its output: {_SEEN}")
        else:
            for _, tensor in bounded_leaves(result):
                self._sources[tensor] = sources
            return
        self._found.update(dict.fromkeys(sources, found))


def _slope(args: tuple[Any, ...], keywords: Mapping[str, Any]) -> float:
    slope = keywords.get("negative_slope", args[1] if len(args) > 1 else _DEFAULT_SLOPE)
    return float(slope)
