"""New starting values: as torch gives them, taken back to the bit, and written down as Python that does the same."""

from __future__ import annotations

import copy
import inspect
import math

import pytest
import torch
from initialised_models import WEIGHTS_FIT, Tanned, bits, images, picture, trained, values_of
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from moduleview.interventions import initialise
from moduleview.interventions.base import InterventionError, LiveRun
from moduleview.interventions.initialise import Initialise
from moduleview.interventions.initialising import matches, old_values
from moduleview.interventions.initialising.catalogue import all_initialisers
from moduleview.interventions.initialising.time_limit import time_limit
from moduleview.interventions.journal import Journal
from moduleview.telemetry.initialising_messages import FUNCTION, RESET, Choice, Part, Suggestion

FILL = "def init(module):\n    if isinstance(module, nn.Linear):\n        nn.init.normal_(module.weight, std=2.0)\n"


def layers() -> nn.Module:
    return nn.Sequential(nn.Conv2d(4, 8, 3), nn.Linear(8, 8), nn.Sequential(nn.ReLU(), nn.Linear(8, 4)))


def choice_of(name: str, fqn: str = "", **changes: object) -> Choice:
    source = FILL if name == FUNCTION else ""
    return Choice(fqn, name, WEIGHTS_FIT.get(name, ()), seed=7, source=source, **changes)  # type: ignore[arg-type]


def test_all_of_torch_nn_init_is_offered_with_the_arguments_of_its_signature() -> None:
    offered = {found.name: found for found in all_initialisers()}
    of_torch = {name for name in vars(nn.init) if name.endswith("_") and not name.startswith("_")}
    assert set(offered) == of_torch | {RESET, FUNCTION}
    for name in of_torch:
        wanted = set(inspect.signature(getattr(nn.init, name)).parameters) - {"tensor", "generator"}
        assert {argument.name for argument in offered[name].arguments} == wanted
    kaiming = {argument.name: argument for argument in offered["kaiming_uniform_"].arguments}
    assert (kaiming["a"].type, kaiming["a"].default) == ("float", 0.0)
    assert kaiming["mode"].choices == ("fan_in", "fan_out")
    assert "leaky_relu" in kaiming["nonlinearity"].choices
    assert offered["dirac_"].arguments[0].type == "int"
    assert offered["constant_"].arguments[0].default is None
    assert not offered["ones_"].is_random
    assert offered["sparse_"].is_random


@pytest.mark.parametrize("name", [*WEIGHTS_FIT, RESET, FUNCTION])
def test_python_in_the_journal_gives_the_same_bits_and_takes_them_back(name: str) -> None:
    model = layers()
    other = copy.deepcopy(model)
    before = values_of(model)
    change = Initialise(choice_of(name))
    space: dict[str, object] = {"model": other}
    exec(change.apply(LiveRun(model)), space)
    assert values_of(model) != before
    assert values_of(other) == values_of(model)
    exec(change.undo(LiveRun(model)), space)
    assert values_of(model) == before == values_of(other)


@pytest.mark.parametrize("name", [name for name in WEIGHTS_FIT if name not in ("eye_", "dirac_", "sparse_")])
def test_values_are_those_that_torch_draws_from_that_seed(name: str) -> None:
    model, other = nn.Sequential(nn.Linear(6, 5)), torch.empty(5, 6)
    Initialise(choice_of(name, "0.weight")).apply(LiveRun(model))
    generator = {"generator": torch.Generator().manual_seed(7)}
    is_random = "generator" in inspect.signature(getattr(nn.init, name)).parameters
    getattr(nn.init, name)(other, **dict(WEIGHTS_FIT[name]), **(generator if is_random else {}))
    assert torch.equal(model[0].weight, other)


@pytest.mark.parametrize("name", ["normal_", RESET, FUNCTION])
def test_random_numbers_of_the_run_are_the_same_as_if_nothing_had_been_done(name: str) -> None:
    model = layers()
    torch.manual_seed(1)
    change = Initialise(choice_of(name))
    state = torch.get_rng_state()
    change.apply(LiveRun(model))
    change.undo(LiveRun(model))
    assert torch.equal(torch.get_rng_state(), state)


