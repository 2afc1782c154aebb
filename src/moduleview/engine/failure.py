"""Puts an exception of the user's code into words, and keeps nothing of it."""

from __future__ import annotations

import re
import traceback

import torch

from moduleview.engine.phase import Phase
from moduleview.errors import ModuleViewError
from moduleview.introspect.error_words import error_words
from moduleview.introspect.user_traceback import user_traceback
from moduleview.telemetry.commands import Command
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.records import FailureReport

# Neither the CPU's allocator, nor Metal's, nor CUDA's own libraries have an exception of their own for it.
_OUT_OF_MEMORY_SIGNS = ("DefaultCPUAllocator", "not enough memory", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED")
# torch has no exception of its own for inputs that do not fit, and says it in fifty ways.
_SHAPE_ERRORS = (RuntimeError, ValueError, IndexError, AssertionError)
_SHAPE_WORDS = re.compile(r"\b(shapes?|sizes?|input_size|dim|dimensions?|channels|elements|[1-5]D)\b", re.IGNORECASE)
_IN_WORKER = re.compile(r"Caught (\w+) (in DataLoader worker process \d+)\.")


def describe_failure(
    error: BaseException, phase: Phase, batch_description: str, *, is_on_random_data: bool = False
) -> FailureReport:
    """The report of an exception that came out of a training step.

    Args:
        error: What was raised.
        phase: Where.
        batch_description: Shapes and types of the batch, "" where there was none.
        is_on_random_data: The batches are those that a person asked for with ``SetTrainingData``.

    The frames that it passed through are emptied: they hold the tensors of the step, and those would stay until the
    cyclic garbage collector comes by, which while training it does not (out of memory would stay out of memory).
    """
    report = _describe(error, phase, batch_description, is_on_random_data)
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
    words = error_words(error)
    return any(sign in words for sign in _OUT_OF_MEMORY_SIGNS)


def _describe(error: BaseException, phase: Phase, batch_description: str, is_on_random_data: bool) -> FailureReport:
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
    advice = _advice(error, phase, is_on_random_data) + _seen(batch_description)
    return FailureReport(f"{phase} raised {_raised(error)}.", advice, text, is_users=phase is not Phase.OBSERVING)


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


def _advice(error: BaseException, phase: Phase, is_on_random_data: bool) -> str:
    match phase:
        case Phase.DATA:
            return "Look at the last line of the traceback; Run takes the batches from their beginning."
        case Phase.OBSERVING:
            return "This is a fault of moduleview; please report it with the traceback. Run goes on."
        case Phase.FORWARD if is_on_random_data and _is_about_shapes(error):
            return "Change the input shapes in Model > Training data..., then run again."
        case Phase.FORWARD | Phase.LOSS if is_on_random_data:
            words = "where the random inputs or the loss do not fit, change them in Model > Training data..."
            return f"Look at the last line of the traceback; {words}"
        case Phase.FORWARD | Phase.LOSS | Phase.STEP if _is_about_shapes(error):
            return "Compare the shapes of the batch with those that the model takes; Run tries again."
        case _:
            return "Look at the last line of the traceback; Run tries again."


def _is_about_shapes(error: BaseException) -> bool:
    return isinstance(error, _SHAPE_ERRORS) and _SHAPE_WORDS.search(error_words(error)) is not None


def _raised(error: BaseException) -> str:
    """The exception's type and the first line of its own words; of a DataLoader's worker, what was raised there."""
    words, name, place = error_words(error).strip(), type(error).__name__, ""
    worker = _IN_WORKER.match(words)
    if worker is not None:  # the rest is the traceback of the worker, whose end says what it was
        name, place = worker[1], f" {worker[2]}"
        ends = re.findall(rf"^(?:\w+\.)*{name}\b:?(.*)", words, re.MULTILINE)
        words = ends[-1].strip() if ends else ""
    lines = words.splitlines()
    return f"{name}{place}: {displayable(lines[0]).rstrip('.')}" if lines else f"{name}{place}"


def _seen(batch_description: str) -> str:
    return f" The batch was {batch_description}." if batch_description else ""
