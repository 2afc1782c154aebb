"""What ``state_dict`` saves of a module and all below it, what it leaves out and why; read from torch's tables.

Nothing is copied and no code of the user's runs, unless the keys are compared with ``state_dict()`` itself. A tree may
have 100 000 modules: the walk is a generator, so that whoever drives it can stop between two steps and go on later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from moduleview.introspect.bounded_repr import tensor_bytes, tensor_words
from moduleview.introspect.error_words import raised_words
from moduleview.introspect.module_attributes import attributes_of
from moduleview.introspect.module_dict import TABLES, callable_words, registered_in, tensors_in, unregistered_kind
from moduleview.introspect.recomputed import names_written_before_calls
from moduleview.introspect.time_limit import TookTooLong, time_limit
from moduleview.telemetry.internals_messages import (
    AttributeKind,
    Comparison,
    LeftOut,
    LeftOutReason,
    SavedEntry,
    SavedKind,
    SavedState,
)

MAXIMUM_LISTED = 2_000
LONGEST_S = 5.0
"""For ``state_dict()``, which a person's hooks may keep from ending."""
_LONGEST_ERROR = 80
_CHEAP_MODULES = 500  # so many are compared with state_dict() without being asked
_MOST_MODULES = 20_000  # and so many where a person asks
_EXTRA_STATE = "_extra_state"
_TORCHS_OWN = ("torch.nn.modules.", "torch.ao.")  # what lazy and quantised modules do of their own is known
_REASONS = {
    AttributeKind.TENSOR: LeftOutReason.PLAIN_TENSOR,
    AttributeKind.MODULES: LeftOutReason.UNREGISTERED_MODULE,
    AttributeKind.TENSORS: LeftOutReason.TENSORS_IN_CONTAINER,
}


