"""Fault row 36: PySide6 6.12.0 on Python below 3.12 loses a reference with each call that returns None or a bool."""

import sys

from PySide6.QtCore import QCoreApplication, QObject, Signal

N_CALLS = 1000
SLACK = 50  # what the interpreter itself moves meanwhile; the bug moves it by the number of calls


class Speaker(QObject):
    spoke = Signal(bool)


def references():
    return sys.getrefcount(None), sys.getrefcount(True), sys.getrefcount(False)


def is_unmoved(before):
    return all(abs(now - then) < SLACK for now, then in zip(references(), before, strict=True))


def test_event_loop_leaves_the_counts_of_none_and_true_alone(qapp):
    before = references()
    for _ in range(N_CALLS):
        QCoreApplication.processEvents()
    assert is_unmoved(before)


def test_emitting_a_bool_leaves_the_counts_alone(qapp):
    speaker = Speaker()
    heard = []
    speaker.spoke.connect(lambda value: heard.append(len(heard)))
    before = references()
    for _ in range(N_CALLS):
        speaker.spoke.emit(True)
    assert len(heard) == N_CALLS
    assert is_unmoved(before)


def test_wrapped_calls_leave_the_counts_alone(qapp):
    thing = QObject()
    before = references()
    for _ in range(N_CALLS):
        thing.setObjectName("a")
        thing.signalsBlocked()
    assert is_unmoved(before)
