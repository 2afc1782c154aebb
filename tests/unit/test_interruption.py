import contextlib
import threading

import pytest

from moduleview.engine.interruption import CodeInterrupted, Interruptible


def never_ends(has_begun):
    has_begun.set()
    while True:
        pass


def test_code_that_never_ends_is_ended_from_another_thread():
    code, has_begun = Interruptible(), threading.Event()
    asking = threading.Thread(target=lambda: (has_begun.wait(5), code.interrupt()))
    asking.start()
    with pytest.raises(CodeInterrupted):
        code.run(never_ends, has_begun)
    asking.join()
    assert not code.is_running


def test_asking_when_nothing_runs_interrupts_nothing_later():
    code = Interruptible()
    assert not code.interrupt()
    assert code.run(sum, range(100_000)) == 4999950000


def test_only_the_innermost_code_is_ended():
    code, has_begun = Interruptible(), threading.Event()

    def outer():
        with pytest.raises(CodeInterrupted):
            code.run(never_ends, has_begun)
        return sum(range(100_000))

    asking = threading.Thread(target=lambda: (has_begun.wait(5), code.interrupt()))
    asking.start()
    assert code.run(outer) == 4999950000
    asking.join()


def test_what_comes_at_the_last_moment_never_leaves_the_code():
    code, stop = Interruptible(), threading.Event()

    def ask_on_and_on():
        while not stop.is_set():
            code.interrupt()

    asking = threading.Thread(target=ask_on_and_on)
    asking.start()
    try:
        for _ in range(300):
            with contextlib.suppress(CodeInterrupted):
                code.run(sum, range(50))
            sum(range(50))  # not a person's: nothing may be raised here
    finally:
        stop.set()
        asking.join()
    assert not code.is_running


def test_what_the_code_raises_comes_out_and_it_no_longer_counts_as_running():
    code = Interruptible()
    with pytest.raises(ZeroDivisionError):
        code.run(lambda: 1 / 0)
    assert not code.interrupt()


def test_code_side_by_side_in_two_threads_is_ended_in_both_and_leaves_neither_named():
    code, first, second = Interruptible(), threading.Event(), threading.Event()
    ended = []

    def run(has_begun):
        try:
            code.run(never_ends, has_begun)
        except CodeInterrupted:
            ended.append(threading.get_ident())

    threads = [threading.Thread(target=run, args=(has_begun,)) for has_begun in (first, second)]
    for thread, has_begun in zip(threads, (first, second), strict=True):
        thread.start()
        assert has_begun.wait(5)
    assert code.interrupt()
    for thread in threads:
        thread.join(5)
    assert sorted(ended) == sorted(thread.ident for thread in threads)
    assert not code.is_running
    assert not code.interrupt()


def test_code_that_outlives_that_of_another_thread_can_still_be_ended():
    code, has_begun, may_end = Interruptible(), threading.Event(), threading.Event()
    short = threading.Thread(target=lambda: code.run(lambda: (has_begun.set(), may_end.wait(5))))
    short.start()
    assert has_begun.wait(5)
    runs_long = threading.Event()
    asking = threading.Thread(target=lambda: (runs_long.wait(5), may_end.set(), short.join(5), code.interrupt()))
    asking.start()
    with pytest.raises(CodeInterrupted):
        code.run(never_ends, runs_long)
    asking.join()
    assert not code.is_running
