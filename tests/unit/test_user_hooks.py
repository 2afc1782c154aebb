"""Hooks that a person wrote: what they do live is what torch's own registration does."""

from __future__ import annotations

import copy
import io
import itertools
import math
import pickle
import threading

import msgspec
import pytest
import torch
from open_run import OpenRun, open_run
from torch import nn
from torch.utils.checkpoint import checkpoint

from moduleview import TrainingTask
from moduleview.hooks.board import list_hooks
from moduleview.telemetry.changes_book import JournaledRun
from moduleview.telemetry.changes_messages import ChangeJournaled, EntryState, JournalLine
from moduleview.telemetry.records import LogLine
from moduleview.telemetry.user_hook_templates import template_of
from moduleview.telemetry.user_hooks_messages import (
    NameUserHookWords,
    PutUserHookOn,
    PythonLiteral,
    RemoveUserHook,
    SetUserHookArguments,
    UserHookChanged,
    UserHookKind,
    UserHookState,
    UserHookWords,
    WrittenHook,
)
from toy_tasks import plain_loop, toy_task

K = UserHookKind


class Keyed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 8)

    def forward(self, x: torch.Tensor, *, scale: float = 1.0) -> torch.Tensor:
        return self.inner(x) * scale


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = Keyed()
        self.second = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(torch.tanh(self.first(x, scale=2.0)))


def keyed_task() -> TrainingTask:
    return toy_task(model=Model())


CASES = {
    "forward_pre": (K.FORWARD_PRE, "def hook(module, args):\n    return args[0] * 0.5", {}, "second"),
    "forward_pre with kwargs": (
        K.FORWARD_PRE,
        "def hook(module, args, kwargs):\n    return args, {'scale': kwargs['scale'] * 0.5}",
        {"with_kwargs": True},
        "first",
    ),
    "forward": (K.FORWARD, "def hook(module, args, output):\n    return output * 0.5", {}, "first.inner"),
    "forward with kwargs": (
        K.FORWARD,
        "def hook(module, args, kwargs, output):\n    return output * kwargs['scale']",
        {"with_kwargs": True},
        "first",
    ),
    "full_backward_pre": (
        K.BACKWARD_PRE,
        "def hook(module, grad_output):\n    return tuple(g * 3 for g in grad_output)",
        {},
        "second",
    ),
    "full_backward": (
        K.BACKWARD,
        "def hook(module, grad_input, grad_output):\n    return tuple(g * 3 for g in grad_input)",
        {},
        "second",
    ),
    "tensor": (K.TENSOR, "def hook(grad):\n    return grad.clamp(-1e-3, 1e-3)", {}, "first.inner.weight"),
    "post_accumulate": (K.ACCUMULATED, "def hook(param):\n    param.grad.mul_(0.25)", {}, "first.inner.weight"),
    "observing": (K.FORWARD, "def hook(module, args, output):\n    output.sum()", {}, "second"),
}
METHODS = {K.TENSOR: "register_hook", K.ACCUMULATED: "register_post_accumulate_grad_hook"}


def plain_weights(case: str, n_steps: int) -> list[torch.Tensor]:
    """The same hook by torch's own registration, in a plain loop."""
    kind, code, options, fqn = CASES[case]
    names: dict[str, object] = {}
    exec(code, names)
    task = keyed_task()
    of = task.model.get_parameter(fqn) if kind.is_of_parameter else task.model.get_submodule(fqn)
    getattr(of, METHODS.get(kind, f"register_{kind.value}_hook"))(names["hook"], **options)
    for step in range(n_steps):
        inputs, target = task.batches[step % len(task.batches)]
        task.optimizer.zero_grad()
        task.loss(task.model(inputs), target).backward()
        task.optimizer.step()
    return [parameter.detach().clone() for parameter in task.model.parameters()]


def written(case: str, name: str = "mine") -> WrittenHook:
    kind, code, options, fqn = CASES[case]
    return WrittenHook(name, kind, fqn, code, **options)


def hook_on(fqn: str, code: str, kind: UserHookKind = K.FORWARD, **more: object) -> WrittenHook:
    return WrittenHook("mine", kind, fqn, code, **more)


