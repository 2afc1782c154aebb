"""Pipelines: what is said of each step, what fails where, and what is refused before it begins."""

from __future__ import annotations

import re

import pytest
import torch
from lab_pipelines import Workbench, same, step
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

from moduleview.lab.estimate import TooMuchError, refuse_too_much
from moduleview.telemetry.lab_pipelines import AxisLabel, StepState

X = torch.arange(24.0).reshape(4, 6)
ONE = step("index", index="[0, 0]")


def test_each_step_says_shape_dtype_strides_and_whether_it_is_a_view() -> None:
    bench = Workbench(X)
    first, second, third = bench.run(step("index", index="[:, ::2]"), step("swapdims"), step("reshape", shape="12"))
    (part,) = first.parts
    assert (part.shape, part.strides, part.is_view, part.is_contiguous) == ((4, 3), (6, 2), True, False)
    assert second.parts[0].strides == (2, 6)
    assert second.parts[0].is_view is True
    assert third.parts[0].is_view is False
    assert (third.parts[0].dtype, third.parts[0].n_bytes) == ("float32", 48)
    assert [outcome.python for outcome in (first, second)] == ["x = x[:, ::2]", "x = torch.swapdims(x, 0, 1)"]
    assert same(bench.execute(), bench.result(third))


@pytest.mark.parametrize(
    ("wrong", "torchs"),
    [
        (step("sum", dim="2"), lambda: torch.sum(X, dim=2)),
        (step("index_select", dim="0", index="[7]"), lambda: torch.index_select(X, 0, torch.tensor([7]))),
        (step("index", index="[9]"), lambda: X[9]),
        (step("mean", dim=""), lambda: torch.mean(X.long())),
        (step("matmul", other="x"), lambda: X.long() @ X.long()),
        (step("reshape", shape="5, 5"), lambda: X.reshape(5, 5)),
    ],
)
def test_a_wrong_step_gives_torchs_own_message_and_those_behind_are_not_reached(wrong, torchs) -> None:
    cast = step("to", dtype="int64" if wrong.operation in ("mean", "matmul") else "float32")
    outcomes = Workbench(X).run(cast, wrong, step("abs"), step("neg"))
    assert [outcome.state for outcome in outcomes] == [
        StepState.DONE,
        StepState.FAILED,
        StepState.NOT_REACHED,
        StepState.NOT_REACHED,
    ]
    with pytest.raises(Exception) as raised:  # noqa: PT011  whatever torch raises
        torchs()
    assert outcomes[1].error == str(raised.value)
    assert outcomes[1].python.startswith("x = ")


def test_what_did_not_change_is_not_computed_again() -> None:
    bench = Workbench(X)
    before = bench.run(step("exp"), step("sum", dim="0"))
    after = bench.run(step("exp"), step("sum", dim="1"))
    assert after[0] is before[0]
    assert after[1].parts[0].tensor_id != before[1].parts[0].tensor_id
    assert bench.shelf.get(before[1].parts[0].tensor_id) is None
    assert bench.shelf.get(after[0].parts[0].tensor_id) is not None
    shorter = bench.run(step("exp"))
    assert shorter == (before[0],)


def test_several_tensors_have_labels_and_the_next_step_picks_one() -> None:
    bench = Workbench(X)
    pieces, one = bench.run(step("chunk", chunks="3"), step("index", index="[1]"))
    assert [part.label for part in pieces.parts] == ["[0]", "[1]"]
    assert all(part.is_view for part in pieces.parts)
    assert torch.equal(bench.result(one), X.chunk(3)[1])
    values, _joined = bench.run(step("topk", k="2"), step("index", index="[0]"))
    assert [part.label for part in values.parts] == ["values", "indices"]
    pieces, back = bench.run(step("split", split_size_or_sections="1"), step("cat", tensors="x"))
    assert torch.equal(bench.result(back), X)
    assert same(bench.execute(), X)


