"""Finds text in all of a model's module names at once: one buffer of bytes, searched with numpy.

A Python loop over 100 000 names costs more than a keystroke may; comparing one buffer with the pattern's bytes does
not.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.snapshot import ModelSnapshot

_SEPARATOR = "\n"


class NameIndex:
    """The names, types and FQNs of one snapshot, ready to be searched. Case does not matter."""

    def __init__(self, snapshot: ModelSnapshot) -> None:
        self._snapshot = snapshot
        self._names = _Lines(snapshot.names)
        codes: dict[str, int] = {}
        self._type_codes = np.fromiter(
            (codes.setdefault(name, len(codes)) for name in snapshot.type_names), np.int32, len(snapshot)
        )
        self._types = tuple(codes)

    @cached_property
    def _fqns(self) -> tuple[str, NDArray[np.int64]]:
        """All FQNs as one text, and where each begins in it."""
        fqns = self._snapshot.fqns
        lengths = np.fromiter((len(fqn) for fqn in fqns), dtype=np.int64, count=len(fqns)) + len(_SEPARATOR)
        return _joined(fqns), np.concatenate(([0], np.cumsum(lengths)[:-1]))

    @cached_property
    def _lower_fqns(self) -> str:
        text = self._fqns[0]
        lower = text.lower()
        return lower if len(lower) == len(text) else text  # a few letters grow in lower case, and rows would shift

    def name_contains(self, text: str) -> NDArray[np.bool_]:
        """(n,) bool: modules whose own name has ``text`` in it."""
        return self._names.contains(text)

    def name_is(self, text: str) -> NDArray[np.bool_]:
        """(n,) bool: modules whose own name is ``text``."""
        return self._names.contains(text, at_begin=True, at_end=True)

    def type_contains(self, text: str) -> NDArray[np.bool_]:
        """(n,) bool: modules whose class name has ``text`` in it."""
        wanted = text.lower()
        chosen = np.array([wanted in name.lower() for name in self._types], dtype=np.bool_)
        return chosen[self._type_codes]

    def path_contains(self, path: str) -> NDArray[np.bool_]:
        """(n,) bool: modules whose FQN ends in ``path``, its first and last component being incomplete.

        ``blocks.4.at`` finds ``blocks.4.attn`` and ``decoder_blocks.4.attn``, but not what lies below them.
        """
        *above, last = path.split(".")
        found = self._names.contains(last, at_begin=bool(above))
        parent = self._snapshot.parent
        node = np.arange(len(parent), dtype=np.int64)
        for position, component in enumerate(reversed(above)):
            is_first = position == len(above) - 1
            node = np.where(node > 0, parent[node], 0)
            matches = self._names.contains(component, at_begin=not is_first, at_end=True)
            found &= matches[node] & (node > 0)  # the root's name is no part of an FQN
        return found

    def fqn_matches(self, pattern: re.Pattern[str]) -> NDArray[np.bool_]:
        """(n,) bool: modules in whose FQN ``pattern``, compiled with ``re.MULTILINE``, is found somewhere.

        A pattern without capitals is looked for in lower case: ``re.IGNORECASE`` takes three times as long.
        """
        text, begins = self._fqns
        if pattern.pattern == pattern.pattern.lower():
            text = self._lower_fqns
        with contextlib.suppress(re.error):  # flags in the middle
            pattern = re.compile(f"(?:{pattern.pattern})[^{_SEPARATOR}]*", pattern.flags)  # once a line is enough
        starts = np.fromiter((match.start() for match in pattern.finditer(text)), dtype=np.int64)
        found = np.zeros(len(self._snapshot), dtype=np.bool_)
        found[np.searchsorted(begins, starts, side="right") - 1] = True
        return found


class _Lines:
    """Many short strings in one buffer of lower-case UTF-8."""

    def __init__(self, lines: Sequence[str]) -> None:
        text = _joined(lines).lower()
        self._n = len(lines)
        self._bytes = np.frombuffer(f"{_SEPARATOR}{text}{_SEPARATOR}".encode(errors="replace"), dtype=np.uint8)
        self._breaks = np.flatnonzero(self._bytes == ord(_SEPARATOR))  # row i lies between breaks i and i + 1

    def contains(self, text: str, *, at_begin: bool = False, at_end: bool = False) -> NDArray[np.bool_]:
        """(n,) bool: lines that have ``text`` in them, at their begin or end where that is asked for."""
        found = np.zeros(self._n, dtype=np.bool_)
        wanted = text.lower()
        if at_begin:
            wanted = _SEPARATOR + wanted
        if at_end:
            wanted += _SEPARATOR
        if not wanted:
            return ~found
        pattern = wanted.encode(errors="replace")
        starts = self._occurrences(pattern)
        rows = np.searchsorted(self._breaks, starts + (1 if at_begin else 0), side="left") - 1
        found[rows[(rows >= 0) & (rows < self._n)]] = True
        return found

    def _occurrences(self, pattern: bytes) -> NDArray[np.int64]:
        last = len(self._bytes) - len(pattern) + 1
        if last <= 0:
            return np.zeros(0, dtype=np.int64)
        starts = np.flatnonzero(self._bytes[:last] == pattern[0])
        for offset, byte in enumerate(pattern[1:], start=1):
            starts = starts[self._bytes[starts + offset] == byte]
        return starts


def _joined(lines: Sequence[str]) -> str:
    text = _SEPARATOR.join(lines)
    if text.count(_SEPARATOR) == max(len(lines) - 1, 0):
        return text
    return _SEPARATOR.join(line.replace(_SEPARATOR, " ") for line in lines)  # a name may hold anything but a dot
