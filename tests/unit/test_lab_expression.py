"""What may be typed into the lab's fields, and that nothing else is run."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moduleview.lab.expression import Expression, ExpressionError, IndexExpression
from moduleview.lab.given_argument import read_argument
from moduleview.telemetry.lab_pipelines import ArgumentKind, ArgumentSpec

X = torch.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(
    "text",
    ["[:, None, ::2]", "[..., -1]", "[0]", "[1, 2, 3]", "[[1, 0]]", "[[0, 1], 1:]", "[x > 5]", "[x[:, :, 0] > 3]",
     "[None]", "[True]", "[-1:, ..., 1]", "[(x > 2) & (x < 9)]", "[0:2:1, [0, 2]]"],
)  # fmt: skip
def test_an_index_is_what_python_makes_of_it(text: str) -> None:
    index = IndexExpression(text)
    expected = eval(f"x{text}", {"x": X})
    assert torch.equal(X[index.evaluate({"x": X})], expected)
    assert torch.equal(eval(f"x{index.python}", {"x": X}), expected)


def test_the_brackets_of_an_index_may_be_left_out() -> None:
    assert IndexExpression(":, 0").python == "[:, 0]"
    assert IndexExpression("[0], [1]").python == "[[0], [1]]"
    assert IndexExpression("x > 0").names == ("x",)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["0", "-1", ":", "1:", "::2", "None", "...", "[0, 1]", ":1"]), min_size=1, max_size=4))
def test_indices_agree_with_torch_and_numpy(parts: list[str]) -> None:
    """NumPy takes an integer beside a list as one more list, torch selects with it first: there they differ."""
    parts = [part for place, part in enumerate(parts) if part != "..." or "..." not in parts[:place]]
    text = f"[{', '.join(parts)}]"
    array = X.numpy()
    try:
        expected = eval(f"x{text}", {"x": array})
    except IndexError:
        with pytest.raises(IndexError):
            X[IndexExpression(text).evaluate({})]
        return
    got = X[IndexExpression(text).evaluate({})]
    assert torch.equal(got, eval(f"x{text}", {"x": X}))
    if sum(part in ("0", "-1", "[0, 1]") for part in parts) < 2 or "[0, 1]" not in parts:
        assert np.array_equal(got.numpy(), expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("__import__('os')", "does not read this"),
        ("x.data", "does not read this"),
        ("[i for i in x]", "does not read this"),
        ("lambda: 0", "does not read this"),
        ("'text'", "cannot stand here"),
        ("9 ** 9", "does not read this"),
        ("model", "no “model” here"),
        ("x < 1 < 2", "does not read this"),
        ("1 +", "is not Python"),
        ("t7", "no tensor t7 in the lab"),
        ("[0] * 1000000000", "list cannot be computed with"),
        ("-" * 200 + "1", "too long an expression"),
        ("1" * 30_000, "30,000 characters long"),
        ("f'{x}'", "does not read this"),
        ("(x := 1)", "does not read this"),
    ],
)
def test_what_is_no_number_list_or_tensor_is_refused_with_a_sentence(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words.replace("(", r"\(")):
        Expression(text).evaluate({"x": X})


def test_an_expression_before_the_first_tensor_says_so() -> None:
    with pytest.raises(ExpressionError, match="no step has given anything yet"):
        Expression("x + 1").evaluate({})
    with pytest.raises(ExpressionError, match="Type an index"):
        IndexExpression("[]")


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="x0t1[](),:.+-*/<>=&|~ _'nifNoe", max_size=30))
def test_no_text_does_anything_but_give_a_value_or_an_error(text: str) -> None:
    for read in (Expression, IndexExpression):
        try:
            value = read(text).evaluate({"x": torch.ones(2)})
        except (ExpressionError, RuntimeError, IndexError, TypeError, ValueError, ZeroDivisionError, OverflowError):
            continue
        assert (
            value is None
            or isinstance(value, torch.Tensor | int | float | complex | list | tuple | slice)
            or (value is ...)
        )


@pytest.mark.parametrize(
    ("kind", "text", "python", "value"),
    [
        (ArgumentKind.INTEGERS, "2, 3", "(2, 3)", (2, 3)),
        (ArgumentKind.INTEGERS, "[2]", "(2,)", (2,)),
        (ArgumentKind.INTEGERS, "2", "(2,)", (2,)),
        (ArgumentKind.INTEGERS, "()", "()", ()),
        (ArgumentKind.INTEGERS, "[]", "()", ()),
        (ArgumentKind.NUMBER, "-inf", "-inf", float("-inf")),
        (ArgumentKind.DTYPE, "torch.int8", "torch.int8", torch.int8),
        (ArgumentKind.EQUATION, "ij->i", "'ij->i'", "ij->i"),
    ],
)
def test_fields_are_read_as_python_writes_them(kind: ArgumentKind, text: str, python: str, value: object) -> None:
    argument = read_argument(ArgumentSpec("a", kind), text)
    assert argument is not None
    assert (argument.python, argument.evaluate({})) == (python, value)


def test_lists_become_tensors_where_a_tensor_is_wanted() -> None:
    tensor = read_argument(ArgumentSpec("index", ArgumentKind.TENSOR), "[0, 2]")
    several = read_argument(ArgumentSpec("tensors", ArgumentKind.TENSORS), "(x, [1.5, (2)], t3)")
    assert tensor is not None
    assert several is not None
    assert tensor.python == "torch.tensor([0, 2])"
    assert several.python == "[x, torch.tensor([1.5, 2]), t3]"
    assert several.names == ("x", "t3")


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (ArgumentKind.DTYPE, "float31", "torch has no dtype “float31”"),
        (ArgumentKind.CHOICE, "c", "is not one of a, b"),
        (ArgumentKind.EQUATION, "i;j", "letters, commas and one arrow"),
        (ArgumentKind.INTEGER, "", "Fill in a: an axis"),
    ],
)
def test_a_wrong_field_is_named(kind: ArgumentKind, text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        read_argument(ArgumentSpec("a", kind, choices=("a", "b"), hint="an axis"), text)