@dataclass
class SavedStateWalk:
    """Walks over a module and all below it. Training thread only; holds tensors until it is let go.

    Attributes:
        module: Where it begins.
        calls_state_dict: Compare the keys even where code of the user's own runs in ``state_dict()``.
    """

    module: nn.Module
    calls_state_dict: bool = False
    _entries: list[SavedEntry] = field(default_factory=list)
    _left_out: list[LeftOut] = field(default_factory=list)
    _hooks: list[str] = field(default_factory=list)
    _keys: set[str] = field(default_factory=set)
    _first_key: dict[int, str] = field(default_factory=dict)
    _n_entries: int = 0
    _n_left_out: int = 0
    _n_bytes: int = 0
    _n_file_bytes: int = 0
    _n_modules: int = 0
    _runs_users_code: bool = False

    def pieces(self) -> Iterator[None]:
        """Look at one module after the other; ``result`` is whole when it is exhausted."""
        stack: list[tuple[str, nn.Module, tuple[int, ...]]] = [("", self.module, ())]
        while stack:
            prefix, module, above = stack.pop()
            self._n_modules += 1
            own = attributes_of(module)
            with torch._C.DisableTorchFunction():
                self._take_tables(prefix, own)
                self._take_code(prefix, module, own)
                self._take_plain(prefix, own)
            inside = (*above, id(module))
            children = [
                (f"{prefix}{name}.", child, inside)
                for name, child in (own.get("_modules") or {}).items()
                if isinstance(child, nn.Module) and id(child) not in inside
            ]
            stack.extend(reversed(children))
            yield

    def result(self) -> SavedState:
        """What was found; compared with ``state_dict()`` where that is cheap."""
        comparison, state, error = self._compared()
        added: tuple[str, ...] = ()
        if state is not None:
            added = tuple(key for key in state if key not in self._keys)
            gone = self._keys.difference(state)
            self._take_out(gone)
            self._put_in({key: state[key] for key in added})
            comparison = Comparison.DIFFERENT if added or gone else Comparison.SAME
        return SavedState(
            tuple(self._entries),
            self._n_entries,
            self._n_bytes,
            self._n_file_bytes,
            tuple(self._left_out),
            self._n_left_out,
            added[:MAXIMUM_LISTED],
            tuple(self._hooks[:MAXIMUM_LISTED]),
            comparison,
            error,
        )

    # -- one module --------------------------------------------------------------------------------------------------

    def _take_tables(self, prefix: str, own: dict[str, dict[str, Tensor | None]]) -> None:
        for name, tensor in (own.get("_parameters") or {}).items():
            self._take_tensor(f"{prefix}{name}", SavedKind.PARAMETER, tensor)
        left_out = own.get("_non_persistent_buffers_set") or ()
        for name, tensor in (own.get("_buffers") or {}).items():
            if name in left_out and isinstance(tensor, Tensor):
                self._leave_out(f"{prefix}{name}", LeftOutReason.NON_PERSISTENT, [tensor])
            else:
                self._take_tensor(f"{prefix}{name}", SavedKind.BUFFER, tensor)
        for name, module in (own.get("_modules") or {}).items():
            if module is None:
                self._leave_out(f"{prefix}{name}", LeftOutReason.NONE, [])

    def _take_tensor(self, key: str, kind: SavedKind, tensor: Tensor | None) -> None:
        if tensor is None:
            self._leave_out(key, LeftOutReason.NONE, [])
            return
        first, n_bytes = self._counted(key, tensor)
        if self._is_listed(key):
            self._entries.append(SavedEntry(key, kind, tensor_words(tensor), n_bytes, first))

    def _is_listed(self, key: str) -> bool:
        """Count a key; whether it is among the first, which are told one by one."""
        self._n_entries += 1
        self._keys.add(key)
        return len(self._entries) < MAXIMUM_LISTED

    def _counted(self, key: str, tensor: Tensor) -> tuple[str, int]:
        """The key whose memory a tensor shares, and its bytes where it is the first in that memory."""
        n_bytes = tensor_bytes(tensor)
        try:
            storage = tensor.untyped_storage()
            place, n_stored = storage.data_ptr() or id(tensor), storage.nbytes()
        except Exception:  # lazy, sparse, nested, a subclass that wraps others
            place, n_stored = id(tensor), n_bytes
        first = self._first_key.setdefault(place, key)
        if first != key:
            return first, n_bytes
        self._n_bytes += n_bytes
        self._n_file_bytes += n_stored
        return "", n_bytes

    def _take_code(self, prefix: str, module: nn.Module, own: dict[str, dict[str, object]]) -> None:
        """Hooks and methods that have a say in the keys."""
        where = prefix.removesuffix(".") or "the module itself"
        cls = type(module)
        if getattr(cls, "get_extra_state", None) is not nn.Module.get_extra_state:
            self._runs_users_code = True
            key = f"{prefix}{_EXTRA_STATE}"
            if self._is_listed(key):
                self._entries.append(SavedEntry(key, SavedKind.EXTRA_STATE, cls.__qualname__))
        for table in ("_state_dict_pre_hooks", "_state_dict_hooks"):
            for hook in (own.get(table) or {}).values():
                self._runs_users_code = True
                if not callable_words(hook).startswith("moduleview."):
                    self._hooks.append(f"{table} of {where}: {callable_words(hook)}")
        for name in ("_save_to_state_dict", "state_dict"):
            method = getattr(cls, name, None)
            if not str(getattr(method, "__module__", "")).startswith(_TORCHS_OWN):
                self._runs_users_code = True
                self._hooks.append(f"{cls.__qualname__}.{name} of {where}")

    def _take_plain(self, prefix: str, own: dict[str, Any]) -> None:
        registered: frozenset[int] | None = None
        computed = names_written_before_calls(own) if own.get("_forward_pre_hooks") else frozenset()
        for name in [name for name in own if name not in TABLES]:
            value = own[name]
            if isinstance(value, int | float | str | None):
                continue
            if registered is None:
                registered = registered_in(own)
            reason = _REASONS.get(unregistered_kind(value, registered))
            reason = LeftOutReason.COMPUTED if reason is not None and name in computed else reason
            if reason is not None:
                self._leave_out(f"{prefix}{name}", reason, tensors_in(value), type(value).__name__)

    def _leave_out(self, name: str, reason: LeftOutReason, tensors: list[Tensor], type_name: str = "") -> None:
        self._n_left_out += 1
        if len(self._left_out) < MAXIMUM_LISTED:
            what = tensor_words(tensors[0]) if len(tensors) == 1 else type_name
            self._left_out.append(LeftOut(name, reason, what, sum(map(tensor_bytes, tensors))))

    # -- the real one ------------------------------------------------------------------------------------------------

    def _take_out(self, gone: set[str]) -> None:
        """Move what ``state_dict()`` does not have from what is saved to what is left out."""
        for entry in [entry for entry in self._entries if entry.key in gone]:
            self._entries.remove(entry)
            self._left_out.append(LeftOut(entry.key, LeftOutReason.REMOVED_BY_HOOK, entry.what, entry.n_bytes))
            if not entry.shares_with:
                self._n_bytes -= entry.n_bytes
                self._n_file_bytes -= entry.n_bytes
        self._n_entries -= len(gone)
        self._n_left_out += len(gone)

    def _put_in(self, added: Mapping[str, object]) -> None:
        """Tell what stands in ``state_dict()`` and in no table, as scale and zero point of a quantised layer."""
        for key, value in added.items():
            if isinstance(value, Tensor):
                first, n_bytes = self._counted(key, value)
                entry = SavedEntry(key, SavedKind.ADDED, tensor_words(value), n_bytes, first)
            else:
                entry = SavedEntry(key, SavedKind.ADDED, type(value).__name__)
            if self._is_listed(key):
                self._entries.append(entry)

    def _compared(self) -> tuple[Comparison, dict[str, object] | None, str]:
        if isinstance(self.module, torch.jit.ScriptModule) or self._n_modules > self._most_modules:
            return Comparison.TOO_LARGE, None, ""
        if self._runs_users_code and not self.calls_state_dict:
            return Comparison.USERS_CODE, None, ""
        try:
            with time_limit(LONGEST_S):
                return (
                    Comparison.SAME,
                    {str(key): value for key, value in self.module.state_dict(keep_vars=True).items()},
                    "",
                )
        except TookTooLong:
            return Comparison.RAISED, None, f"nothing, but took longer than {LONGEST_S:g} s and was ended"
        except Exception as error:
            return Comparison.RAISED, None, raised_words(error, _LONGEST_ERROR)

    @property
    def _most_modules(self) -> int:
        return _MOST_MODULES if self.calls_state_dict else _CHEAP_MODULES
