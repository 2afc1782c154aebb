"""The cost of measuring stays within its share of the step."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from moduleview.probes.governor import Governor
from moduleview.probes.recorder import Recorder
from moduleview.telemetry.costs import CostsMeasured
from moduleview.telemetry.records import Record


class Course:
    """Steps of a known length under a governor, with a clock of its own."""

    def __init__(self, budget: float | None, *, step_s: float, costs_s: dict[str, float], fixed_s: float = 0.0) -> None:
        self.now_s = 100.0
        self.governor = Governor(budget, lambda: self.now_s)
        self.step_s, self.costs_s, self.fixed_s = step_s, costs_s, fixed_s
        self.step, self.spent_s, self.trained_s = 0, 0.0, 0.0
        self.measured: list[int] = []

    def run(self, n_steps: int, *, idle_s: float = 0.0) -> float:
        """Make steps; gives the share of the training time that measuring took in them."""
        spent_s = 0.0
        for _ in range(n_steps):
            self.now_s += idle_s
            is_idle = self.governor.begin_step(self.step)
            cost_s = 0.0 if is_idle else self.fixed_s
            for name, one_s in self.costs_s.items() if not is_idle else ():
                account = self.governor.account(name)
                if self.governor.is_due(account, self.step):
                    account.charge(one_s)
                    cost_s += one_s
                    self.measured.append(self.step)
            self.now_s += self.step_s + cost_s
            self.governor.end_step(self.step_s + cost_s, cost_s)
            spent_s += cost_s
            self.step += 1
        return spent_s / (n_steps * self.step_s)


@pytest.mark.parametrize("step_s", [0.5e-3, 5e-3, 50e-3, 1.0])
@pytest.mark.parametrize("budget", [0.005, 0.02, 0.1])
def test_the_total_stays_within_the_budget(step_s: float, budget: float) -> None:
    course = Course(
        budget, step_s=step_s, costs_s={"grad_norm": 1e-3, "update_ratio": 2e-3}, fixed_s=step_s * budget / 10
    )
    course.run(4000)
    assert course.run(10_000) <= budget * 1.07  # at a rhythm of 1 in 1 333 steps half of one more is that much


def test_steps_that_are_too_short_to_be_looked_at_are_passed_by_as_a_whole() -> None:
    """A step of 0.5 ms, of which looking at it takes a fifth whatever is measured."""
    course = Course(0.02, step_s=0.5e-3, costs_s={"loss": 10e-6, "grad_norm": 0.2e-3}, fixed_s=0.1e-3)
    course.governor.account("loss").is_free = True
    course.governor.account("grad_norm").is_first = True
    course.run(4000)
    assert course.run(10_000) <= 0.0215
    loss, norm = (course.governor.every(course.governor.account(name)) for name in ("loss", "grad_norm"))
    assert 1 < loss < 50
    assert norm % loss == 0, "what is sampled more is measured in steps that are looked at anyway"


def test_what_fits_is_measured_in_every_step() -> None:
    course = Course(0.02, step_s=0.2, costs_s={"grad_norm": 1e-3, "update_ratio": 2e-3})
    course.run(100)
    assert course.measured == [step for step in range(100) for _ in range(2)]


def test_without_a_budget_everything_is_measured_whatever_it_costs() -> None:
    course = Course(None, step_s=1e-3, costs_s={"grad_norm": 1e-2})
    course.run(200)
    assert course.measured == list(range(200))


def test_all_that_is_sampled_is_measured_in_the_same_steps() -> None:
    course = Course(0.02, step_s=5e-3, costs_s={"grad_norm": 1e-3, "update_ratio": 1e-3})
    course.run(4000)
    late = [step for step in course.measured if step > 2000]
    assert all(late.count(step) == 2 for step in set(late))


@pytest.mark.parametrize("fixed_s", [0.0, 1e-3, 10e-3])
def test_whatever_a_step_costs_beside_it_something_is_measured_every_three_seconds(fixed_s: float) -> None:
    """A window that draws makes the training thread wait; measuring less does not help against that."""
    course = Course(0.02, step_s=2e-3, costs_s={"grad_norm": 1e-3, "update_ratio": 0.5}, fixed_s=fixed_s)
    course.governor.account("grad_norm").is_first = True
    course.run(3000)
    course.measured.clear()
    began_s = course.now_s
    course.run(8000)
    assert len(set(course.measured)) >= (course.now_s - began_s) / 4.5


def test_a_step_of_seconds_stays_within_the_budget_too() -> None:
    """A GPT on a CPU: its norm costs 0.5 % of a step, everything else together 4 %."""
    course = Course(0.02, step_s=1.08, costs_s={"grad_norm": 5e-3, "histograms": 40e-3}, fixed_s=1e-3)
    course.governor.account("grad_norm").is_first = True
    course.run(40)
    course.measured.clear()
    assert course.run(300) <= 0.02
    assert len(set(course.measured)) == 300


def test_what_comes_first_is_sampled_last() -> None:
    course = Course(0.02, step_s=100e-3, costs_s={"grad_norm": 1e-3, "update_ratio": 5e-3})
    course.governor.account("grad_norm").is_first = True
    course.run(2000)
    assert course.governor.every(course.governor.account("grad_norm")) == 1
    assert course.governor.every(course.governor.account("update_ratio")) > 4
    assert course.run(1000) <= 0.021


def test_what_is_now_and_then_much_dearer_stays_within_the_budget() -> None:
    """The median is 1 ms and the mean 2: a plan that goes by the median alone spends twice what it may."""
    course = Course(0.02, step_s=20e-3, costs_s={"grad_norm": 1e-3})
    for number in range(6000):
        course.costs_s["grad_norm"] = 5e-3 if number % 4 == 0 else 1e-3
        course.run(1)
    spent = 0.0
    for number in range(4000):
        course.costs_s["grad_norm"] = 5e-3 if number % 4 == 0 else 1e-3
        spent += course.run(1)
    assert spent / 4000 <= 0.021


def test_one_slow_measurement_changes_nothing() -> None:
    course = Course(0.02, step_s=100e-3, costs_s={"grad_norm": 1e-3})
    course.run(50)
    course.costs_s["grad_norm"] = 1.0
    course.run(2)
    course.costs_s["grad_norm"] = 1e-3
    course.measured.clear()
    course.run(50)
    assert len(course.measured) == 50


def test_a_cheaper_step_makes_measuring_denser_again() -> None:
    course = Course(0.02, step_s=5e-3, costs_s={"grad_norm": 1e-3})
    course.run(3000)
    sampled = course.governor.factor
    course.step_s = 100e-3
    course.run(1000)
    assert sampled > 8
    assert course.governor.factor == 1


def test_the_rhythm_does_not_go_to_and_fro() -> None:
    course = Course(0.02, step_s=5e-3, costs_s={"grad_norm": 1e-3})
    course.run(3000)
    factors = set()
    for _ in range(20):
        course.run(100)
        factors.add(course.governor.factor)
    assert len(factors) == 1


def test_single_steps_by_hand_are_all_measured() -> None:
    course = Course(0.02, step_s=5e-3, costs_s={"grad_norm": 1e-3})
    course.run(3000)
    course.measured.clear()
    first = course.step
    course.run(5, idle_s=0.5)
    assert course.measured == list(range(first, first + 5))


def test_the_bill_says_what_was_left_out_and_names_the_dearest_first() -> None:
    course = Course(0.02, step_s=5e-3, costs_s={"grad_norm": 1e-3, "update_ratio": 3e-3})
    course.run(2000)
    bill = course.governor.bill()
    assert [entry.name for entry in bill.entries] == ["update_ratio", "grad_norm"]
    for entry in bill.entries:
        assert entry.every == course.governor.factor > 1
        assert entry.n_measured + entry.n_skipped == 2000
        assert entry.us_per_step == pytest.approx(entry.us_per_fire / entry.every)
    assert bill.budget == 0.02
    assert 0.0 < bill.share <= 0.03
    assert bill.step_us == pytest.approx(5000, rel=0.1)


def test_what_is_free_is_measured_at_each_step() -> None:
    course = Course(0.02, step_s=1e-3, costs_s={"grad_norm": 1e-3, "loss": 1e-6})
    course.governor.account("loss").is_free = True
    course.run(1000)
    assert {step for step in range(1000) if course.measured.count(step) >= 1} == set(range(1000))


def test_a_recorder_sends_the_bill_and_obeys_a_new_budget() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    records: list[Record] = []
    recorder = Recorder(model, records.append, budget=0.001)
    recorder.attach()
    for step in range(60):
        recorder.begin_step(step)
        optimizer.zero_grad()
        model(torch.ones(4, 64)).sum().backward()
        optimizer.step()
        recorder.end_step(step, 0.0, None)
        if step == 30:
            recorder.set_budget(None)
            n_before = _bill(records, "grad_norm")[0]
    recorder.detach()
    n_measured, n_skipped = _bill(records, "grad_norm", recorder)
    assert n_before < 20, "a thousandth of so small a step pays for next to nothing"
    assert n_measured > n_before
    assert n_measured + n_skipped == 60


def _bill(records: list[Record], name: str, recorder: Recorder | None = None) -> tuple[int, int]:
    bills = [record for record in records if isinstance(record, CostsMeasured)]
    bill = bills[-1] if recorder is None else recorder._governor.bill()
    (entry,) = [entry for entry in bill.entries if entry.name == name]
    return entry.n_measured, entry.n_skipped
