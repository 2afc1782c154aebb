"""What a person may ask of a module's inside, and what comes back."""

from __future__ import annotations

import msgspec


class RequestInternals(msgspec.Struct, frozen=True, tag=True):
    """Ask for the ``InternalsReport`` of one module."""

    fqn: str


class InternalsReport(msgspec.Struct, frozen=True, tag=True):
    """What stands in one module's ``__dict__``, all of it text."""

    fqn: str


InternalsCommand = RequestInternals
InternalsRecord = InternalsReport
