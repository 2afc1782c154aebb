"""What a change does to a run is what its Python does to a plain loop, bit by bit; and nothing is left when undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import nn

from moduleview import TrainingTask
from moduleview.telemetry.changes_messages import (
    AlarmRang,
    ChangeAnswered,
    ChangeJournaled,
    ChangePrepared,
    JournalLine,
    MakeChange,
    PrepareChange,
    TakeBack,
)
from moduleview.telemetry.commands import Freeze, Run, Stop
from moduleview.telemetry.records import LogLine, RunState
from source_records import Taken, opened
from toy_tasks import toy_batches


class Holder(nn.Module):
    """Holds a tensor that it has not registered, and an activation at two places."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.ones(8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.scale


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 8),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Sequential(nn.Linear(8, 8), nn.ReLU()),
        Holder(),
        nn.Linear(8, 2),
    )


def sgd() -> TrainingTask:
    made = model()
    optimizer = torch.optim.SGD(made.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
    return TrainingTask(made, optimizer, toy_batches(), nn.functional.mse_loss)


def adamw() -> TrainingTask:
    made = model()
    return TrainingTask(made, torch.optim.AdamW(made.parameters(), lr=0.01), toy_batches(), nn.functional.mse_loss)


def lbfgs() -> TrainingTask:
    made = model()
    optimizer = torch.optim.LBFGS(made.parameters(), lr=0.1, max_iter=3)

    def step(batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(made(batch[0]), batch[1])
            loss.backward()
            return loss

        return optimizer.step(closure)

    return TrainingTask(made, optimizer, toy_batches(), step=step)


def unknown_optimizers() -> TrainingTask:
    """Two of them, accumulation over two passes, and a clip of the user's own; the task names no optimizer."""
    made = model()
    optimizers = torch.optim.SGD(made[0].parameters(), lr=0.1), torch.optim.Adam(made[3:].parameters(), lr=0.01)

    def step(batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        for optimizer in optimizers:
            optimizer.zero_grad()
        for _ in range(2):
            loss = nn.functional.mse_loss(made(batch[0]), batch[1])
            loss.backward()
        nn.utils.clip_grad_norm_(made.parameters(), 0.5)
        for optimizer in optimizers:
            optimizer.step()
        return loss

    return TrainingTask(made, None, toy_batches(), step=step)


def plain_step(task: TrainingTask, number: int) -> None:
    """One step of a loop that knows nothing of moduleview."""
    batch = task.batches[number % 4]  # type: ignore[index]
    if task.step is not None:
        task.step(batch)
        return
    assert task.optimizer is not None
    assert task.loss is not None
    task.optimizer.zero_grad()
    task.loss(task.model(batch[0]), batch[1]).backward()
    task.optimizer.step()


Make = Callable[[], TrainingTask]
CHANGES: list[tuple[Make, str, str, dict[str, Any]]] = [
    (sgd, "clip_gradient_norm", "0.weight", {"max_norm": 0.01}),
    (sgd, "clip_gradient_norm", "3", {"max_norm": 0.01, "over": "all together", "norm_type": "1"}),
    (lbfgs, "clip_gradient_norm", "", {"max_norm": 0.02}),
    (unknown_optimizers, "clip_gradient_norm", "", {"max_norm": 0.02}),
    (adamw, "clip_gradient_value", "3", {"limit": 0.001}),
    (sgd, "scale_gradient", "3.0.bias", {"factor": -0.5}),
    (unknown_optimizers, "scale_gradient", "", {"factor": 0.3}),
    (lbfgs, "scale_gradient", "5", {"factor": 0.3}),
    (sgd, "zero_gradient", "0", {}),
    (sgd, "gradient_noise", "", {"std": 0.05, "seed": 7}),
    (adamw, "gradient_noise", "3", {"std": 0.5, "unit": "times the gradient's RMS"}),
    (unknown_optimizers, "gradient_noise", "", {"std": 0.05}),
    (sgd, "replace_non_finite", "", {"nan": 0.0}),
    (adamw, "learning_rate", "3", {"rate": 0.1}),
    (sgd, "learning_rate", "0.weight", {"rate": 0.0}),
    (sgd, "learning_rate", "", {"rate": 0.02}),
    (sgd, "learning_rate", "0", {"rate": 0.02, "of": "group 0"}),
    (sgd, "dropout_rate", "", {"rate": 0.7}),
    (sgd, "module_mode", "", {"mode": "eval"}),
    (sgd, "swap_activation", "", {"to": "GELU"}),
    (sgd, "swap_activation", "1", {"to": "Tanh"}),
    (sgd, "register_buffer", "4", {"attribute": "scale"}),
    (sgd, "register_parameter", "4", {"attribute": "scale"}),
    (sgd, "register_parameter", "4", {"attribute": "scale", "add": False}),
]


@pytest.fixture
def made() -> list[TrainingTask]:
    return []


def run(taken: Taken, n_steps: int) -> None:
    taken.source.send(Run(n_steps))
    taken.until_state(RunState.PAUSED)


def weights(task: TrainingTask) -> Mapping[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in task.model.state_dict().items()}


def assert_equal(a: Mapping[str, torch.Tensor], b: Mapping[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    different = [name for name in a if not torch.equal(a[name], b[name])]
    assert not different


@pytest.mark.parametrize(
    ("make", "kind", "fqn", "arguments"), CHANGES, ids=lambda one: getattr(one, "__name__", str(one))
)
def test_weights_are_those_of_a_plain_loop_with_the_journals_python(
    make: Make, kind: str, fqn: str, arguments: dict[str, Any], made: list[TrainingTask]
) -> None:
    def target() -> TrainingTask:
        made.append(make())
        return made[-1]

    with opened(target) as taken:
        run(taken, 2)
        taken.source.send(MakeChange(1, kind, fqn, arguments))
        answer = taken.until_type(ChangeAnswered)
        assert not answer.refusal
        run(taken, 5)
        changed = weights(made[0])
        taken.source.send(TakeBack(answer.entry))
        taken.until(lambda record: isinstance(record, ChangeJournaled) and not record.stands)
        run(taken, 3)
        after = weights(made[0])
        forth, back = taken.of_type(JournalLine)
    plain, unchanged = make(), make()
    names: dict[str, Any] = {"model": plain.model, "optimizer": plain.optimizer, "torch": torch, "nn": nn}
    for number in range(2):
        plain_step(plain, number)
    exec(forth.python, names)
    for number in range(2, 7):
        plain_step(plain, number)
    assert_equal(changed, weights(plain))
    exec(back.python, names)
    for number in range(7, 10):
        plain_step(plain, number)
    assert_equal(after, weights(plain))
    unchanged = make()
    for number in range(7):
        plain_step(unchanged, number)
    has_effect = weights(unchanged).keys() != changed.keys() or any(
        not torch.equal(value, changed[name]) for name, value in weights(unchanged).items()
    )
    assert has_effect == (kind != "replace_non_finite"), "a change that changes nothing proves nothing"


def test_what_stands_is_made_again_when_the_run_begins_anew(made: list[TrainingTask]) -> None:
    def target() -> TrainingTask:
        made.append(sgd())
        return made[-1]

    with opened(target) as taken:
        run(taken, 2)
        for request, (kind, fqn) in enumerate(
            (("scale_gradient", "0"), ("module_mode", "3"), ("zero_gradient", "5")), 1
        ):
            taken.source.send(MakeChange(request, kind, fqn, {}))
        taken.source.send(Freeze("1", frozen=True))  # nothing to freeze there: refused, and not in the journal
        taken.source.send(Freeze("3", frozen=True))
        taken.source.send(TakeBack(3))
        taken.until(lambda record: isinstance(record, ChangeJournaled) and not record.stands)
        taken.source.send(Stop())
        n_before = len(taken.records)
        run(taken, 2)
        records = taken.records[n_before:]
    again = [record for record in records if isinstance(record, ChangeJournaled)]
    assert [(entry.entry, entry.step, entry.what) for entry in again if entry.stands][:3] == [
        (1, 0, "Scaled the gradient of 0 by 0.1"),
        (2, 0, "Set 3 to eval mode"),
        (3, 0, "Froze 3"),
    ]
    said = [record.text for record in records if isinstance(record, LogLine) and record.stream == "journal"]
    assert "The run begins anew: 3 standing changes are made again before its first step." in said
    assert len(made) == 2
    assert not made[1].model[3].training
    assert not any(p.requires_grad for p in made[1].model[3].parameters())


def test_an_alarm_clips_from_the_next_step_on_and_pauses_at_its_own() -> None:
    with opened(sgd) as taken:
        run(taken, 1)
        taken.source.send(MakeChange(1, "alarm", "0", {"quantity": "grad_norm", "limit": 0.001, "then": "clip"}))
        taken.source.send(MakeChange(2, "alarm", "", {"quantity": "loss", "limit": -1.0, "then": "pause"}))
        taken.source.send(Run(50))
        paused = taken.until_state(RunState.PAUSED)
        assert paused.step == 2
        assert [(ring.step, ring.quantity, ring.did) for ring in taken.of_type(AlarmRang)] == [
            (1, "grad_norm", "clip"),
            (1, "loss", "pause"),
        ]
        (clip,) = [one for one in taken.of_type(ChangeJournaled) if one.what.startswith("Clipped")]
        assert (clip.step, clip.what) == (2, "Clipped the gradient norm of 0 to 0.001")
        run(taken, 5)
    assert len(taken.of_type(AlarmRang)) == 2


def test_what_cannot_be_made_is_refused_where_it_was_asked_for() -> None:
    with opened(sgd) as taken:
        taken.until_state(RunState.READY)
        taken.source.send(MakeChange(1, "clip_gradient_norm", "gone", {}))
        taken.source.send(MakeChange(2, "no_such_change", "", {}))
        taken.source.send(PrepareChange("learning_rate", "3"))
        prepared = taken.until_type(ChangePrepared)
        run(taken, 2)
    refusals = {answer.request: answer.refusal for answer in taken.of_type(ChangeAnswered)}
    assert refusals[1].startswith("There is no module or parameter called gone now.")
    assert refusals[2].startswith("There is no change called no_such_change here.")
    assert [field.default for field in prepared.fields] == [0.1, "these parameters"]
    assert prepared.fields[1].choices == ("these parameters", "group 0")
    assert taken.of_type(ChangeJournaled) == []
