"""What an initialiser would change is found out on a copy: the model, its optimizer and its random numbers stay."""

from __future__ import annotations

import math
import threading
import warnings

import pytest
import torch
from initialised_models import WEIGHTS_FIT, Tanned, images, picture, previewed, trained, values_of
from torch import nn
from torch.nn.utils import parametrizations

from moduleview.interventions.base import LiveRun
from moduleview.interventions.initialise import Initialise
from moduleview.interventions.initialising import preview as preview_file
from moduleview.interventions.initialising.time_limit import time_limit
from moduleview.telemetry.initialising_messages import FUNCTION, RESET, Choice, Part, PreviewEnded

FUNCTIONS = "def init(module):\n    for p in module.parameters(recurse=False):\n        nn.init.normal_(p)\n"


def choice_of(name: str, fqn: str = "", **changes: object) -> Choice:
    return Choice(fqn, name, WEIGHTS_FIT.get(name, ()), seed=5, source=FUNCTIONS, **changes)  # type: ignore[arg-type]


def ended(book) -> PreviewEnded:
    assert book.ended is not None
    return book.ended


# -- nothing is touched -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*WEIGHTS_FIT, RESET, FUNCTION])
def test_model_optimizer_and_random_numbers_are_the_same_to_the_bit_afterwards(name: str) -> None:
    model = Tanned()
    optimizer = trained(model)
    before = picture(model, optimizer)
    book = previewed(model, choice_of(name), optimizer, batch=images())
    assert picture(model, optimizer) == before
    assert book.changes
    assert ended(book).points


@pytest.mark.parametrize("is_training", [True, False])
def test_forward_pass_leaves_statistics_counters_and_hooks_as_they_were(is_training: bool) -> None:
    model = nn.Sequential(
        parametrizations.spectral_norm(nn.Linear(8, 8)), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 2)
    ).train(is_training)
    n_calls = [0]

    def count(*_: object) -> None:
        n_calls[0] += 1

    model[0].register_forward_hook(count)
    anywhere = nn.modules.module.register_module_forward_hook(count)
    batch = torch.randn(4, 8)
    before = picture(model)
    try:
        book = previewed(model, choice_of("normal_"), batch=batch)
    finally:
        anywhere.remove()
    assert picture(model) == before
    assert not n_calls[0]
    assert len(ended(book).points) == 4


def test_what_leads_to_live_modules_from_lists_and_methods_leads_to_the_copies() -> None:
    class Listed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.BatchNorm1d(4)
            self.order = [self.first]
            self.run = self._run
            self.lock = threading.Lock()  # cannot be copied

        def _run(self, x: torch.Tensor) -> torch.Tensor:
            self.n_runs = getattr(self, "n_runs", 0) + 1
            return self.order[0](x)  # type: ignore[no-any-return]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x += 1
            return self.run(x)

    model, batch = Listed(), torch.randn(3, 4)
    before, was = picture(model), batch.clone()
    book = previewed(model, choice_of("normal_", part=Part.WEIGHTS), batch=batch)
    assert picture(model) == before
    assert torch.equal(batch, was)
    assert [point.fqn for point in ended(book).points] == ["first"]


# -- what it shows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["normal_", "xavier_uniform_", RESET, FUNCTION])
def test_what_is_shown_is_what_applying_gives(name: str) -> None:
    model = Tanned()
    choice = choice_of(name, part=Part.WEIGHTS if name in WEIGHTS_FIT else Part.ALL)
    book = previewed(model, choice)
    before = values_of(model)
    Initialise(choice).apply(LiveRun(model))
    after = dict(model.named_parameters())
    assert {fqn for fqn, change in book.changes.items() if not change.failed} == {
        fqn for fqn, value in values_of(model).items() if value != before[fqn]
    }
    for fqn, change in book.changes.items():
        if change.after is not None:
            assert change.after.mean == pytest.approx(after[fqn].mean().item(), abs=1e-6)
            assert change.after.std == pytest.approx(after[fqn].std(correction=0).item(), abs=1e-6)
            assert change.after.shares.sum() == pytest.approx(1, abs=1e-5)


