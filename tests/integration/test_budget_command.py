"""The budget that a person sets reaches the governor, and outlives a new start of the run."""

from __future__ import annotations

import pytest

from moduleview.engine.remembered_requests import RememberedRequests
from moduleview.telemetry.commands import Pause, Run, SetBudget, Stop
from moduleview.telemetry.costs import CostsMeasured
from moduleview.telemetry.records import ModelOpened, Record, RunState
from source_records import Taken, opened
from toy_tasks import toy_task


def bill_with(taken: Taken, budget: float | None) -> CostsMeasured:
    def is_it(record: Record) -> bool:
        return isinstance(record, CostsMeasured) and record.budget == budget

    record = taken.until(is_it)
    assert isinstance(record, CostsMeasured)
    return record


@pytest.mark.parametrize("share", [0.1, None])
def test_budget_that_was_set_is_on_the_next_bill_and_on_those_of_the_next_run(share: float | None) -> None:
    with opened(toy_task) as taken:
        taken.source.send(Run())
        first = bill_with(taken, 0.02)
        taken.source.send(SetBudget(share))
        bill_with(taken, share)
        taken.source.send(Pause())
        taken.until_state(RunState.PAUSED)
        taken.source.send(Stop())
        taken.source.send(Run())
        taken.until_type(ModelOpened)
        again = taken.until_type(CostsMeasured)

    assert first.step_us > 0
    assert {"grad_norm", "loss"} <= {entry.name for entry in first.entries}
    assert again.budget == share


def test_no_limit_is_measured_in_each_step_again() -> None:
    with opened(toy_task) as taken:
        taken.source.send(SetBudget(1e-6))
        taken.source.send(Run())
        bill_with(taken, 1e-6)
        taken.source.send(SetBudget(None))
        bill = bill_with(taken, None)

    assert {entry.every for entry in bill.entries if entry.name == "grad_norm"} == {1}


def test_budget_that_nobody_set_is_not_repeated() -> None:
    requests = RememberedRequests(None)
    assert requests.to_repeat() == []

    requests.remember(SetBudget(None))
    requests.remember(SetBudget(0.05))
    assert requests.to_repeat() == [SetBudget(0.05)]
