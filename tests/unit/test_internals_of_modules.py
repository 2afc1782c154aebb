"""What stands in a module's __dict__, what state_dict saves of it, what is computed, and what waits."""

from __future__ import annotations

import time

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from moduleview.introspect import saved_state
from moduleview.introspect.bounded_repr import bounded_repr
from moduleview.introspect.lazy_state import lazy_modules, lazy_state, tensors_told
from moduleview.introspect.module_dict import MAXIMUM_ATTRIBUTES, attributes_in
from moduleview.introspect.recomputed import recomputed_in
from moduleview.introspect.saved_state import MAXIMUM_LISTED, SavedStateWalk
from moduleview.telemetry.internals_messages import AttributeKind, Comparison, LeftOutReason, SavedKind


def attribute(module: nn.Module, name: str):
    return next(entry for entry in attributes_in(module)[0] if entry.name == name)


def saved(module: nn.Module, *, calls: bool = False):
    walk = SavedStateWalk(module, calls)
    for _ in walk.pieces():
        pass
    return walk.result()


class Loose(nn.Module):
    """Holds what torch does not know of."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2, bias=False)
        self.mean = torch.zeros(5)
        self.layers = [nn.Linear(2, 2)]
        self.tables = {"a": torch.zeros(2, 2), "b": 1}
        self.width = 3
        self.register_buffer("step", torch.zeros(1), persistent=False)
        self.register_buffer("nothing", None)


# -- __dict__ ----------------------------------------------------------------------------------------------------------


def test_every_entry_of_the_dict_is_told_with_what_it_is() -> None:
    module = Loose()
    kinds = {entry.name: entry.kind for entry in attributes_in(module)[0]}
    assert list(kinds) == list(vars(module))
    assert {name for name, kind in kinds.items() if kind is AttributeKind.TABLE} == set(vars(nn.Module()))
    assert kinds["mean"] is AttributeKind.TENSOR
    assert kinds["layers"] is AttributeKind.MODULES
    assert kinds["tables"] is AttributeKind.TENSORS
    assert kinds["width"] is AttributeKind.PLAIN
    assert attribute(module, "mean").value == "5 float32"
    assert attribute(module, "mean").n_bytes == 20
    assert attribute(module, "_modules").entries == ("layer: Linear",)
    assert attribute(module, "_non_persistent_buffers_set").entries == ("step",)
    assert attribute(module, "_buffers").entries == ("step: 1 float32", "nothing: None")
    assert attribute(module, "tables").n_bytes == 16


def test_a_property_is_never_read_and_a_raising_repr_becomes_a_sentence() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError("no repr today")

    class Trapped(nn.Module):
        @property
        def trap(self) -> object:
            raise AssertionError("the property was read")

    module = Trapped()
    module.odd = Hostile()
    module.many = [Hostile(), 1]
    assert attribute(module, "odd").value == "<Hostile: its repr raised RuntimeError: no repr today>"
    assert "its repr raised" in attribute(module, "many").value


class Endless:
    def __repr__(self) -> str:
        while True:
            pass


class HostileKey:
    def __repr__(self) -> str:
        raise RuntimeError("no repr today")


class Hostile(dict):
    def items(self):
        raise ValueError("no items today")


def test_a_repr_without_end_costs_its_own_entry_and_hardly_any_time() -> None:
    module = nn.Linear(2, 2)
    module.before, module.first, module.second, module.after = 1, Endless(), Endless(), [2]
    began_s = time.perf_counter()
    told = {entry.name: entry.value for entry in attributes_in(module, longest_s=0.05)[0]}
    assert time.perf_counter() - began_s < 5.0
    assert told["first"] == told["second"] == "<Endless: its repr did not end within 0.05 s>"
    assert (told["before"], told["after"]) == ("1", "[2]")


def test_many_reprs_without_end_leave_the_others_unasked_but_named() -> None:
    module = nn.Linear(2, 2)
    for at in range(7):
        setattr(module, f"endless_{at}", Endless())
    told = {entry.name: entry.value for entry in attributes_in(module, longest_s=0.05)[0]}
    assert told["endless_6"] == "<Endless: not asked: those before it took too long>"


def test_a_container_that_raises_and_a_key_that_raises_cost_their_own_entry() -> None:
    module = nn.Linear(2, 2)
    module.hostile = Hostile(a=torch.zeros(1))
    module.keyed = {HostileKey(): torch.zeros(1)}
    told = {entry.name: entry for entry in attributes_in(module)[0]}
    assert "it cannot be read: ValueError: no items today" in told["hostile"].value
    assert "its repr raised" in told["keyed"].entries[0]
    assert told["_parameters"].kind is AttributeKind.TABLE


def test_state_dict_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_state, "LONGEST_S", 0.05)
    module = nn.Linear(2, 2)
    module.register_state_dict_pre_hook(lambda *_: repr(Endless()))
    state = saved(module, calls=True)
    assert state.comparison is Comparison.RAISED
    assert state.error == "nothing, but took longer than 0.05 s and was ended"


def test_huge_attributes_are_cut() -> None:
    module = nn.Module()
    module.text = "x" * 1_000_000
    module.table = dict.fromkeys(range(100_000), torch.zeros(1))
    for at in range(2 * MAXIMUM_ATTRIBUTES):
        setattr(module, f"a{at}", at)
    shown, n_all = attributes_in(module)
    assert len(shown) == MAXIMUM_ATTRIBUTES
    assert n_all == len(vars(module))
    assert len(attribute(module, "text").value) <= 200
    assert attribute(module, "table").n_entries == 100_000
    assert len(attribute(module, "table").entries) == 20


def test_a_list_of_what_is_registered_anyway_is_no_fault() -> None:
    entry = attribute(nn.LSTM(2, 3), "_flat_weights")
    assert entry.kind is AttributeKind.PLAIN
    assert "the same tensors" in entry.note


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_backward_hooks_say_whether_they_are_full_or_deprecated() -> None:
    full, old = nn.Linear(1, 1), nn.Linear(1, 1)
    full.register_full_backward_hook(lambda *_: None)
    old.register_backward_hook(lambda *_: None)
    assert attribute(full, "_backward_hooks").note == "full backward hooks"
    assert attribute(old, "_backward_hooks").note.startswith("deprecated backward hooks")
    assert attribute(nn.Linear(1, 1), "_backward_hooks").note == ""


def test_a_repr_is_bounded_and_holds_no_values_of_tensors() -> None:
    nested = {"a": [torch.randn(1000), {"b": [1] * 1000}], "c": nn.Linear(2, 2)}
    assert bounded_repr(nested) == "{'a': [1000 float32, {'b': [...]}], 'c': <Linear>}"


# -- state_dict --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.ModuleList([nn.Conv1d(1, 1, 1, bias=False)])),
        Loose(),
        parametrizations.weight_norm(nn.Linear(3, 2)),
        nn.ParameterDict({"a": torch.ones(2)}),
        nn.LSTM(2, 2),
    ],
    ids=["nested", "loose", "parametrised", "dict", "lstm"],
)
def test_what_is_told_to_be_saved_is_what_state_dict_has(module: nn.Module) -> None:
    state = saved(module)
    assert state.comparison is Comparison.SAME
    assert [entry.key for entry in state.entries] == list(module.state_dict())
    assert state.n_bytes == sum(tensor.nbytes for tensor in module.state_dict().values())


def test_what_is_left_out_says_why() -> None:
    state = saved(Loose())
    assert {entry.name: entry.reason for entry in state.left_out} == {
        "layer.bias": LeftOutReason.NONE,
        "step": LeftOutReason.NON_PERSISTENT,
        "nothing": LeftOutReason.NONE,
        "mean": LeftOutReason.PLAIN_TENSOR,
        "layers": LeftOutReason.UNREGISTERED_MODULE,
        "tables": LeftOutReason.TENSORS_IN_CONTAINER,
    }
    assert {entry.name: entry.n_bytes for entry in state.left_out}["tables"] == 16


def test_memory_that_is_shared_is_counted_once_and_a_view_saves_its_whole_storage() -> None:
    base = torch.zeros(100)
    module = nn.Module()
    module.a = nn.Parameter(base[:10])
    module.b = nn.Parameter(base[10:30])
    module.c = module.a
    state = saved(module)
    assert [(entry.key, entry.n_bytes, entry.shares_with) for entry in state.entries] == [
        ("a", 40, ""),
        ("b", 80, "a"),
        ("c", 40, "a"),
    ]
    assert state.n_bytes == 40
    assert state.n_file_bytes == 400


def test_hooks_that_change_the_keys_run_only_when_asked() -> None:
    calls = []

    def rename(module, state, prefix, metadata):
        calls.append(prefix)
        state[f"{prefix}renamed"] = state.pop(f"{prefix}weight")

    model = nn.Sequential(nn.Linear(2, 2))
    model[0]._register_state_dict_hook(rename)
    state = saved(model)
    assert state.comparison is Comparison.USERS_CODE
    assert calls == []
    assert len(state.hooks) == 1
    assert "_state_dict_hooks of 0" in state.hooks[0]
    asked = saved(model, calls=True)
    assert asked.comparison is Comparison.DIFFERENT
    assert asked.added == ("0.renamed",)
    assert [(entry.name, entry.reason) for entry in asked.left_out] == [("0.weight", LeftOutReason.REMOVED_BY_HOOK)]


def test_what_a_quantised_layer_saves_beyond_the_tables_is_listed() -> None:
    class Packed(nn.Linear):
        def _save_to_state_dict(self, destination, prefix, keep_vars):
            super()._save_to_state_dict(destination, prefix, keep_vars)
            del destination[f"{prefix}bias"]
            destination[f"{prefix}scale"] = torch.ones(2)
            destination[f"{prefix}dtype"] = torch.qint8

    model = nn.Sequential(Packed(2, 2))
    state = saved(model, calls=True)
    assert [(entry.key, entry.what) for entry in state.entries] == [
        ("0.weight", "2 × 2 float32"),
        ("0.scale", "2 float32"),
        ("0.dtype", "dtype"),
    ]
    assert [entry.key for entry in state.entries] == list(model.state_dict())
    assert (state.n_entries, state.n_bytes) == (3, 24)
    assert [(entry.name, entry.what) for entry in state.left_out] == [("0.bias", "2 float32")]


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_scripted_module_is_read_too() -> None:
    scripted = torch.jit.script(nn.Sequential(nn.Linear(2, 2)))
    assert recomputed_in(scripted) == ()
    assert attributes_in(scripted)[1] > 0
    assert [entry.key for entry in saved(scripted).entries] == ["0.weight", "0.bias"]


def test_extra_state_is_saved_under_its_key() -> None:
    class Extra(nn.Module):
        def get_extra_state(self) -> object:
            return {"a": 1}

    state = saved(nn.Sequential(Extra()), calls=True)
    assert [(entry.key, entry.kind) for entry in state.entries] == [("0._extra_state", SavedKind.EXTRA_STATE)]
    assert state.comparison is Comparison.SAME


def test_state_dict_that_raises_is_told() -> None:
    class Raising(nn.Module):
        def get_extra_state(self) -> object:
            raise ValueError("not today")

    state = saved(Raising(), calls=True)
    assert state.comparison is Comparison.RAISED
    assert state.error == "ValueError: not today"


def test_a_module_that_contains_itself_ends() -> None:
    model = nn.Sequential(nn.Linear(1, 1))
    model._modules["loop"] = model
    assert saved(model).n_entries == 2


def test_a_large_tree_is_listed_as_far_as_anybody_reads_and_counted_whole() -> None:
    state = saved(nn.Sequential(*(nn.Linear(1, 1) for _ in range(MAXIMUM_LISTED))))
    assert len(state.entries) == MAXIMUM_LISTED
    assert state.n_entries == 2 * MAXIMUM_LISTED
    assert state.n_bytes == 8 * MAXIMUM_LISTED
    assert state.comparison is Comparison.TOO_LARGE


# -- computed ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "steps", "originals"),
    [
        (parametrizations.weight_norm, ("_WeightNorm",), ["original0", "original1"]),
        (parametrizations.spectral_norm, ("_SpectralNorm",), ["original"]),
        (parametrizations.orthogonal, ("_Orthogonal",), ["original"]),
    ],
)
def test_a_parametrised_weight_says_what_is_trained_in_its_place(make, steps, originals) -> None:
    (found,) = recomputed_in(make(nn.Linear(3, 3)))
    assert (found.name, found.how, found.steps) == ("weight", "torch.nn.utils.parametrize", steps)
    assert [original.partition(":")[0] for original in found.originals] == [
        f"parametrizations.weight.{name}" for name in originals
    ]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_older_weight_norm_and_spectral_norm_are_found_by_their_hooks() -> None:
    (normed,) = recomputed_in(torch.nn.utils.weight_norm(nn.Linear(3, 2)))
    assert "weight_norm (deprecated)" in normed.how
    assert [original.partition(":")[0] for original in normed.originals] == ["weight_g", "weight_v"]
    (spectral,) = recomputed_in(torch.nn.utils.spectral_norm(nn.Linear(3, 2)))
    assert "spectral_norm (deprecated)" in spectral.how


def test_a_pruned_weight_says_how_much_of_it_is_kept() -> None:
    layer = nn.Linear(4, 4)
    prune.l1_unstructured(layer, "weight", amount=4)
    (found,) = recomputed_in(layer)
    assert found.kept_share == 0.75
    assert found.steps == ("L1Unstructured",)
    prune.random_unstructured(layer, "weight", amount=4)
    (twice,) = recomputed_in(layer)
    assert twice.steps == ("L1Unstructured", "RandomUnstructured")
    assert twice.kept_share == 0.5
    assert [(entry.name, entry.reason) for entry in saved(layer).left_out] == [("weight", LeftOutReason.COMPUTED)]
    assert attribute(layer, "weight").kind is AttributeKind.PLAIN


def test_looking_computes_nothing() -> None:
    class Trap(nn.Module):
        def forward(self, weight: torch.Tensor) -> torch.Tensor:
            if armed:
                raise AssertionError("it was computed")
            return weight

    armed: list[int] = []
    layer = nn.Linear(2, 2)
    torch.nn.utils.parametrize.register_parametrization(layer, "weight", Trap())
    armed.append(1)
    assert recomputed_in(layer)[0].steps == ("Trap",)
    assert saved(layer).n_entries == 2
    assert attributes_in(layer)[0]


# -- lazy --------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Lazy modules")
@pytest.mark.parametrize(
    ("module", "inputs", "becomes", "reads"),
    [
        (lambda: nn.LazyLinear(3), (2, 5), "Linear", "in_features"),
        (lambda: nn.LazyConv2d(3, 1), (1, 5, 4, 4), "Conv2d", "in_channels"),
        (lambda: nn.LazyBatchNorm1d(), (4, 5), "BatchNorm1d", "num_features"),
    ],
)
def test_a_lazy_module_says_what_it_waits_for_and_what_it_has_become(module, inputs, becomes, reads) -> None:
    model = nn.Sequential(module())
    assert [fqn for fqn, _module in lazy_modules(model)] == ["0"]
    state = lazy_state(model[0])
    assert state is not None
    assert "weight" in state.waiting
    assert state.becomes == becomes
    assert state.finds_out.startswith(reads)
    assert saved(model).n_bytes <= 8  # num_batches_tracked has its shape already
    model(torch.zeros(inputs))
    assert lazy_state(model[0]) is None
    assert lazy_modules(model) == []
    assert tensors_told(model[0])[0].startswith("weight ")