def test_order_is_that_in_which_apply_visits() -> None:
    shared = nn.Linear(2, 2)
    model = nn.Sequential(nn.Sequential(shared, nn.ReLU()), nn.ModuleDict({"a": shared, "b": shared}), Tanned())
    names = {id(module): name for name, module in model.named_modules()}
    visited: list[str] = []
    model.apply(lambda module: visited.append(names[id(module)]))
    book = previewed(model, choice_of("zeros_"))
    assert [names[id(model.get_submodule(visit.fqn))] for visit in book.visits.values()] == visited
    assert [visit.number for visit in book.visits.values()] == list(range(1, len(visited) + 1))
    again = [visit for visit in book.visits.values() if visit.fqn == "1.a"]
    assert again[0].note == "tied: done as 0.0.weight"


def test_means_deviations_and_histograms_stand_in_the_same_bins() -> None:
    model = nn.Sequential(nn.Linear(100, 100, bias=False))
    nn.init.constant_(model[0].weight, 3.0)
    change = previewed(model, choice_of("uniform_")).changes["0.weight"]
    assert change.before is not None
    assert change.after is not None
    assert (change.before.mean, change.before.std) == (3.0, 0.0)
    assert change.after.mean == pytest.approx(0.5, abs=0.02)
    assert change.after.std == pytest.approx(math.sqrt(1 / 12), abs=0.01)
    assert change.low == pytest.approx(0, abs=1e-3)
    assert change.high == 3.0
    assert change.before.shares[-1] == 1.0
    assert (change.after.shares[:13] > 0.05).all()


def test_large_tensor_is_looked_at_in_a_sample_and_says_so() -> None:
    model = nn.Sequential(nn.Linear(1100, 1000, bias=False))
    change = previewed(model, choice_of("normal_")).changes["0.weight"]
    assert change.after is not None
    assert change.after.is_sampled
    assert change.after.std == pytest.approx(1, abs=0.01)


def test_old_values_that_are_not_finite_are_counted_apart() -> None:
    model = nn.Sequential(nn.Linear(2, 2, bias=False))
    with torch.no_grad():
        model[0].weight[0] = math.nan
    change = previewed(model, choice_of("ones_")).changes["0.weight"]
    assert change.before is not None
    assert change.before.non_finite == 0.5
    assert math.isnan(change.before.mean)


def test_memory_for_the_old_values_and_what_the_optimizer_remembers_are_said() -> None:
    model = Tanned()
    end = ended(previewed(model, choice_of("zeros_", "hidden"), trained(model)))
    assert end.undo_bytes == (144 * 16 + 16) * 4
    assert end.state_words == "exp_avg, exp_avg_sq of 2 parameters"
    assert not end.undo_refusal


# -- through the depth --------------------------------------------------------------------------------------------


def test_spread_of_outputs_is_told_in_the_order_of_calls_before_and_after() -> None:
    model = Tanned().eval()
    end = ended(previewed(model, choice_of("normal_", "hidden"), batch=images()))
    assert [(point.fqn, point.call) for point in end.points] == [
        ("conv", 1),
        ("norm", 1),
        ("hidden", 1),
        ("drop", 1),
        ("shared", 1),
        ("shared", 2),
        ("head", 1),
    ]
    with torch.no_grad():
        out = model.conv(images())
        normed = model.norm(out)
        hidden = model.hidden(torch.relu(normed).flatten(1))
        Initialise(choice_of("normal_", "hidden")).apply(LiveRun(model))
        hidden_after = model.hidden(torch.relu(normed).flatten(1))
    assert end.points[0].before == pytest.approx(out.std(correction=0).item(), rel=1e-4)
    assert end.points[0].after == end.points[0].before
    assert end.points[2].before == pytest.approx(hidden.std(correction=0).item(), rel=1e-4)
    assert end.points[2].after == pytest.approx(hidden_after.std(correction=0).item(), rel=1e-4)


def test_without_a_batch_the_depth_says_what_is_missing() -> None:
    end = ended(previewed(Tanned(), choice_of("zeros_")))
    assert not end.points
    assert end.depth_words == "a batch"


def test_forward_that_raises_leaves_the_rest_of_the_preview() -> None:
    book = previewed(Tanned(), choice_of("normal_"), batch=torch.zeros(2, 1, 3, 3))
    assert "forward pass of a copy raised RuntimeError" in ended(book).depth_words
    assert book.changes["conv.weight"].after is not None


def test_compiled_model_runs_uncompiled_as_a_copy() -> None:
    n_compiled = [0]

    def backend(graph: torch.fx.GraphModule, _inputs: object) -> object:
        n_compiled[0] += 1
        return graph.forward

    model = torch.compile(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), backend=backend)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model(torch.ones(2, 4))
        before = n_compiled[0]
        end = ended(previewed(model, choice_of("normal_"), batch=torch.ones(2, 4)))  # type: ignore[arg-type]
        assert [point.fqn for point in end.points] == ["_orig_mod.0", "_orig_mod.1"]
        model(torch.ones(2, 4))
    assert n_compiled[0] == before


