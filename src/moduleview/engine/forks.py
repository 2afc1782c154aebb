"""The way out of a child that the user's code forked: it must not go on training beside us, without a window."""

from __future__ import annotations

import os
import sys


def leave_if_forked(pid: int, error: BaseException | None = None) -> None:
    """End this process where it is not the one called ``pid``.

    A child that ``os.fork`` made in a step has only the thread that trains. ``sys.exit()`` in it would come to us as
    the step's failure, and the child would wait for ever for a command.

    Args:
        pid: The process in which training began.
        error: What the step raised; gives the exit status.
    """
    if os.getpid() == pid:
        return
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(_status(error))


def _status(error: BaseException | None) -> int:
    if error is None:
        return 0
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    return 1
