"""The traceback of an exception in the user's code, cut to their frames; as text, so that nothing is kept alive."""

from __future__ import annotations

from traceback import StackSummary, TracebackException

from moduleview.introspect.persons_code import is_moduleviews, is_torchs_file

_MAXIMUM_LENGTH = 20_000


def user_traceback(error: BaseException) -> str:
    """What Python would print of ``error``, its causes included, without the frames that are not the user's.

    Frames of moduleview and of Python's import machinery are left out always. Those of torch, through which a call
    passes on its way from one of the user's modules to the next, are left out where the user's own frames remain.
    Longer texts than 20 000 characters lose their middle.
    """
    picture = TracebackException.from_exception(error)
    _cut(picture, set())
    text = "".join(picture.format()).rstrip("\n")
    if len(text) > _MAXIMUM_LENGTH:
        half = _MAXIMUM_LENGTH // 2
        text = f"{text[:half]}\n[...]\n{text[-half:]}"
    return text


def _cut(picture: TracebackException | None, seen: set[int]) -> None:
    if picture is None or id(picture) in seen:
        return
    seen.add(id(picture))
    foreign = [frame for frame in picture.stack if not is_moduleviews(frame.filename)]
    own = [frame for frame in foreign if not is_torchs_file(frame.filename)]
    picture.stack = StackSummary.from_list(own or foreign)
    _cut(picture.__cause__, seen)
    _cut(picture.__context__, seen)
    for part in getattr(picture, "exceptions", None) or ():
        _cut(part, seen)
