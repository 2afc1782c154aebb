"""What an expression gave is shown in bounded text, whatever it is."""

import dataclasses
import warnings

import pytest
import torch
from torch import nn

from moduleview.engine.console_repr import MAXIMUM_CHARACTERS, shown_value


class Bad:
    def __repr__(self):
        raise ValueError("no words")


class Long:
    def __repr__(self):
        return "y" * 1_000_000


@dataclasses.dataclass
class Pair:
    left: object
    right: object


def test_small_values_look_as_python_shows_them():
    for value in (1, 1.5, "a'b", None, True, [1, 2], (1,), {"b": 1, "a": 2}, {1}, set(), b"x", range(3), int):
        assert shown_value(value) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        list(range(10**6)),
        {n: n for n in range(10**5)},
        "x" * 10**7,
        Long(),
        [Long()] * 50,
        10**10_000,
        set(range(10**5)),
    ],
    ids=["list", "dict", "str", "own repr", "own reprs", "int", "set"],
)
def test_huge_values_are_bounded(value):
    assert len(shown_value(value)) <= MAXIMUM_CHARACTERS + 100


def test_a_list_within_itself_and_deep_nesting_end():
    loop = []
    loop.append(loop)
    assert "..." in shown_value(loop)
    deep = []
    for _ in range(10_000):
        deep = [deep]
    assert "..." in shown_value(deep)


def test_a_repr_that_raises_is_told_and_its_neighbours_are_shown():
    assert "Bad object whose repr raised ValueError: 'no words'" in shown_value(Bad())
    assert shown_value([1, Bad(), 2]).startswith("[1, <Bad object")


def test_an_interrupt_in_a_repr_comes_through():
    class Endless:
        def __repr__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shown_value(Endless())


def test_a_tensor_is_told_in_a_line_and_its_values_as_torch_shows_them():
    text = shown_value(torch.arange(6.0).view(2, 3).requires_grad_())
    assert text.splitlines()[0] == "Tensor (2, 3), float32, cpu, requires grad"
    assert "[3., 4., 5.]" in text
    assert "from MulBackward0" in shown_value(torch.ones(2, requires_grad=True) * 2)
    assert shown_value(torch.tensor(2.0)) == "tensor(2.)"


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.empty(0, 3),
        lambda: torch.empty(10**9, 10**6, device="meta"),
        lambda: torch.eye(3).to_sparse(),
        lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8),
        lambda: torch.zeros(2000, 2000),
        lambda: torch.zeros(12, 12, 12, 12, 12),
        lambda: torch.zeros(3, dtype=torch.complex64),
        lambda: torch.zeros(2, 2, 2, 2, 100, dtype=torch.complex64),
        lambda: torch.zeros(3, dtype=torch.float8_e4m3fn),
        lambda: nn.Parameter(torch.zeros(3)),
        lambda: nn.parameter.UninitializedParameter(),
    ],
    ids=["empty", "meta", "sparse", "quantised", "large", "deep", "complex", "deep complex", "float8", "param", "lazy"],
)
def test_every_kind_of_tensor_is_shown_in_little(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # quantised tensors will go
        tensor = make()
    text = shown_value(tensor)
    assert "raised" not in text
    assert 0 < len(text) < 5_000


def test_tensors_inside_others_are_told_in_a_word():
    text = shown_value({"weight": torch.zeros(100, 100), "step": torch.tensor(3.0)})
    assert text == "{'weight': <Tensor (100, 100), float32, cpu>, 'step': tensor(3.)}"
    assert "<Tensor (2, 2)" in shown_value(Pair(torch.zeros(2, 2), [torch.zeros(2, 2)]))


def test_a_model_of_many_modules_is_not_written_out():
    assert "more than 1,000 modules" in shown_value(nn.Sequential(*[nn.Identity() for _ in range(2_000)]))
