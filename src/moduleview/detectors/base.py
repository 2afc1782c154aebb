"""What a detector is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from moduleview.telemetry.records import Finding
from moduleview.telemetry.store_view import StoreView


class Detector(ABC):
    """Looks for one fault in the store. One file in this package; found by being there.

    Thresholds are fields with units.

    Class attributes:
        name: Title of the finding, two or three words.
        explanation: When it is found, in a sentence. The class's docstring says how a person reads it.
    """

    name: ClassVar[str]
    explanation: ClassVar[str]

    @abstractmethod
    def check(self, store: StoreView, since_step: int) -> Sequence[Finding]:
        """All findings that hold now.

        Args:
            store: The run.
            since_step: First step that this detector has not seen yet.
        """

    def reset(self) -> None:  # noqa: B027 - most detectors remember nothing
        """Forget everything: a new model was opened."""
