"""The Python that gives the same new values to the bit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import torch

from moduleview.interventions.initialising.plan import Target
from moduleview.telemetry.initialising_messages import Choice

_DRAWS_GLOBALLY = frozenset({"sparse_"})  # torch 2.13: its permutation of rows does not come from the generator
Filled = tuple[Target, dict[str, Any], torch.Size | None]
"""A parameter that was filled, the arguments, and the shape of the tensor that was set by a way back, if one was."""


def python_of_tensors(choice: Choice, filled: Sequence[Filled], *, is_random: bool) -> str:
    """For an initialiser of ``torch.nn.init``."""
    lines: list[str] = []
    devices = list(dict.fromkeys(target.parameter.device for target, _, _ in filled))
    for device in devices:
        if is_random:
            lines.append(f"generator = torch.Generator({str(device)!r}).manual_seed({choice.seed})")
        here = [one for one in filled if one[0].parameter.device == device]
        for is_computed, run in groupby(here, key=lambda one: one[2] is not None):
            make = _computed_lines if is_computed else _plain_lines
            lines += make(choice.initialiser, list(run), ", generator=generator" if is_random else "")
    if choice.initialiser in _DRAWS_GLOBALLY:
        head = ["with torch.random.fork_rng():", f"    torch.manual_seed({choice.seed})"]
        lines = [*head, *(f"    {line}" for line in lines)]
    return "\n".join(lines)


def python_of_reset(seed: int, called: Sequence[tuple[str, str]]) -> str:
    """For the modules' own methods: names of modules and methods, in order."""
    methods = {method for _, method in called}
    if len(methods) == 1:
        names = tuple(name for name, _ in called)
        loop = [f"    for name in {names!r}:", f"        model.get_submodule(name).{called[0][1]}()"]
    else:
        loop = [
            f"    for name, method in {tuple(called)!r}:",
            "        getattr(model.get_submodule(name), method)()",
        ]
    head = ["with torch.no_grad(), torch.random.fork_rng():", f"    torch.manual_seed({seed})"]
    return "\n".join([*head, *loop])


def python_of_function(seed: int, source: str, function: str, names: Sequence[str]) -> str:
    """For a person's own function."""
    return "\n".join(
        [
            "import math, random, numpy",
            "from torch import nn",
            "from torch.nn import functional as F",
            source.strip("\n"),
            "with torch.no_grad(), torch.random.fork_rng():",
            f"    torch.manual_seed({seed}), random.seed({seed}), numpy.random.seed({seed % 2**32})",
            f"    for name in {tuple(names)!r}:",
            f"        {function}(model.get_submodule(name))",
        ]
    )


def python_of_clearing(names: Sequence[str]) -> str:
    """Forget what the optimizer remembers of parameters."""
    return f"for name in {tuple(names)!r}:\n    optimizer.state.pop(model.get_parameter(name), None)"


def python_of_keeping(variable: str, names: Sequence[str]) -> str:
    """Keep values in a variable, for ``python_of_putting_back``."""
    return "\n".join(
        [
            "import torch",
            f"{variable} = {{",
            "    name: tensor.detach().clone()",
            "    for name, tensor in (*model.named_parameters(), *model.named_buffers())",
            f"    if name in {tuple(names)!r}",
            "}",
        ]
    )


def python_of_putting_back(variable: str) -> str:
    """Put them back."""
    return "\n".join(
        [
            "with torch.no_grad():",
            "    for name, tensor in (*model.named_parameters(), *model.named_buffers()):",
            f"        if name in {variable}:",
            f"            tensor.copy_({variable}[name])",
        ]
    )


def python_of_keeping_all(variable: str, root_fqn: str) -> str:
    """Keep all that a function may change in a subtree, for ``python_of_putting_all_back``."""
    place = f"model.get_submodule({root_fqn!r})"
    return "\n".join(
        [
            "import torch",
            f"{variable} = [",
            "    (module, type(module), {k: v.copy() if isinstance(v, (dict, list, set)) else v for k, v in "
            "vars(module).items()})",
            f"    for module in {place}.modules()",
            "], [",
            "    (tensor, tensor.detach().clone(), tensor.requires_grad)",
            f"    for tensor in (*{place}.parameters(), *{place}.buffers())",
            "    if not torch.nn.parameter.is_lazy(tensor)",
            "]",
        ]
    )


def python_of_putting_all_back(variable: str) -> str:
    """Put it back."""
    return "\n".join(
        [
            f"for module, kind, attributes in {variable}[0]:",
            "    module.__class__ = kind",
            "    vars(module).clear()",
            "    vars(module).update(attributes)",
            f"for tensor, values, is_trained in {variable}[1]:",
            "    tensor.data = values",
            "    tensor.requires_grad_(is_trained)",
        ]
    )


def _plain_lines(name: str, run: Sequence[Filled], generator: str) -> list[str]:
    fqns = tuple(target.fqn for target, _, _ in run)
    first = run[0][1]
    if all(arguments == first for _, arguments, _ in run):
        call = f"torch.nn.init.{name}(model.get_parameter(name){_written(first)}{generator})"
        if len(fqns) == 1:
            return [call.replace("(name)", f"({fqns[0]!r})")]
        return [f"for name in {fqns!r}:", f"    {call}"]
    pairs = tuple((target.fqn, arguments) for target, arguments, _ in run)
    return [
        f"for name, arguments in {pairs!r}:",
        f"    torch.nn.init.{name}(model.get_parameter(name), **arguments{generator})",
    ]


def _computed_lines(name: str, run: Sequence[Filled], generator: str) -> list[str]:
    """``right_inverse`` is called by the assignment."""
    lines = []
    for target, arguments, shape in run:
        assert target.computes is not None
        assert shape is not None
        kind = f"dtype={target.parameter.dtype}, device={str(target.parameter.device)!r}"
        values = f"torch.nn.init.{name}(torch.empty({tuple(shape)}, {kind}){_written(arguments)}{generator})"
        lines.append("with torch.no_grad():")
        lines.append(f"    model.get_submodule({target.computes[0]!r}).{target.computes[2]} = {values}")
    return lines


def _written(arguments: dict[str, Any]) -> str:
    return "".join(f", {name}={value!r}" for name, value in arguments.items())
