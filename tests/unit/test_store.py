"""The store: what panels read is what was said."""

from __future__ import annotations

import numpy as np
import pytest

from builders import add_steps, declare_gradients, opened_store, snapshot_of, task_info
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.hooks import HookEntry, HookKind, HookStatus
from moduleview.telemetry.records import (
    CoverageMeasured,
    FailureReport,
    HooksChanged,
    LogLine,
    ModelChanged,
    ModelOpened,
    ModuleReport,
    OpenFailed,
    RunChanged,
    RunState,
    SeriesDeclared,
    SeriesKey,
    StepRecord,
)
from moduleview.telemetry.store import N_LOG_LINES, N_REPORTS, SeriesStore


def test_tail_tells_not_measured_from_not_a_number() -> None:
    store = opened_store()
    keys = declare_gradients(store)
    rows = np.ones((4, len(keys)))
    rows[1, 0] = np.nan
    rows[2, 0] = -1
    add_steps(store, rows)
    steps, values = store.tail(keys[0], 10)
    assert steps.tolist() == [0, 1, 3]
    assert np.isnan(values[1])
    matrix = store.matrix(keys[:2], 10)
    assert matrix.measured[:, 0].tolist() == [True, True, False, True]


def test_matrix_ends_where_it_is_asked_to_and_knows_unknown_keys() -> None:
    store = opened_store()
    keys = declare_gradients(store)
    add_steps(store, np.arange(5 * len(keys)).reshape(5, -1))
    matrix = store.matrix((keys[1], SeriesKey("grad_norm", "nowhere")), 2, end_step=3)
    assert matrix.steps.tolist() == [2, 3]
    assert matrix.values[:, 0].tolist() == [2 * len(keys) + 1, 3 * len(keys) + 1]
    assert not matrix.measured[:, 1].any()


def test_a_repeated_step_changes_nothing() -> None:
    store = opened_store()
    keys = declare_gradients(store)
    add_steps(store, np.ones((2, len(keys))))
    revision = store.revision
    add_steps(store, np.zeros((1, len(keys))), first_step=1)
    assert store.revision == revision
    assert store.latest(keys[0]) == 1


def test_steps_a_second_come_from_training_time() -> None:
    store = opened_store()
    assert np.isnan(store.steps_per_s)
    add_steps(store, np.ones((50, len(declare_gradients(store)))))
    assert store.steps_per_s == pytest.approx(100, rel=1e-6)


def test_the_clock_of_the_run_goes_on_with_each_step() -> None:
    store = opened_store()
    store.apply(RunChanged(RunState.RUNNING, 0, 0.0))
    assert store.elapsed_s == 0
    add_steps(store, np.ones((50, len(declare_gradients(store)))))
    assert store.elapsed_s == pytest.approx(0.5, abs=0.02)
    store.apply(RunChanged(RunState.PAUSED, 50, 0.75))
    assert store.elapsed_s == 0.75


def test_a_tick_is_requested_until_it_is_confirmed() -> None:
    store = opened_store()
    place = ("head", HookKind.FORWARD)
    store.request_hooks(SetHooks(("head",), HookKind.FORWARD, enabled=True))
    assert store.hooks[place].status is HookStatus.REQUESTED
    store.apply(HooksChanged((HookEntry("head", HookKind.FORWARD, HookStatus.ACTIVE),)))
    assert store.hooks[place].status is HookStatus.ACTIVE
    store.request_hooks(SetHooks(("head",), HookKind.FORWARD, enabled=False))
    assert place not in store.hooks
    store.apply(HooksChanged(()))
    store.request_hooks(SetHooks(("head",), HookKind.FORWARD, enabled=True))
    assert store.hooks[place].status is HookStatus.REQUESTED


def test_opening_a_model_forgets_the_one_before() -> None:
    store = opened_store()
    keys = declare_gradients(store)
    add_steps(store, np.ones((2, len(keys))))
    store.apply(OpenFailed("x.py", FailureReport("no", "do")))
    store.apply(ModelOpened(snapshot_of(generation=1), task_info()))
    assert store.last_step is None
    assert store.quantities() == ()
    assert store.open_failure is None
    assert len(store.coverage) == len(snapshot_of())


def test_a_changed_model_keeps_its_series() -> None:
    store = opened_store()
    keys = declare_gradients(store)
    add_steps(store, np.ones((2, len(keys))))
    store.apply(ModelChanged(snapshot_of(generation=1), task_info(device="cuda:0")))
    assert store.last_step == 1
    assert store.task is not None
    assert store.task.device == "cuda:0"