def weights_of(run: OpenRun) -> list[torch.Tensor]:
    return [parameter.detach() for parameter in run.task.model.parameters()]


@pytest.mark.parametrize("case", CASES)
def test_live_hook_changes_the_run_to_the_bit_as_torchs_own_registration_does(case: str) -> None:
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(written(case)))
        run.steps(3)
        state = run.last(UserHookChanged)
        assert all(map(torch.equal, weights_of(run), plain_weights(case, 3)))
        if case != "observing":
            without = plain_weights("observing", 3)
            assert not all(map(torch.equal, weights_of(run), without))
        assert state.state is UserHookState.LIVE


def test_always_called_hook_sees_a_forward_that_raised() -> None:
    class Raises(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise ValueError("never mind")

    class Catches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.out = Raises(), nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            try:
                self.inner(x)
            except ValueError:
                return self.out(x)
            raise AssertionError

    code = "def hook(module, args, output):\n    assert output is None"
    with open_run(lambda: toy_task(model=Catches())) as run:
        run.ask(PutUserHookOn(hook_on("inner", code, always_call=True)))
        run.steps(2)
        run.ask(RemoveUserHook("mine"))
        assert run.last(UserHookChanged).n_calls == 2


@pytest.mark.parametrize("case", CASES)
def test_taking_off_leaves_no_trace(case: str) -> None:
    with open_run(keyed_task) as run:
        before = {name: dict(vars(module)) for name, module in run.task.model.named_modules()}
        tables = [(p._backward_hooks, p._post_accumulate_grad_hooks) for p in run.task.model.parameters()]
        run.ask(PutUserHookOn(written(case)), RemoveUserHook("mine"))
        after = {name: dict(vars(module)) for name, module in run.task.model.named_modules()}
        assert after == before
        assert tables == [(p._backward_hooks, p._post_accumulate_grad_hooks) for p in run.task.model.parameters()]
        assert run.last(UserHookChanged).state is UserHookState.OFF


def test_journal_tells_of_both_with_the_step_and_python_that_does_the_same() -> None:
    code = "def double(module, args, output, *, by=2.0):\n    return output * by"
    with open_run(keyed_task) as run:
        run.steps(2)
        run.ask(PutUserHookOn(hook_on("first.inner", code)))
        run.ask(SetUserHookArguments("mine", {"by": 3}))
        run.ask(RemoveUserHook("mine"))
        lines = run.said(ChangeJournaled)
    assert {line.step for line in lines} == {2}
    assert "register_forward_hook" in lines[0].python
    assert "keywords.update(by=3.0)" in lines[1].python
    assert lines[-1].entry == lines[0].entry
    assert lines[-1].state is EntryState.TAKEN_BACK


def test_python_of_the_journal_does_the_same_when_it_is_run() -> None:
    code = "def double(module, args, output, *, by=2.0):\n    return output * by"
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("first.inner", code)), SetUserHookArguments("mine", {"by": 3}))
        journal = list(run.opened.journal._entries.values())
        python = [entry.said.python for entry in journal]
        x = torch.ones(1, 4)
        there = run.task.model(x)
    names = {"model": keyed_task().model, "torch": torch}
    for text in python:
        exec(text, names)
    assert torch.equal(names["model"](x), there)


