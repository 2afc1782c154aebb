"""What a cell leaves behind in its thread is put back, and told."""

import os
import sys

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from moduleview.engine.thread_state import ThreadState


def now():
    return (
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.zeros(1).device,
        os.getcwd(),
        sys.getrecursionlimit(),
        sys.gettrace(),
    )


def enter(mode):
    mode.__enter__()
    LEFT.append(mode)  # what is dropped would leave by itself


LEFT: list = []
CASES = {
    "grad mode": lambda: torch.set_grad_enabled(False),
    "inference mode": lambda: enter(torch.inference_mode()),
    "autocast": lambda: enter(torch.autocast("cpu", torch.bfloat16)),
    "the default dtype": lambda: torch.set_default_dtype(torch.float64),
    "the default device": lambda: torch.set_default_device("meta"),
    "the working folder": lambda: os.chdir("/"),
    "the recursion limit": lambda: sys.setrecursionlimit(5000),
}


@pytest.fixture(autouse=True)
def forget_modes():
    yield
    LEFT.clear()


@pytest.mark.parametrize("what", CASES)
def test_one_thing_left_behind_is_put_back_and_named(what):
    before = now()
    with ThreadState() as state:
        CASES[what]()
    assert now() == before
    assert state.put_back == [what]


def test_a_device_that_was_entered_and_never_left_is_put_back():
    before = now()
    with ThreadState() as state:
        torch.set_default_device("meta")
        enter(torch.device("cpu"))
    assert now() == before
    assert state.put_back == ["the default device"]


def test_modes_that_were_entered_are_left():
    class Refuses(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            raise AssertionError("the mode is still on")

    class RefusesDispatch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            raise AssertionError("the mode is still on")

    with ThreadState() as state:
        enter(RefusesDispatch())
        enter(Refuses())
    assert (torch.ones(2) + 1).sum() == 4
    assert state.put_back == ["modes that were entered and not left"]


def test_an_autocast_that_was_left_open_gives_no_old_weights_later():
    linear = torch.nn.Linear(2, 2)
    with ThreadState():
        enter(torch.autocast("cpu", torch.bfloat16))
        linear(torch.ones(1, 2))
    with torch.no_grad():
        linear.weight.fill_(7.0)
        linear.bias.zero_()
    with torch.autocast("cpu", torch.bfloat16):
        assert linear(torch.ones(1, 2)).tolist() == [[14.0, 14.0]]


def test_nothing_is_said_where_nothing_was_left():
    with ThreadState() as state, torch.no_grad(), torch.autocast("cpu"):
        torch.ones(2) + 1
    assert state.put_back == []
    assert state.changed == []


def test_grad_mode_that_was_off_stays_off():
    with torch.no_grad():
        with ThreadState() as state:
            assert not torch.is_grad_enabled()
        assert not torch.is_grad_enabled()
    assert state.put_back == []


def test_the_number_of_threads_stays_and_is_told():
    before = torch.get_num_threads()
    try:
        with ThreadState() as state:
            torch.set_num_threads(before + 1)
        assert torch.get_num_threads() == before + 1
        assert f"it was {before}" in state.changed[0]
    finally:
        torch.set_num_threads(before)
