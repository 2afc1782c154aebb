"""Faults that the structure alone gives away: found where they are, silent where they are not."""

from __future__ import annotations

from collections import deque

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from moduleview.engine.checking import check_task
from moduleview.engine.task import TrainingTask
from moduleview.introspect.structure_findings import run_structure_checks
from moduleview.telemetry.records import Finding, Severity, Tier


class Holder(nn.Module):
    """Holds a value as a plain attribute."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.known = nn.Linear(2, 2)
        self.parts = value


class Listed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = [
            nn.Linear(4, 4) for _ in range(3)
        ]  # fmt: skip
        self.heads = {"a": nn.Linear(4, 2)}


def found(model: nn.Module, check: str, optimizer: torch.optim.Optimizer | None = None) -> list[Finding]:
    return [finding for finding in run_structure_checks(model, optimizer) if finding.id == check]


def sgd(*modules: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD([p for module in modules for p in module.parameters()], lr=0.1)


@pytest.mark.parametrize(
    "value",
    [
        [nn.Linear(2, 2)],
        (nn.Linear(2, 2), 3),
        {"a": nn.Linear(2, 2)},
        {1: [None, (nn.Linear(2, 2),)]},
        {nn.Linear(2, 2)},
        frozenset({nn.Linear(2, 2)}),
        deque([nn.Linear(2, 2)]),
        [nn.BatchNorm1d(2, affine=False)],
    ],
    ids=["list", "tuple", "dict", "nested", "set", "frozenset", "deque", "buffers only"],
)
def test_a_module_in_a_python_container_is_found(value: object) -> None:
    (finding,) = found(nn.Sequential(Holder(value)), "S1")
    assert finding.fqn == "0"
    assert finding.tier is Tier.FACT
    assert "parts" in finding.rule
    assert "nn.Module" in finding.advice


def test_a_module_stored_past_registration_is_found() -> None:
    model = nn.Sequential(nn.ReLU())
    model.__dict__["plain"] = nn.Linear(2, 2)
    (finding,) = found(model, "S1")
    assert "plain" in finding.rule
    assert 'add_module("plain"' in finding.fix


def test_the_finding_names_the_line_and_shows_the_corrected_code() -> None:
    by_attribute = {finding.rule.split()[0]: finding for finding in found(Listed(), "S1")}
    layers, heads = by_attribute["Listed.layers"], by_attribute["Listed.heads"]
    assert "self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])" in layers.fix
    assert "self.heads = nn.ModuleDict({'a': nn.Linear(4, 2)})" in heads.fix
    file, _, line = layers.source.rpartition(":")
    with open(file, encoding="utf-8") as source:
        assert "self.layers = [" in source.readlines()[int(line) - 1]
    assert "3 modules with 60 parameters" in layers.evidence[0]
    assert layers.severity is Severity.ERROR


def test_a_container_without_its_source_still_gets_advice() -> None:
    namespace: dict[str, type[nn.Module]] = {}
    exec("class Made(Base):\n    pass", {"Base": Holder}, namespace)
    (finding,) = found(namespace["Made"]([[nn.Linear(1, 1)]]), "S1")
    assert "nn.ModuleList" in finding.advice


@pytest.mark.parametrize(
    "value",
    [
        [nn.ReLU(), nn.Flatten()],
        [torch.zeros(3)],
        nn.ModuleList([nn.Linear(1, 1)]),
        ["a", 1, None, print],
        [nn.Linear],
    ],
    ids=["without state", "tensors", "module list", "anything", "classes"],
)
def test_what_torch_need_not_know_of_is_no_finding(value: object) -> None:
    assert not found(Holder(value), "S1")


def test_a_module_that_is_also_registered_is_no_finding() -> None:
    model = Holder(None)
    model.parts = [model.known, {"again": model}]
    assert not found(model, "S1")


def test_a_wrapper_around_registered_parameters_is_no_finding() -> None:
    model = Holder(None)
    wrapper = nn.Module()
    wrapper.weight = model.known.weight
    wrapper.bias = model.known.bias
    model.parts = [wrapper]
    assert not found(model, "S1")


def test_hidden_dropout_is_a_warning_since_eval_does_not_reach_it() -> None:
    (finding,) = found(Holder([nn.Dropout(0.5)]), "S1")
    assert finding.severity is Severity.WARNING
    assert "eval()" in finding.rule


def test_hidden_modules_that_the_optimizer_holds_are_trained_but_not_saved() -> None:
    hidden = nn.Linear(2, 2)
    model = Holder([hidden])
    (finding,) = found(model, "S1", sgd(model, hidden))
    assert finding.severity is Severity.WARNING
    assert "not saved" in finding.rule
    assert "not trained" not in finding.rule


def test_a_container_that_contains_itself_ends() -> None:
    loop: list[object] = [nn.Linear(1, 1)]
    loop.append(loop)
    assert len(found(Holder(loop), "S1")) == 1


def test_a_huge_container_is_walked_to_a_bound_only() -> None:
    assert not found(Holder([0] * 10**6), "S1")


def test_no_property_is_read() -> None:
    class Trapped(nn.Module):
        @property
        def parts(self) -> list[nn.Module]:
            raise AssertionError("read")

    model = nn.Sequential(Trapped(), spectral_norm(nn.Linear(3, 3)))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    run_structure_checks(model, sgd(model))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_the_largest_subtrees_outside_the_optimizer_are_reported() -> None:
    model = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), nn.Linear(2, 2), nn.Linear(2, 2))
    optimizer = sgd(model[1])
    assert [finding.fqn for finding in found(model, "S3", optimizer)] == ["0", "2"]
    assert [finding.fqn for finding in found(model, "S3", sgd(nn.Linear(1, 1)))] == [""]


def test_a_single_parameter_outside_is_named_itself() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    (finding,) = found(model, "S3", torch.optim.SGD([model[0].weight], lr=0.1))
    assert finding.fqn == "0.bias"
    assert finding.evidence[0].startswith("1 parameter ")


def test_frozen_parameters_and_models_without_optimizer_are_in_order() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].requires_grad_(False)
    assert not found(model, "S3", sgd(model[1]))
    assert not found(model, "S3")


def test_a_tied_parameter_in_the_optimizer_once_is_in_order() -> None:
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 5, bias=False))
    model[1].weight = model[0].weight
    assert not found(model, "S3", sgd(model))
    (finding,) = found(model, "S5")
    assert finding.severity is Severity.INFORMATION
    assert finding.fqn == "0.weight"
    assert finding.evidence[0] == "0.weight and 1.weight are one parameter"


def test_a_shared_module_is_no_tie() -> None:
    layer = nn.Linear(2, 2)
    assert not found(nn.Sequential(layer, layer), "S5")


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Transformer(16, 2, 1, 1, 16, batch_first=True),
        lambda: nn.LSTM(3, 4, num_layers=2, bidirectional=True),
        lambda: nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d()),
        lambda: nn.Sequential(spectral_norm(nn.Conv2d(2, 3, 3)), nn.MultiheadAttention(4, 2)),
        lambda: nn.ParameterDict({"a": torch.zeros(2)}),
        lambda: torch.compile(nn.Sequential(nn.Linear(2, 2)), backend="eager"),
    ],
    ids=["transformer", "lstm", "lazy", "parametrised", "parameter dict", "compiled"],
)
def test_models_in_order_have_no_finding(make: object) -> None:
    model = make()  # type: ignore[operator]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    assert not [f for f in run_structure_checks(model, optimizer) if f.severity is not Severity.INFORMATION]


def test_the_worst_comes_first() -> None:
    model = Listed()
    model.tied = nn.Linear(4, 4)
    model.same = nn.Linear(4, 4)
    model.same.weight = model.tied.weight
    severities = [finding.severity for finding in run_structure_checks(model, sgd(nn.Linear(1, 1)))]
    assert severities == [*[Severity.ERROR] * 3, Severity.WARNING, Severity.INFORMATION]


def test_of_a_parameter_that_is_not_used_only_that_one_is_frozen() -> None:
    model = nn.Sequential(nn.Linear(4, 4))
    model.register_parameter("mask", nn.Parameter(torch.zeros(4)))
    batches = [(torch.randn(2, 4), torch.randn(2, 4))] * 3
    findings, _, _ = check_task(TrainingTask(model, sgd(model), batches, nn.functional.mse_loss), 3)
    (finding,) = [finding for finding in findings if finding.id == "S8"]
    assert "Where the way back ends was not seen." in finding.rule
    exec(finding.fix, {"model": model})
    assert [name for name, p in model.named_parameters() if not p.requires_grad] == ["mask"]
