"""What a way to get a model is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from moduleview.introspect.loaders.target import ParsedTarget


class Loader(ABC):
    """Turns a target into a model or a task. One file in this package; found by being there.

    Class attributes:
        is_general: Takes every file, or every dotted name: asked after those that take one kind of them.
    """

    is_general: ClassVar[bool] = False

    @abstractmethod
    def can_load(self, target: ParsedTarget) -> bool:
        """Whether this is the loader for ``target``. Runs nothing."""

    @abstractmethod
    def load(self, target: ParsedTarget, accepts: tuple[type, ...]) -> object:
        """An instance of one of ``accepts``. Training thread only.

        Raises:
            TargetError: There is none; the sentence says what to do.
        """
