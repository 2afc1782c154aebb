"""While somebody looks at everyone's hooks, foreign ones are counted, and nobody but the board can tell."""

from __future__ import annotations

import copy
import functools
import io
import math
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from torch.nn.utils import prune
from torch.optim import optimizer as torch_optimizer
from watched_run import digest

from moduleview.hooks.board import Board
from moduleview.telemetry.hooks import FoundHook


def double(module: nn.Module, args: Any, output: torch.Tensor) -> torch.Tensor:
    return 2 * output


def found(board: Board, fqn: str = "") -> dict[str, FoundHook]:
    return {f"{hook.kind} {hook.place}".strip(): hook for hook in board.hooks_on(fqn)}


def train(model: nn.Module, n_steps: int = 3) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(n_steps):
        optimizer.zero_grad()
        model(torch.ones(2, 3)).sum().backward()
        optimizer.step()


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))


def test_nothing_is_counted_and_nothing_changed_until_somebody_looks(model: nn.Module) -> None:
    model[0].register_forward_hook(double)
    board = Board(model)
    assert found(board, "0")["forward"].n_fires is None
    assert next(iter(model[0]._forward_hooks.values())) is double
    assert board.news(at_once=True) is None


def test_calls_and_their_time_are_counted_from_the_look_on_and_what_the_hook_gives_is_used(model: nn.Module) -> None:
    model[0].register_forward_hook(double)
    plain = model(torch.ones(2, 3))
    board = Board(model)
    board.count("0", enabled=True)
    assert torch.equal(model(torch.ones(2, 3)), plain)
    model(torch.ones(2, 3))
    hook = found(board, "0")["forward"]
    assert hook.n_fires == 2
    assert hook.us_per_fire is not None
    assert 0.0 < hook.us_per_fire < 1e6
    assert hook.name.endswith("double")
    assert hook.location == f"{__file__}:{double.__code__.co_firstlineno}"


def test_looking_away_puts_the_original_back_in_its_place(model: nn.Module) -> None:
    functions = [functools.partial(double) for _ in range(3)]
    for function in functions:
        model[0].register_forward_hook(function)
    keys = list(model[0]._forward_hooks)
    board = Board(model)
    board.count("0", enabled=True)
    assert not any(hook is function for hook, function in zip(model[0]._forward_hooks.values(), functions, strict=True))
    board.count("0", enabled=False)
    assert all(hook is function for hook, function in zip(model[0]._forward_hooks.values(), functions, strict=True))
    assert list(model[0]._forward_hooks) == keys


def test_looking_at_another_module_lets_go_of_the_first(model: nn.Module) -> None:
    for module in model:
        module.register_forward_hook(double)
    board = Board(model)
    board.count("0", enabled=True)
    board.count("1", enabled=True)
    assert next(iter(model[0]._forward_hooks.values())) is double
    board.count("0", enabled=False)  # late: nobody looks there any more
    assert next(iter(model[1]._forward_hooks.values())) is not double


def test_the_owners_handle_removes_a_counted_hook_for_good(model: nn.Module) -> None:
    handle = model[0].register_forward_hook(double)
    board = Board(model)
    board.count("0", enabled=True)
    handle.remove()
    board.count("0", enabled=False)
    assert not model[0]._forward_hooks


def test_a_hook_that_comes_while_somebody_looks_is_counted_too(model: nn.Module) -> None:
    board = Board(model)
    board.count("0", enabled=True)
    model[0].register_forward_hook(double)
    board.news(at_once=True)
    model(torch.ones(2, 3))
    news = board.news(at_once=True)
    assert news is not None
    assert [hook.n_fires for hook in news.hooks] == [1]
    assert board.news(at_once=True) is None  # nothing new


def test_an_error_passes_through_and_is_kept_in_words(model: nn.Module) -> None:
    raised = ValueError("no good")

    def fail(*_: object) -> None:
        raise raised

    model[0].register_forward_pre_hook(fail)
    board = Board(model)
    board.count("0", enabled=True)
    with pytest.raises(ValueError, match="no good") as caught:
        model(torch.ones(2, 3))
    assert caught.value is raised
    hook = found(board, "0")["forward_pre"]
    assert hook.last_error == "ValueError: no good"
    assert "raise raised" in hook.traceback
    assert "counted_hook" not in hook.traceback
    assert hook.n_fires == 1


