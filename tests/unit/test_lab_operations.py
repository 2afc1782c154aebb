"""Every operation of the lab: what it gives, and the line of Python that gives the same."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lab_pipelines import Workbench, same, step

from moduleview.lab.catalogue import CATALOGUE, list_operations
from moduleview.telemetry.lab_pipelines import StepState

SQUARE = torch.tensor([[4.0, 1.0, 0.5], [2.0, 5.0, 1.0], [0.0, 1.0, 3.0]])
ARGUMENTS: Mapping[str, Mapping[str, str]] = {
    "reshape": {"shape": "-1, 3"},
    "expand": {"sizes": "2, 3, 3"},
    "broadcast_to": {"size": "2, 3, 3"},
    "index": {"index": "[:, None, ::2]"},
    "index_select": {"index": "[0, 2]"},
    "gather": {"dim": "1", "index": "[[0, 1], [2, 0]]"},
    "take_along_dim": {"indices": "[[0], [1], [2]]", "dim": "1"},
    "scatter_": {"dim": "0", "index": "[[0, 1, 2]]", "src": "[[9.0, 8.0, 7.0]]"},
    "scatter_reduce_": {"dim": "0", "index": "[[0, 1, 2]]", "src": "t2"},
    "cat": {"tensors": "x, t2"},
    "stack": {"tensors": "x, t2, x", "dim": "-1"},
    "maximum": {"other": "t2"},
    "minimum": {"other": "t2"},
    "addcmul": {"tensor1": "t2", "tensor2": "x", "value": "0.5"},
    "addcdiv": {"tensor1": "t2", "tensor2": "x + 1"},
    "allclose": {"other": "t2"},
    "isclose": {"other": "t2", "rtol": "1e-3"},
    "equal": {"other": "x"},
    **{name: {"other": "t2"} for name in ("eq", "ne", "lt", "le", "gt", "ge", "matmul")},
    "einsum": {"equation": "ij,jk->ik", "others": "t2"},
    "linalg.solve": {"B": "t2"},
    "split": {"split_size_or_sections": "[1, 2]"},
    "mean": {"dim": "0, 1", "keepdim": "True"},
    "squeeze": {"dim": ""},
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_line_of_an_operation_gives_what_the_lab_shows(name: str) -> None:
    bench = Workbench(SQUARE, SQUARE.flip(0))
    before = [tensor.clone() for tensor in bench.tensors]
    (outcome,) = bench.run(step(name, **ARGUMENTS.get(name, {})))
    assert outcome.error == ""
    executed = bench.execute()
    if outcome.parts:
        shown = [bench.shelf.get(part.tensor_id) for part in outcome.parts]
        tensors = [frozen.tensor for frozen in shown if frozen is not None]
        assert same(tensors, list(executed) if isinstance(executed, tuple) else [executed])
    else:
        assert outcome.value == repr(executed)
    assert all(map(same, bench.tensors, before)), "a frozen copy was changed"


def test_a_dtype_that_was_left_out_is_not_in_the_line() -> None:
    (outcome,) = Workbench(SQUARE).run(step("rand", size="2", dtype=""))
    assert outcome.python == "x = torch.rand((2,), generator=torch.Generator().manual_seed(0))"
    (outcome,) = Workbench(SQUARE).run(step("from_numpy", data="[1]", dtype="int8"))
    assert outcome.python == "x = torch.from_numpy(np.array([1], dtype='int8'))"


SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)
DTYPES = st.sampled_from((torch.float32, torch.float64, torch.int64, torch.bool, torch.complex64, torch.bfloat16))


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    shape, dtype = draw(SHAPES), draw(DTYPES)
    values = [float(v) for v in draw(st.lists(st.integers(-3, 3), min_size=1, max_size=6))]
    n = math.prod(shape)
    tensor = torch.tensor((values * n)[:n]).reshape(shape).to(dtype)
    return tensor.permute(tuple(reversed(range(tensor.dim())))) if draw(st.booleans()) else tensor


@pytest.mark.filterwarnings("ignore")  # torch's own, of casting complex values and of deprecated shapes
@settings(max_examples=12, deadline=None)
@pytest.mark.parametrize("name", CATALOGUE)
@given(x=tensors(), other=tensors(), axis=st.integers(-3, 3))
def test_whatever_goes_in_the_line_does_the_same_or_fails_with_the_same_words(
    name: str, x: torch.Tensor, other: torch.Tensor, axis: int
) -> None:
    texts = dict(ARGUMENTS.get(name, {}))
    if any(argument.name == "dim" for argument in CATALOGUE[name].arguments):
        texts["dim"] = str(axis)
    bench = Workbench(x, other)
    (outcome,) = bench.run(step(name, **texts))
    if outcome.state is StepState.FAILED:
        with pytest.raises(Exception) as raised:  # noqa: PT011  whatever torch raises, the words are compared
            bench.execute()
        assert str(raised.value) == outcome.error
        return
    executed = bench.execute()
    if outcome.parts:
        parts = [bench.shelf.get(part.tensor_id) for part in outcome.parts]
        assert same([part.tensor for part in parts if part], list(executed) if isinstance(executed, tuple | list)
                    else [executed])  # fmt: skip
    elif outcome.value:
        assert outcome.value == repr(executed)


@pytest.mark.parametrize("name", ["rand", "randn", "randint", "normal"])
def test_random_numbers_come_from_a_generator_of_their_own(name: str) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    bench = Workbench()
    (first,) = bench.run(step(name, seed="1"), source=None)
    (again,) = Workbench().run(step(name, seed="1"), source=None)
    (other,) = bench.run(step(name, seed="2"), source=None)
    assert torch.equal(torch.get_rng_state(), before)
    assert "generator of its own" in first.remark
    assert first.python == again.python
    assert other.python != first.python


def test_normal_takes_a_tensor_for_mean_and_for_std() -> None:
    means = torch.arange(6.0).reshape(2, 3) * 100
    bench = Workbench(means, torch.full((2, 3), 0.001))
    for std in ("0.001", "t2"):
        (outcome,) = bench.run(step("normal", mean="x", std=std, size=""))
        assert torch.allclose(bench.result(outcome), means, atol=0.1)
        assert same(bench.execute(), bench.result(outcome))


@pytest.mark.parametrize(
    ("data", "dtype", "why"),
    [
        ("[1, 2]", "int64", "all are whole numbers"),
        ("[1, 2.5]", "float32", "decimal point"),
        ("[True, False]", "bool", "True or False"),
        ("[1j, 2]", "complex64", "complex"),
        ("[]", "float32", "nothing in it"),
    ],
)
def test_tensor_says_why_it_has_its_dtype(data: str, dtype: str, why: str) -> None:
    (outcome,) = Workbench().run(step("tensor", data=data), source=None)
    assert outcome.parts[0].dtype == dtype
    assert why in outcome.remark


def test_tensor_with_a_capital_letter_is_always_of_the_default_dtype() -> None:
    (outcome,) = Workbench().run(step("Tensor", data="[1, 2]"), source=None)
    assert outcome.parts[0].dtype == "float32"
    assert "default dtype" in outcome.remark
    (sized,) = Workbench().run(step("Tensor", data="3"), source=None)
    assert "a size, not a value" in sized.error


def test_a_dtype_that_was_asked_for_is_why() -> None:
    (outcome,) = Workbench().run(step("tensor", data="[1]", dtype="float64"), source=None)
    assert outcome.remark == "It is float64 because dtype says so."


def test_from_numpy_says_what_it_shares() -> None:
    (outcome,) = Workbench().run(step("from_numpy", data="[[1, 2]]", dtype="int32"), source=None)
    assert outcome.parts[0].dtype == "int32"
    assert "share one memory of 8 bytes" in outcome.remark
    (empty,) = Workbench().run(step("from_numpy", data="[]"), source=None)
    assert "share" not in empty.remark


def test_the_list_names_each_operation_once_with_its_topic() -> None:
    listed = list_operations()
    names = [operation.name for operation in listed.operations]
    assert len(set(names)) == len(names)
    assert all(operation.topic and operation.summary.endswith(".") for operation in listed.operations)
    wanted = "index index_select gather take_along_dim masked_select squeeze chunk tensor_split split swapdims permute "
    wanted += "reshape expand broadcast_to atleast_1d atleast_2d atleast_3d scatter_ stack cat abs add addcdiv addcmul "
    wanted += "argmax argmin amax amin all any mean std quantile topk argsort allclose eq equal einsum matmul "
    wanted += "linalg.svd linalg.svdvals linalg.norm linalg.vector_norm linalg.cond linalg.matrix_rank linalg.eigvals "
    wanted += "linalg.qr linalg.solve tensor Tensor zeros zeros_like full from_numpy normal rand randint randn "
    wanted += "is_tensor is_storage is_complex is_floating_point numel"
    assert set(wanted.split()) <= set(names)
