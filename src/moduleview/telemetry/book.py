"""What a book of the store is: all that is kept of one topic."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

R = TypeVar("R")


class Book(ABC, Generic[R]):
    """Takes the records of one topic; panels read it. GUI thread only.

    Attributes:
        revision: Grows with each record taken, and when the book is emptied.
    """

    def __init__(self) -> None:
        self.revision = 0
        self.clear()

    def take(self, record: R) -> None:
        """Take one record in."""
        self.keep(record)
        self.revision += 1

    def forget(self) -> None:
        """Another model was opened, or none is open any more."""
        self.clear()
        self.revision += 1

    @abstractmethod
    def keep(self, record: R) -> None:
        """Keep what is worth keeping of a record."""

    @abstractmethod
    def clear(self) -> None:
        """Begin empty."""
