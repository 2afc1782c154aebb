"""Hands out a task's batches one by one, going round again where that is possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from moduleview.errors import TaskError


class BatchesEnded(Exception):  # noqa: N818 - the end of the data is no error
    """An iterator that can be gone through only once has been."""


class BatchFeed:
    """An endless walk over an iterable. Training thread only.

    A list or a ``DataLoader`` gives a fresh iterator each time it is asked and is gone through again and again; an
    iterator or generator gives itself, and its end is the end.
    """

    def __init__(self, batches: Iterable[Any]) -> None:
        self._batches = batches
        self._iterator: Iterator[Any] | None = None
        self._has_given = False

    def next(self) -> Any:
        """The next batch.

        Raises:
            BatchesEnded: There is none, and there were some before.
            TaskError: There never was one.
        """
        if self._iterator is not None:
            try:
                return next(self._iterator)
            except StopIteration:
                self._iterator = None
        return self._first_of_a_round()

    def forget_position(self) -> None:
        """Start from the beginning next time; a loader's workers are let go."""
        self._iterator = None

    def _first_of_a_round(self) -> Any:
        iterator = iter(self._batches)
        try:
            batch = next(iterator)
        except StopIteration:
            if self._has_given and iterator is self._batches:
                raise BatchesEnded from None
            raise TaskError("The batches yield nothing; give an iterable with at least one batch.") from None
        self._iterator, self._has_given = iterator, True
        return batch
