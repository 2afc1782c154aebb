"""A suspicion that begins right after a person changed the run says so, before it gives its own advice."""

from hand_made_runs import HandMadeRun, healthy

from moduleview.detectors.gradient_spike import GradientSpike
from moduleview.detectors.non_finite_gradient import NonFiniteGradient
from moduleview.detectors.runner import DetectorRunner
from moduleview.telemetry.changes_messages import JournalLine

WHAT = "Undid: Scaled the gradient of layer2 by 0.01"


def found_after(detector, spoil, *steps):
    """The one finding of a run of 200 steps that ``spoil`` changes from step 160 on, with changes at some steps."""
    losses, norms = healthy(3, 200, 6)
    spoil(norms[160:, 2])
    run = HandMadeRun(6)
    for loss, row in zip(losses, norms, strict=True):
        run.step(loss, row)
    for entry, step in enumerate(steps, 1):
        run.store.apply(JournalLine(entry, step, f"{WHAT}, {step}", "pass"))
    (finding,) = DetectorRunner([detector]).check(run.store)
    return finding


def leap(norms):
    norms *= 100


def test_a_change_just_before_is_named_first_in_numbers_and_advice():
    plain, told = found_after(GradientSpike(), leap), found_after(GradientSpike(), leap, 20, 160)
    assert told.evidence == (f"before step 160 you changed the run: {WHAT}, 160", *plain.evidence)
    assert told.advice == f"See first whether your own change explains it. If not: {plain.advice}"


def test_changes_long_before_or_later_say_nothing():
    assert found_after(GradientSpike(), leap, 20, 140, 161) == found_after(GradientSpike(), leap)


def test_of_many_changes_the_last_are_named_in_their_order():
    told = found_after(GradientSpike(), leap, 155, 156, 157, 158, 159)
    assert [line[-3:] for line in told.evidence[:3]] == ["157", "158", "159"]
    assert "156" not in "".join(told.evidence)


def test_a_fact_stays_as_it_is():
    def spoil(norms):
        norms[:] = float("nan")

    assert found_after(NonFiniteGradient(), spoil, 160) == found_after(NonFiniteGradient(), spoil)