def test_undo_brings_back_tensors_that_a_function_put_others_in_place_of() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    optimizer = torch.optim.SGD(model.parameters())
    before, weight = values_of(model), model[0].weight
    source = (
        "def init(module):\n"
        "    if isinstance(module, nn.Linear):\n"
        "        module.weight = nn.Parameter(torch.ones(5, 3))\n"
        "        module.bias.data = torch.full((3,), float('nan'))\n"
        "    elif isinstance(module, nn.BatchNorm1d):\n"
        "        module.running_mean += 1\n"
    )
    change = Initialise(Choice("", FUNCTION, source=source))
    change.apply(LiveRun(model, (optimizer,)))
    assert model[0].weight.shape == (5, 3)
    change.undo(LiveRun(model, (optimizer,)))
    assert values_of(model) == before
    assert model[0].weight is weight is optimizer.param_groups[0]["params"][0]


def test_only_types_names_and_parts_that_are_meant_get_new_values() -> None:
    def changed(**changes: object) -> set[str]:
        model = Tanned()
        before = values_of(model)
        Initialise(choice_of("constant_", **changes)).apply(LiveRun(model))
        return {name for name, value in values_of(model).items() if value != before[name]}

    assert changed(types=("Conv2d",)) == {"conv.weight", "conv.bias"}
    assert changed(types=("_ConvNd", "BatchNorm2d"), part=Part.BIASES) == {"conv.bias", "norm.bias"}
    assert changed(pattern="h*.weight") == {"hidden.weight", "head.weight"}
    assert changed(pattern="h.*weight$", is_regex=True) == {"hidden.weight", "head.weight", "shared.weight"}
    assert changed(fqn="shared", part=Part.WEIGHTS) == {"shared.weight"}
    assert changed(fqn="shared.bias") == {"shared.bias"}


def test_regular_expression_that_goes_back_for_ever_is_ended_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matches, "LONGEST_S", 0.2)
    model = nn.ModuleDict({"a" * 60: nn.Linear(2, 2)})
    with pytest.raises(InterventionError, match="had not ended after 0 s: it repeats what repeats"):
        Initialise(choice_of("ones_", pattern="(a+)+!", is_regex=True)).apply(LiveRun(model))


def test_tied_parameter_is_filled_once_and_stays_tied() -> None:
    model = nn.Sequential(nn.Embedding(5, 5), nn.Linear(5, 5, bias=False))
    model[1].weight = model[0].weight
    alone = nn.Sequential(nn.Embedding(5, 5))
    Initialise(choice_of("normal_")).apply(LiveRun(model))
    Initialise(choice_of("normal_")).apply(LiveRun(alone))
    assert model[1].weight is model[0].weight
    assert torch.equal(model[0].weight, alone[0].weight)


def test_gain_of_the_activation_that_follows_is_taken_where_it_is_known() -> None:
    model = nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 64))
    suggestion = Suggestion("tanh", "tanh", None, 5 / 3, "")
    choice = choice_of("orthogonal_", takes_gain_from_activation=True, part=Part.WEIGHTS)
    other = copy.deepcopy(model)
    exec(Initialise(choice, {"0": suggestion}).apply(LiveRun(model)), {"model": other})
    assert torch.linalg.matrix_norm(model[0].weight, 2).item() == pytest.approx(5 / 3, rel=1e-4)
    assert torch.linalg.matrix_norm(model[1].weight, 2).item() == pytest.approx(1, rel=1e-4)
    assert values_of(other) == values_of(model)


# -- the optimizer ------------------------------------------------------------------------------------------------


def test_what_the_optimizer_remembers_is_forgotten_where_asked_and_comes_back() -> None:
    model = Tanned()
    optimizer = trained(model)
    before = picture(model, optimizer)
    other = copy.deepcopy(model)
    other_optimizer = trained(other)
    run = LiveRun(model, (optimizer,))

    Initialise(choice_of("normal_", "hidden")).apply(run)
    assert model.hidden.weight in optimizer.state

    change = Initialise(choice_of("normal_", "hidden", clears_optimizer_state=True, part=Part.WEIGHTS))
    state = optimizer.state[model.hidden.weight]
    python = change.apply(run)
    assert model.hidden.weight not in optimizer.state
    assert model.hidden.bias in optimizer.state
    exec(python, {"model": other, "optimizer": other_optimizer})
    assert other.hidden.weight not in other_optimizer.state
    assert len(other_optimizer.state) == len(optimizer.state)
    change.undo(run)
    assert optimizer.state[model.hidden.weight] is state
    assert len(picture(model, optimizer)) == len(before)