# -- the gain -----------------------------------------------------------------------------------------------------


def gains(model: nn.Module, batch: torch.Tensor | None) -> dict[str, tuple[str, float]]:
    visits = previewed(model, choice_of("zeros_"), batch=batch).visits.values()
    return {v.fqn: (v.suggestion.activation, round(v.suggestion.gain, 4)) for v in visits if v.suggestion is not None}


def test_gain_is_that_of_the_activation_seen_to_take_the_output_functional_ones_too() -> None:
    assert gains(Tanned(), images()) == {
        "conv": ("relu", 1.4142),
        "hidden": ("leaky_relu", round(math.sqrt(2 / 1.04), 4)),
        "shared": ("tanh", 1.6667),  # the first of its calls
        "head": ("", 1.0),
    }


def test_gain_before_any_batch_is_that_of_the_next_in_the_sequential() -> None:
    model = nn.Sequential(
        nn.Linear(4, 4), nn.LayerNorm(4), nn.Tanh(), nn.Linear(4, 4), nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 4)
    )
    assert gains(model, None) == {"0": ("tanh", 1.6667), "3": ("", 1.0), "4": ("gelu", 1.4142)}
    why = previewed(model, choice_of("zeros_")).visits[5].suggestion
    assert why is not None
    assert why.why == "gelu follows, as the next in the Sequential; torch has no gain for it, relu stands in"


def test_sums_norms_and_views_between_a_layer_and_its_activation_are_passed() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two, self.norm = nn.Linear(4, 4), nn.Linear(4, 4), nn.LayerNorm(4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return nn.functional.silu((self.norm(self.one(x)) + self.two(x)).view(-1, 2, 2))

    assert gains(Block(), torch.ones(2, 4)) == {"one": ("silu", 1.4142), "two": ("silu", 1.4142)}


def test_activation_that_a_module_computes_by_hand_is_known_by_the_name_of_its_class() -> None:
    class NewGELUActivation(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 0.5 * x * (1.0 + torch.tanh(0.8 * (x + 0.04 * torch.pow(x, 3.0))))

    model = nn.Sequential(nn.Linear(4, 4), NewGELUActivation(), nn.Linear(4, 4), nn.LeakyReLU(0.2))
    assert gains(model, torch.ones(2, 4)) == {"0": ("gelu", 1.4142), "2": ("leaky_relu", 1.3868)}


# -- what cannot be done ------------------------------------------------------------------------------------------


def test_shape_that_cannot_be_taken_is_said_at_its_row_and_the_rest_goes_on() -> None:
    book = previewed(Tanned(), choice_of("xavier_normal_"))
    note = book.changes["norm.weight"].note
    assert note.startswith("cannot take shape 4. torch: ValueError: Fan in and fan out")
    assert book.changes["norm.weight"].failed
    assert book.changes["norm.weight"].after is None
    assert book.changes["head.weight"].after is not None
    assert not ended(book).undo_refusal


def test_type_that_an_initialiser_cannot_take_is_named() -> None:
    model = nn.Sequential(nn.Linear(4, 4, bias=False).half())
    note = previewed(model, choice_of("orthogonal_")).changes["0.weight"].note
    assert note.startswith("cannot take shape 4 × 4 in float16. torch: ")


def test_tensors_of_other_kinds_say_why_they_are_left() -> None:
    model = nn.Sequential(nn.LazyLinear(3), nn.Linear(2, 2, device="meta"), nn.Linear(2, 2))
    model[2].register_parameter("whole", nn.Parameter(torch.zeros(2, dtype=torch.int64), requires_grad=False))
    model[2].register_parameter("sparse", nn.Parameter(torch.eye(2).to_sparse()))
    model[2].register_parameter("none", nn.Parameter(torch.zeros(0)))
    book = previewed(model, choice_of("normal_"), batch=torch.ones(1, 2))
    notes = {fqn: change.note for fqn, change in book.changes.items() if change.failed}
    assert "lazy" in notes["0.weight"]
    assert "meta device" in notes["1.weight"]
    assert "int64" in notes["2.whole"]
    assert "sparse" in notes["2.sparse"]
    assert notes["2.none"] == "It has no elements."
    assert book.changes["2.weight"].after is not None
    assert ended(book).depth_words == "A lazy module still waits for its first input."


def test_quantised_module_is_passed_by() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch is about to let go of them
        weight = torch.quantize_per_tensor(torch.ones(2, 2), 0.1, 0, torch.qint8)
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].register_parameter("packed", nn.Parameter(weight, requires_grad=False))
    book = previewed(model, choice_of("normal_"))
    assert "quantised" in book.changes["0.packed"].note
    assert book.changes["0.weight"].after is not None


def test_orthogonal_matrix_that_would_hold_the_run_for_long_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moduleview.interventions.initialising.values.MOST_WORK", 1e6)
    book = previewed(nn.Sequential(nn.Linear(200, 200), nn.Linear(200, 4)), choice_of("orthogonal_", part=Part.WEIGHTS))
    assert "200 × 200 is too much work" in book.changes["0.weight"].note
    assert book.changes["1.weight"].after is not None


def test_function_that_raises_at_some_modules_says_so_there_and_cannot_be_applied() -> None:
    source = (
        "def init(module):\n"
        "    if isinstance(module, nn.ReLU):\n"
        "        raise TypeError('no weight')\n"
        "    module.weight.data.fill_(1)\n"
    )
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    book = previewed(model, Choice("", FUNCTION, source=source))
    notes = [visit.note for visit in book.visits.values()]
    assert notes[1] == "raised TypeError in line 3: no weight"
    assert notes[3].startswith("raised AttributeError in line 4")
    assert set(book.changes) == {"0.weight", "2.weight"}
    assert ended(book).undo_refusal.startswith("It raised or did not end at 2 modules")


def test_function_that_never_ends_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview_file, "time_limit", lambda: time_limit(0.1))
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    before = picture(model)
    book = previewed(model, Choice("", FUNCTION, source="def init(module):\n    while True:\n        pass\n"))
    assert "was interrupted" in book.visits[1].note
    assert book.visits[2].note == "was not called any more"
    assert picture(model) == before
    assert "did not end" in ended(book).undo_refusal


