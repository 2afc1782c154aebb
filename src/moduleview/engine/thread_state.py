"""What a cell may leave behind in its thread that would change the steps after it; noted before, put back after.

Put back, and said: grad mode and inference mode, autocast (its cache too, which would give later steps old weights),
default dtype and default device, modes that were entered and not left, the current CUDA device, the working folder,
the recursion limit, the switch interval, the trace and profile functions. Left as the cell made them, since they are
asked for on purpose: the number of compute threads (said), the random generators, deterministic algorithms, anomaly
detection, environment variables, warning filters.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.utils._device as device_modes
from torch.overrides import _get_current_function_mode_stack, _pop_mode, _push_mode
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack


class ThreadState(contextlib.AbstractContextManager["ThreadState"]):
    """The state of this thread, put back at the end of a ``with`` block.

    Attributes:
        put_back: Afterwards, what was another one, in a few words each.
        changed: Afterwards, sentences on what stays as it was made and matters to training.
    """

    def __init__(self) -> None:
        self.put_back: list[str] = []
        self.changed: list[str] = []
        self._grad = torch.is_grad_enabled()
        self._cuda_device = torch.cuda.current_device() if torch.cuda.is_initialized() else None  # type: ignore[no-untyped-call]
        self._functions = sys.gettrace(), sys.getprofile()
        self._autocast = _autocast_state()
        self._n_threads = torch.get_num_threads()
        self._modes = _Modes()
        self._settings: tuple[tuple[str, Any, Callable[[], Any], Callable[[Any], object]], ...] = (
            ("the default dtype", torch.get_default_dtype(), torch.get_default_dtype, torch.set_default_dtype),
            ("the recursion limit", sys.getrecursionlimit(), sys.getrecursionlimit, sys.setrecursionlimit),
            ("the switch interval", sys.getswitchinterval(), sys.getswitchinterval, sys.setswitchinterval),
            ("the working folder", _folder(), _folder, os.chdir),
        )

    def __enter__(self) -> ThreadState:
        # A guard that nothing can leave half open: inference mode has no other way back.
        self._guard = torch.inference_mode(mode=False)
        self._guard.__enter__()
        torch.set_grad_enabled(self._grad)
        return self

    def __exit__(self, *_error: object) -> None:
        self.put_back += self._modes.put_back()
        self._note("inference mode", torch.is_inference_mode_enabled())
        self._note("grad mode", torch.is_grad_enabled() is not self._grad and not torch.is_inference_mode_enabled())
        self._note("autocast", _put_back_autocast(self._autocast))
        self._guard.__exit__(None, None, None)
        torch.set_grad_enabled(self._grad)
        for name, before, get, put in self._settings:
            if get() != before:
                self._note(name, True)
                with contextlib.suppress(OSError):  # a folder that was removed meanwhile
                    put(before)
        self._note("the current CUDA device", self._put_back_cuda())
        if (sys.gettrace(), sys.getprofile()) != self._functions:
            self._note("a trace or profile function", True)
            sys.settrace(self._functions[0])
            sys.setprofile(self._functions[1])
        n_threads = torch.get_num_threads()
        if n_threads != self._n_threads:
            threads = f"{n_threads} thread{'s' * (n_threads != 1)}"
            self.changed.append(f"torch computes with {threads} from now on; it was {self._n_threads}.")

    def _note(self, what: str, has_changed: bool) -> None:
        if has_changed:
            self.put_back.append(what)

    def _put_back_cuda(self) -> bool:
        if self._cuda_device is None or torch.cuda.current_device() == self._cuda_device:
            return False
        torch.cuda.set_device(self._cuda_device)
        return True


class _Modes:
    """The modes that torch's functions go through in this thread; the default device is one of them.

    torch has no other way back: a device that was entered and not left cannot be told from one that was set.
    """

    def __init__(self) -> None:
        self._functions = _function_modes()
        self._dispatches = _get_current_dispatch_mode_stack()
        self._context = _device_context()
        self._current = device_modes.CURRENT_DEVICE

    def put_back(self) -> list[str]:
        """In a few words, what was another one."""
        context, now = _device_context(), _function_modes()
        for _ in now:  # before anything else of torch is called: all of it goes through them
            _pop_mode()  # type: ignore[no-untyped-call]
        for mode in self._functions:
            _push_mode(mode)  # type: ignore[no-untyped-call]
        torch._GLOBAL_DEVICE_CONTEXT.device_context = self._context
        device_modes.CURRENT_DEVICE = self._current
        functions = [mode for mode in now if not _is_in(mode, self._functions)]
        devices = [mode for mode in functions if isinstance(mode, device_modes.DeviceContext)]
        dispatches = [mode for mode in _get_current_dispatch_mode_stack() if not _is_in(mode, self._dispatches)]
        for mode in reversed(dispatches):
            with contextlib.suppress(Exception):  # a person's own mode may raise
                mode.__exit__(None, None, None)  # type: ignore[no-untyped-call]
        found = ["the default device"] if devices or context is not self._context else []
        return [*found, *(["modes that were entered and not left"] * (len(functions) + len(dispatches) > len(devices)))]


def _function_modes() -> list[Any]:
    return list(_get_current_function_mode_stack())  # type: ignore[no-untyped-call]


def _is_in(mode: object, modes: Sequence[object]) -> bool:
    return any(mode is one for one in modes)


def _device_context() -> object:
    return getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _autocast_state() -> tuple[int, bool, dict[str, tuple[bool, torch.dtype]]]:
    """How deep it is nested, whether it caches, and what it is on each kind of device."""
    kinds = ("cpu", "cuda", "mps") if torch.backends.mps.is_available() else ("cpu", "cuda")
    depth = torch.autocast_increment_nesting()
    torch.autocast_decrement_nesting()
    states = {kind: (torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)) for kind in kinds}
    return int(depth) - 1, torch.is_autocast_cache_enabled(), states


def _put_back_autocast(before: tuple[int, bool, dict[str, tuple[bool, torch.dtype]]]) -> bool:
    now = _autocast_state()
    if now == before:
        return False
    depth, is_cached, states = before
    for kind, (is_on, dtype) in states.items():
        torch.set_autocast_enabled(kind, is_on)
        torch.set_autocast_dtype(kind, dtype)
    torch.set_autocast_cache_enabled(is_cached)
    for _ in range(now[0] - depth):
        torch.autocast_decrement_nesting()
    torch.clear_autocast_cache()
    return True