def test_scatter_writes_on_a_copy() -> None:
    bench = Workbench(X.clone(), torch.full((1, 6), -1.0))
    (outcome,) = bench.run(step("scatter_", dim="0", index="[[3, 3, 3, 3, 3, 3]]", src="t2"))
    assert outcome.parts[0].is_view is False
    assert torch.equal(bench.tensors[0], X)
    assert torch.equal(bench.result(outcome)[3], torch.full((6,), -1.0))


def test_a_plain_answer_stands_as_python_writes_it() -> None:
    bench = Workbench(X)
    assert bench.run(step("numel"))[0].value == "24"
    assert bench.run(step("is_complex"))[0].value == "False"
    (largest,) = bench.run(step("amax"))
    assert largest.parts[0].text == "23.0"
    failed = bench.run(step("numel"), step("abs"))[1]
    assert "must be Tensor, not int" in failed.error


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((step("expand", sizes="100000000, 4, 6"), step("abs")), "would make .* of tensors"),
        ((step("expand", sizes="1000000000000, 4, 6"), step("contiguous")), "would make .* GB of tensors"),
        ((step("expand", sizes="1000000000, 4, 6"), step("sum")), "would go through"),
        ((step("zeros", size="1000000, 1000000"),), "would make .* GB of tensors"),
        ((step("eye", n="10000000"),), "would make .* GB of tensors"),
        ((step("arange", end="1e15"),), "would make .* GB of tensors"),
        ((step("rand", size="100000, 1000000"),), "would make .* GB of tensors"),
        ((step("index", index="[None] * 3"),), "cannot be computed with"),
        ((step("zeros", size="10000, 24"), step("einsum", equation="ab,cd->abcd", others="x")), "would make .* GB"),
        ((ONE, step("expand", sizes="8000, 8000"), step("matmul", other="x")), "multiplications"),
        ((ONE, step("expand", sizes="6000, 6000"), step("linalg.svd")), "would take as long as"),
        ((ONE, step("expand", sizes="10000, 10000"), step("linalg.solve", B="x")), "would take as long as"),
        ((step("zeros", size="20000000"), step("split", split_size_or_sections="1")), "20,000,000 tensors or more"),
        ((step("zeros", size="20000000"), step("chunk", chunks="90000")), "tensors or more"),
        ((step("zeros", size="20000000"), step("tensor_split", indices_or_sections="90000")), "tensors or more"),
        ((step("expand", sizes="20000000, 4, 6"), step("masked_select", mask="x > 0")), "would make 10.6 GB"),
        ((step("expand", sizes="20000000, 4, 6"), step("index", index="[x > 0]")), "would make 14.4 GB"),
        ((ONE, step("to", dtype="int64"), step("expand", sizes="3000, 3000"), step("matmul", other="x")),
         "multiplications"),
    ],
)  # fmt: skip
def test_what_would_be_too_large_or_never_end_is_refused_before_it_begins(steps, words: str) -> None:
    outcomes = Workbench(X).run(*steps)
    assert outcomes[-1].state is StepState.FAILED
    assert re.search(words, outcomes[-1].error), outcomes[-1].error


@pytest.mark.parametrize(
    ("made", "size"),
    [
        (step("zeros", size="1000000, 1000000"), "4,000 GB"),
        (step("zeros", size="1000000, 1000000", dtype="float64"), "8,000 GB"),
        (step("full", size="1000000, 1000000", fill_value="7"), "8,000 GB"),
        (step("full", size="1000000, 1000000", fill_value="0.5"), "4,000 GB"),
        (step("randint", size="1000000, 1000000"), "8,000 GB"),
        (step("arange", end="1000000000000"), "8,000 GB"),
    ],
)  # fmt: skip
def test_what_would_be_created_is_refused_with_the_size_that_torch_would_make(made, size: str) -> None:
    (outcome,) = Workbench(X).run(made)
    assert f"would make {size} of tensors" in outcome.error