def test_copies_and_pickles_have_the_original_and_load_without_moduleview(model: nn.Module) -> None:
    model[0].register_forward_hook(double)
    model[0].register_load_state_dict_pre_hook(double)
    board = Board(model)
    board.count("0", enabled=True)
    for one in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert next(iter(one[0]._forward_hooks.values())) is double
        assert type(next(iter(one[0]._load_state_dict_pre_hooks.values()))).__name__ == "_WrappedHook"
    written = io.BytesIO()
    torch.save(model, written)
    assert b"moduleview" not in written.getvalue()


def test_whoever_inspects_or_compares_a_counted_hook_meets_the_original(model: nn.Module) -> None:
    def mine(*_: object) -> None:
        """Mine."""

    model[0].register_forward_hook(mine)
    Board(model).count("0", enabled=True)
    counted = next(iter(model[0]._forward_hooks.values()))
    assert counted == mine
    assert mine == counted
    assert (counted.__name__, counted.__doc__) == ("mine", "Mine.")
    assert {mine: 1}[counted] == 1
    counted.mark = 7
    assert mine.mark == 7  # type: ignore[attr-defined]
    assert repr(counted) == repr(mine)


class Own:
    """Counts by itself."""

    n_calls = 0

    def __call__(self, *_: object) -> None:
        self.n_calls += 1


def test_an_object_that_can_be_called_is_counted_and_found_by_its_class(model: nn.Module) -> None:
    own = Own()
    model[0].register_forward_hook(own)
    board = Board(model)
    board.count("0", enabled=True)
    model(torch.ones(2, 3))
    hook = found(board, "0")["forward"]
    assert (hook.n_fires, hook.not_counted) == (1, "")
    assert hook.name.endswith("Own")
    stand_in = next(iter(model[0]._forward_hooks.values()))
    assert stand_in is not own
    assert isinstance(stand_in, Own)
    assert stand_in == own
    assert stand_in.n_calls == own.n_calls == 1
    assert type(copy.deepcopy(model)[0]._forward_hooks.popitem()[1]) is Own
    assert type(pickle.loads(pickle.dumps(model))[0]._forward_hooks.popitem()[1]) is Own
    board.release()
    assert next(iter(model[0]._forward_hooks.values())) is own


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_hooks_that_torch_finds_by_class_or_identity_are_left_alone(model: nn.Module) -> None:
    prune.l1_unstructured(model[0], "weight", amount=0.5)
    nn.utils.weight_norm(model[1])
    board = Board(model)
    for fqn in ("0", "1"):
        before = [dict(table) for table in (model[int(fqn)]._forward_pre_hooks, model[int(fqn)]._forward_hooks)]
        board.count(fqn, enabled=True)
        hooks = board.hooks_on(fqn)
        assert all(hook.n_fires is None and hook.not_counted.startswith("Not counted: it is") for hook in hooks)
        after = [dict(table) for table in (model[int(fqn)]._forward_pre_hooks, model[int(fqn)]._forward_hooks)]
        assert [list(map(id, table.values())) for table in before] == [list(map(id, table.values())) for table in after]
    prune.remove(model[0], "weight")
    nn.utils.remove_weight_norm(model[1])


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated")  # torch.compile imports it
def test_a_compiled_region_is_not_touched(model: nn.Module) -> None:
    model[0].register_forward_hook(double)
    wrapped = nn.Sequential(torch.compile(model))
    board = Board(wrapped)
    board.count("0._orig_mod.0", enabled=True)
    assert next(iter(model[0]._forward_hooks.values())) is double
    assert "compiled region" in found(board, "0._orig_mod.0")["forward"].not_counted


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated")
def test_a_model_that_is_compiled_while_somebody_looks_stays_one_graph(model: nn.Module) -> None:
    model[0].register_forward_hook(double)
    expected = model(torch.ones(2, 3))
    Board(model).count("0", enabled=True)
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    assert torch.equal(compiled(torch.ones(2, 3)), expected)
    torch.compiler.reset()


def with_kwargs(module: nn.Module, args: Any, kwargs: Any, output: Any) -> Any:
    assert kwargs == {}
    return 2 * output


def clamp(parameter: torch.Tensor) -> None:
    assert parameter.grad is not None
    parameter.grad.clamp_(-1, 1)


