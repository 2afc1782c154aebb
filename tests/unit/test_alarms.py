"""Alarms ring in the step in which a threshold is crossed, once until it has come back."""

from __future__ import annotations

import math

import pytest
from torch import nn

from moduleview.interventions.alarm import Alarm
from moduleview.interventions.alarm_watch import AlarmRule, AlarmWatch, Crossing, Reaction
from moduleview.interventions.base import InterventionError, LiveRun
from moduleview.interventions.journal import Journal
from moduleview.probes.governor import Governor
from moduleview.telemetry.changes_messages import Argument


def rings_of(rule: AlarmRule, values: list[float], fqn: str = "a.weight") -> list[int]:
    watch = AlarmWatch()
    watch.rules.append(rule)
    return [step for step, value in enumerate(values) if watch.judge({rule.quantity: {fqn: value}})]


def rule(crossing: Crossing, limit: float = 10.0, n_steps: int = 3, fqn: str = "a.weight") -> AlarmRule:
    return AlarmRule(1, "grad_norm", fqn, crossing, limit, n_steps, Reaction.MARK)


@pytest.mark.parametrize(
    ("crossing", "values", "rings"),
    [
        (Crossing.ABOVE, [1, 11, 12, 10, 11, math.inf], [1, 4]),
        (Crossing.BELOW, [11, 9, 8, 10, 9], [1, 4]),
        (Crossing.NOT_FINITE, [1, math.nan, math.inf, 1, math.inf], [1, 4]),
        (Crossing.ABOVE, [math.nan], []),
    ],
)
def test_it_rings_when_crossed_and_again_after_it_came_back(
    crossing: Crossing, values: list[float], rings: list[int]
) -> None:
    assert rings_of(rule(crossing), values) == rings


def test_growth_is_judged_against_the_median_of_the_steps_before() -> None:
    assert rings_of(rule(Crossing.GROWS, limit=2.0), [100, 1, 1, 2.1, 1, 2.1]) == [3, 5]


def test_a_modules_norm_is_over_its_tensors_and_of_other_quantities_each_tensor_is_judged() -> None:
    watch = AlarmWatch()
    norm = rule(Crossing.ABOVE, limit=4.9, fqn="a")
    watch.rules.append(norm)
    (ring,) = watch.judge({"grad_norm": {"a.weight": 3.0, "a.bias": 4.0, "ab.weight": 100.0}})
    assert (ring.fqn, ring.value) == ("a", 5.0)
    assert str(ring) == "grad_norm of a was 5, above 4.9"
    norm.quantity = "grad_max"
    assert [one.fqn for one in watch.judge({"grad_max": {"a.weight": 3.0, "a.bias": 6.0}})] == ["a.bias"]


def test_what_was_not_measured_is_said() -> None:
    model = nn.Linear(1, 1)
    journal, run = Journal(lambda _: None), LiveRun(model)
    journal.apply(Alarm.make(run, "", {"quantity": "grad_nrom"}), run, 0)
    assert journal.standing[0].note == ""
    journal.alarms.judge({})
    assert journal.standing[0].note == "grad_nrom of the whole model was not measured in the last step."
    journal.take_back(1, run, 1)
    assert not journal.alarms.rules


@pytest.mark.parametrize(
    ("arguments", "because"),
    [
        ({"quantity": " "}, "names no series"),
        ({"then": "clip", "when": "below"}, "Clipping helps"),
        ({"then": "clip", "quantity": "loss"}, "Clipping helps"),
        ({"when": "times its median", "limit": 0.0}, "above 0"),
        ({"n_steps": 0}, "number from 1 on"),
    ],
)
def test_an_alarm_that_means_nothing_is_refused(arguments: dict[str, Argument], because: str) -> None:
    run = LiveRun(nn.Linear(1, 1))
    with pytest.raises(InterventionError, match=because):
        Journal(lambda _: None).apply(Alarm.make(run, "", arguments), run, 0)


def test_what_an_alarm_waits_for_is_measured_in_each_step_whatever_the_budget() -> None:
    clock = [0.0]
    governor = Governor(0.0001, lambda: clock[0])
    account, other = governor.account("grad_norm"), governor.account("grad_max")

    def due() -> tuple[int, int]:
        counts = [0, 0]
        for step in range(40):
            is_idle = governor.begin_step(step)
            for index, one in enumerate((account, other)):
                if not is_idle and governor.is_due(one, step):
                    one.charge(0.1)
                    counts[index] += 1
            clock[0] += 1.0
            governor.end_step(0.2, 0.1)
        return counts[0], counts[1]

    due()
    assert max(due()) < 40
    governor.demand({"grad_norm"})
    demanded, rest = due()
    assert demanded == 40
    assert rest < 40
    governor.demand(())
    assert max(due()) < 40
