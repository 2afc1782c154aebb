"""Every command that belongs to a topic is answered by one service, and what a service says of itself is kept."""

from __future__ import annotations

import queue
from types import UnionType
from typing import Any, get_args

import pytest

from moduleview.engine import services
from moduleview.engine.next_command import next_command
from moduleview.engine.services.base import Service
from moduleview.registry import discover
from moduleview.telemetry.books import Books, TopicRecord
from moduleview.telemetry.commands import Command, Pause, TopicCommand


def members(union: type | UnionType) -> tuple[type, ...]:
    return get_args(union) or (union,)  # type: ignore[return-value]


@pytest.mark.parametrize("command", members(TopicCommand), ids=lambda command: command.__name__)
def test_each_topics_command_is_answered_by_one_service(command: type) -> None:
    answering = [service for service in discover(services, Service) if command in members(service.commands)]
    assert len(answering) == 1


def test_each_topics_record_goes_into_one_book() -> None:
    books = vars(Books())
    assert len(books) == 6
    assert len(members(TopicRecord)) == len(set(members(TopicRecord)))


class Pieces:
    """Services of which one has three pieces to do."""

    def __init__(self) -> None:
        self.n_left = 3

    @property
    def have_more_to_do(self) -> bool:
        return self.n_left > 0

    def go_on(self) -> None:
        self.n_left -= 1


def test_commands_come_between_the_pieces_of_long_work() -> None:
    commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
    pieces: Any = Pieces()
    assert next_command(commands, None, pieces) is None
    commands.put(Pause())
    assert next_command(commands, None, pieces) == Pause()
    assert pieces.n_left == 2


def test_no_piece_is_done_while_steps_are_due() -> None:
    pieces: Any = Pieces()
    assert next_command(queue.SimpleQueue(), 0.0, pieces) is None
    assert pieces.n_left == 3


def test_work_that_is_done_leaves_the_thread_asleep_until_a_command_comes() -> None:
    commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
    commands.put(Pause())
    pieces: Any = Pieces()
    pieces.n_left = 0
    assert next_command(commands, None, pieces) == Pause()
