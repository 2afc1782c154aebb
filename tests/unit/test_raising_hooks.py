"""Which hook an exception came out of, so that only that one is switched off."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from moduleview.hooks.board import Board


class BadError(Exception):
    pass


def good(*_: Any) -> None:
    pass


def bad(*_: Any, **__: Any) -> None:
    raise BadError


def bad_with(_: Any, *__: Any) -> None:
    raise BadError


class Bad:
    def __call__(self, *_: Any, **__: Any) -> None:
        raise BadError

    def method(self, *_: Any) -> None:
        raise BadError


def deep(*_: Any) -> None:
    nn.Identity()(torch.ones(1))
    bad()


def made_for(name: str) -> Callable[..., None]:
    """All of these have one code."""

    def hook(*_: Any) -> None:
        if name == "1":
            raise BadError

    return hook


def net() -> tuple[nn.Sequential, torch.optim.Optimizer]:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    return model, torch.optim.SGD(model.parameters(), lr=0.1)


def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> BaseException | None:
    try:
        optimizer.zero_grad()
        model(torch.ones(2, 3, requires_grad=True)).sum().backward()
        optimizer.step()
    except BadError as error:
        return error
    return None


ON: dict[str, Callable[[nn.Sequential, torch.optim.Optimizer], object]] = {
    "forward": lambda model, _: model[1].register_forward_hook(bad),
    "keywords, always called, first": lambda model, _: model[1].register_forward_hook(
        bad, with_kwargs=True, always_call=True, prepend=True
    ),
    "forward pre, partial": lambda model, _: model[1].register_forward_pre_hook(functools.partial(bad_with, 1)),
    "object": lambda model, _: model[1].register_forward_hook(Bad()),
    "bound method": lambda model, _: model[1].register_forward_hook(Bad().method),
    "lambda": lambda model, _: model[1].register_forward_hook(lambda *_: bad()),
    "calls another": lambda model, _: model[1].register_forward_hook(deep),
    "one of many of the same code": lambda model, _: [
        module.register_forward_hook(made_for(name)) for name, module in model.named_children()
    ],
    "full backward": lambda model, _: model[1].register_full_backward_hook(bad),
    "full backward pre": lambda model, _: model[1].register_full_backward_pre_hook(bad),
    "tensor": lambda model, _: model[1].weight.register_hook(bad),
    "tensor, one of many of the same code": lambda model, _: [
        module.weight.register_hook(made_for(name)) for name, module in model.named_children()
    ],
    "post accumulate": lambda model, _: model[1].weight.register_post_accumulate_grad_hook(bad),
    "optimizer": lambda _, optimizer: optimizer.register_step_pre_hook(bad),
}


@pytest.mark.parametrize("put_on", ON.values(), ids=ON)
@pytest.mark.parametrize("is_looked_at", [True, False])
def test_the_one_that_raised_is_switched_off_and_no_other(
    put_on: Callable[[nn.Sequential, torch.optim.Optimizer], object], is_looked_at: bool
) -> None:
    model, optimizer = net()
    for module in model:
        module.register_forward_hook(good)
    put_on(model, optimizer)
    board = Board(model)
    board.optimizers = (optimizer,)
    on_optimizer = bool(optimizer._optimizer_step_pre_hooks)
    if is_looked_at:
        board.count("" if on_optimizer else "1", enabled=True)
    before = sum(len(board.hooks_on(fqn)) for fqn in ("", "0", "1"))
    error = step(model, optimizer)
    assert error is not None
    ((fqn, hook),) = board.switch_off(error, 7)
    assert fqn == ("" if on_optimizer else "1")
    assert hook.note.startswith("Switched off at step 7")
    assert "switched off" in hook.not_counted
    assert "raise BadError" in hook.traceback
    assert step(model, optimizer) is None
    assert sum(len(board.hooks_on(fqn)) for fqn in ("", "0", "1")) == before  # it stays listed
    board.release()
    assert step(model, optimizer) is None
    assert len(model[0]._forward_hooks) >= 1


def test_an_error_that_came_out_of_no_hook_switches_nothing_off() -> None:
    model, _ = net()
    for module in model:
        module.register_forward_hook(bad)
    board = Board(model)
    with pytest.raises(BadError) as caught:
        bad()
    assert board.switch_off(caught.value, 0) == ()
    assert all(module._forward_hooks for module in model)