def test_script_of_the_journal_begins_with_what_hooks_take_from_the_future() -> None:
    code = "from __future__ import annotations\ndef double(module, args, output) -> Nowhere:\n    return output * 2"
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("first.inner", code)))
        run.ask(PutUserHookOn(msgspec.structs.replace(hook_on("second", code), name="other")))
        lines = tuple(run.said(JournalLine))
        x = torch.ones(1, 4)
        there = run.task.model(x)
    script = JournaledRun(lines=lines).script()
    names = {"model": keyed_task().model}
    exec(script, names)
    assert script.startswith("from __future__ import annotations\nimport torch\n")
    assert (len(lines), script.count("__future__")) == (2, 1)
    assert torch.equal(names["model"](x), there)


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("hook = lambda module, args, output, *, by=2.0: output * by", {"by": 2.0}),
        ("def f(module, args, output, by): return F.relu(output) * by\nhook = partial(f, by=2.0)", {"by": 2.0}),
        ("def f(by, module, args, output, *, plus=1.0): return output * by + plus\nx = partial(f, 2.0)", {"plus": 1.0}),
        ("class By:\n  def __call__(self, module, args, output): return output * math.pi\nhook = By()", {}),
        (
            "def f(module, args, output, *, by=[2.0, 0.5]): return output * by.pop()",
            {"by": PythonLiteral("[2.0, 0.5]")},
        ),
    ],
)
def test_lambda_partial_and_object_go_live_and_the_journals_python_does_the_same(
    code: str, fields: dict[str, object]
) -> None:
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("first.inner", code)))
        assert run.last(UserHookChanged).arguments == fields
        if fields:
            name, value = next(iter(fields.items()))
            now = PythonLiteral("[3.0]") if isinstance(value, PythonLiteral) else math.inf
            run.ask(SetUserHookArguments("mine", {name: now}))
        python = [entry.said.python for entry in run.opened.journal._entries.values()]
        x = torch.ones(1, 4)
        there = run.task.model(x)
    names = {"model": keyed_task().model, "torch": torch, "nn": nn}
    for text in python:
        exec(text, names)
    assert torch.equal(names["model"](x).nan_to_num(), there.nan_to_num())


def test_arguments_are_bound_anew_while_it_is_live_and_can_be_taken_back() -> None:
    code = (
        "def hook(module, args, output, *, by: float = 1, mode='add', on=True):\n    return output * by if on else None"
    )
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("first.inner", code, arguments={"by": 4})))
        x = torch.ones(1, 4)
        plain = run.task.model.first.inner.forward(x)
        assert torch.equal(run.task.model.first.inner(x), plain * 4)
        run.ask(SetUserHookArguments("mine", {"by": 0.5}))
        assert torch.equal(run.task.model.first.inner(x), plain * 0.5)
        assert run.last(UserHookChanged).arguments == {"by": 0.5, "mode": "add", "on": True}
        with pytest.raises(Exception, match="mode cannot be 3"):
            run.ask(SetUserHookArguments("mine", {"mode": 3}))
        assert run.last(UserHookChanged).arguments["by"] == 0.5


def test_hook_that_raises_is_taken_off_with_its_line_and_training_goes_on() -> None:
    code = "def hook(module, args, output):\n    x = 1\n    raise ValueError('mine')\n"
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("second", code)))
        run.steps(1)
        state = run.last(UserHookChanged)
        assert state.state is UserHookState.FAILED
        assert state.problem.line == 3
        assert state.problem.message == "ValueError: mine"
        assert "raise ValueError('mine')" in state.problem.traceback
        assert run.n_given_up == 1
        run.steps(3)
        assert run.opened.n_steps == 3
        assert any("was taken off at step 0, line 3: ValueError: mine" in line.text for line in run.said(LogLine))


@pytest.mark.parametrize("raised", ["SystemExit(3)", "GeneratorExit", "BaseException"])
@pytest.mark.parametrize("kind", [K.FORWARD, K.BACKWARD_PRE])
def test_hook_that_would_end_the_program_is_taken_off_as_any_that_raises(kind: UserHookKind, raised: str) -> None:
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("second", f"def hook(*given):\n    raise {raised}", kind)))
        run.steps(3)
        state = run.last(UserHookChanged)
        assert (state.state, state.problem.line) == (UserHookState.FAILED, 2)
        assert (run.n_given_up, run.opened.n_steps) == (1, 2)


def test_top_level_that_would_end_the_program_is_refused() -> None:
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("second", "raise SystemExit(3)\ndef hook(m, a, o): pass")))
        state = run.last(UserHookChanged)
        assert (state.state, state.problem.line) == (UserHookState.OFF, 1)


def test_pre_hook_with_kwargs_that_returns_no_pair_is_taken_off() -> None:
    code = "def hook(module, args, kwargs):\n    return args"
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("first", code, K.FORWARD_PRE, with_kwargs=True)))
        run.steps(2)
        problem = run.last(UserHookChanged).problem
        assert (problem.line, run.opened.n_steps) == (2, 1)
        assert "something else than (args, kwargs)" in problem.message