# -- one after the other ------------------------------------------------------------------------------------------


def test_taking_back_an_earlier_one_leaves_what_a_later_one_set() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    before = values_of(model)
    journal, run = Journal(lambda record: None), LiveRun(model)
    first = Initialise(choice_of("normal_"))
    later = Initialise(choice_of("ones_", "1"))
    numbers = [journal.apply(first, run, 1), journal.apply(later, run, 2)]
    with torch.no_grad():
        model[1].weight.add_(0.25)  # training goes on
    trained_on = bits(model[1].weight)

    journal.take_back(numbers[0], run, 3)
    assert bits(model[0].weight) == before["0.weight"]
    assert bits(model[1].weight) == trained_on
    journal.take_back(numbers[1], run, 4)
    assert values_of(model) == before


def test_what_was_taken_back_can_be_made_again() -> None:
    model = layers()
    journal, run = Journal(lambda record: None), LiveRun(model)
    before = values_of(model)
    number = journal.apply(Initialise(choice_of("normal_")), run, 1)
    given = values_of(model)
    journal.take_back(number, run, 2)
    journal.make_again(number, run, 3)
    assert values_of(model) == given
    journal.take_back(number, run, 4)
    assert values_of(model) == before


def test_more_than_can_be_kept_is_refused_with_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Sequential(nn.Linear(512, 1024))
    before = values_of(model)
    monkeypatch.setattr(old_values, "MOST_KEPT_BYTES", 2**20)
    change = Initialise(choice_of("normal_"))
    change.free_bytes = 2**20
    with pytest.raises(InterventionError, match=r"2\.0 MiB of old values would have to be kept; at most 1\.0 MiB"):
        change.apply(LiveRun(model))
    assert values_of(model) == before


# -- what cannot be done ------------------------------------------------------------------------------------------


def test_shapes_that_an_initialiser_cannot_take_keep_their_values_and_the_rest_goes_on() -> None:
    model = Tanned()
    before = values_of(model)
    Initialise(choice_of("xavier_normal_")).apply(LiveRun(model))
    changed = {name for name, value in values_of(model).items() if value != before[name]}
    assert changed == {"conv.weight", "hidden.weight", "shared.weight", "head.weight"}


@pytest.mark.parametrize(
    ("choice", "match"),
    [
        (Choice("nowhere", "zeros_"), "no module or parameter called nowhere"),
        (Choice("", "zeros_", pattern="(", is_regex=True), "no regular expression"),
        (Choice("", "zeros_", types=("LSTM",)), "No parameter is meant"),
        (Choice("norm", "orthogonal_"), r"norm\.weight: cannot take shape 4\. torch: ValueError"),
        (Choice("conv.weight", "eye_"), "cannot take shape 4 × 1 × 3 × 3"),
        (Choice("head.weight", "dirac_"), "cannot take shape 3 × 16"),
        (Choice("head", "constant_"), "cannot take"),
        (Choice("head", "glorot_"), "no initialiser called glorot_"),
        (
            Choice("", FUNCTION, source="def init(module):\n    raise ValueError('no')"),
            "raised ValueError in line 2: no",
        ),
        (Choice("", FUNCTION, source="def init(module:\n"), "Line 1: "),
        (Choice("", FUNCTION, source="x = 1"), "Write one function"),
        (Choice("", FUNCTION, source="1 / 0"), "raised ZeroDivisionError in line 1"),
        (Choice("drop", RESET), "No module is meant"),
        (Choice("head.bias", RESET), "is a parameter, and this calls modules"),
    ],
)
def test_what_cannot_be_done_says_so_and_changes_nothing(choice: Choice, match: str) -> None:
    model = Tanned()
    before = values_of(model)
    with pytest.raises(InterventionError, match=match):
        Initialise(choice).apply(LiveRun(model))
    assert values_of(model) == before


