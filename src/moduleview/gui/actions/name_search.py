"""Finds modules, parameters and buffers by what a person types of their names; fast for a million of them.

All names stand in one text; ``str.find`` goes through it, and only what it finds is looked at one by one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

import numpy as np

from moduleview.telemetry.snapshot import ModelSnapshot

_SEPARATOR = "\n"
_N_LOOKED_AT = 4_000  # hits of one kind that are sorted; more of them means that too little was typed
_N_SIBLINGS = 2_000  # names that a wrong one is compared with
_CALL = re.compile(r"^(?:\w+\.)?get_(?:submodule|parameter|buffer)\(\s*(['\"])(.*)\1\s*\)$")
_INDEX = re.compile(r"\[\s*(?:(\d+)|(['\"])(.*?)\2)\s*\]")


def path_typed(text: str) -> str:
    """``blocks.4.attn`` of ``blocks[4].attn``, ``model.blocks["4"]`` or ``model.get_submodule("blocks.4")``."""
    text = text.strip()
    call = _CALL.match(text)
    if call:
        return call[2]
    with_dots = _INDEX.sub(lambda match: f".{match[1] or match[3]}", text).strip(".")
    return with_dots.removeprefix("model.") if "[" in text else with_dots


class NameSearch:
    """The names of one snapshot. A row is a module, or from ``n_modules`` on a row of ``tensors``."""

    def __init__(self, snapshot: ModelSnapshot) -> None:
        self.snapshot = snapshot
        self.n_modules = len(snapshot)
        self._names: Sequence[str] = (*snapshot.fqns, *snapshot.tensor_fqns)
        joined = _SEPARATOR.join(name.replace(_SEPARATOR, " ") for name in self._names)
        lower = joined.lower()
        self._text = f"{_SEPARATOR}{lower if len(lower) == len(joined) else joined}{_SEPARATOR}"
        breaks = np.frombuffer(self._text.encode("utf-32-le"), dtype=np.uint32) == ord(_SEPARATOR)
        self._begins = np.flatnonzero(breaks)

    def __len__(self) -> int:
        return len(self._names)

    def name(self, row: int) -> str:
        """FQN of a module, parameter or buffer."""
        return self._names[row]

    def rows(self, typed: str, limit: int) -> list[int]:
        """Those whose name has the path in it: the name itself, then names that begin so, then parts of names."""
        path = path_typed(typed).lower()
        if not path:
            return list(range(min(limit, len(self))))
        found: dict[int, None] = {}
        for pattern in (f"{_SEPARATOR}{path}{_SEPARATOR}", f"{_SEPARATOR}{path}", f".{path}", path):
            found.update(dict.fromkeys(sorted(self._holding(pattern), key=self._depth_and_length)))
            if len(found) >= limit:
                break
        return list(found)[:limit]

    def nearest(self, typed: str, limit: int = 3) -> list[int]:
        """Rows of names that somebody may have meant who typed a path that does not exist."""
        path = path_typed(typed)
        snapshot, node = self.snapshot, 0
        rest = path
        while "." in rest:
            head, _, tail = rest.partition(".")
            above = snapshot.fqns[node]
            child = snapshot.node_of(f"{above}.{head}" if above else head)
            if child is None:
                break
            node, rest = child, tail
        candidates = self._below(node)
        close = difflib.get_close_matches(rest.partition(".")[0], list(candidates), n=limit, cutoff=0.5)
        return [candidates[name] for name in close]

    def _below(self, node: int) -> dict[str, int]:
        snapshot = self.snapshot
        names = {snapshot.names[child]: child for child in snapshot.children(node)[:_N_SIBLINGS]}
        for row in snapshot.own_tensors(node)[:_N_SIBLINGS]:
            names.setdefault(snapshot.tensors.names[row], self.n_modules + row)
        return names

    def _holding(self, pattern: str) -> list[int]:
        places = np.fromiter(self._places(pattern), dtype=np.int64)
        rows = np.searchsorted(self._begins, places, side="right") - 1
        return list(dict.fromkeys(rows[rows < len(self)].tolist()))

    def _places(self, pattern: str) -> Iterator[int]:
        """At most 4 000 places in the text, a name each."""
        at = self._text.find(pattern)
        for _ in range(_N_LOOKED_AT):
            if at < 0:
                return
            yield at
            at = self._text.find(pattern, self._text.find(_SEPARATOR, at + 1))

    def _depth_and_length(self, row: int) -> tuple[int, int, int]:
        name = self._names[row]
        return name.count("."), len(name), row
