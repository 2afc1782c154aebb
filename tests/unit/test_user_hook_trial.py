"""Dry runs of a person's hook: what they show, and that nothing of the run is touched."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest
import torch
from open_run import OpenRun, open_run
from torch import nn

from moduleview import TrainingTask
from moduleview.engine import user_hook_trial
from moduleview.telemetry.user_hooks_messages import (
    PutUserHookOn,
    TryUserHook,
    UserHookKind,
    UserHookTried,
    UserHookTrying,
    WrittenHook,
)
from toy_tasks import toy_batches, toy_task

K = UserHookKind
GREEDY = """
import random
seen = []
def hook(module, args, output):
    seen.append(output)
    module.weight.data.mul_(2)
    module.own_list.append(1)
    torch.manual_seed(3); random.seed(3)
    print("seen", len(seen))
    return output * 2
"""


class Stateful(nn.Module):
    """Everything that a dry run could disturb."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.norm = nn.BatchNorm1d(4)
        self.inner = nn.Linear(4, 8)
        self.inner.own_list = []
        self.drop = nn.Dropout(0.5)
        self.out = nn.utils.parametrizations.spectral_norm(nn.Linear(8, 2))
        self.n_calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.n_calls += 1
        self.kept = self.inner(self.norm(x))  # with its graph
        return self.out(self.drop(torch.relu(self.kept)))


def stateful_task() -> TrainingTask:
    model = Stateful()
    return toy_task(model=model, optimizer=torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))


def hook(kind: UserHookKind, fqn: str, code: str, **more: object) -> WrittenHook:
    return WrittenHook("mine", kind, fqn, code, **more)


def tried(run: OpenRun, written: WrittenHook) -> UserHookTried:
    run.ask(TryUserHook(written))
    return run.last(UserHookTried)


CODES = {
    K.FORWARD_PRE: ("inner", "def hook(module, args):\n    return args[0] * 2"),
    K.FORWARD: ("inner", GREEDY),
    K.BACKWARD_PRE: ("inner", "def hook(module, go):\n    return tuple(g * 2 for g in go)"),
    K.BACKWARD: ("inner", "def hook(module, gi, go):\n    return tuple(g * 2 for g in gi)"),
    K.TENSOR: ("inner.weight", "def hook(grad):\n    return grad * 2"),
    K.ACCUMULATED: ("inner.weight", "def hook(param):\n    param.grad.mul_(2)"),
}


def state_of(task: TrainingTask) -> list[object]:
    model = task.model
    gradients = [p.grad for p in model.parameters()]
    return [
        {name: value.clone() for name, value in model.state_dict().items()},
        [None if g is None else (id(g), g.clone()) for g in gradients],
        {key: value["momentum_buffer"].clone() for key, value in task.optimizer.state_dict()["state"].items()},
        torch.get_rng_state().clone(),
        random.getstate(),
        np.random.get_state()[1].tolist(),
        (model.n_calls, list(model.inner.own_list), id(model.kept)),
        [dict(vars(module)).keys() for module in model.modules()],
        [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()],
    ]


def same(a: object, b: object) -> bool:
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@pytest.mark.parametrize("kind", CODES)
def test_dry_run_touches_nothing_of_the_run(kind: UserHookKind) -> None:
    with open_run(stateful_task) as run:
        run.steps(2)
        before = state_of(run.task)
        result = tried(run, hook(kind, *CODES[kind]))
        assert result.problem is None
        assert result.n_calls == 1
        after = state_of(run.task)
    assert [same(a, b) for a, b in zip(before, after, strict=True)] == [True] * len(before)


def test_run_with_dry_runs_between_its_steps_is_bit_equal_to_one_without() -> None:
    weights = []
    for tries in (False, True):
        with open_run(stateful_task) as run:
            torch.manual_seed(5)
            for _ in range(4):
                run.steps(1)
                if tries:
                    for kind, (fqn, code) in CODES.items():
                        tried(run, hook(kind, fqn, code))
            weights.append([p.detach().clone() for p in run.task.model.parameters()])
    assert all(map(torch.equal, *weights))


