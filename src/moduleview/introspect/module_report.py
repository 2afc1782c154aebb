"""What a person can read about one module: its repr, its docstring, its signatures and its source, all of it text.

The user's own code may run here (``extra_repr``), so each part is taken on its own and one that raises becomes a
sentence in its place.
"""

from __future__ import annotations

import inspect
import reprlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from moduleview.errors import ModuleViewError
from moduleview.introspect.lookup import module_at
from moduleview.introspect.module_attributes import attributes_of
from moduleview.introspect.time_limit import TookTooLong, time_limit
from moduleview.telemetry.records import ModuleReport

MAXIMUM_SUMMARY = 20_000  # characters
LONGEST_S = 0.5
"""For what one module is asked: its ``repr`` is a person's code, and the run waits for it."""
_MAXIMUM_SOURCE = _MAXIMUM_DOCSTRING = 200_000
_LONGEST_OF_CLASS_S = 5.0  # read beside the run
_MODULES_FOR_REPR = 1_000  # torch's repr recurses and builds everything before it could be cut


def describe_module(model: nn.Module, fqn: str, *, with_source: bool = True) -> ModuleReport:
    """The report of the module registered as ``fqn`` ("" is ``model``); its ``found_hooks`` stay empty here.

    Training thread only. Without what is written about its class (``with_source``) it never takes long.

    Raises:
        ModuleViewError: The model has no such module (any more).
    """
    module = module_at(model, fqn)
    if module is None:
        raise ModuleViewError(f"The model has no module called {fqn!r}; it was renamed or removed.")
    texts = class_texts(written_class(type(module))) if with_source else ClassTexts()
    asked = AskedTexts(LONGEST_S)
    return ModuleReport(
        fqn=fqn,
        type_name=type(module).__name__,
        summary=asked.text(lambda: _summary(module), "repr"),
        extra_repr=asked.text(lambda: cut(module.extra_repr(), MAXIMUM_SUMMARY), "extra_repr"),
        docstring=texts.docstring,
        signatures=texts.signatures,
        source=texts.source,
        location=texts.location,
    )


@dataclass(frozen=True)
class ClassTexts:
    """See ``ModuleReport``."""

    docstring: str = ""
    signatures: str = ""
    source: str = ""
    location: str = ""


def class_texts(cls: type) -> ClassTexts:
    """What a person can read about a class. Looks at no module, so that any thread may call it."""
    source, location = _source_and_location(cls)
    asked = AskedTexts(_LONGEST_OF_CLASS_S)
    return ClassTexts(
        docstring=asked.text(
            lambda: cut(inspect.cleandoc(cls.__dict__.get("__doc__") or ""), _MAXIMUM_DOCSTRING), "docstring"
        ),
        signatures=asked.text(lambda: cut(_signatures(cls), MAXIMUM_SUMMARY), "signatures"),
        source=source,
        location=location,
    )


def written_class(cls: type) -> type:
    """The class that a person wrote: a parametrised layer has one that torch made up at run time."""
    for base in cls.__mro__:
        if base.__module__ != "torch.nn.utils.parametrize" or "forward" in base.__dict__:
            return base
    return cls


def class_location(cls: type) -> str:
    """``file:line`` of a class, "" where Python does not know it."""
    return _source_and_location(cls)[1]


def part(read: Callable[[], str], what: str) -> str:
    """What ``read`` gives; where it raises a sentence about ``what``."""
    try:
        return read()
    except Exception as error:
        return f"The {what} cannot be shown: it raised {type(error).__name__}: {reprlib.repr(str(error))}"


class AskedTexts:
    """Texts that a person's code gives: what raises or has no end becomes a sentence in their place.

    Args:
        longest_s: For all of them together, in seconds.
    """

    def __init__(self, longest_s: float) -> None:
        self._longest_s = self._left_s = longest_s

    def text(self, read: Callable[[], str], what: str) -> str:
        """What ``read`` gives, or a sentence about ``what``."""
        if self._left_s <= 0:
            return f"The {what} was not asked for: what was asked before it took too long."
        began_s = time.perf_counter()
        try:
            with time_limit(self._left_s):
                return part(read, what)
        except TookTooLong:
            return f"The {what} cannot be shown: it took longer than {self._longest_s:g} s."
        finally:
            self._left_s -= time.perf_counter() - began_s


def _summary(module: nn.Module) -> str:
    is_torchs = type(module).__repr__ is nn.Module.__repr__
    if is_torchs and _has_more_modules_than(module, _MODULES_FOR_REPR):
        return cut(_outline(module), MAXIMUM_SUMMARY)
    try:
        return cut(repr(module), MAXIMUM_SUMMARY)
    except RecursionError:  # very deep, or it contains itself
        return cut(_outline(module), MAXIMUM_SUMMARY)


def _has_more_modules_than(module: nn.Module, limit: int) -> bool:
    waiting, n_seen = [module], 0
    while waiting and n_seen <= limit:
        children = attributes_of(waiting.pop()).get("_modules") or {}
        n_seen += 1
        waiting.extend(child for child in children.values() if isinstance(child, nn.Module))
    return n_seen > limit


def _outline(module: nn.Module) -> str:
    """The beginning of what ``repr`` would give, without recursing: one module a line."""
    lines: list[str] = []
    n_characters = 0
    waiting: list[tuple[str, str, nn.Module | None]] = [("", "", module)]
    while waiting and n_characters <= MAXIMUM_SUMMARY:
        indent, label, node = waiting.pop()
        if node is None:
            lines.append(f"{indent})")
            continue
        children = [
            (name, child)
            for name, child in (attributes_of(node).get("_modules") or {}).items()
            if isinstance(child, nn.Module)
        ]
        extra = part(node.extra_repr, "extra_repr").replace("\n", ", ")
        head = f"{indent}{label}{type(node).__name__}({extra}"
        lines.append(head if children else f"{head})")
        n_characters += len(lines[-1]) + 1
        if children:
            waiting.append((indent, "", None))
            waiting.extend((f"{indent}  ", f"({name}): ", child) for name, child in reversed(children))
    return "\n".join(lines)


def cut(text: str, limit: int) -> str:
    """``text``, or its beginning where it is longer than ``limit`` characters."""
    return text if len(text) <= limit else f"{text[:limit]}\n... cut at {limit:,} characters"


def _signatures(cls: type) -> str:
    lines = []
    for name in ("__init__", "forward"):
        if name == "forward" and getattr(cls, name, None) is nn.Module.forward:
            continue  # a container: it is never called
        try:
            lines.append(f"{name}{inspect.signature(getattr(cls, name))}")
        except (TypeError, ValueError, AttributeError):
            lines.append(f"{name}(...)")
    return "\n".join(lines)


def _source_and_location(cls: type) -> tuple[str, str]:
    """Source and ``file:line``, "" where Python does not know it; Python parses the whole file for both."""
    try:
        lines, first = inspect.getsourcelines(cls)
        file = inspect.getsourcefile(cls)
    except (OSError, TypeError):
        return f"# The source of {cls.__name__} is not available: Python knows no file for it.", ""
    except Exception as error:  # a file that changed and is no Python any more
        return f"The source cannot be shown: it raised {type(error).__name__}: {reprlib.repr(str(error))}", ""
    return cut("".join(lines), _MAXIMUM_SOURCE), f"{file}:{first}" if file else ""
