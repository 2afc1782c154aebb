"""The console: code that a person runs at the safe point, and what it prints."""

from __future__ import annotations

import msgspec


class RunCell(msgspec.Struct, frozen=True, tag=True):
    """Run a cell at the safe point."""

    cell: int
    code: str


class CellPrinted(msgspec.Struct, frozen=True, tag=True):
    """Text that a cell printed."""

    cell: int
    text: str


ConsoleCommand = RunCell
ConsoleRecord = CellPrinted