def test_run_goes_on_to_the_bit_as_one_whose_hook_is_removed_where_it_raised() -> None:
    code = "n = 0\ndef hook(*_):\n    global n\n    n += 1\n    if n == 4: raise ValueError\n    return _[-1] * 2"
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("second", code)))
        run.steps(7)
        weights = weights_of(run)
        assert (run.n_given_up, run.opened.n_steps) == (1, 6)
    task = keyed_task()
    handle = task.model.second.register_forward_hook(lambda _module, _args, output: output * 2)
    batches = itertools.cycle(task.batches)
    for step in range(7):
        inputs, target = next(batches)
        if step == 3:  # the hook raised in the forward pass
            handle.remove()
            continue
        task.optimizer.zero_grad()
        task.loss(task.model(inputs), target).backward()
        task.optimizer.step()
    assert all(map(torch.equal, weights, task.model.parameters()))


@pytest.mark.parametrize(
    ("kind", "fqn", "code", "message"),
    [
        (K.FORWARD, "first.inner", "def hook(module, args, output):\n    return output[:, :3]", "mat1 and mat2 shapes"),
        (K.TENSOR, "second.weight", "def hook(grad):\n    return grad[0]", "has changed the size of value"),
        (K.BACKWARD, "second", "def hook(m, gi, go):\n    return (gi[0], gi[0])", "invalid number of grad_input"),
        (K.ACCUMULATED, "second.weight", "def hook(param):\n    return param * 2", "should return None"),
        (K.FORWARD_PRE, "second", "def hook(module, args):\n    return args[0][:, :3]", "shapes cannot be multiplied"),
    ],
)
def test_wrong_shape_is_torchs_own_message_at_the_line_that_returns(
    kind: UserHookKind, fqn: str, code: str, message: str
) -> None:
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on(fqn, code, kind)))
        run.steps(1)
        problem = run.last(UserHookChanged).problem
        assert message in problem.message
        assert problem.line == 2
        run.steps(2)
        assert run.opened.n_steps == 2


def test_hook_whose_shape_suits_the_model_is_not_blamed_for_a_later_error() -> None:
    class Fails(Model):
        n = 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            type(self).n += 1
            out = super().forward(x)
            if self.n > 2:
                raise ValueError("the model's own")
            return out.mean(0)

    def task() -> TrainingTask:
        return toy_task(model=Fails(), loss=lambda out, target: (out - target.mean(0)).square().mean())

    code = "def hook(module, args, output):\n    return output[:4]"
    with open_run(task) as run:
        run.ask(PutUserHookOn(hook_on("second", code)))
        run.steps(2)
        with pytest.raises(ValueError, match="the model's own"):
            run.steps(1)


def test_model_that_catches_what_the_hook_raises_goes_on_without_it() -> None:
    class Catches(Model):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            try:
                return super().forward(x)
            except ZeroDivisionError:
                return self.second(torch.tanh(self.first.inner.forward(x)))

    with open_run(lambda: toy_task(model=Catches())) as run:
        run.ask(PutUserHookOn(hook_on("first.inner", "def hook(m, args, output):\n    1 / 0")))
        run.steps(2)
        assert run.n_given_up == 0
        assert run.last(UserHookChanged).state is UserHookState.FAILED


def test_nan_may_be_returned_and_is_said() -> None:
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("second", "def hook(m, args, output):\n    return output * float('nan')")))
        run.steps(1)
        state = run.last(UserHookChanged)
        assert state.state is UserHookState.LIVE
        assert "NaN" in state.note


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("torch.set_grad_enabled(False)", "grad mode"),
        ("torch.set_default_dtype(torch.float64)", "the default dtype"),
        ("torch.autocast('cpu').__enter__()", "autocast on cpu"),
    ],
)
def test_what_a_hook_leaves_behind_in_its_thread_is_put_back_and_said(line: str, what: str) -> None:
    with open_run(keyed_task) as run, open_run(keyed_task) as plain:
        run.ask(PutUserHookOn(hook_on("second", f"import torch\ndef hook(m, args, output):\n    {line}")))
        for one in (run, plain):
            one.steps(3)
        assert torch.is_grad_enabled()
        assert torch.get_default_dtype() is torch.float32
        assert not torch.is_autocast_enabled("cpu")
        state = run.last(UserHookChanged)
        assert state.state is UserHookState.LIVE
        assert f"After a call {what} was not as before: it was put back" in state.note
        pairs = zip(run.opened.run.model.parameters(), plain.opened.run.model.parameters(), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs)