def test_reset_on_a_parametrized_weight_changes_nothing_and_says_what_is_not_there() -> None:
    model = nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 4, bias=False)), nn.ReLU())
    book = previewed(model, choice_of(RESET))
    assert not book.changes
    notes = {visit.fqn: visit.note for visit in book.visits.values()}
    assert notes["1"] == "has no reset_parameters"
    assert notes["0"].startswith("weight stays: the method writes to what a parametrization computes")
    assert ended(book).undo_refusal == "Nothing would change."


def test_parametrized_weight_says_that_it_goes_the_way_back() -> None:
    model = nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 4)))
    book = previewed(model, choice_of("normal_", part=Part.WEIGHTS))
    notes = [change.note for change in book.changes.values()]
    assert notes == [
        "set as weight, by the parametrization's right_inverse",
        "set together with the others behind weight",
    ]
    assert all(change.after is not None for change in book.changes.values())


def test_model_that_is_too_large_to_be_copied_is_refused_with_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview_file, "MOST_COPIED_BYTES", 1000)
    book = previewed(Tanned(), choice_of("normal_"))
    assert book.begun is not None
    assert book.begun.refusal.startswith("The model has 0.0 GiB of values; at most 0.0 GiB are copied")


def test_module_inside_itself_is_refused() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].add_module("outer", model)
    book = previewed(model, choice_of("normal_"))
    assert book.begun is not None
    assert "is inside itself" in book.begun.refusal


def test_warning_of_torch_stands_at_the_row() -> None:
    model = nn.Sequential(nn.Linear(2, 2, bias=False))
    choice = Choice("", "trunc_normal_", (("mean", 9.0), ("std", 0.1)))
    assert "mean is more than 2 std from" in previewed(model, choice).changes["0.weight"].note


def test_pieces_are_small_so_that_the_run_goes_on_between_them() -> None:
    model = nn.Sequential(*(nn.Linear(8, 8) for _ in range(50)))
    pieces = list(
        preview_file.Preview(1, choice_of("normal_"), LiveRun(model), 0, preview_file.Batch(None, "")).pieces()
    )
    assert len(pieces) > 150


def test_gains_alone_are_looked_for_in_pieces_as_small() -> None:
    model = nn.Sequential(*(nn.Linear(8, 8) for _ in range(50)), nn.Tanh())
    preview = preview_file.Preview(1, choice_of("xavier_normal_"), LiveRun(model), 0, preview_file.Batch(None, ""))
    assert len(list(preview.gain_pieces())) > 150
    assert preview.suggestions["49"].activation == "tanh"
