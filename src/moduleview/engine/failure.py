"""Puts an exception of the user's code into words, and keeps nothing of it."""

from __future__ import annotations

import traceback

import torch

from moduleview.engine.phase import Phase
from moduleview.errors import ModuleViewError
from moduleview.introspect.user_traceback import user_traceback
from moduleview.telemetry.commands import Command
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.records import FailureReport

# Neither the CPU's allocator, nor Metal's, nor CUDA's own libraries have an exception of their own for it.
_OUT_OF_MEMORY_SIGNS = ("DefaultCPUAllocator", "not enough memory", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED")


def describe_failure(error: BaseException, phase: Phase, batch_description: str) -> FailureReport:
    """The report of an exception that came out of a training step.

    The frames that it passed through are emptied: they hold the tensors of the step, and those would stay until the
    cyclic garbage collector comes by, which while training it does not (out of memory would stay out of memory).
    """
    report = _describe(error, phase, batch_description)
    _empty_frames(error)
    return report


def describe_refusal(error: BaseException, command: Command) -> FailureReport:
    """The report of a command that could not be done; the run goes on as it was."""
    if isinstance(error, ModuleViewError):
        report = FailureReport.of_message(str(error), error.traceback)
    else:
        title = f"{type(command).__name__} raised {type(error).__name__}."
        report = FailureReport(title, "The run goes on as it was.", user_traceback(error), is_users=False)
    _empty_frames(error)
    return report


def is_out_of_memory(error: BaseException) -> bool:
    """The device, or the host, had no room for a tensor."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    if not isinstance(error, RuntimeError):
        return False
    words = _words(error)
    return any(sign in words for sign in _OUT_OF_MEMORY_SIGNS)


def _describe(error: BaseException, phase: Phase, batch_description: str) -> FailureReport:
    if isinstance(error, ModuleViewError):
        return FailureReport.of_message(str(error), error.traceback)
    text = user_traceback(error)
    if is_out_of_memory(error):
        title = f"{phase} ran out of memory."
        return FailureReport(title, f"Make the batches smaller, or the model.{_seen(batch_description)}", text)
    if isinstance(error, SystemExit):
        title = f"{phase} asked Python to exit ({error.code!r})."
        return FailureReport(title, "Remove the call of sys.exit() or exit() from the code that trains.", text)
    if isinstance(error, KeyboardInterrupt):
        return FailureReport(f"{phase} raised KeyboardInterrupt.", "Run goes on with the next batch.", text)
    title = f"{phase} raised {type(error).__name__}{_message(error)}."
    return FailureReport(title, _advice(phase, batch_description), text, is_users=phase is not Phase.OBSERVING)


def _empty_frames(error: BaseException) -> None:
    """Let go of the local variables of all frames that the exception, and those that it came of, passed through."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        link = left.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        traceback.clear_frames(link.__traceback__)
        left += (link.__cause__, link.__context__)
        if isinstance(link, BaseExceptionGroup):
            left += link.exceptions


def _advice(phase: Phase, batch_description: str) -> str:
    match phase:
        case Phase.DATA:
            return "Look at the last line of the traceback; Run takes the batches from their beginning."
        case Phase.OBSERVING:
            return "This is a fault of moduleview; please report it with the traceback. Run goes on."
        case _:
            return f"Look at the last line of the traceback; Run tries again.{_seen(batch_description)}"


def _message(error: BaseException) -> str:
    """The first line of the exception's own words, with what goes before them."""
    lines = _words(error).strip().splitlines()
    return f": {displayable(lines[0]).rstrip('.')}" if lines else ""


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # a __str__ of the user's that raises
        return ""


def _seen(batch_description: str) -> str:
    return f" The batch was {batch_description}." if batch_description else ""