def test_hook_that_never_ends_is_interrupted_and_training_goes_on() -> None:
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("second", "def hook(m, args, output):\n    while True:\n        pass")))
        asking = threading.Timer(0.05, run.interruptible.interrupt)
        asking.start()
        run.steps(1)
        asking.join()
        state = run.last(UserHookChanged)
        assert state.state is UserHookState.FAILED
        assert "interrupted" in state.problem.message
        assert state.problem.line in (2, 3)
        run.steps(1)
        assert run.opened.n_steps == 1


def test_code_whose_top_level_raises_is_refused_with_its_line() -> None:
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("second", "import math\nmath.sqrt(-1)\ndef hook(m, a, o): pass")))
        state = run.last(UserHookChanged)
        assert (state.state, state.problem.line) == (UserHookState.OFF, 2)
        assert "math domain error" in state.problem.message


def test_syntax_error_is_refused_at_its_line() -> None:
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("second", "def hook(m, a, o):\n    return (")))
        problem = run.last(UserHookChanged).problem
        assert problem.line == 2
        assert problem.message.startswith("SyntaxError")


@pytest.mark.parametrize(
    ("kind", "fqn", "reason"),
    [
        (K.FORWARD, "gone", "no module called gone"),
        (K.TENSOR, "gone.weight", "no parameter called gone.weight"),
        (K.TENSOR, "second.weight", "frozen"),
    ],
)
def test_place_that_takes_no_hook_is_a_sentence(kind: UserHookKind, fqn: str, reason: str) -> None:
    with open_run(keyed_task) as run:
        run.task.model.second.weight.requires_grad_(False)
        run.ask(PutUserHookOn(hook_on(fqn, "def hook(x): pass", kind)))
        state = run.last(UserHookChanged)
        assert state.state is UserHookState.OFF
        assert reason in state.problem.message


@pytest.mark.filterwarnings("ignore:.torch.jit.* is deprecated")
def test_script_module_refuses_in_a_sentence() -> None:
    def task() -> TrainingTask:
        model = nn.Sequential(torch.jit.trace(nn.Linear(4, 2), torch.ones(1, 4)))
        return toy_task(model=model)

    with open_run(task) as run:
        run.ask(PutUserHookOn(hook_on("0", "def hook(m, a, o): pass")))
        assert "ScriptModule refuses hooks" in run.last(UserHookChanged).problem.message


def test_in_place_operation_after_a_full_backward_hook_takes_the_hook_off_and_not_the_run() -> None:
    def task() -> TrainingTask:
        return toy_task(model=nn.Sequential(nn.Linear(4, 2), nn.ReLU(inplace=True), nn.Linear(2, 2)))

    with open_run(task) as run:
        run.ask(PutUserHookOn(hook_on("0", "def hook(m, gi, go): pass", K.BACKWARD)))
        run.steps(2)
        assert run.n_given_up == 1
        assert "BackwardHookFunction" in run.last(UserHookChanged).problem.message


def test_module_that_was_exchanged_gets_the_hook_again() -> None:
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("second", "def hook(m, args, output):\n    return output * 0")))
        run.steps(1)
        run.task.model.second = nn.Linear(8, 2)
        run.steps(1)
        assert bool((run.task.model(torch.ones(1, 4)) == 0).all())
        del run.task.model._modules["second"]
        with pytest.raises(AttributeError):
            run.steps(1)
        assert run.last(UserHookChanged).state is UserHookState.LOST


