"""A module's inside, its class and what became of lazy modules, asked of a run that trains."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

from moduleview import TrainingTask
from moduleview.engine.services import internals
from moduleview.telemetry.commands import Run
from moduleview.telemetry.internals_messages import (
    ClassDocumentation,
    Comparison,
    InternalsReport,
    LazyMaterialised,
    RequestDocumentation,
    RequestInternals,
)
from moduleview.telemetry.records import LogLine, ModelChanged, ModelOpened, RunState
from moduleview.telemetry.snapshot import ModuleTrait
from source_records import opened


def lazy_task() -> TrainingTask:
    model = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.Linear(4, 1))
    model[0].scale = torch.ones(3)
    batches = [(torch.randn(8, 5), torch.randn(8, 1)) for _ in range(400)]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    return TrainingTask(model=model, optimizer=optimizer, batches=batches, loss=nn.functional.mse_loss)


def wide_model() -> nn.Module:
    return nn.Sequential(*(nn.Linear(1, 1) for _ in range(3_000)))


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_a_lazy_module_is_told_before_and_after_it_materialises() -> None:
    with opened(lazy_task) as taken:
        first = taken.until_type(ModelOpened)
        assert first.snapshot.traits[1] == ModuleTrait.LAZY
        taken.source.send(RequestInternals("0"))
        before = taken.until_type(InternalsReport)
        assert before.lazy is not None
        assert before.lazy.waiting == ("weight", "bias")
        assert [entry.name for entry in before.saved.left_out] == ["scale"]
        taken.source.send(Run(n_steps=2))
        told = taken.until_type(LazyMaterialised)
        changed = taken.until_type(ModelChanged)
        taken.until_state(RunState.PAUSED)
        taken.source.send(RequestInternals("0"))
        after = taken.until_type(InternalsReport)
    assert (told.fqn, told.step, told.was, told.now) == ("0", 0, "LazyLinear", "Linear")
    assert told.tensors[0] == "weight 4 × 5 float32"
    logged = [line.text for line in taken.of_type(LogLine)]
    assert any(text.startswith("0: LazyLinear materialised in step 0 to Linear") for text in logged)
    assert changed.snapshot.type_names[1] == "Linear"
    assert changed.snapshot.traits[1] == ModuleTrait.PLAIN
    assert after.lazy is None
    assert after.saved.comparison is Comparison.SAME


def test_the_class_is_read_beside_the_training_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    read_on = []

    def noted(*args):
        read_on.append(threading.current_thread().name)
        return document(*args)

    document = internals.document_class
    monkeypatch.setattr(internals, "document_class", noted)
    with opened(wide_model) as taken:
        taken.until_type(ModelOpened)
        taken.source.send(RequestDocumentation("0"))
        told = taken.until_type(ClassDocumentation)
    assert read_on == ["moduleview-documentation"]
    assert told.class_name == "torch.nn.modules.linear.Linear"
    assert told.docstring.startswith("Applies an affine linear transformation")
    assert "forward(" in told.signatures
    assert "linear.py:" in told.location
    assert "Help on class Linear" in told.help_text
    assert "\b" not in told.help_text


def test_a_large_tree_is_walked_in_pieces_and_told_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(internals, "PIECE_S", 0.0)
    pieces = []
    go_on = internals.Internals.go_on

    def counted(service):
        pieces.append(1)
        go_on(service)

    monkeypatch.setattr(internals.Internals, "go_on", counted)
    with opened(wide_model) as taken:
        taken.until_type(ModelOpened)
        taken.source.send(RequestInternals(""))
        report = taken.until_type(InternalsReport)
    assert report.saved.n_entries == 6_000
    assert len(pieces) > 100


def test_a_module_that_is_gone_is_refused_in_a_sentence() -> None:
    with opened(wide_model) as taken:
        taken.until_type(ModelOpened)
        taken.source.send(RequestInternals("gone"))
        failure = taken.failure()
    assert "no module called 'gone'" in failure.title