def put_everywhere(model: nn.Module) -> list[Any]:
    """Each of torch's kinds; several change what passes through."""
    first = model[0]
    return [
        first.register_forward_pre_hook(lambda _, args: (args[0] + 1,)),
        first.register_forward_hook(with_kwargs, with_kwargs=True),
        first.register_forward_hook(double, always_call=True),
        first.register_full_backward_pre_hook(lambda _, grads: (3 * grads[0],)),
        first.register_full_backward_hook(lambda *_: None),
        first.register_state_dict_pre_hook(lambda *_: None),
        first.register_state_dict_post_hook(lambda *_: None),
        first.register_load_state_dict_pre_hook(lambda *_: None),
        first.register_load_state_dict_post_hook(lambda *_: None),
        first.weight.register_hook(lambda gradient: 5 * gradient),
        first.weight.register_post_accumulate_grad_hook(clamp),
    ]


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_a_counted_run_is_bit_for_bit_the_same_and_every_kind_is_counted() -> None:
    def run(look: Callable[[nn.Module], Any]) -> tuple[list[bytes], Any]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
        put_everywhere(model)
        watched = look(model)
        train(model)
        model.load_state_dict(model.state_dict())
        return digest(model), watched

    def look(model: nn.Module) -> Board:
        board = Board(model)
        board.count("0", enabled=True)
        return board

    plain, _ = run(lambda _: None)
    counted, board = run(look)
    assert counted == plain
    n_fires = [(hook.kind, hook.n_fires) for hook in board.hooks_on("0")]
    assert n_fires == [
        ("forward_pre", 3),
        ("forward", 3),
        ("forward", 3),
        ("backward_pre", 3),
        ("full_backward", 3),
        ("state_dict_pre", 2),  # digest takes one more
        ("state_dict", 2),
        ("load_state_dict_pre", 1),
        ("load_state_dict_post", 1),
        ("tensor", 3),
        ("post_accumulate_grad", 3),
    ]


@pytest.fixture
def global_hook() -> Iterator[list[str]]:
    calls: list[str] = []
    handle = register_module_forward_hook(lambda *_: calls.append("forward"))
    yield calls
    handle.remove()


def test_the_root_lists_what_is_on_every_module_and_on_the_optimizers(model: nn.Module, global_hook: list[str]) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for register in (
        optimizer.register_step_pre_hook,
        optimizer.register_step_post_hook,
        optimizer.register_state_dict_pre_hook,
        optimizer.register_state_dict_post_hook,
        optimizer.register_load_state_dict_pre_hook,
        optimizer.register_load_state_dict_post_hook,
        torch_optimizer.register_optimizer_step_pre_hook,
        torch_optimizer.register_optimizer_step_post_hook,
    ):
        register(lambda *_: None)
    board = Board(model)
    board.optimizers = (optimizer,)
    board.count("", enabled=True)
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    counts = {name: (hook.order, hook.n_fires) for name, hook in found(board).items()}
    torch_optimizer._global_optimizer_pre_hooks.clear()
    torch_optimizer._global_optimizer_post_hooks.clear()
    assert counts == {
        "forward every module": (1, 3),
        "step_pre every optimizer": (1, 1),
        "step_pre SGD": (2, 1),
        "step_post SGD": (1, 1),
        "state_dict_pre SGD": (1, 1),
        "state_dict SGD": (1, 1),
        "load_state_dict_pre SGD": (1, 1),
        "load_state_dict_post SGD": (1, 1),
        "step_post every optimizer": (2, 1),
    }
    assert not board.hooks_on("0")
    assert global_hook == ["forward"] * 3


def test_the_order_is_the_one_in_which_torch_calls_them(model: nn.Module, global_hook: list[str]) -> None:
    calls = global_hook
    model[0].register_forward_hook(lambda *_: calls.append("second"))
    model[0].register_forward_hook(lambda *_: calls.append("first"), prepend=True)
    model[0](torch.ones(2, 3))
    assert calls == ["forward", "first", "second"]
    assert [hook.order for hook in Board(model).hooks_on("0")] == [2, 3]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_legacy_backward_hook_is_shown_as_deprecated(model: nn.Module) -> None:
    model[0].register_backward_hook(lambda *_: None)
    model[1].register_full_backward_hook(lambda *_: None)
    board = Board(model)
    legacy = found(board, "0")["backward"]
    assert legacy.note.startswith("Deprecated")
    assert found(board, "1")["full_backward"].note == ""


def test_time_stays_unknown_until_the_first_call(model: nn.Module) -> None:
    model[0].register_forward_hook(double)
    board = Board(model)
    board.count("0", enabled=True)
    hook = found(board, "0")["forward"]
    assert (hook.n_fires, hook.us_per_fire) == (0, None)
    assert not math.isnan(hook.n_fires or 0)
