"""The picture of a module tree: what stands in it, and that taking it changes nothing."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from moduleview.introspect.lookup import module_at
from moduleview.introspect.tree import snapshot_model
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot, ModuleTrait


class Shared(nn.Module):
    """One layer registered twice, one weight tied to another's."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Linear(2, 3, bias=False))
        self.again = self.first
        self.tied = nn.Linear(2, 3)
        self.tied.weight = self.first[0].weight


def trait_of(snapshot: ModelSnapshot, fqn: str) -> ModuleTrait:
    node = snapshot.node_of(fqn)
    assert node is not None
    return ModuleTrait(int(snapshot.traits[node]))


def assert_consistent(snapshot: ModelSnapshot) -> None:
    """The arrays say the same about the tree, each in its own way."""
    for node in range(len(snapshot)):
        children = snapshot.children(node)
        assert all(int(snapshot.parent[child]) == node for child in children)
        assert all(int(snapshot.depth[child]) == int(snapshot.depth[node]) + 1 for child in children)
        below = snapshot.subtree_tensors(node)
        inside = [row for row in below if node <= int(snapshot.tensors.module[row]) < int(snapshot.subtree_end[node])]
        assert len(inside) == len(below)
    assert int(snapshot.tensor_begin[-1]) == len(snapshot.tensors)


@pytest.mark.parametrize(
    "model",
    [
        nn.Linear(2, 3),
        nn.Sequential(nn.Sequential(nn.Linear(1, 1), nn.ReLU()), nn.ModuleList([nn.BatchNorm1d(2)])),
        nn.TransformerEncoderLayer(8, 2),
        Shared(),
        nn.Module(),
    ],
    ids=["leaf", "nested", "transformer", "shared", "empty"],
)
def test_rows_stand_in_the_order_of_named_modules(model: nn.Module) -> None:
    snapshot = snapshot_model(model, generation=3)
    expected = list(model.named_modules(remove_duplicate=False))
    assert list(snapshot.fqns) == [name for name, _ in expected]
    assert [snapshot.fqn_of(node) for node in range(len(snapshot))] == list(snapshot.fqns)
    assert [snapshot.tensor_fqn_of(row) for row in range(len(snapshot.tensors))] == list(snapshot.tensor_fqns)
    assert list(snapshot.type_names) == [type(module).__name__ for _, module in expected]
    assert snapshot.training.tolist() == [module.training for _, module in expected]
    assert snapshot.generation == 3
    assert_consistent(snapshot)


def test_tensors_are_those_of_named_parameters_and_buffers() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 2), nn.BatchNorm2d(4), nn.Linear(4, 2, bias=False))
    snapshot = snapshot_model(model)
    tensors = snapshot.tensors
    expected = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    assert set(snapshot.tensor_fqns) == set(expected)
    for row, fqn in enumerate(snapshot.tensor_fqns):
        tensor = expected[fqn]
        assert tensors.shapes[row] == tuple(tensor.shape)
        assert type(tensors.shapes[row]) is tuple, "a torch.Size would bring torch to the viewing side"
        assert int(tensors.numel[row]) == tensor.numel()
        assert int(tensors.n_bytes[row]) == tensor.numel() * tensor.element_size()
        assert bool(tensors.requires_grad[row]) == tensor.requires_grad
        assert bool(tensors.is_parameter[row]) == isinstance(tensor, nn.Parameter)
        assert f"torch.{tensors.dtypes[row]}" == str(tensor.dtype)
        assert tensors.devices[row] == "cpu"


def test_shared_modules_and_tied_tensors_point_at_their_first_place_and_count_once() -> None:
    snapshot = snapshot_model(Shared())
    first = {fqn: int(row) for fqn, row in zip(snapshot.fqns, snapshot.alias_of, strict=True)}
    assert first["again"] == snapshot.node_of("first")
    assert first["again.0"] == snapshot.node_of("first.0")
    assert first["first"] == first["tied"] == NO_NODE
    tied = snapshot.tensor_row_of("tied.weight")
    assert snapshot.tensors.alias_of[tied] == snapshot.tensor_row_of("first.0.weight")
    assert snapshot.totals.parameters == 6 + 3
    assert snapshot.totals.parameters_referenced == 6 + 6 + 6 + 3


def test_a_module_that_contains_itself_is_not_entered_again() -> None:
    model = nn.Sequential(nn.Linear(1, 1))
    model._modules["loop"] = model
    snapshot = snapshot_model(model)
    assert snapshot.fqns == ("", "0", "loop")
    assert snapshot.alias_of.tolist() == [NO_NODE, NO_NODE, 0]
    assert_consistent(snapshot)


def test_sharing_at_every_level_does_not_explode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moduleview.introspect.tree.MAXIMUM_ROWS", 1000)
    model: nn.Module = nn.Linear(1, 1)
    for _ in range(64):
        model = nn.Sequential(model, model)  # 2**64 rows
    snapshot = snapshot_model(model)
    assert 1000 < len(snapshot) < 2000
    assert snapshot.totals.parameters == 2
    assert_consistent(snapshot)


def test_a_tree_deeper_than_pythons_stack_is_walked() -> None:
    model: nn.Module = nn.Linear(1, 1)
    for _ in range(3000):
        model = nn.Sequential(model)
    snapshot = snapshot_model(model)
    assert int(snapshot.depth.max()) == 3000
    model._modules.clear()  # torch's own destructors would recurse


