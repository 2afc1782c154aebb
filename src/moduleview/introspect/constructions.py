"""Which lines of a person's code construct layers, optimizers and data loaders: noted while their target opens."""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from types import FrameType
from typing import Any

from torch import nn
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from moduleview.introspect.persons_code import is_persons

_DEEPEST = 60  # frames


@dataclass(frozen=True, eq=False)
class Construction:
    """An expression that constructs something.

    Attributes:
        file: Where it stands.
        position: First line, last line, first column and the one behind the last (in UTF-8 bytes), as ``ast`` counts.
        names: What the modules are called there that the line could name: ``net``, ``self.net``.
    """

    file: str
    position: tuple[int | None, int | None, int | None, int | None]
    names: Mapping[str, weakref.ref[nn.Module]] = field(default_factory=dict)

    @property
    def location(self) -> str:
        """``file:line``."""
        return f"{self.file}:{self.position[0] or 1}"


class Constructions:
    """By what was made, which is not kept alive. Of layers only those of torch: others have a class to point at."""

    def __init__(self) -> None:
        self._noted: dict[int, tuple[weakref.ref[Any], Construction]] = {}

    def of(self, made: object) -> Construction | None:
        """Where ``made`` was constructed, None where that was not seen."""
        reference, construction = self._noted.get(id(made), (None, None))
        return construction if reference is not None and reference() is made else None

    def data_loaders(self) -> list[Construction]:
        """Of those that are still there."""
        return [construction for made, construction in self._noted.values() if isinstance(made(), DataLoader)]

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what is constructed meanwhile. Training thread only; nothing is left behind."""
        with ExitStack() as stack:
            for handle in (
                register_module_parameter_registration_hook(self._see_parameter),
                register_module_module_registration_hook(self._see_module),
            ):
                stack.callback(handle.remove)
            for cls in (Optimizer, DataLoader):
                stack.enter_context(_seen_construction(cls, self._note_named))
            yield
        self._noted = {key: noted for key, noted in self._noted.items() if noted[0]() is not None}

    def _see_parameter(self, module: nn.Module, _name: str, _parameter: nn.Parameter | None) -> None:
        self._note(module)

    def _see_module(self, module: nn.Module, _name: str, part: nn.Module | None) -> None:
        self._note(module)
        if part is not None:
            self._note(part)

    def _note(self, module: nn.Module) -> None:
        if type(module).__module__.startswith("torch.") and self.of(module) is None:
            frame = _persons_frame(sys._getframe(2), module)
            if frame is not None:
                self._noted[id(module)] = weakref.ref(module), _construction(frame)

    def _note_named(self, made: object) -> None:
        frame = _persons_frame(sys._getframe(2), made)
        if frame is not None:
            self._noted[id(made)] = weakref.ref(made), _construction(frame, _names_in(frame))


@contextmanager
def _seen_construction(cls: type[Any], see: Callable[[object], None]) -> Iterator[None]:
    """``__init__`` of a class tells; where somebody else has wrapped it meanwhile, it stays, and tells no more."""
    original = cls.__init__
    is_on = True

    @functools.wraps(original)
    def tell(self: Any, *args: Any, **keywords: Any) -> None:
        if is_on:
            see(self)
        original(self, *args, **keywords)

    cls.__init__ = tell
    try:
        yield
    finally:
        is_on = False
        if cls.__init__ is tell:
            cls.__init__ = original


def _persons_frame(frame: FrameType | None, made: object) -> FrameType | None:
    """The innermost frame of a person's; their own class's ``__init__``, which makes ``made``, is gone past."""
    for _ in range(_DEEPEST):
        if frame is None:
            return None
        if is_persons(frame.f_code.co_filename) and not _initialises(frame, made):
            return frame
        frame = frame.f_back
    return None


def _initialises(frame: FrameType, made: object) -> bool:
    code = frame.f_code
    return code.co_name == "__init__" and bool(code.co_varnames) and frame.f_locals.get(code.co_varnames[0]) is made


def _construction(frame: FrameType, names: dict[str, weakref.ref[nn.Module]] | None = None) -> Construction:
    code = frame.f_code
    position = next(islice(code.co_positions(), frame.f_lasti // 2, None), (frame.f_lineno, None, None, None))
    return Construction(code.co_filename, position, names or {})


def _names_in(frame: FrameType) -> dict[str, weakref.ref[nn.Module]]:
    """Modules in the variables there, and in the attributes of ``self``, the nearest first. No code of theirs runs."""
    own = getattr(frame.f_locals.get("self"), "__dict__", {})
    parts = {f"self.{name}": value for name, value in {**own, **own.get("_modules", {})}.items()}
    found = {**frame.f_locals, **parts, **frame.f_globals}
    return {name: weakref.ref(value) for name, value in found.items() if issubclass(type(value), nn.Module)}