def test_copies_and_pickles_of_the_model_have_a_hook_that_does_nothing() -> None:
    with open_run(lambda: toy_task(model=nn.Sequential(nn.Linear(4, 2)))) as run:
        run.ask(PutUserHookOn(hook_on("0", "def hook(m, args, output):\n    return output * 0")))
        x = torch.ones(1, 4)
        assert bool((run.task.model(x) == 0).all())
        assert not bool((copy.deepcopy(run.task.model)(x) == 0).any())
        buffer = io.BytesIO()
        pickle.dump(run.task.model, buffer)
        buffer.seek(0)
        assert not bool((pickle.load(buffer)(x) == 0).any())


def test_hooks_tab_shows_it_as_ours_with_its_calls_and_cost() -> None:
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("second", "def double(m, args, output): pass")))
        run.steps(3)
        (found,) = list_hooks(run.task.model.second)
        assert found.is_ours
        assert found.kind == "forward"
        assert found.name == "double (mine)"
        assert found.location == "<hook mine>:1"
        assert found.n_fires == 3
        assert found.us_per_fire > 0


def test_new_run_gets_the_hook_with_the_arguments_it_had() -> None:
    code = "def hook(module, args, output, *, by=1.0):\n    return output * by"
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("second", code)), SetUserHookArguments("mine", {"by": 5.0}))
        again = run.opened.services.commands_to_repeat()
    with open_run(keyed_task) as run:
        run.ask(*again)
        state = run.last(UserHookChanged)
        assert state.state is UserHookState.LIVE
        assert state.arguments == {"by": 5.0}
        assert "stayed" in state.note


def test_journals_undo_takes_it_off_and_says_so() -> None:
    with open_run(keyed_task) as run:
        run.ask(PutUserHookOn(hook_on("second", "def hook(m, args, output):\n    return output * 0")))
        run.opened.journal.take_back(1, run.opened.run, run.opened.n_steps)
        assert run.last(UserHookChanged).state is UserHookState.OFF
        assert not run.task.model.second._forward_hooks


def test_hook_fires_in_a_checkpoints_recomputation_as_torchs_own_does() -> None:
    class Saves(Model):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.second(checkpoint(self.first, x, use_reentrant=False))

    code = "def hook(module, args, output):\n    return output * 0.5"
    with open_run(lambda: toy_task(model=Saves())) as run:
        run.ask(PutUserHookOn(hook_on("first", code)))
        run.steps(2)
        run.ask(RemoveUserHook("mine"))
        n_calls, weights = run.last(UserHookChanged).n_calls, weights_of(run)
    calls = []
    task = toy_task(model=Saves())
    task.model.first.register_forward_hook(lambda _m, _a, output: (calls.append(1), output * 0.5)[1])
    plain_loop(task, 2)
    assert n_calls == len(calls)
    assert all(map(torch.equal, weights, task.model.parameters()))


def test_names_behind_the_dot_come_without_reading_an_attribute_of_the_model() -> None:
    class Trap(nn.Linear):
        @property
        def trap(self) -> None:
            raise AssertionError("read")

    with open_run(lambda: toy_task(model=nn.Sequential(Trap(4, 2)))) as run:
        run.ask(NameUserHookWords(K.FORWARD, "0"))
        words = run.last(UserHookWords).words
    assert {"weight", "bias", "in_features", "trap"} <= set(words["module"])
    assert "norm" in words["tensor"]
    assert "clamp" in words["torch"]


@pytest.mark.parametrize("with_kwargs", [False, True])
@pytest.mark.parametrize("kind", list(K))
def test_every_template_runs_live_as_it_stands(kind: UserHookKind, with_kwargs: bool) -> None:
    fqn = "second.weight" if kind.is_of_parameter else "second"
    takes_kwargs = with_kwargs and kind in (K.FORWARD, K.FORWARD_PRE)
    with open_run(keyed_task) as run:
        code = template_of(kind, with_kwargs=takes_kwargs)
        run.ask(PutUserHookOn(WrittenHook("mine", kind, fqn, code, with_kwargs=takes_kwargs)))
        run.steps(2)
        run.ask(RemoveUserHook("mine"))
        state = run.last(UserHookChanged)
        assert (state.state, state.n_calls) == (UserHookState.OFF, 2)