def test_spectral_norm_is_left_bit_for_bit_as_it_was() -> None:
    """Fault row 21: reading ``module.weight`` would run a power iteration."""
    model = nn.Sequential(spectral_norm(nn.Linear(5, 4)), nn.ReLU())
    model.train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    snapshot = snapshot_model(model)
    assert snapshot.tensor_row_of("0.parametrizations.weight.0._u") is not None
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_no_property_of_a_module_is_called() -> None:
    class Trapped(nn.Module):
        @property
        def weight(self) -> torch.Tensor:
            raise AssertionError("read")

        def __getattr__(self, name: str) -> object:
            raise AssertionError(f"asked for {name}")

    snapshot = snapshot_model(nn.Sequential(Trapped()))
    assert snapshot.type_names[1] == "Trapped"


def test_the_default_random_numbers_go_on_as_they_would_have() -> None:
    model = nn.TransformerEncoderLayer(8, 2)
    before = torch.get_rng_state()
    snapshot_model(model)
    assert torch.equal(before, torch.get_rng_state())


def test_containers_are_told_apart_from_what_is_called() -> None:
    class Listed(nn.ModuleList):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    called = nn.Module()
    called.forward = lambda x: x  # type: ignore[method-assign]
    model = nn.ModuleDict({"list": nn.ModuleList(), "parameters_": nn.ParameterList(), "sub": Listed(), "own": called})
    snapshot = snapshot_model(model)
    assert trait_of(snapshot, "") is ModuleTrait.CONTAINER
    assert trait_of(snapshot, "list") is ModuleTrait.CONTAINER
    assert trait_of(snapshot, "parameters_") is ModuleTrait.CONTAINER
    assert trait_of(snapshot, "sub") is ModuleTrait.PLAIN
    assert trait_of(snapshot, "own") is ModuleTrait.PLAIN


def test_a_lazy_module_is_lazy_until_its_first_input() -> None:
    model = nn.Sequential(nn.LazyLinear(3), nn.ReLU())
    snapshot = snapshot_model(model)
    assert trait_of(snapshot, "0") is ModuleTrait.LAZY
    assert snapshot.tensors.shapes == (None, None)
    assert snapshot.tensors.numel.tolist() == [0, 0]
    model(torch.zeros(1, 2))
    assert trait_of(snapshot_model(model), "0") is ModuleTrait.PLAIN


def test_everything_inside_a_compiled_module_is_compiled() -> None:
    model = nn.Sequential(nn.Linear(1, 1), nn.ModuleList([nn.ReLU()]))
    snapshot = snapshot_model(nn.Sequential(torch.compile(model, backend="eager"), nn.Linear(1, 1)))
    assert trait_of(snapshot, "0._orig_mod") is trait_of(snapshot, "0._orig_mod.0") is ModuleTrait.COMPILED
    assert trait_of(snapshot, "0") is ModuleTrait.PLAIN  # the wrapper's own hooks do fire
    assert trait_of(snapshot, "0._orig_mod.1") is ModuleTrait.CONTAINER
    assert trait_of(snapshot, "1") is ModuleTrait.PLAIN
    in_place = nn.Sequential(nn.Linear(1, 1))
    in_place.compile(backend="eager")
    assert trait_of(snapshot_model(in_place), "0") is ModuleTrait.COMPILED


def test_a_script_module_is_shown_with_its_tensors() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated; models of it are still around
        model = torch.jit.script(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).eval())
    snapshot = snapshot_model(model)
    assert trait_of(snapshot, "0") is ModuleTrait.SCRIPT
    assert set(snapshot.tensor_fqns) == set(model.state_dict())
    assert not snapshot.training.any()


def test_a_traced_model_is_shown_with_its_modules_and_tensors() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        model = torch.jit.trace(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), torch.ones(1, 2))
    snapshot = snapshot_model(model)
    assert snapshot.fqns == ("", "0", "1")
    assert snapshot.totals.parameters == 9
    assert module_at(model, "0") is model._modules["0"]
    assert {trait_of(snapshot, fqn) for fqn in snapshot.fqns} == {ModuleTrait.SCRIPT}


def test_a_child_that_was_never_set_up_or_is_none_does_no_harm() -> None:
    class NotSetUp(nn.Module):
        def __init__(self) -> None:
            pass

    model = nn.Sequential(nn.ReLU())
    model._modules["bare"] = NotSetUp()
    model._modules["none"] = None
    model._modules["text"] = "no module"  # type: ignore[assignment]
    snapshot = snapshot_model(model)
    assert snapshot.fqns == ("", "0", "bare")
    assert not snapshot.training[2]


def test_buffers_that_are_not_saved_are_marked() -> None:
    model = nn.Module()
    model.register_buffer("kept", torch.zeros(2))
    model.register_buffer("passing", torch.zeros(3), persistent=False)
    model.register_buffer("absent", None)
    tensors = snapshot_model(model).tensors
    assert tensors.names == ("kept", "passing")
    assert tensors.persistent.tolist() == [True, False]
    assert not tensors.is_parameter.any()


def test_hostile_names_are_kept_as_they_are() -> None:
    """Fault row 75: making them fit for a screen is the screen's part."""
    name = "a\x1b[31m\u202e<b>" + "x" * 100_000
    model = nn.Module()
    model.add_module(name, nn.Linear(1, 1))
    snapshot = snapshot_model(model)
    assert snapshot.names[1] == name
    assert snapshot.tensor_row_of(f"{name}.weight") == 0


def test_a_snapshot_holds_no_tensor_and_no_module() -> None:
    snapshot = snapshot_model(Shared())
    values = [*vars(snapshot).values(), *vars(snapshot.tensors).values()]
    assert all(isinstance(value, int | tuple | np.ndarray) or value is snapshot.tensors for value in values)
    flat = [item for value in values if isinstance(value, tuple) for item in value]
    assert all(item is None or type(item) in (str, tuple) for item in flat)
