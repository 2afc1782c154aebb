"""A person's function may do more than give values: it is told beforehand, taken back, and undone when it raises."""

from __future__ import annotations

import copy

import pytest
import torch
from initialised_models import Tanned, images, picture, previewed, trained, values_of
from torch import nn

from moduleview.interventions.base import InterventionError, LiveRun
from moduleview.interventions.initialise import Initialise
from moduleview.interventions.initialising.preview import Batch, Preview
from moduleview.interventions.journal import Journal
from moduleview.telemetry.initialising_messages import FUNCTION, Choice, PreviewEnded, PreviewGrew

DEEDS = {
    "parametrization": "torch.nn.utils.parametrizations.weight_norm(m)",
    "parameter": "m.extra = nn.Parameter(torch.ones(3))",
    "buffer": "m.register_buffer('extra', torch.ones(3), persistent=False)",
    "child": "m.inner = nn.Linear(2, 2)",
    "attribute gone": "del m.bias",
    "another tensor": "m.weight = nn.Parameter(torch.ones(5, 3))",
    "class": "m.__class__ = type('Other', (nn.Linear,), {})",
    "mode": "m.eval()",
    "dtype": "m.half()",
    "hook": "m.register_forward_hook(lambda *a: None)",
    "trained": "m.weight.requires_grad_(False)",
    "gradient gone": "m.weight.grad = None",
    "gradient in place": "m.weight.grad.data.zero_()",
    "plain tensor": "m.plain.data.add_(1)",
    "list": "m.names.append('b')",
}


def choice_of(deed: str, after: str = "") -> Choice:
    lines = "\n".join(f"        {line}" for line in (DEEDS[deed], after) if line)
    return Choice("", FUNCTION, source=f"def init(m):\n    if isinstance(m, nn.Linear):\n{lines}\n")


def model_to_change() -> tuple[Tanned, torch.optim.Optimizer]:
    model = Tanned()
    optimizer = trained(model)
    for module in (model.hidden, model.shared, model.head):
        module.plain = torch.zeros(2)
        module.names = ["a"]
    return model, optimizer


def made_of(model: nn.Module) -> list[object]:
    """Beside what ``picture`` has: classes, the entries of all tables in order, plain tensors and lists."""
    seen: list[object] = []
    for module in model.modules():
        tables = {name: list(value) for name, value in vars(module).items() if isinstance(value, (dict, list, set))}
        plain = vars(module).get("plain")
        seen += [type(module), tables, None if plain is None else plain.tolist()]
    return seen


def unversioned(seen: list[object]) -> list[object]:
    """Values that were written and written back have another version."""
    return [(*one[:3], *one[4:]) if isinstance(one, tuple) and len(one) == 6 else one for one in seen]


@pytest.mark.parametrize("deed", DEEDS)
def test_what_a_function_does_beside_values_is_taken_back(deed: str) -> None:
    model, optimizer = model_to_change()
    before, was = unversioned(picture(model, optimizer)), made_of(model)
    change = Initialise(choice_of(deed))
    change.apply(LiveRun(model, (optimizer,)))
    assert (unversioned(picture(model, optimizer)), made_of(model)) != (before, was)
    change.undo(LiveRun(model, (optimizer,)))
    assert made_of(model) == was
    assert unversioned(picture(model, optimizer)) == before
    model(images()).sum().backward()


@pytest.mark.parametrize("error", ["1 / 0", "raise SystemExit", "raise KeyboardInterrupt"])
@pytest.mark.parametrize("deed", DEEDS)
def test_when_it_raises_nothing_was_changed(deed: str, error: str) -> None:
    model, optimizer = model_to_change()
    before, was = unversioned(picture(model, optimizer)), made_of(model)
    with pytest.raises(InterventionError, match="Nothing was changed"):
        Initialise(choice_of(deed, error)).apply(LiveRun(model, (optimizer,)))
    assert made_of(model) == was
    assert unversioned(picture(model, optimizer)) == before


@pytest.mark.parametrize("deed", [deed for deed in DEEDS if "gradient" not in deed])
def test_preview_tells_it_and_leaves_the_model(deed: str) -> None:
    model, optimizer = model_to_change()
    before, was = picture(model, optimizer), made_of(model)
    book = previewed(model, choice_of(deed), optimizer)
    assert made_of(model) == was
    assert picture(model, optimizer) == before
    assert book.ended is not None
    assert not book.ended.undo_refusal
    assert book.changes or any(visit.changes and visit.note for visit in book.visits.values())


def test_preview_says_what_becomes_of_a_module() -> None:
    def note(deed: str) -> str:
        visits = previewed(model_to_change()[0], choice_of(deed)).visits.values()
        return next(visit.note for visit in visits if visit.fqn == "head")

    assert note("parametrization") == (
        "becomes a ParametrizedLinear, parameter weight goes, _load_state_dict_pre_hooks: 0 → 1 entries, "
        "module parametrizations comes"
    )
    assert note("mode") == "training True → False"
    assert note("hook") == "_forward_hooks: 0 → 1 entries"


