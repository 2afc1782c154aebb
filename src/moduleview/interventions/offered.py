"""A change that a person can choose from a menu and fill in on a form."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from moduleview.interventions.base import Intervention, LiveRun
from moduleview.interventions.fields import checked
from moduleview.telemetry.changes_messages import Argument, ChangeField, ChangeKind, Fits


class OfferedChange(Intervention, ABC):
    """One file in this package; found by being there.

    Class attributes:
        kind: Its name in commands, as that of the file.
        title: In the menu.
        summary: What it does, and when it does nothing.
        section: Those of one section stand together in the menu.
        fits: What it can be made to; ``types`` with ``Fits.TYPES``.
        fields: Its arguments.
        changes_model: The picture of the model is another one afterwards.

    Args:
        fqn: A module, or a parameter.
        arguments: Checked, one for each field.
    """

    kind: ClassVar[str]
    summary: ClassVar[str]
    section: ClassVar[str]
    fits: ClassVar[Fits]
    types: ClassVar[tuple[str, ...]] = ()
    fields: ClassVar[tuple[ChangeField, ...]] = ()

    def __init__(self, fqn: str, arguments: Mapping[str, Argument]) -> None:
        self.fqn = fqn
        self.arguments = dict(arguments)

    @classmethod
    def make(cls, run: LiveRun, fqn: str, arguments: Mapping[str, Argument]) -> Self:
        """A change as a person asks for it.

        Raises:
            InterventionError: An argument does not fit.
        """
        return cls(fqn, checked(cls.fields_for(run, fqn), arguments))

    @classmethod
    def fields_for(cls, run: LiveRun, fqn: str) -> Sequence[ChangeField]:  # noqa: ARG003
        """The fields as they are for one node, with what stands there now as defaults.

        Raises:
            InterventionError: The change cannot be made there.
        """
        return cls.fields

    @classmethod
    def offer(cls) -> ChangeKind:
        """What is said of it."""
        return ChangeKind(cls.kind, cls.title, cls.summary, cls.section, cls.fits, cls.types, cls.fields)

    def number_of(self, name: str) -> float:
        """An argument that is a number."""
        value = self.arguments[name]
        assert not isinstance(value, str)
        return value

    def text_of(self, name: str) -> str:
        """An argument that is text or a choice."""
        return str(self.arguments[name])

    def is_undone_by(self, other: Intervention) -> bool:  # noqa: ARG002
        """It is taken back in the journal."""
        return False
