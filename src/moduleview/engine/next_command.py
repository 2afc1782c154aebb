"""Waits for what the viewing side asks for: no longer than the run allows."""

from __future__ import annotations

import queue
from contextlib import suppress

from moduleview.engine.serving import Services
from moduleview.telemetry.commands import Command


def next_command(
    commands: queue.SimpleQueue[Command], wait_s: float | None, services: Services | None
) -> Command | None:
    """A command, or None when the next step is due or a piece of a service's work was done instead.

    Args:
        commands: What was asked for, the oldest first.
        wait_s: Seconds until the next step, 0.0 when it is due; None while the run stands still.
        services: May have work that was cut in pieces, to be done while the run stands still.
    """
    if wait_s is not None:
        with suppress(queue.Empty):
            return commands.get(timeout=wait_s) if wait_s > 0.0 else commands.get_nowait()
        return None
    if services is None or not services.have_more_to_do:
        return commands.get()
    with suppress(queue.Empty):
        return commands.get_nowait()
    services.go_on()
    return None