@pytest.mark.parametrize("kind", CODES)
def test_dry_run_shows_what_was_given_and_returned(kind: UserHookKind) -> None:
    with open_run(stateful_task) as run:
        run.steps(1)
        result = tried(run, hook(kind, *CODES[kind]))
    (call,) = result.calls
    assert call.replaces is (kind is not K.ACCUMULATED)
    change = call.tensors[0]
    assert change.after == change.before != ""
    assert change.norm_after == pytest.approx(2 * change.norm_before, rel=1e-5)
    assert call.us > 0


def test_dry_run_shows_what_was_printed_up_to_a_bound() -> None:
    with open_run(stateful_task) as run:
        run.steps(1)
        assert tried(run, hook(K.FORWARD, "inner", GREEDY)).printed == "seen 1\n"
        code = "def hook(m, a, o):\n    for _ in range(100000): print('x' * 50)"
        printed = tried(run, hook(K.FORWARD, "inner", code)).printed
        assert len(printed) < 5000
        assert "characters more were printed" in printed


def test_exception_in_a_dry_run_has_the_persons_line_and_is_no_failure_of_the_run() -> None:
    with open_run(stateful_task) as run:
        run.steps(1)
        problem = tried(run, hook(K.FORWARD, "inner", "def hook(m, a, o):\n    a = 1\n    return a / 0")).problem
        assert (problem.line, problem.message) == (3, "ZeroDivisionError: division by zero")
        assert "return a / 0" in problem.traceback
        run.steps(1)
        assert run.n_given_up == 0


def test_wrong_shape_in_a_dry_run_is_torchs_message_at_the_line_that_returns() -> None:
    with open_run(stateful_task) as run:
        run.steps(1)
        problem = tried(run, hook(K.FORWARD, "inner", "def hook(m, a, o):\n    return o[:, :3]")).problem
    assert problem.line == 2
    assert "It returned 16 × 3 float32 for 16 × 8 float32." in problem.message
    assert "mat1 and mat2 shapes cannot be multiplied" in problem.message


def test_dry_run_that_never_ends_is_interrupted() -> None:
    with open_run(stateful_task) as run:
        run.steps(1)
        asking = threading.Timer(0.1, run.interruptible.interrupt)
        asking.start()
        result = tried(run, hook(K.FORWARD, "inner", "def hook(m, a, o):\n    while True: pass"))
        asking.join()
        assert result.problem.line == 2
        assert "interrupted" in result.problem.message
        run.steps(1)


def test_top_level_that_never_ends_is_interrupted_too() -> None:
    with open_run(stateful_task) as run:
        run.steps(1)
        asking = threading.Timer(0.1, run.interruptible.interrupt)
        asking.start()
        result = tried(run, hook(K.FORWARD, "inner", "while True: pass\ndef hook(m, a, o): pass"))
        asking.join()
        assert result.problem.line == 1


def test_without_a_batch_it_says_what_to_do() -> None:
    with open_run(stateful_task) as run:
        assert "make a step" in tried(run, hook(K.FORWARD, "inner", GREEDY)).problem.message


@pytest.mark.parametrize("kind", [K.FORWARD, K.TENSOR])
def test_task_with_a_step_of_its_own_is_tried_after_its_next_step(kind: UserHookKind) -> None:
    def task() -> TrainingTask:
        model = Stateful()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        batch = toy_batches(1)[0]

        def step() -> torch.Tensor:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(batch[0]), batch[1])
            loss.backward()
            optimizer.step()
            return loss

        return TrainingTask(model, step=step)

    with open_run(task) as run:
        run.ask(TryUserHook(hook(kind, *CODES[kind])))
        assert "follows the next step" in run.last(UserHookTrying).reason
        assert not run.said(UserHookTried)
        run.steps(1)
        result = run.last(UserHookTried)
        assert result.problem is None
        assert result.n_calls == 1
        assert bool(result.notes) is kind.needs_backward
        assert not run.task.model._forward_pre_hooks