def test_a_view_costs_nothing_however_many_elements_it_has() -> None:
    (outcome,) = Workbench(X).run(step("expand", sizes="1000000000000, 4, 6"))
    assert outcome.state is StepState.DONE
    assert outcome.parts[0].strides == (0, 6, 1)


def test_an_unknown_operation_and_a_missing_tensor_are_sentences() -> None:
    bench = Workbench(X)
    assert "no operation “frobnicate”" in bench.run(step("frobnicate"))[0].error
    assert "no tensor t9 in the lab" in bench.run(step("add", other="t9"))[0].error
    assert "Fill in index" in bench.run(step("gather"))[0].error
    assert "There is nothing to work on" in bench.run(step("abs"), source=None)[0].error


def test_a_cancelled_pipeline_goes_no_further() -> None:
    bench = Workbench(X)
    *_, outcomes = bench.pipeline.evaluate(1, (step("abs"), step("neg")), lambda: True)
    assert [outcome.state for outcome in outcomes] == [StepState.NOT_REACHED] * 2


@pytest.mark.parametrize(
    ("equation", "others", "operands", "result"),
    [
        ("ij,jk->ik", "t2", [[("i", 4, False), ("j", 6, True)], [("j", 6, True), ("k", 2, False)]], ["i", "k"]),
        ("ij,jk", "t2", [[("i", 4, False), ("j", 6, True)], [("j", 6, True), ("k", 2, False)]], ["i", "k"]),
        ("...j->...", "", [[("…0", 4, False), ("j", 6, True)]], ["…0"]),
        ("ij->", "", [[("i", 4, True), ("j", 6, True)]], []),
    ],
)
def test_einsum_draws_its_labels(equation, others, operands, result) -> None:
    bench = Workbench(X, torch.ones(6, 2))
    (outcome,) = bench.run(step("einsum", equation=equation, others=others))
    drawing = outcome.einsum
    assert drawing is not None
    assert drawing.operands == tuple(tuple(AxisLabel(*axis) for axis in axes) for axes in operands)
    assert [axis.letter for axis in drawing.result] == result
    assert tuple(axis.size for axis in drawing.result) == outcome.parts[0].shape
    assert drawing.names == (("x", "t2") if others else ("x",))


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(0, 3),
        torch.tensor(2.5),
        torch.tensor([1 + 2j, 3j]).conj(),
        torch.tensor([True, False]),
        torch.arange(6, dtype=torch.uint8),
        torch.randn(2, 3, generator=torch.Generator().manual_seed(0)).to(torch.float8_e4m3fn),
        torch.tensor([float("nan"), float("inf")]),
        torch.zeros(1000).as_strided((3, 2), (300, 7)),
        torch.ones(2, 2, requires_grad=True),
    ],
    ids=["empty", "0-d", "complex", "bool", "uint8", "float8", "nan", "strided", "requires_grad"],
)
def test_tensors_of_any_kind_go_through(tensor: torch.Tensor) -> None:
    bench = Workbench(tensor.detach())
    outcomes = bench.run(step("unsqueeze", dim="0"), step("clone"), step("sum"))
    assert outcomes[1].state is StepState.DONE
    assert outcomes[2].parts or outcomes[2].error


def test_an_estimate_leaves_the_trainers_compiled_code_alone() -> None:
    flags: list[bool] = []

    def compute() -> torch.Tensor:
        flags.append(is_in_torch_dispatch_mode())
        return torch.empty(2, 2, device="meta") + 1

    refuse_too_much(compute)
    assert flags == [False]
    assert torch._C._len_torch_dispatch_stack() == 0
    with pytest.raises(TooMuchError, match="would make"):
        refuse_too_much(lambda: torch.empty(2**40, device="meta") + 1)
    assert torch._C._len_torch_dispatch_stack() == 0


def test_a_creation_that_would_not_fit_is_told_to_be_smaller() -> None:
    (outcome,) = Workbench().run(step("zeros", size="100000, 100000"), source=None)
    assert outcome.error.startswith("This would make 40 GB of tensors;")
    assert outcome.error.endswith("Ask for fewer elements.")
