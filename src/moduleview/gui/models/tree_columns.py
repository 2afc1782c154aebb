"""The columns of the module tree."""

from __future__ import annotations

from enum import IntEnum

from moduleview.telemetry.hooks import HookKind


class Column(IntEnum):
    """From left to right."""

    NAME = 0
    TYPE = 1
    PARAMETERS = 2
    FORWARD_PRE = 3
    FORWARD = 4
    BACKWARD_PRE = 5
    BACKWARD = 6
    GRADIENT = 7
    STATE = 8


HOOK_COLUMNS: dict[Column, HookKind] = {
    Column.FORWARD_PRE: HookKind.FORWARD_PRE,
    Column.FORWARD: HookKind.FORWARD,
    Column.BACKWARD_PRE: HookKind.BACKWARD_PRE,
    Column.BACKWARD: HookKind.BACKWARD,
}
HIDDEN_AT_FIRST = (Column.FORWARD_PRE, Column.BACKWARD_PRE)
