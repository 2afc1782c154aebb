"""Each sample opens, trains, and shows what it is there to show."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import pytest
import torch
from torch import nn

from moduleview import TrainingTask
from moduleview.engine.opening import open_target
from moduleview.engine.training_step import TrainingStep
from moduleview.introspect.structure_findings import run_structure_checks
from moduleview.introspect.tree import snapshot_model
from moduleview.resources import resource_path
from moduleview.telemetry.commands import Run
from moduleview.telemetry.records import ModelOpened, RunState
from source_records import opened

SAMPLES = ("digits", "exploding", "transformer", "unregistered", "vanishing")


@pytest.fixture(autouse=True)
def one_compute_thread() -> Iterator[None]:
    """Nets this small are trained faster by one thread than by several that wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def losses_of(task: TrainingTask, n_steps: int) -> list[float]:
    step = TrainingStep(task)
    losses = []
    for _ in range(n_steps):
        step.fetch()
        losses.append(float(step.train()))
    return losses


def gradient_norms(layers: list[nn.Linear]) -> list[float]:
    norms = []
    for layer in layers:
        assert layer.weight.grad is not None
        norms.append(float(layer.weight.grad.norm()))
    return norms


def linear_layers(task: TrainingTask) -> list[nn.Linear]:
    return [module for module in task.model.modules() if isinstance(module, nn.Linear)]


def test_these_are_all_samples() -> None:
    assert tuple(sorted(path.stem for path in resource_path("samples").glob("*.py"))) == SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_opens_and_trains_on_the_training_thread(name: str) -> None:
    with opened(f"sample:{name}") as taken:
        taken.source.send(Run(n_steps=2))
        assert taken.until_state(RunState.PAUSED).step == 2
        task = taken.of_type(ModelOpened)[0].task
    assert task.origin == f"{name}.py"
    assert task.title


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_is_short_enough_to_be_read(name: str) -> None:
    text = resource_path("samples", f"{name}.py").read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert len(text.splitlines()) <= 130


def test_data_are_small_and_name_their_licence() -> None:
    folder = resource_path("samples")
    assert Path(folder, "digits.npz").stat().st_size < 64 * 1024
    for file in ("LICENSES.md", "digits.py"):
        assert "CC BY 4.0" in Path(folder, file).read_text(encoding="utf-8")


def test_digits_are_learned() -> None:
    losses = losses_of(open_target("sample:digits"), 60)
    assert fmean(losses[:5]) > 1.5
    assert fmean(losses[-10:]) < 0.6


def test_transformer_learns_and_its_head_is_its_embedding() -> None:
    task = open_target("sample:transformer")
    losses = losses_of(task, 20)
    assert losses[0] == pytest.approx(math.log(128), abs=0.3)
    assert fmean(losses[-3:]) < 3.7
    snapshot = snapshot_model(task.model)
    assert snapshot.node_of("blocks.5.attn.qkv") is not None
    assert snapshot.totals.parameters_referenced > snapshot.totals.parameters


def test_gradient_vanishes_towards_the_first_layer_and_nothing_is_learned() -> None:
    task = open_target("sample:vanishing")
    losses = losses_of(task, 60)
    norms = gradient_norms(linear_layers(task))
    assert norms[0] < 1e-10 * norms[-1]
    assert norms[0] > 0.0
    assert fmean(losses[-10:]) > 2.2


def test_exploding_learns_first_and_is_not_finite_within_400_steps() -> None:
    task = open_target("sample:exploding")
    losses = losses_of(task, 400)
    assert fmean(losses[20:30]) < losses[0]
    assert not math.isfinite(losses[-1])
    assert not all(torch.isfinite(param).all() for param in task.model.parameters())


def test_layer_in_a_list_is_found_and_never_trained() -> None:
    task = open_target("sample:unregistered")
    hidden = task.model.hidden[0]  # type: ignore[index]
    before = hidden.weight.clone()
    losses = losses_of(task, 60)
    assert losses[-1] < losses[0]
    assert torch.equal(hidden.weight, before)
    assert "S1" in {finding.id for finding in run_structure_checks(task.model, task.optimizer)}