def test_module_that_the_batch_does_not_reach_is_said() -> None:
    model = Stateful()
    model.spare = nn.Linear(1, 1)
    with open_run(lambda: toy_task(model=model)) as run:
        run.steps(1)
        result = tried(run, hook(K.FORWARD, "spare", "def hook(m, a, o): pass"))
    assert "was not called" in result.notes[0]


def test_shared_module_shows_its_first_calls_and_counts_all() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.out = nn.Linear(4, 4), nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for _ in range(10):
                x = self.inner(x)
            return self.out(x)

    with open_run(lambda: toy_task(model=Shared())) as run:
        run.steps(1)
        result = tried(run, hook(K.FORWARD, "inner", "def hook(m, a, o): pass"))
    assert result.n_calls == 10
    assert 0 < len(result.calls) < 10


def test_hooks_that_are_live_run_too_and_are_said() -> None:
    with open_run(stateful_task) as run:
        run.steps(1)
        alone = tried(run, hook(K.FORWARD, "inner", "def hook(m, a, o):\n    return o")).calls[0].tensors[0]
        before = WrittenHook("before", K.FORWARD, "inner", "def hook(m, a, o):\n    return o * 10")
        run.ask(PutUserHookOn(before))
        result = tried(run, hook(K.FORWARD, "inner", "def hook(m, a, o):\n    return o"))
    assert result.calls[0].tensors[0].norm_before == pytest.approx(10 * alone.norm_before, rel=1e-4)
    assert "live now ran too" in result.notes[0]


def test_hook_that_returns_nan_is_counted() -> None:
    with open_run(stateful_task) as run:
        run.steps(1)
        result = tried(run, hook(K.FORWARD, "inner", "def hook(m, a, o):\n    return o * float('nan')"))
    assert result.calls[0].tensors[0].n_non_finite == 16 * 8


def test_what_a_hook_leaves_behind_in_its_thread_is_put_back_and_said() -> None:
    lines = ("torch.set_grad_enabled(False)", "torch.set_default_dtype(torch.float64)")
    code = "\n    ".join(("import torch\ndef hook(m, a, o):", *lines))
    with open_run(stateful_task) as run:
        run.steps(1)
        result = tried(run, hook(K.FORWARD, "inner", code))
        assert torch.is_grad_enabled()
        assert torch.get_default_dtype() is torch.float32
    assert (
        "It leaves grad mode, the default dtype behind in its thread: that is put back after each call." in result.notes
    )


def test_model_that_is_too_large_to_copy_is_refused_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_hook_trial, "MAXIMUM_COPY_BYTES", 100)
    with open_run(stateful_task) as run:
        run.steps(1)
        problem = tried(run, hook(K.FORWARD, "inner", GREEDY)).problem
    assert "GiB" in problem.message
    assert "Go live for one step" in problem.message


def test_dry_run_that_would_end_the_program_says_so_and_ends_nothing() -> None:
    with open_run(stateful_task) as run:
        run.steps(1)
        problem = tried(run, hook(K.FORWARD, "inner", "def hook(m, a, o):\n    raise SystemExit(3)")).problem
        assert (problem.line, problem.message) == (2, "SystemExit: 3")
        run.steps(1)


def test_dry_run_beside_other_ranks_is_refused() -> None:
    with open_run(stateful_task) as run:
        run.steps(1)
        torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
        try:
            problem = tried(run, hook(K.FORWARD, "inner", GREEDY)).problem
        finally:
            torch.distributed.destroy_process_group()
    assert "torch.distributed is in use" in problem.message
    assert "Go live for one step" in problem.message
