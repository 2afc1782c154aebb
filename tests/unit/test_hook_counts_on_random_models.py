"""Whichever module somebody looks at, and whenever: hooks of the users' on any model do what they did before."""

from __future__ import annotations

import random
from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import moduleview
from moduleview.hooks.board import Board
from moduleview.hooks.counted_hook import CountedHook
from random_models import RandomTraining

N_STEPS = 6


class Theirs:
    """Hooks of the user's on a random half of the modules; some change what passes through."""

    def __init__(self, training: RandomTraining, seed: int) -> None:
        chance = random.Random(seed + 2)
        self.n_calls = 0
        for module in training.model.modules():
            if chance.random() < 0.5:
                module.register_forward_hook(self.halve, prepend=chance.random() < 0.5)
                module.register_forward_pre_hook(self.count, with_kwargs=True)
        for parameter in training.parameters:
            if chance.random() < 0.5:
                parameter.register_hook(self.shrink)
                parameter.register_post_accumulate_grad_hook(self.count)
        training.optimizer.register_step_pre_hook(self.count)

    def halve(self, _: nn.Module, __: Any, output: Any) -> Any:
        self.n_calls += 1
        return output / 2 if isinstance(output, torch.Tensor) else None

    def shrink(self, gradient: torch.Tensor) -> torch.Tensor:
        self.n_calls += 1
        return gradient * 0.75

    def count(self, *_: Any) -> None:
        self.n_calls += 1


def stand_ins(training: RandomTraining) -> list[Any]:
    owners = [*training.model.modules(), *training.model.parameters(), training.optimizer]
    tables = [
        table
        for owner in owners
        for name in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_post_accumulate_grad_hooks")
        if (table := getattr(owner, name, None))
    ]
    tables.append(training.optimizer._optimizer_step_pre_hooks)
    return [hook for table in tables for hook in table.values() if type(hook) is CountedHook]


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1_000_000))
def test_counted_hooks_of_the_users_run_bit_for_bit_and_as_often_as_before(seed: int) -> None:
    plain = RandomTraining(seed)
    theirs = Theirs(plain, seed)
    expected = [repr(plain.step()) for _ in range(N_STEPS)], theirs.n_calls, plain.bits()

    training = RandomTraining(seed)
    theirs, chance = Theirs(training, seed), random.Random(seed)
    board = Board(training.model)
    board.optimizers = (training.optimizer,)
    fqns = [fqn for fqn, _ in training.model.named_modules(remove_duplicate=False)]
    losses, n_counted = [], 0
    with moduleview.watch(training.model, training.optimizer):
        for _ in range(N_STEPS):
            looked_at = chance.choice(fqns)
            board.count(looked_at, enabled=chance.random() < 0.8)
            losses.append(repr(training.step()))  # NaN is not equal to itself
            n_counted += sum(hook.n_fires or 0 for hook in board.hooks_on(looked_at) if not hook.is_ours)
    board.release()
    assert (losses, theirs.n_calls, training.bits()) == expected
    assert stand_ins(training) == []
    assert n_counted <= theirs.n_calls