def test_function_that_raises_half_way_leaves_nothing_changed() -> None:
    model = layers()
    before = values_of(model)
    source = "def init(module):\n    for p in module.parameters():\n        p.zero_()\n    assert not module.children\n"
    with pytest.raises(InterventionError, match="Nothing was changed"):
        Initialise(Choice("", FUNCTION, source=source)).apply(LiveRun(model))
    assert values_of(model) == before


def test_function_that_never_ends_is_interrupted_and_leaves_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = layers()
    before = values_of(model)
    monkeypatch.setattr(initialise, "time_limit", lambda: time_limit(0.1))
    source = (
        "def init(module):\n"
        "    nn.init.ones_(next(module.parameters()))\n"
        "    while True:\n        try:\n            pass\n        except Exception:\n            pass\n"
    )
    with pytest.raises(InterventionError, match="had not ended after"):
        Initialise(Choice("0", FUNCTION, source=source)).apply(LiveRun(model))
    assert values_of(model) == before


def test_kinds_of_tensors_without_values_are_left_alone_with_the_reason() -> None:
    model = nn.Sequential(nn.LazyLinear(3), nn.Linear(2, 2, device="meta"), nn.Linear(2, 2))
    model[2].register_parameter("whole", nn.Parameter(torch.zeros(2, dtype=torch.int64), requires_grad=False))
    model[2].register_parameter("none", nn.Parameter(torch.zeros(0)))
    before = bits(model[2].weight)
    Initialise(choice_of("normal_")).apply(LiveRun(model))
    assert bits(model[2].weight) != before
    assert model[1].weight.is_meta
    assert nn.parameter.is_lazy(model[0].weight)
    assert not model[2].whole.any()


# -- parametrizations ----------------------------------------------------------------------------------------------


class Halved(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / 2


class Scaled(Halved):
    def right_inverse(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2


@pytest.mark.parametrize("fqn", ["", "0", "0.weight", "0.parametrizations.weight.original"])
def test_parametrized_weight_is_set_by_way_of_its_right_inverse(fqn: str) -> None:
    model = nn.Sequential(nn.Linear(3, 3, bias=False))
    parametrize.register_parametrization(model[0], "weight", Scaled())
    other = copy.deepcopy(model)
    original, before = model[0].parametrizations.weight.original, values_of(model)
    change = Initialise(choice_of("ones_", fqn, types=("Linear",) if fqn == "0" else ()))
    space: dict[str, object] = {"model": other}
    exec(change.apply(LiveRun(model)), space)
    assert torch.equal(model[0].weight, torch.ones(3, 3))
    assert model[0].parametrizations.weight.original is original
    assert values_of(other) == values_of(model)
    exec(change.undo(LiveRun(model)), space)
    assert values_of(model) == before == values_of(other)


def test_without_a_right_inverse_what_is_behind_it_is_filled() -> None:
    model = nn.Sequential(nn.Linear(3, 3))
    parametrize.register_parametrization(model[0], "weight", Halved())
    Initialise(choice_of("ones_", part=Part.WEIGHTS)).apply(LiveRun(model))
    assert torch.equal(model[0].weight, torch.full((3, 3), 0.5))


def test_weight_norm_is_set_as_a_whole() -> None:
    model = nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 4)))
    other, before = copy.deepcopy(model), values_of(model)
    change = Initialise(choice_of("orthogonal_", part=Part.WEIGHTS))
    exec(change.apply(LiveRun(model)), {"model": other})
    assert torch.allclose(model[0].weight @ model[0].weight.T, torch.eye(4), atol=1e-5)
    assert values_of(other) == values_of(model)
    change.undo(LiveRun(model))
    assert values_of(model) == before


def test_gradients_stay_and_training_goes_on_from_the_new_values() -> None:
    model = Tanned()
    optimizer = trained(model)
    assert model.hidden.weight.grad is not None
    gradient = bits(model.hidden.weight.grad)
    Initialise(choice_of("zeros_", clears_optimizer_state=True)).apply(LiveRun(model, (optimizer,)))
    assert bits(model.hidden.weight.grad) == gradient
    optimizer.zero_grad()
    loss = model(images()).sum()
    loss.backward()
    optimizer.step()
    assert math.isfinite(loss.item())
