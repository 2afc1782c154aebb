"""Every argument that an operation takes besides, against torch called by hand; and what goes together with what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from lab_pipelines import Workbench, same, step

from moduleview.lab.catalogue import CATALOGUE
from moduleview.telemetry.lab_pipelines import StepState

X = torch.tensor([[4.0, 1.0, -0.55], [2.0, 5.0, 1.0], [float("nan"), 1.0, 3.0]])
Y = torch.tensor([[4.0, 1.0, 0.5], [2.0, 5.5, 1.0], [0.5, 1.0, 3.0]])
T = torch.Tensor

CASES: tuple[tuple[str, dict[str, str], Callable[[T, T], Any]], ...] = (
    ("squeeze", {"dim": "0, 1"}, lambda x, y: torch.squeeze(x, (0, 1))),
    ("take_along_dim", {"indices": "[0, 8]", "dim": ""}, lambda x, y: torch.take_along_dim(x, torch.tensor([0, 8]))),
    ("scatter_reduce_", {"index": "[[0, 0, 1]]", "src": "y", "reduce": "amax", "include_self": "False"},
     lambda x, y: x.clone().scatter_reduce_(0, torch.tensor([[0, 0, 1]]), y, "amax", include_self=False)),
    ("round", {"decimals": "1"}, lambda x, y: torch.round(x, decimals=1)),
    ("nan_to_num", {"nan": "7", "posinf": "8", "neginf": "-8"}, lambda x, y: torch.nan_to_num(x, 7.0, 8.0, -8.0)),
    ("add", {"other": "y", "alpha": "0.5"}, lambda x, y: torch.add(x, y, alpha=0.5)),
    ("sub", {"other": "y", "alpha": "3"}, lambda x, y: torch.sub(x, y, alpha=3)),
    ("div", {"other": "y", "rounding_mode": "floor"}, lambda x, y: torch.div(x, y, rounding_mode="floor")),
    ("div", {"other": "0.3", "rounding_mode": "trunc"}, lambda x, y: torch.div(x, 0.3, rounding_mode="trunc")),
    ("addcmul", {"tensor1": "y", "tensor2": "x", "value": "-2"}, lambda x, y: torch.addcmul(x, y, x, value=-2)),
    ("addcdiv", {"tensor1": "x", "tensor2": "y", "value": "0.1"}, lambda x, y: torch.addcdiv(x, x, y, value=0.1)),
    ("clamp", {"min": "", "max": "y"}, lambda x, y: torch.clamp(x, max=y)),
    ("clamp", {"min": "1", "max": "2"}, lambda x, y: torch.clamp(x, 1, 2)),
    *(
        (f.__name__, {"dim": "0, -1", "keepdim": "True"}, lambda x, y, f=f: f(x, (0, -1), True))
        for f in (torch.sum, torch.mean, torch.amax, torch.amin, torch.all, torch.any)
    ),
    ("sum", {"dtype": "float64"}, lambda x, y: torch.sum(x, dtype=torch.float64)),
    ("mean", {"dim": "0", "dtype": "float64"}, lambda x, y: torch.mean(x, 0, dtype=torch.float64)),
    *(
        (f.__name__, {"dim": "1", "correction": "0", "keepdim": "True"},
         lambda x, y, f=f: f(x, 1, correction=0, keepdim=True))
        for f in (torch.std, torch.var)
    ),
    *(
        (f.__name__, {"dim": "-1", "keepdim": "True"}, lambda x, y, f=f: f(x, -1, True))
        for f in (torch.argmax, torch.argmin)
    ),
    ("quantile", {"q": "[0.25, 0.5]", "dim": "0", "keepdim": "True", "interpolation": "nearest"},
     lambda x, y: torch.quantile(x, torch.tensor([0.25, 0.5]), 0, True, interpolation="nearest")),
    ("topk", {"k": "2", "dim": "0", "largest": "False", "sorted": "True"},
     lambda x, y: torch.topk(x, 2, 0, False, True)),
    ("sort", {"dim": "0", "descending": "True", "stable": "True"},
     lambda x, y: torch.sort(x, dim=0, descending=True, stable=True)),
    ("argsort", {"dim": "0", "descending": "True", "stable": "True"},
     lambda x, y: torch.argsort(x, dim=0, descending=True, stable=True)),
    ("cumsum", {"dim": "1", "dtype": "float64"}, lambda x, y: torch.cumsum(x, 1, dtype=torch.float64)),
    ("softmax", {"dim": "0", "dtype": "float64"}, lambda x, y: torch.softmax(x, 0, dtype=torch.float64)),
    *(
        (f.__name__, {"other": "x + 0.01", "rtol": "0.1", "atol": "0.1", "equal_nan": "True"},
         lambda x, y, f=f: f(x, x + 0.01, 0.1, 0.1, True))
        for f in (torch.allclose, torch.isclose)
    ),
    ("linalg.svd", {"full_matrices": "True"}, lambda x, y: torch.linalg.svd(x[:2], full_matrices=True)),
    *(
        ("linalg.norm", {"ord": order}, lambda x, y, ord_=ord_: torch.linalg.norm(x, ord=ord_))
        for order, ord_ in (("nuc", "nuc"), ("'fro'", "fro"), ("2", 2), ("-2", -2), ("1", 1), ("-inf", -torch.inf))
    ),
    ("linalg.norm", {"ord": "3", "dim": "0", "keepdim": "True", "dtype": "float64"},
     lambda x, y: torch.linalg.norm(x, 3, 0, True, dtype=torch.float64)),
    ("linalg.matrix_norm", {"ord": "nuc", "dim": "1, 0", "keepdim": "True", "dtype": "float64"},
     lambda x, y: torch.linalg.matrix_norm(x, "nuc", (1, 0), True, dtype=torch.float64)),
    ("linalg.vector_norm", {"ord": "0", "dim": "1", "keepdim": "True", "dtype": "float64"},
     lambda x, y: torch.linalg.vector_norm(x, 0, 1, True, dtype=torch.float64)),
    *(
        ("linalg.cond", {"p": order}, lambda x, y, p=p: torch.linalg.cond(x, p))
        for order, p in (("", None), ("fro", "fro"), ("nuc", "nuc"), ("1", 1), ("-2", -2), ("inf", torch.inf))
    ),
    ("linalg.matrix_rank", {"atol": "0.5", "rtol": "0.1", "hermitian": "True"},
     lambda x, y: torch.linalg.matrix_rank(x, atol=0.5, rtol=0.1, hermitian=True)),
    ("linalg.pinv", {"atol": "0.5", "rtol": "0.1", "hermitian": "True"},
     lambda x, y: torch.linalg.pinv(x, atol=0.5, rtol=0.1, hermitian=True)),
    *(
        ("linalg.qr", {"mode": mode}, lambda x, y, mode=mode: torch.linalg.qr(x, mode))
        for mode in ("reduced", "complete", "r")
    ),
    ("linalg.solve", {"B": "y", "left": "False"}, lambda x, y: torch.linalg.solve(x, y, left=False)),
    ("einsum", {"equation": "ij, kj -> ik", "others": "y"}, lambda x, y: torch.einsum("ij,kj->ik", x, y)),
    ("tensor", {"data": "[1, 2]", "dtype": "int8"}, lambda x, y: torch.tensor([1, 2], dtype=torch.int8)),
    ("zeros", {"size": "2", "dtype": "bool"}, lambda x, y: torch.zeros(2, dtype=torch.bool)),
    ("ones", {"size": "()", "dtype": "int8"}, lambda x, y: torch.ones((), dtype=torch.int8)),
    ("full", {"size": "2, 1", "fill_value": "1+2j", "dtype": "complex128"},
     lambda x, y: torch.full((2, 1), 1 + 2j, dtype=torch.complex128)),
    ("arange", {"start": "3", "end": "-2", "step": "-2", "dtype": "float16"},
     lambda x, y: torch.arange(3, -2, -2, dtype=torch.float16)),
    ("eye", {"n": "3", "m": "2", "dtype": "int64"}, lambda x, y: torch.eye(3, 2, dtype=torch.int64)),
    ("zeros_like", {"dtype": "int64"}, lambda x, y: torch.zeros_like(x, dtype=torch.int64)),
    ("ones_like", {"dtype": "int64"}, lambda x, y: torch.ones_like(x, dtype=torch.int64)),
    ("full_like", {"fill_value": "7", "dtype": "int64"}, lambda x, y: torch.full_like(x, 7, dtype=torch.int64)),
    ("rand", {"size": "2", "seed": "5", "dtype": "float64"},
     lambda x, y: torch.rand(2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)),
    ("randn", {"size": "2", "seed": "5", "dtype": "float64"},
     lambda x, y: torch.randn(2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)),
    ("randint", {"low": "-3", "high": "3", "size": "9", "dtype": "int8"},
     lambda x, y: torch.randint(-3, 3, (9,), generator=torch.Generator().manual_seed(0), dtype=torch.int8)),
    ("normal", {"mean": "5", "std": "2", "size": "2, 3", "seed": "9"},
     lambda x, y: torch.normal(5, 2, (2, 3), generator=torch.Generator().manual_seed(9))),
)  # fmt: skip
NOT_NAN = frozenset(("linalg.svd", "linalg.norm", "linalg.matrix_norm", "linalg.cond", "linalg.matrix_rank",
                     "linalg.pinv", "linalg.qr", "linalg.solve"))  # fmt: skip
"""The table's numbers have a NaN, which nothing may hide; linear algebra takes the second one's."""


@pytest.mark.parametrize(("name", "arguments", "by_hand"), CASES, ids=[f"{case[0]} {case[1]}" for case in CASES])
def test_an_argument_does_what_it_does_in_torch(name: str, arguments: dict[str, str], by_hand: Any) -> None:
    x = Y if name in NOT_NAN else X
    x = x[:2] if name == "linalg.svd" else x
    bench = Workbench(x, Y)
    texts = {argument: "t2" if text == "y" else text for argument, text in arguments.items()}
    (outcome,) = bench.run(step(name, **texts))
    assert outcome.error == ""
    wanted = by_hand(x.clone(), Y.clone())
    assert same(bench.execute(), wanted)
    if not outcome.parts:
        assert outcome.value == repr(wanted)
        return
    wanted = list(wanted) if isinstance(wanted, tuple) else [wanted]
    shown = [bench.shelf.get(part.tensor_id) for part in outcome.parts]
    assert same([frozen.tensor for frozen in shown if frozen is not None], wanted)
    assert [(part.shape, part.strides) for part in outcome.parts] == [(tuple(t.shape), t.stride()) for t in wanted]


def test_no_argument_is_left_out_of_the_table() -> None:
    tried = {(name, argument) for name, arguments, _ in CASES for argument in arguments}
    optional = {
        (name, argument.name)
        for name, operation in CATALOGUE.items()
        for argument in operation.arguments
        if argument.is_optional
    }
    assert optional - tried == {("from_numpy", "dtype")}  # in test_lab_operations


def test_a_mean_for_each_element_is_the_size() -> None:
    bench = Workbench(torch.tensor([0.0, 100.0, 200.0]))
    for arguments in ({"mean": "x"}, {"std": "x"}, {"mean": "[1.0, 2.0, 3.0]"}, {"mean": "x", "size": "9, 9"}):
        (outcome,) = bench.run(step("normal", **arguments))
        assert outcome.error == ""
        assert outcome.parts[0].shape == (3,)
        assert "size" not in outcome.python
        assert same(bench.execute(), bench.result(outcome))
    (numbers,) = bench.run(step("normal"))
    assert numbers.parts[0].shape == (2, 3)


@pytest.mark.parametrize("name", ["linalg.norm", "linalg.cond"])
def test_a_norm_that_is_none_is_named_and_one_that_torch_has_not_gets_its_message(name: str) -> None:
    argument = "ord" if name == "linalg.norm" else "p"
    (outcome,) = Workbench(Y).run(step(name, **{argument: "frobenius"}))
    assert outcome.error == f"{argument}: “frobenius” is no norm. There are fro, nuc, inf, and numbers: 1, 2, -2."
    (outcome,) = Workbench(Y).run(step(name, **{argument: "7"}))
    assert outcome.state is StepState.FAILED
    with pytest.raises(RuntimeError) as raised:
        getattr(torch.linalg, name.removeprefix("linalg."))(Y, 7)
    assert outcome.error == str(raised.value)
