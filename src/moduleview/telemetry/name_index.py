"""Finds text in all of a model's module names at once: the distinct ones in one buffer of bytes, searched with numpy.

A Python loop over 100 000 names costs more than a keystroke may; comparing one buffer with the pattern's bytes does
not. A million modules have few names that differ, so that most of a search is to look up which rows bear those found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.bounded_search import EndlessSearchError, starts
from moduleview.telemetry.snapshot import ModelSnapshot

_SEPARATOR = "\n"
_LITERAL = re.compile(r"(\^?)((?:[a-z0-9_]|\\\.)+)(\$?)")  # a pattern that means itself
_FEW = 8  # so many comparisons of a million codes cost less than one look-up of a million


def is_mere_text(pattern: re.Pattern[str]) -> bool:
    """``NameIndex.fqn_matches`` finds it as fast as a word, however many modules there are."""
    return _LITERAL.fullmatch(pattern.pattern) is not None


class NameIndex:
    """The names, types and FQNs of one snapshot, ready to be searched. Case does not matter."""

    def __init__(self, snapshot: ModelSnapshot) -> None:
        self._snapshot = snapshot
        self._names = _Words(snapshot.names)
        self._types = _Words(snapshot.type_names)
        self._last_search: tuple[str, NDArray[np.int64] | None] | None = None

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
        return self._types.contains(text)

    def path_contains(self, path: str) -> NDArray[np.bool_]:
        """(n,) bool: modules whose FQN ends in ``path``, its first and last component being incomplete.

        ``blocks.4.at`` finds ``blocks.4.attn`` and ``decoder_blocks.4.attn``, but not what lies below them.
        """
        return self._path_ends_in(path.split("."))

    def _path_ends_in(
        self, components: Sequence[str], *, at_begin: bool = False, at_end: bool = False
    ) -> NDArray[np.bool_]:
        """``at_begin``, ``at_end``: the first or last component is complete on that side."""
        *above, last = components
        found = self._names.contains(last, at_begin=at_begin or bool(above), at_end=at_end)
        if not above:
            return found
        holders = self._path_ends_in(above, at_begin=at_begin, at_end=True)
        holders[0] = found[0] = False  # the root's name is no part of an FQN
        parent, nodes = self._snapshot.parent, np.flatnonzero(holders)
        if len(nodes) <= _FEW:
            return found & _is_one_of(parent, nodes)
        if not last:
            return found & holders[parent]
        rows = np.flatnonzero(found)  # most often few
        found[rows[~holders[parent[rows]]]] = False
        return found

    def fqn_matches(self, pattern: re.Pattern[str]) -> NDArray[np.bool_]:
        """(n,) bool: modules in whose FQN ``pattern``, compiled with ``re.MULTILINE``, is found somewhere.

        A pattern without capitals is looked for in lower case: ``re.IGNORECASE`` takes three times as long. One that
        is but text, as most are while they are typed, is looked for in the names: FQNs are many times as long.

        Raises:
            EndlessSearchError: It goes back over the names without an end in sight.
        """
        if literal := _LITERAL.fullmatch(pattern.pattern):
            begin, path, end = literal.groups()
            return self._fqn_contains(path.replace("\\", ""), at_begin=bool(begin), at_end=bool(end))
        text, begins = self._fqns
        if pattern.pattern == pattern.pattern.lower():
            text = self._lower_fqns
        found = np.zeros(len(self._snapshot), dtype=np.bool_)
        found[np.searchsorted(begins, self._starts(pattern.pattern, text), side="right") - 1] = True
        return found

    def _starts(self, pattern: str, text: str) -> NDArray[np.int64]:
        """Asked for again and again while something else in the filter changes: what came of it last is kept."""
        if self._last_search is None or self._last_search[0] != pattern:
            try:
                self._last_search = (pattern, starts(_once_a_line(pattern), text))
            except EndlessSearchError:
                self._last_search = (pattern, None)
        places = self._last_search[1]
        if places is None:
            raise EndlessSearchError
        return places

    def _fqn_contains(self, text: str, *, at_begin: bool, at_end: bool) -> NDArray[np.bool_]:
        components, snapshot = text.split("."), self._snapshot
        found = self._path_ends_in(components, at_begin=at_begin, at_end=at_end)
        found[0] = False
        if at_begin:
            found &= snapshot.depth == len(components)
        return found if at_end else _with_subtrees(found, snapshot.subtree_end)


class _Codes(dict[str, int]):
    """Numbers strings in the order in which they are first asked for."""

    def __missing__(self, word: str) -> int:
        self[word] = code = len(self)
        return code


class _Words:
    """A string a row, of which many are alike: each distinct one is searched once."""

    def __init__(self, words: Sequence[str]) -> None:
        codes = _Codes()
        numbered = np.fromiter(map(codes.__getitem__, words), np.int32, len(words))
        self._codes = numbered.astype(np.min_scalar_type(len(codes)))
        self._distinct = _Lines(tuple(codes))

    def contains(self, text: str, *, at_begin: bool = False, at_end: bool = False) -> NDArray[np.bool_]:
        """(n,) bool: rows whose string has ``text`` in it, at its begin or end where that is asked for."""
        chosen = self._distinct.contains(text, at_begin=at_begin, at_end=at_end)
        codes = np.flatnonzero(chosen)
        return _is_one_of(self._codes, codes) if len(codes) <= _FEW else chosen[self._codes]


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


def _with_subtrees(chosen: NDArray[np.bool_], subtree_end: NDArray[np.int32]) -> NDArray[np.bool_]:
    rows = np.flatnonzero(chosen)
    ends = subtree_end[rows]
    is_outermost = np.concatenate(([True], rows[1:] >= np.maximum.accumulate(ends)[:-1]))[: len(rows)]
    steps = np.zeros(len(chosen) + 1, dtype=np.int8)
    steps[rows[is_outermost]] += 1
    steps[ends[is_outermost]] -= 1
    np.cumsum(steps, out=steps)
    return steps[:-1].view(np.bool_)


def _is_one_of(values: NDArray[np.integer], wanted: NDArray[np.intp]) -> NDArray[np.bool_]:
    found = np.zeros(len(values), dtype=np.bool_)
    for value in wanted.tolist():
        found |= values == value
    return found


def _once_a_line(pattern: str) -> str:
    """The rest of the line is passed over: one match is enough."""
    try:
        return re.compile(f"(?:{pattern})[^{_SEPARATOR}]*", re.MULTILINE).pattern
    except re.error:  # flags in the middle
        return pattern


def _joined(lines: Sequence[str]) -> str:
    text = _SEPARATOR.join(lines)
    if text.count(_SEPARATOR) == max(len(lines) - 1, 0):
        return text
    return _SEPARATOR.join(line.replace(_SEPARATOR, " ") for line in lines)  # a name may hold anything but a dot