@pytest.mark.parametrize("deed", [deed for deed in DEEDS if "gradient" not in deed and deed != "plain tensor"])
def test_python_in_the_journal_does_and_undoes_the_same(deed: str) -> None:
    model, _ = model_to_change()
    other = copy.deepcopy(model)
    before, was = values_of(other), made_of(other)
    space: dict[str, object] = {"model": other}
    change = Initialise(choice_of(deed))
    exec(change.apply(LiveRun(model)), space)
    assert values_of(other) == values_of(model)
    exec(change.undo(LiveRun(model)), space)
    assert values_of(other) == before
    assert made_of(other) == was


def test_hook_that_somebody_put_on_later_stays() -> None:
    model, _ = model_to_change()
    change = Initialise(choice_of("hook"))
    change.apply(LiveRun(model))
    later = model.head.register_forward_hook(lambda *_: None)
    change.undo(LiveRun(model))
    assert list(model.head._forward_hooks) == [later.id]
    assert not model.hidden._forward_hooks


def test_gradient_of_a_later_step_and_a_later_freeze_stay() -> None:
    model, optimizer = model_to_change()
    change = Initialise(choice_of("gradient gone", "nn.init.ones_(m.weight)"))
    change.apply(LiveRun(model, (optimizer,)))
    model(images()).sum().backward()
    gradient = model.head.weight.grad
    model.head.weight.requires_grad_(False)
    change.undo(LiveRun(model, (optimizer,)))
    assert model.head.weight.grad is gradient
    assert not model.head.weight.requires_grad


def test_taken_back_in_any_order_all_is_as_it_was() -> None:
    for order in ((0, 1), (1, 0)):
        model, optimizer = model_to_change()
        before, was = values_of(model), made_of(model)
        journal, run = Journal(lambda record: None), LiveRun(model, (optimizer,))
        sources = ["def init(m):\n    m.eval()\n", "def init(m):\n    m.train()\n    m.mark = 1\n"]
        numbers = [journal.apply(Initialise(Choice("", FUNCTION, source=one)), run, 0) for one in sources]
        for which in order:
            journal.take_back(numbers[which], run, 1)
        assert values_of(model) == before
        assert made_of(model) == was
        assert all(module.training for module in model.modules())


def test_lazy_module_that_a_function_gave_its_shape_is_lazy_again() -> None:
    model = nn.Sequential(nn.LazyLinear(3))
    change = Initialise(Choice("0", FUNCTION, source="def init(m):\n    m.initialize_parameters(torch.ones(2, 4))\n"))
    change.apply(LiveRun(model))
    assert model[0].weight.shape == (3, 4)
    change.undo(LiveRun(model))
    assert nn.parameter.is_lazy(model[0].weight)
    assert model(torch.ones(1, 5)).shape == (1, 3)


@pytest.mark.parametrize("text", ["async def init(m): pass", "def init(m): yield", "async def init(m): yield"])
def test_function_of_which_a_call_runs_no_line_is_refused(text: str) -> None:
    with pytest.raises(InterventionError, match="write it with def, without async, await and yield"):
        Initialise(Choice("", FUNCTION, source=text)).apply(LiveRun(Tanned()))


def test_text_that_seeds_before_it_defines_leaves_the_run_its_random_numbers() -> None:
    model = Tanned()
    state = torch.get_rng_state()
    source = "torch.manual_seed(1)\ndef init(m):\n    m.apply(lambda one: None)\n"
    Initialise(Choice("", FUNCTION, source=source)).apply(LiveRun(model))
    assert torch.equal(torch.get_rng_state(), state)


def test_running_statistics_of_the_preview_s_own_pass_are_no_change() -> None:
    model = Tanned()
    source = "def init(m):\n    if isinstance(m, nn.Conv2d):\n        nn.init.ones_(m.weight)\n"
    assert set(previewed(model, Choice("", FUNCTION, source=source), batch=images()).changes) == {"conv.weight"}


def test_steps_made_during_a_preview_are_no_change() -> None:
    model = Tanned()
    optimizer = trained(model)
    source = "def init(m):\n    if isinstance(m, nn.Conv2d):\n        nn.init.ones_(m.weight)\n"
    pieces = Preview(1, Choice("", FUNCTION, source=source), LiveRun(model, (optimizer,)), 2, Batch(None, "")).pieces()
    records = []
    for record in pieces:
        records.append(record)
        optimizer.step()
    assert isinstance(records[-1], PreviewEnded)
    changed = {change.fqn for record in records if isinstance(record, PreviewGrew) for change in record.changes}
    assert changed == {"conv.weight"}
