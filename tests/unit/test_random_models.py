"""Models put together at random from what breaks naive hooks, watched and toggled at random: nothing may change."""

from __future__ import annotations

import random
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from watched_run import traces

import moduleview
from moduleview.telemetry.hooks import PARAMETER_KINDS, HookKind, HookStatus
from random_models import RandomTraining

N_STEPS = 6
N_TOGGLES = 100
# torch's own full-backward hooks change last digits by themselves (of nn.MultiheadAttention, for one)
KINDS = tuple(kind for kind in HookKind if kind not in (HookKind.BACKWARD_PRE, HookKind.FULL_BACKWARD))


class Toggling:
    """Ticks and unticks hooks at random, ``N_TOGGLES`` in all."""

    def __init__(self, w: moduleview.Watch, training: RandomTraining, seed: int) -> None:
        self.w, self.chance, self.n_left = w, random.Random(seed), N_TOGGLES
        self.modules = [fqn for fqn, _ in training.model.named_modules(remove_duplicate=False)]
        self.tensors = [fqn for fqn, _ in training.model.named_parameters(remove_duplicate=False)]

    def some(self) -> None:
        for _ in range(min(self.chance.randrange(8), self.n_left)):
            self.n_left -= 1
            kind = self.chance.choice(KINDS)
            chosen = self.chance.sample(self.tensors if kind in PARAMETER_KINDS else self.modules, 2)
            self.w.set_hook(chosen, kind, enabled=self.chance.random() < 0.7)

    def rest(self) -> None:
        while self.n_left:
            self.some()


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1_000_000))
def test_any_model_trains_bit_for_bit_as_if_nobody_looked(seed: int) -> None:
    plain = RandomTraining(seed)
    expected = [plain.step() for _ in range(N_STEPS + 2)], plain.bits()

    training = RandomTraining(seed)
    filters = list(warnings.filters)
    with moduleview.watch(training.model, training.optimizer) as w:
        toggling = Toggling(w, training, seed)
        losses = []
        for step in range(N_STEPS):
            losses.append(training.step(toggling.some))  # within a step they wait for its end
            for fqn, norm in training.true_norms():
                steps, values = w.series("grad_norm", fqn)
                assert steps[-1] == step
                assert values[-1] == pytest.approx(norm, rel=1e-5, abs=1e-30)
        toggling.rest()
        assert w.log == ()
        assert all(entry.status is not HookStatus.FAILED for entry in w.store.hooks.values())
    losses += [training.step() for _ in range(2)]  # nobody looks any more
    assert (losses, training.bits()) == expected
    assert traces(training.model) == []
    assert list(warnings.filters) == filters
