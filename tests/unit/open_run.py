"""A task opened as the training thread opens it, made step by step in the test's own thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from moduleview import TrainingTask
from moduleview.engine.opened_model import OpenedModel
from moduleview.engine.own_code import OwnCode
from moduleview.telemetry.commands import TopicCommand
from moduleview.telemetry.records import Record

R = TypeVar("R")


class OpenRun:
    """The open model, what it has said, and its steps."""

    def __init__(self, make: Callable[[], TrainingTask]) -> None:
        self.records: list[Record] = []
        own_code = OwnCode()
        self.interruptible = own_code.interruptible
        self.opened = OpenedModel(make, self.records.append, own_code)
        self.opened.announce()
        self.n_given_up = 0

    @property
    def task(self) -> TrainingTask:
        return self.opened.task

    def ask(self, *commands: TopicCommand) -> None:
        for command in commands:
            self.opened.services.answer(command)

    def steps(self, n: int = 1) -> None:
        """As the training thread makes them: a step that a hook ended is given up."""
        for _ in range(n):
            try:
                self.opened.make_step(self.opened.n_steps, lambda: 0.0)
            except BaseException as error:
                if not self.opened.goes_on_without_hook(error, self.opened.n_steps):
                    raise
                self.n_given_up += 1

    def said(self, kind: type[R]) -> list[R]:
        return [record for record in self.records if isinstance(record, kind)]

    def last(self, kind: type[R]) -> R:
        return self.said(kind)[-1]


@contextmanager
def open_run(make: Callable[[], TrainingTask]) -> Iterator[OpenRun]:
    run = OpenRun(make)
    try:
        yield run
    finally:
        run.opened.release()
