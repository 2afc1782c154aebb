"""Finds the services of an open model, and gives each command to the one that answers it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moduleview.engine import services
from moduleview.engine.services.base import LiveModel, Service
from moduleview.registry import discover
from moduleview.telemetry.commands import Command, Freeze, TopicCommand


class Services:
    """All services of one model. Training thread only.

    Args:
        live: What they are given.
    """

    def __init__(self, live: LiveModel) -> None:
        self._services: tuple[Service[Any], ...] = tuple(service(live) for service in discover(services, Service))

    def answer(self, command: TopicCommand | Freeze) -> None:
        """Give a command to its service.

        Raises:
            ModuleViewError: It cannot be done.
        """
        for service in self._services:
            if isinstance(command, service.commands):
                service.answer(command)
                return

    def opened(self) -> None:
        """The model was announced."""
        for service in self._services:
            service.opened()

    def model_changed(self) -> None:
        """The picture of the model is another one."""
        for service in self._services:
            service.model_changed()

    def begin_step(self, step: int) -> None:
        """A step is about to be made."""
        for service in self._services:
            service.begin_step(step)

    def end_step(self, step: int) -> None:
        """A step was made."""
        for service in self._services:
            service.end_step(step)

    def take_blame(self, error: BaseException, step: int) -> bool:
        """A step raised: whether one of them was the reason, and has taken it off."""
        return any(service.takes_blame(error, step) for service in self._services)

    @property
    def have_more_to_do(self) -> bool:
        """One of them has work that was cut in pieces."""
        return any(service.has_more_to_do for service in self._services)

    def go_on(self) -> None:
        """Do the next piece of each."""
        for service in self._services:
            if service.has_more_to_do:
                service.go_on()

    def commands_to_repeat(self) -> Sequence[Command]:
        """What to ask again of a new model's services."""
        return [command for service in self._services for command in service.commands_to_repeat()]

    def release(self) -> None:
        """The model is let go."""
        for service in self._services:
            service.release()
