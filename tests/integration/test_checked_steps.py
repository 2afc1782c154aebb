"""The structure checks in a run: at once, after the first steps, and again when the structure changes."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from moduleview import TrainingTask
from moduleview.telemetry.commands import Freeze, Run
from moduleview.telemetry.records import FindingsReported, ModelOpened, Record, RunState
from source_records import opened

BAD = Path(__file__).parents[1] / "bad_samples"


class Exchanged(nn.Module):
    """Puts another layer in the place of one of its own in its fifth call, unknown to the optimizer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.n_calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.n_calls += 1
        if self.n_calls == 5:
            self.layer = nn.Linear(4, 4)
        return self.layer(x)


class Untied(nn.Module):
    """Loses its tie in its second call."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.n_calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.n_calls += 1
        if self.n_calls == 2:
            self.second.weight = nn.Parameter(self.first.weight.detach().clone())
        return self.second(self.first(x))


def task_of(model: nn.Module) -> TrainingTask:
    return TrainingTask(
        model,
        torch.optim.SGD(model.parameters(), lr=0.01),
        [(torch.randn(8, 4), torch.randn(8, 4))],
        nn.functional.mse_loss,
    )


def ids_in(record: Record) -> set[str]:
    return {finding.id for finding in record.findings} if isinstance(record, FindingsReported) else set()


def test_what_the_structure_gives_away_is_said_at_once_and_the_rest_after_three_steps() -> None:
    with opened(str(BAD / "s8_encoder_without_grad.py")) as taken:
        taken.source.send(Run(n_steps=3))
        taken.until_state(RunState.PAUSED)
        first, after = taken.of_type(FindingsReported)
    assert [ids_in(first), ids_in(after)] == [set(), {"S8"}]
    assert (first.n_checks, after.n_checks) == (8, 11)


def test_a_healthy_run_stays_without_findings() -> None:
    with opened("sample:digits") as taken:
        taken.source.send(Run(n_steps=4))
        taken.until_state(RunState.PAUSED)
        reports = taken.of_type(FindingsReported)
    assert [ids_in(report) for report in reports] == [set(), set()]


def test_a_layer_that_was_exchanged_while_it_trains_leaves_the_optimizer_stale() -> None:
    with opened(lambda: task_of(Exchanged())) as taken:
        taken.source.send(Run())
        taken.until(lambda record: "S17" in ids_in(record))


def test_a_tie_that_was_lost_while_it_trains_is_found() -> None:
    with opened(lambda: task_of(Untied())) as taken:
        taken.source.send(Run())
        taken.until(
            lambda record: (
                isinstance(record, FindingsReported) and "A tie was lost" in {f.title for f in record.findings}
            )
        )


def test_a_change_of_ours_is_checked_at_once() -> None:
    with opened("sample:digits") as taken:
        name = taken.until_type(ModelOpened).snapshot.tensor_fqns[0]
        taken.source.send(Freeze(name.rpartition(".")[0], True))
        taken.until(lambda record: "S4" in ids_in(record))
