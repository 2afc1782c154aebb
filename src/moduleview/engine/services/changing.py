"""Interventions: makes them at the safe point, takes them back, and judges the alarms at the end of each step."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import ClassVar, assert_never

from moduleview import interventions
from moduleview.engine.services.base import LiveModel, Service
from moduleview.errors import ModuleViewError
from moduleview.interventions.alarm_watch import Reaction, Ring
from moduleview.interventions.base import Intervention, InterventionError
from moduleview.interventions.clip_gradient_norm import ClipGradientNorm
from moduleview.interventions.freeze import Freeze as Freezing
from moduleview.interventions.offered import OfferedChange
from moduleview.interventions.on_gradients import GradientIntervention
from moduleview.registry import discover
from moduleview.telemetry.changes_messages import (
    AlarmRang,
    Argument,
    ChangeAnswered,
    ChangePrepared,
    ChangesCommand,
    ChangesOffered,
    MakeAgain,
    MakeChange,
    PrepareChange,
    TakeBack,
)
from moduleview.telemetry.commands import Command, Freeze
from moduleview.telemetry.records import LogLine


class Changing(Service[ChangesCommand | Freeze]):
    """Everything goes through the journal.

    When the run begins anew, what stands is made again on the new model, in the same order, before its first step: as
    ticked hooks are, so that what the window shows as standing does stand. The journal says so.
    """

    commands: ClassVar[type | UnionType] = ChangesCommand | Freeze

    def __init__(self, live: LiveModel) -> None:
        super().__init__(live)
        found = discover(interventions, OfferedChange)
        self._kinds: Mapping[str, type[OfferedChange]] = {one.kind: one for one in found}

    def opened(self) -> None:
        """Say what can be changed."""
        self.live.put(ChangesOffered(tuple(kind.offer() for kind in self._kinds.values())))

    def answer(self, command: ChangesCommand | Freeze) -> None:
        """See ``Service``."""
        live = self.live
        live.look_for_optimizers()
        match command:
            case Freeze():
                self._make(Freezing(command.fqn, command.frozen))
            case PrepareChange():
                self._prepare(command)
            case MakeChange():
                self._make_asked(command)
            case TakeBack():
                self._settle(live.journal.take_back(command.entry, live.run, live.n_steps))
            case MakeAgain():
                self._settle(live.journal.make_again(command.entry, live.run, live.n_steps))
            case _:
                assert_never(command)

    def model_changed(self) -> None:
        """Names may lead to other tensors now."""
        for change in self.live.journal.gradients.standing:
            if isinstance(change, GradientIntervention):
                change.find_again(self.live.run)

    def begin_step(self, step: int) -> None:  # noqa: ARG002
        """See ``Service``."""
        self.live.journal.gradients.begin_step()

    def end_step(self, step: int) -> None:
        """Say what failed, and judge the alarms."""
        journal = self.live.journal
        for change, why in journal.gradients.failed:
            if isinstance(change, GradientIntervention):
                journal.let_go(change, step + 1, f"It raised and is off; training goes on. {why}")
        journal.gradients.failed.clear()
        for change in journal.gradients.standing:
            if isinstance(change, GradientIntervention):
                change.n_steps += 1
        if journal.alarms.rules:
            for ring in journal.alarms.judge(self.live.measured.values(journal.alarms.quantities, step)):
                self._ring(ring, step)
        journal.look_at_notes()

    def commands_to_repeat(self) -> Sequence[Command]:
        """What stands, to be made again."""
        commands: list[Command] = []
        for change in self.live.journal.standing:
            if isinstance(change, Freezing):
                commands.append(Freeze(change.fqn, change.frozen))
            elif isinstance(change, OfferedChange):
                commands.append(MakeChange(0, change.kind, change.fqn, change.arguments))
        if commands:
            self._say(f"The run begins anew: {len(commands)} standing changes are made again before its first step.")
        return commands

    def release(self) -> None:
        """See ``Service``."""
        self.live.journal.gradients.clear()
        self.live.journal.alarms.rules.clear()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _prepare(self, command: PrepareChange) -> None:
        fqn, refusal, fields = command.fqn, "", tuple(self._kind(command.kind).fields)
        try:
            fields = tuple(self._kind(command.kind).fields_for(self.live.run, fqn))
        except InterventionError as error:
            refusal = str(error)
        self.live.put(ChangePrepared(command.kind, fqn, fields, refusal))

    def _make_asked(self, command: MakeChange) -> None:
        """Refuse at the place where it was asked for."""
        entry, refusal = 0, ""
        try:
            entry = self._make(self._kind(command.kind).make(self.live.run, command.fqn, command.arguments))
        except ModuleViewError as error:
            refusal = str(error)
        except Exception as error:  # of the user's own code: train() may be overridden
            refusal = f"{type(error).__name__}: {error}"
        self.live.put(ChangeAnswered(command.request, entry, refusal))
        if refusal and not command.request:
            self._say(f"Not made again: {command.kind} of {command.fqn or 'the whole model'}: {refusal}")

    def _kind(self, name: str) -> type[OfferedChange]:
        if name not in self._kinds:
            raise InterventionError(f"There is no change called {name} here. Choose one from the menu.")
        return self._kinds[name]

    def _make(self, intervention: Intervention) -> int:
        entry = self.live.journal.apply(intervention, self.live.run, self.live.n_steps)
        self._settle(intervention)
        return entry

    def _settle(self, intervention: Intervention) -> None:
        """What was made or taken back has consequences."""
        self.live.measure_always(self.live.journal.alarms.quantities)
        if intervention.changes_model:
            self.live.announce_change()

    def _ring(self, ring: Ring, step: int) -> None:
        rule, did = ring.rule, str(ring.rule.reaction)
        if rule.reaction is Reaction.PAUSE:
            self.live.ask_to_pause()
        elif rule.reaction is Reaction.CLIP:
            did = self._clip(ring)
        self.live.put(AlarmRang(rule.entry, step, rule.quantity, ring.fqn, ring.value, str(ring), did))
        self._say(f"step {step}: alarm: {ring}; {did}")

    def _clip(self, ring: Ring) -> str:
        """Clip from the next step on; once, as long as that stands."""
        fqn = ring.rule.fqn
        arguments: dict[str, Argument] = {"max_norm": ring.limit, "norm_type": "2", "over": "all together"}
        standing = self.live.journal.standing
        if any(isinstance(one, ClipGradientNorm) and one.fqn == fqn for one in standing):
            return "clip stands already"
        try:
            self._make(ClipGradientNorm.make(self.live.run, fqn, arguments))
        except InterventionError as error:
            return f"could not clip: {error}"
        return str(ring.rule.reaction)

    def _say(self, text: str) -> None:
        self.live.put(LogLine(time.time(), "journal", text))
