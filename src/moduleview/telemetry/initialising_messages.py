"""What a person may ask about new starting values, and what comes back."""

from __future__ import annotations

import msgspec


class PreviewInitialisation(msgspec.Struct, frozen=True, tag=True):
    """Say what an initialiser would change in a subtree, and change nothing."""

    fqn: str
    initialiser: str


class InitialisationPreviewed(msgspec.Struct, frozen=True, tag=True):
    """What an initialiser would change."""

    fqn: str
    initialiser: str


InitialisingCommand = PreviewInitialisation
InitialisingRecord = InitialisationPreviewed
