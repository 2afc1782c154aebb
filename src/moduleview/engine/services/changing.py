"""Interventions: makes them at the safe point, and takes them back."""

from __future__ import annotations

from types import UnionType
from typing import ClassVar, assert_never

from moduleview.engine.services.base import Service
from moduleview.errors import ModuleViewError
from moduleview.interventions import freeze as freezing
from moduleview.telemetry.changes_messages import ChangesCommand, TakeBack
from moduleview.telemetry.commands import Freeze


class Changing(Service[ChangesCommand | Freeze]):
    """Everything goes through the journal."""

    commands: ClassVar[type | UnionType] = ChangesCommand | Freeze

    def answer(self, command: ChangesCommand | Freeze) -> None:
        """See ``Service``."""
        match command:
            case Freeze():
                intervention = freezing.Freeze(command.fqn, command.frozen)
                self.live.journal.apply(intervention, self.live.run, self.live.n_steps)
                self.live.announce_change()
            case TakeBack():
                raise ModuleViewError("This entry cannot be taken back; undo it where it was made.")
            case _:
                assert_never(command)