def test_coverage_of_another_generation_is_not_taken() -> None:
    store = opened_store()
    assert store.model is not None
    store.apply(CoverageMeasured(7, np.ones(len(store.model), dtype=np.uint8)))
    assert not store.coverage.any()
    store.apply(CoverageMeasured(0, np.ones(len(store.model), dtype=np.uint8)))
    assert store.coverage.all()


def test_log_and_reports_are_bounded() -> None:
    store = SeriesStore()
    for number in range(N_LOG_LINES + 5):
        store.apply(LogLine(0.0, "stdout", str(number)))
    assert len(store.log) == N_LOG_LINES
    assert store.n_log_lines == N_LOG_LINES + 5
    for number in range(N_REPORTS + 1):
        store.apply(ModuleReport(str(number), "T", "", "", "", "", ""))
    assert store.module_report("0") is None
    assert store.module_report(str(N_REPORTS)) is not None


def test_only_the_first_report_of_a_module_is_an_answer() -> None:
    store = opened_store()
    report = ModuleReport("layer", "T", "", "", "", "", "")
    asked = store.answer_revision
    store.apply(report)
    assert store.answer_revision > asked
    answered, arrived = store.answer_revision, store.report_revision
    store.apply(report)
    assert store.answer_revision == answered
    assert store.report_revision > arrived


def test_matrix_of_the_same_keys_knows_series_that_were_declared_since() -> None:
    store = opened_store()
    keys = (SeriesKey("loss"), SeriesKey("late"))
    store.apply(SeriesDeclared(0, keys[:1]))
    store.apply(StepRecord(0, 0, 0.0, np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.float32)))
    assert store.matrix(keys, 1).measured.tolist() == [[True, False]]
    store.apply(SeriesDeclared(1, keys[1:]))
    store.apply(StepRecord(0, 1, 0.1, np.arange(2, dtype=np.int32), np.ones(2, dtype=np.float32)))
    assert store.matrix(keys, 1).measured.tolist() == [[True, True]]


def test_forgetting_leaves_an_empty_store() -> None:
    store = opened_store()
    store.forget_model()
    assert store.model is None
    assert store.run.state is RunState.CLOSED


def test_history_of_known_and_unknown_series_stands_in_the_order_asked_for() -> None:
    store = opened_store()
    keys = declare_gradients(store)
    rows = np.arange(60 * len(keys), dtype=np.float32).reshape(60, len(keys))
    rows[7, 3] = np.nan
    add_steps(store, rows)
    asked = (keys[3], SeriesKey("nobody's"), keys[1])
    for wanted in (asked, list(asked)):
        found = store.history(wanted, 4, 39, 6)
        assert found.steps.tolist() == [4, 10, 16, 22, 28, 34]
        assert found.n_steps.tolist() == [6] * 6
        assert found.low[:, 2].tolist() == rows[4:40:6, 1].tolist()
        assert found.high[:, 0].tolist() == rows[9:40:6, 3].tolist()
        assert np.isnan(found.high[:, 1]).all()
        assert found.non_finite[:, :2].tolist() == [[True, False]] + [[False, False]] * 5


def test_clock_says_when_steps_ended() -> None:
    store = opened_store()
    keys = declare_gradients(store)
    add_steps(store, np.ones((60, len(keys))))
    steps, times = store.clock(10, 19, 1)
    assert steps.tolist() == list(range(10, 20))
    np.testing.assert_allclose(times, steps * 0.01)


def test_what_is_read_stays_as_it_was_when_steps_come() -> None:
    store = opened_store()
    keys = declare_gradients(store)
    add_steps(store, np.ones((3, len(keys))))
    store._series._archive.raw.resize(len(keys), 32, (np.nan,))
    add_steps(store, np.ones((29, len(keys))), 3)
    matrix, history = store.matrix(keys, 32), store.history(keys, 0, 31, 1)
    add_steps(store, np.full((32, len(keys)), 7.0), 32)
    assert (matrix.values == 1).all()
    assert (history.high == 1).all()
    assert matrix.steps.tolist() == history.steps.tolist() == list(range(32))


def test_latest_values_of_many_series_say_which_have_one() -> None:
    store = opened_store()
    keys = declare_gradients(store)
    add_steps(store, np.array([[1.0] * len(keys), [-1.0, np.nan, *[2.0] * (len(keys) - 2)]]))  # -1 is not measured
    store.apply(SeriesDeclared(len(keys), (SeriesKey("late"),)))
    values, known = store.latest_of((keys[0], SeriesKey("late"), keys[1], SeriesKey("nobody's"), keys[2]))
    assert known.tolist() == [True, False, True, False, True]
    np.testing.assert_array_equal(values[known], [1.0, np.nan, 2.0])
    assert [store.latest(key) for key in (keys[0], keys[2], SeriesKey("late"))] == [1.0, 2.0, None]
