"""A person's hook over the whole way: commands in, records out, a new run."""

from __future__ import annotations

from moduleview.telemetry.commands import InterruptCode, Run, Stop
from moduleview.telemetry.records import RunChanged, RunState
from moduleview.telemetry.user_hooks_messages import (
    PutUserHookOn,
    UserHookChanged,
    UserHookKind,
    UserHookState,
    WrittenHook,
)
from source_records import opened
from toy_tasks import toy_task

HALVES = WrittenHook("hook_1", UserHookKind.FORWARD, "0", "def hook(module, args, output):\n    return output / 2")
NEVER_ENDS = WrittenHook("hook_1", UserHookKind.FORWARD, "0", "def hook(module, args, output):\n    while True: pass")


def test_live_hook_stays_with_a_new_run_and_that_is_said() -> None:
    with opened(toy_task) as taken:
        taken.until_state(RunState.READY)
        for command in (PutUserHookOn(HALVES), Run(2)):
            taken.source.send(command)
        taken.until_state(RunState.PAUSED)
        taken.source.send(Stop())
        taken.until_state(RunState.STOPPED)
        n_before = len(taken.records)
        taken.source.send(Run(3))
        taken.until(lambda record: isinstance(record, UserHookChanged) and record.n_calls == 3)
    again = [record for record in taken.records[n_before:] if isinstance(record, UserHookChanged)]
    assert {record.state for record in again} == {UserHookState.LIVE}
    assert "stayed with the new run" in again[0].note


def test_hook_that_never_ends_does_not_keep_the_run_from_going_on() -> None:
    with opened(toy_task) as taken:
        taken.until_state(RunState.READY)
        taken.source.send(PutUserHookOn(NEVER_ENDS))
        taken.until_type(UserHookChanged)
        taken.source.send(Run(4))
        taken.until_state(RunState.RUNNING)

        def is_off(record: object) -> bool:
            if isinstance(record, UserHookChanged):
                return record.state is UserHookState.FAILED
            return False

        while not any(map(is_off, taken.rest())):
            taken.source.send(InterruptCode())
        taken.until(lambda record: isinstance(record, RunChanged) and record.state is RunState.PAUSED)
    assert [record.step for record in taken.of_type(RunChanged)][-1] >= 3
