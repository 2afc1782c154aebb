"""Every kind of hook that a person can tick: what it sees, what it counts, and that nothing of it is left."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable

import pytest
import torch
from torch import nn
from watched_run import Watch, WatchedRun, traces

from moduleview.hooks.board import Board
from moduleview.hooks.hook_set import HookSet
from moduleview.hooks.model_index import ModelIndex
from moduleview.hooks.ticked import Ticked
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.hooks import COUNTING_KINDS, HOOK_STATISTICS, HookKind, HookStatus
from moduleview.telemetry.records import SeriesDeclared

FULL_BACKWARD, POST_ACCUMULATE = HookKind.FULL_BACKWARD, HookKind.POST_ACCUMULATE
STATE_DICT, LOAD_STATE_DICT = HookKind.STATE_DICT, HookKind.LOAD_STATE_DICT
STEP_PRE, STEP_POST = HookKind.STEP_PRE, HookKind.STEP_POST


def two_layers() -> nn.Module:
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 1, bias=False))
    with torch.no_grad():
        model[0].weight.fill_(1.0)
        model[1].weight.fill_(2.0)
    return model


def steps(run: WatchedRun, n_steps: int = 1) -> None:
    for _ in range(n_steps):
        run.step(lambda: run.model(torch.ones(4, 3)).sum())


# -- full backward ----------------------------------------------------------------------------------------------------


def test_full_backward_sees_the_gradient_at_the_inputs_after_a_trial(watch: Watch) -> None:
    run = watch(two_layers(), lr=0.0)
    run.tick(FULL_BACKWARD, "1")
    assert run.entries() == ()  # only requested
    steps(run, 2)
    assert run.entry("1", FULL_BACKWARD).status is HookStatus.ACTIVE
    assert run.values("full_backward.mean") == {("1", ""): 2.0}  # the weight of what follows
    assert run.now("1", FULL_BACKWARD).n_fires == 1


def test_full_backward_leaves_the_module_free_for_torchs_old_kind(watch: Watch) -> None:
    model = two_layers()
    run = watch(model)
    run.tick(FULL_BACKWARD, "1")
    steps(run, 2)
    assert model[1]._is_full_backward_hook is True
    run.tick(FULL_BACKWARD, "1", enabled=False)
    assert model[1]._is_full_backward_hook is None
    calls: list[int] = []
    model[1].register_backward_hook(lambda *_: calls.append(1))  # torch raises where a full one was there
    with pytest.warns(FutureWarning, match="full_backward_hook"):
        loss = model(torch.ones(4, 3)).sum()
    loss.backward()
    assert calls == [1]


def test_a_full_backward_hook_of_the_owner_stays_full_when_ours_goes(watch: Watch) -> None:
    model = two_layers()
    run = watch(model)
    calls: list[int] = []
    run.tick(FULL_BACKWARD, "1")
    steps(run, 2)
    model[1].register_full_backward_hook(lambda *_: calls.append(1))
    run.tick(FULL_BACKWARD, "1", enabled=False)
    steps(run)
    assert calls == [1]


def test_full_backward_is_refused_where_it_would_break_the_training(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.ReLU(inplace=True))
    run = watch(model)
    run.tick(FULL_BACKWARD, "1", "0")
    steps(run, 2)
    assert "in-place" in run.entry("1", FULL_BACKWARD).reason
    assert "No input of it requires a gradient" in run.entry("0", FULL_BACKWARD).reason
    run.recorder.detach()
    assert traces(model) == []


def test_calls_of_a_shared_module_are_told_apart_by_full_backward_too(watch: Watch) -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.before, self.shared = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
            nn.init.constant_(self.before.weight, 1.0)
            nn.init.constant_(self.shared.weight, 3.0)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.shared(self.shared(self.before(x)))

    model = Twice()
    run = watch(model, lr=0.0)
    run.tick(FULL_BACKWARD, "shared")
    for _ in range(2):
        run.step(lambda: model(torch.ones(1, 1)).sum())
    assert run.values("full_backward.mean") == {("shared", ""): 9.0, ("shared", "call 1"): 3.0}


# -- post accumulate --------------------------------------------------------------------------------------------------


def test_post_accumulate_sees_the_gradient_grow_where_a_tensor_hook_sees_each_pass(watch: Watch) -> None:
    model = two_layers()
    run = watch(model)
    for kind in (HookKind.TENSOR, POST_ACCUMULATE):
        run.tick(kind, "1.weight")

    def three_passes() -> None:
        model.zero_grad()
        for _ in range(3):
            model(torch.ones(1, 3)).sum().backward()

    run.raw_step(three_passes)
    assert run.values("tensor.mean") == {("1.weight", part): 3.0 for part in ("", "call 1", "call 2")}
    accumulated = {("1.weight", ""): 3.0, ("1.weight", "call 1"): 6.0, ("1.weight", "call 2"): 9.0}
    assert run.values("post_accumulate.mean") == accumulated


def test_post_accumulate_counts_where_an_optimizer_in_backward_has_taken_the_gradient(watch: Watch) -> None:
    model = two_layers()

    def take(parameter: torch.Tensor) -> None:
        parameter.grad = None

    model[1].weight.register_post_accumulate_grad_hook(take)
    run = watch(model)
    run.tick(POST_ACCUMULATE, "1.weight")
    steps(run)
    assert run.values("post_accumulate.mean") == {}
    entry = run.now("1.weight", POST_ACCUMULATE)
    assert (entry.status, entry.n_fires) == (HookStatus.ACTIVE, 1)


def test_post_accumulate_follows_a_parameter_that_is_replaced_and_leaves_no_table(watch: Watch) -> None:
    model = two_layers()
    run = watch(model)
    run.tick(POST_ACCUMULATE, "1.weight")
    steps(run)
    old = model[1].weight
    model[1].weight = nn.Parameter(torch.ones(1, 3))
    steps(run)
    assert run.now("1.weight", POST_ACCUMULATE).n_fires == 2
    assert old._post_accumulate_grad_hooks is None
    run.tick(POST_ACCUMULATE, "1.weight", enabled=False)
    assert model[1].weight._post_accumulate_grad_hooks is None


# -- state dicts ------------------------------------------------------------------------------------------------------


def test_saving_and_loading_state_are_counted_and_timed_whenever_they_happen(watch: Watch) -> None:
    model = two_layers()
    run = watch(model)
    run.tick(STATE_DICT, "", "1")
    run.tick(LOAD_STATE_DICT, "1")
    assert run.entry("", STATE_DICT).status is HookStatus.ACTIVE
    model.state_dict()  # before the first step
    assert "before the first step" in run.now("", STATE_DICT).seen
    steps(run, 2)
    state = model.state_dict()
    model.load_state_dict(state)
    entry = run.now("1", STATE_DICT)
    assert entry.n_fires == 2
    assert entry.seen.startswith("state_dict() took ")
    assert entry.seen.endswith("at step 1")
    assert entry.us_per_fire < 1e4
    loaded = run.now("1", LOAD_STATE_DICT)
    assert (loaded.n_fires, loaded.seen.split(" took ")[0]) == (1, "load_state_dict()")
    assert list(state) == list(two_layers().state_dict())


def test_a_model_that_is_never_saved_is_not_said_to_be_unable_to_fire(watch: Watch) -> None:
    run = watch(two_layers())
    run.tick(STATE_DICT, "")
    steps(run, 2)
    assert run.entry("", STATE_DICT).status is HookStatus.ACTIVE


def test_copies_of_a_model_whose_state_is_counted_count_nothing(watch: Watch) -> None:
    model = two_layers()
    run = watch(model)
    run.tick(STATE_DICT, "")
    run.tick(LOAD_STATE_DICT, "")
    twin = copy.deepcopy(model)
    twin.load_state_dict(twin.state_dict())
    assert run.now("", STATE_DICT).n_fires == 0
    run.recorder.detach()
    assert traces(model) == []


# -- optimizers -------------------------------------------------------------------------------------------------------


def test_steps_of_the_models_optimizer_are_counted_and_timed_and_others_are_not(watch: Watch) -> None:
    model, other = two_layers(), two_layers()
    run = watch(model)
    theirs = torch.optim.SGD(other.parameters(), lr=0.1)
    run.tick(STEP_PRE, "")
    run.tick(STEP_POST, "")
    steps(run, 3)
    other(torch.ones(1, 3)).sum().backward()
    theirs.step()
    assert run.now("", STEP_PRE).n_fires == run.now("", STEP_POST).n_fires == 3
    assert run.entry("", STEP_PRE).seen == "SGD.step()"
    assert run.entry("", STEP_POST).seen.startswith("SGD.step() took ")
    assert not run.optimizer._optimizer_step_pre_hooks  # type: ignore[union-attr]


def test_an_optimizer_that_does_not_step_is_said_not_to(watch: Watch) -> None:
    model = two_layers()
    run = watch(model)
    run.tick(STEP_POST, "")
    run.raw_step(lambda: model(torch.ones(1, 3)).sum())
    assert "No optimizer that holds these parameters made a step" in run.entry("", STEP_POST).reason


def test_an_optimizers_hook_belongs_to_the_root(watch: Watch) -> None:
    run = watch(two_layers())
    run.tick(STEP_PRE, "1")
    assert "at the root" in run.entry("1", STEP_PRE).reason


# -- all --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(HookKind))
def test_each_kind_fires_measures_what_it_should_and_leaves_no_trace(watch: Watch, kind: HookKind) -> None:
    model = two_layers()
    run = watch(model)
    fqn = {HookKind.TENSOR: "1.weight", POST_ACCUMULATE: "1.weight", STEP_PRE: "", STEP_POST: ""}.get(kind, "1")
    before = traces(model)
    run.tick(kind, fqn)
    steps(run, 2)
    model.load_state_dict(model.state_dict())
    entry = run.now(fqn, kind)
    assert (entry.status, entry.reason) == (HookStatus.ACTIVE, "")
    assert entry.n_fires >= 1
    measured = {statistic for statistic in HOOK_STATISTICS if run.values(f"{kind}.{statistic}")}
    assert measured == (set() if kind in COUNTING_KINDS else set(HOOK_STATISTICS))
    run.tick(kind, fqn, enabled=False)
    assert traces(model) == before


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Lazy modules", "ignore:.*torch.jit")
@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.LazyLinear(3),
        lambda: torch.jit.script(nn.Linear(3, 3)),
        lambda: torch.jit.trace(nn.Linear(3, 3), torch.ones(1, 3)),
        lambda: torch.compile(nn.Linear(3, 3)),
        lambda: nn.DataParallel(nn.Linear(3, 3)),
        lambda: nn.Linear(3, 3, device="meta"),
    ],
    ids=["lazy", "script", "traced", "compiled", "data parallel", "meta"],
)
def test_on_odd_modules_every_kind_goes_on_or_says_why_not_and_none_fails(make: Callable[[], nn.Module]) -> None:
    model = make()
    hooks = HookSet(ModelIndex(model))
    board = Board(model, hooks)
    names = [*dict(model.named_modules()), *dict(model.named_parameters())]
    for fqn in names:
        board.count(fqn, enabled=True)
        for kind in HookKind:
            hooks.set(SetHooks((fqn,), kind, enabled=True))
    assert len(hooks.entries()) >= len(names)
    assert all(entry.status is not HookStatus.FAILED for entry in hooks.entries())
    assert all(entry.reason for entry in hooks.entries() if entry.status is HookStatus.CANNOT_FIRE)
    board.release()
    hooks.remove_all()


def test_series_of_a_sampled_tensor_are_declared_as_estimates_and_others_are_not(watch: Watch) -> None:
    model = nn.Sequential(nn.Linear(3, 100), nn.Linear(100, 1))
    run = watch(model)
    run.tick(HookKind.FORWARD, "0", "1")
    run.step(lambda: model(torch.ones(50, 3)).sum())
    sampled = {
        key.fqn: traits.is_sampled
        for record in run.records
        if isinstance(record, SeriesDeclared) and record.traits
        for key, traits in zip(record.keys, record.traits, strict=True)
        if key.quantity == "forward.mean"
    }
    assert sampled == {"0": True, "1": False}


class Adds(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1


def test_many_hooks_keep_their_own_numbers_when_others_come_and_go(watch: Watch) -> None:
    model = nn.Sequential(*(Adds() for _ in range(80)))
    run = watch(model)
    everywhere = tuple(map(str, range(80)))
    for chosen in (everywhere, everywhere[::20], everywhere[::-1]):
        run.tick(HookKind.FORWARD, *everywhere, enabled=False)
        run.tick(HookKind.FORWARD, *chosen)
        run.raw_step(lambda: float(model(torch.zeros(2, 3)).sum()))
        assert run.values("forward.mean") == {(fqn, ""): float(fqn) + 1 for fqn in chosen}


def test_a_hook_that_falls_silent_says_why_and_stays_on(watch: Watch) -> None:
    model = two_layers()
    run = watch(model)
    run.tick(HookKind.FORWARD, "1")
    steps(run)
    run.step(lambda: model[0](torch.ones(1, 3)).sum())
    entry = run.now("1", HookKind.FORWARD)
    assert entry.status is HookStatus.ACTIVE
    assert "not called as a module in the last step" in entry.reason
    steps(run)
    assert run.now("1", HookKind.FORWARD).reason == ""


def test_counts_of_our_own_hooks_stand_on_the_board_too(watch: Watch) -> None:
    model = two_layers()
    run = watch(model)
    run.tick(HookKind.FORWARD_PRE, "1")
    run.tick(HookKind.TENSOR, "1.weight")
    steps(run, 3)
    hooks = {hook.kind: hook for hook in Board(model).hooks_on("1")}
    assert {kind: hook.n_fires for kind, hook in hooks.items()} == {"forward_pre": 3, "tensor": 3}
    assert all(hook.is_ours and hook.us_per_fire for hook in hooks.values())


def test_the_first_fire_which_pays_for_what_is_made_once_is_left_out_of_the_mean() -> None:
    ticked = Ticked("", HookKind.STATE_DICT)
    assert math.isnan(ticked.entry().us_per_fire)
    now_s = time.perf_counter()
    ticked.count("first", now_s - 10.0)
    assert ticked.entry().us_per_fire > 9e6
    ticked.count("second", now_s - 1.0)
    ticked.count("third", now_s - 1.0)
    assert 1e6 < ticked.entry().us_per_fire < 5e6


def test_a_step_that_is_not_measured_has_no_hook_of_the_observer_and_is_not_taken_for_silence(watch: Watch) -> None:
    model = two_layers()
    run = watch(model)
    hooks = run.recorder.hooks
    run.tick(HookKind.FORWARD, "1")
    steps(run)
    hooks.begin_step(1, count_calls=False, is_measured=False)
    assert traces(model) == ["optimizer"]
    model(torch.ones(1, 3)).sum().backward()
    assert hooks.end_step() == []
    hooks.every = 8
    run.tick(STATE_DICT, "1")
    entry, counting = hooks.entries()
    assert counting.every == 1  # it counts whatever is measured
    assert (entry.status, entry.n_fires, entry.reason, entry.every) == (HookStatus.ACTIVE, 1, "", 8)
