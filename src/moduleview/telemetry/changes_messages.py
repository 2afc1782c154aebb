"""Interventions: what a person may change in the run, and the journal of what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

Argument = bool | int | float | str
"""Value of a field."""


class FieldKind(StrEnum):
    """What a field takes."""

    NUMBER = "number"
    INTEGER = "integer"
    CHOICE = "choice"
    TEXT = "text"
    SWITCH = "switch"


class ChangeField(msgspec.Struct, frozen=True):
    """One argument of a change, so that one form serves them all.

    Attributes:
        name: Of the argument.
        title: On the form.
        kind: What it takes.
        default: Stands there at first.
        unit: Behind the value, "" for a pure number.
        minimum, maximum: Allowed values, both included; None for no limit.
        is_above_minimum: The minimum itself is not allowed.
        choices: Of a choice.
        tip: What it means.
    """

    name: str
    title: str
    kind: FieldKind
    default: Argument
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    is_above_minimum: bool = False
    choices: tuple[str, ...] = ()
    tip: str = ""


class Fits(StrEnum):
    """What a change can be made to."""

    GRADIENTS = "gradients"  # a parameter, or a module with some below it
    PARAMETERS = "parameters"  # the same, trained or not
    MODULES = "modules"  # any module
    TYPES = "types"  # a module of certain types, or one with such below it
    ANYTHING = "anything"


class ChangeKind(msgspec.Struct, frozen=True):
    """One kind of change that a person may make.

    Attributes:
        kind: Its name in commands.
        title: In a menu.
        summary: What it does, and when it does nothing; one or two sentences.
        section: Those of one section stand together.
        fits: To what.
        types: With ``Fits.TYPES``, names of classes.
        fields: Its arguments.
    """

    kind: str
    title: str
    summary: str
    section: str
    fits: Fits
    types: tuple[str, ...]
    fields: tuple[ChangeField, ...]


class EntryState(StrEnum):
    """What became of an entry of the journal."""

    STANDS = "stands"
    TAKEN_BACK = "taken back"
    LET_GO = "let go"  # what it changed is gone, or it failed


class PrepareChange(msgspec.Struct, frozen=True, tag=True):
    """A form was opened: say what stands there now, and whether the change can be made at all."""

    kind: str
    fqn: str


class MakeChange(msgspec.Struct, frozen=True, tag=True):
    """Change the run at the safe point.

    Attributes:
        request: Number that the answer has.
        kind: As offered.
        fqn: Module ("" for the whole model) or parameter.
        arguments: By name; defaults hold for those that are not there.
    """

    request: int
    kind: str
    fqn: str
    arguments: Mapping[str, Argument]


class TakeBack(msgspec.Struct, frozen=True, tag=True):
    """Undo one entry of the journal; what was done after it stays."""

    entry: int


class MakeAgain(msgspec.Struct, frozen=True, tag=True):
    """Make an entry again that was taken back."""

    entry: int


class ChangesOffered(msgspec.Struct, frozen=True, tag=True):
    """All kinds of changes that there are here."""

    kinds: tuple[ChangeKind, ...]


class ChangePrepared(msgspec.Struct, frozen=True, tag=True):
    """The fields of a change to one node, with what stands there now.

    Attributes:
        refusal: Why it cannot be made there; "" where it can.
    """

    kind: str
    fqn: str
    fields: tuple[ChangeField, ...]
    refusal: str = ""


class ChangeAnswered(msgspec.Struct, frozen=True, tag=True):
    """What became of a request.

    Attributes:
        entry: Of the journal; 0 where there is none.
        refusal: Why it was not made; "" where it was.
    """

    request: int
    entry: int
    refusal: str = ""


class ChangeJournaled(msgspec.Struct, frozen=True, tag=True):
    """An entry of the journal; a later one with the same number replaces it.

    Attributes:
        entry: Counts up in a run, from 1.
        step: Steps done when it was made, or made again.
        what: In a few words.
        python: That does the same to ``model`` and ``optimizer``.
        state: Whether it stands.
        fqn: What it is about, "" for the whole model or something else.
        ended_step: Steps done when it was taken back or let go.
        time_s: Unix time at which it was made.
        note: What a person has to know of it now ("has changed nothing yet: ..."), "" for nothing.
    """

    entry: int
    step: int
    what: str
    python: str
    state: EntryState = EntryState.STANDS
    fqn: str = ""
    ended_step: int | None = None
    time_s: float = 0.0
    note: str = ""

    @property
    def stands(self) -> bool:
        """It was neither taken back nor let go."""
        return self.state is EntryState.STANDS


class JournalLine(msgspec.Struct, frozen=True, tag=True):
    """Something that was done to the run, in the order in which it was: an entry made, taken back, made again.

    Attributes:
        python: Of just that, to variables called ``model`` and ``optimizer``.
    """

    entry: int
    step: int
    what: str
    python: str


class AlarmRang(msgspec.Struct, frozen=True, tag=True):
    """A series crossed a threshold that a person had set.

    Attributes:
        entry: Of the alarm in the journal.
        step: At which it was crossed.
        quantity: What was measured.
        fqn: Of what.
        value: That was measured.
        why: "grad_norm of blocks.3 was 12.4, above 10".
        did: What was done then: "pause", "mark" or "clip".
    """

    entry: int
    step: int
    quantity: str
    fqn: str
    value: float
    why: str
    did: str


ChangesCommand = PrepareChange | MakeChange | TakeBack | MakeAgain
ChangesRecord = ChangesOffered | ChangePrepared | ChangeAnswered | ChangeJournaled | JournalLine | AlarmRang
