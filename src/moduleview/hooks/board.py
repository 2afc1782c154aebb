"""Everyone's hooks on a module: who put what there, where that is written, and, while somebody looks, what it costs."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from torch import nn

from moduleview.hooks.counted_hook import count_of, original_of, why_not_counted
from moduleview.hooks.forecast import Trial
from moduleview.hooks.hook_callable import called_by, location_of, name_of
from moduleview.hooks.hook_counter import HookCounter
from moduleview.hooks.hook_set import HookSet
from moduleview.hooks.kinds import LEGACY_BACKWARD, HookSlot, slots_everywhere, slots_of
from moduleview.hooks.raising_hook import raising_hooks
from moduleview.hooks.silent_hook import SilentHook, is_ours
from moduleview.hooks.ticked import Ticked
from moduleview.hooks.user_hook import UserHook
from moduleview.introspect.lookup import module_at
from moduleview.introspect.module_attributes import attributes_of
from moduleview.introspect.user_traceback import user_traceback
from moduleview.telemetry.hooks import FoundHook, HooksFound

_PERIOD_S = 0.5
_LONGEST_MESSAGE = 300
_COMPILED = "Not counted: in a compiled region torch has taken the hook into its own code, or left it out."
_REPLACED = "forward replaced"
_NO_HOOK = "No hook: it was put in the place of this module's forward, and runs instead of it (as accelerate does)."
_WRITTEN = "You wrote it in the hook editor; it is taken off there."
_LEGACY = (
    "Deprecated: torch calls it with the gradients of the last operation in forward only, not with those of the module."
)


def list_hooks(module: nn.Module) -> tuple[FoundHook, ...]:
    """Hooks in all of torch's tables of this module, and tensor hooks of its own parameters. Training thread only.

    What C++ registered, and hooks on gradient accumulators (as DistributedDataParallel's), torch does not tell.
    """
    return tuple(_hooks_on(module, slots_of(module)))


class Board:
    """The hooks of one model, of its optimizers and of all modules, a module at a time.

    Nothing is changed until somebody looks (``count``): then plain functions in the module's tables are replaced by
    stand-ins that count and time them, in the same place, and put back when they look away. Training thread only,
    between two steps.

    Args:
        model: Whose hooks.
        hooks: Ours; they look on for a step at the module that somebody looks at, for the forecasts.
    """

    def __init__(self, model: nn.Module, hooks: HookSet | None = None) -> None:
        self._model = model
        self._hooks = hooks
        self._counter = HookCounter()
        self._looked_at: str | None = None
        self._last: HooksFound | None = None
        self._next_s = 0.0
        self._switched_off: dict[str, list[FoundHook]] = {}
        self.optimizers: Sequence[Any] = ()

    def hooks_on(self, fqn: str) -> tuple[FoundHook, ...]:
        """Everyone's hooks on a module; at the root also those on every module and on the optimizers."""
        hooks = list(_hooks_on(module_at(self._model, fqn), self._slots(fqn)))
        if self._looked_at == fqn and _is_compiled(self._model, fqn):
            hooks = [hook if hook.is_ours else msgspec.structs.replace(hook, not_counted=_COMPILED) for hook in hooks]
        elif self._looked_at != fqn:
            hooks = [
                hook if hook.kind == _REPLACED else msgspec.structs.replace(hook, not_counted="") for hook in hooks
            ]
        return (*hooks, *self._switched_off.get(fqn, ()))

    def count(self, fqn: str, *, enabled: bool) -> HooksFound:
        """Somebody looks at a module's hooks, or no longer. Gives what is there now."""
        if enabled:
            self._looked_at = fqn
            self._look()
            if self._hooks is not None:
                self._hooks.look_at(fqn)
        elif self._looked_at == fqn:
            self.release()
        self._last = self._found(fqn)
        return self._last

    def news(self, *, at_once: bool = False) -> HooksFound | None:
        """What has changed for the one who looks, at most twice a second; None where nothing has, or nobody does."""
        if self._looked_at is None or (time.monotonic() < self._next_s and not at_once):
            return None
        self._look()
        found = self._found(self._looked_at)
        if found == self._last:
            return None
        self._last = found
        return found

    def switch_off(self, error: BaseException, step: int) -> tuple[tuple[str, FoundHook], ...]:
        """Take off the hook of somebody's that raised, if one did; it stays listed, with its traceback.

        Args:
            error: What ended the step.
            step: Its number.

        Returns:
            FQN and hook.
        """
        found = raising_hooks(error, lambda: (slot for fqn in self._paths() for slot in self._slots(fqn)))
        tables = {id(slot.table): fqn for fqn in self._paths() for slot in self._slots(fqn)} if found else {}
        gone = []
        for slot in found:
            fqn = tables[id(slot.table)]
            hook = msgspec.structs.replace(
                describe_hook(slot),
                note=f"Switched off at step {step}: it raised. Training goes on without it.",
                not_counted="Not counted any more: it is switched off.",
                last_error=f"{type(error).__name__}: {error}"[:_LONGEST_MESSAGE],
                traceback=user_traceback(error),
            )
            del slot.table[slot.key]
            self._switched_off.setdefault(fqn, []).append(hook)
            gone.append((fqn, hook))
        return tuple(gone)

    def release(self) -> None:
        """Nobody looks any more: put every original back."""
        self._looked_at = None
        self._counter.look_away()
        if self._hooks is not None:
            self._hooks.look_at(None)

    def _found(self, fqn: str) -> HooksFound:
        if self._hooks is None:
            return HooksFound(fqn, self.hooks_on(fqn))
        return HooksFound(fqn, self.hooks_on(fqn), self._hooks.forecasts(fqn), self._hooks.fires_uncompiled(fqn))

    def _look(self) -> None:
        self._next_s = time.monotonic() + _PERIOD_S
        fqn = self._looked_at
        if fqn is not None:
            self._counter.look_at(() if _is_compiled(self._model, fqn) else self._slots(fqn))

    def _paths(self) -> list[str]:
        return [path for path, _ in self._model.named_modules()]

    def _slots(self, fqn: str) -> Iterator[HookSlot]:
        module = module_at(self._model, fqn)
        if module is not None:
            yield from slots_of(module)
        if not fqn:
            yield from slots_everywhere(self.optimizers)


def _hooks_on(module: nn.Module | None, slots: Iterable[HookSlot]) -> Iterator[FoundHook]:
    yield from (describe_hook(slot) for slot in slots if not _is_trial(slot.hook))
    replaced = None if module is None else vars(module).get("forward")
    if replaced is not None:
        called = called_by(replaced)
        where, why = location_of(called), "Not counted: it is no hook."
        yield FoundHook(_REPLACED, name_of(called), where, is_ours=False, note=_NO_HOOK, not_counted=why)


def describe_hook(slot: HookSlot) -> FoundHook:
    """One hook in words, with what was counted of it."""
    hook = original_of(slot.hook)
    called = called_by(hook)
    found = FoundHook(
        slot.kind,
        name_of(called),
        location_of(called),
        is_ours(hook),
        slot.place,
        slot.order,
        note=_LEGACY if slot.kind == LEGACY_BACKWARD else "",
    )
    if isinstance(hook, UserHook):
        us_per_fire = hook.us_per_call if hook.n_calls else None
        name = f"{found.name} ({hook.written.name})"
        return msgspec.structs.replace(found, name=name, note=_WRITTEN, n_fires=hook.n_calls, us_per_fire=us_per_fire)
    if found.is_ours:
        ticked = _ticked_of(hook)
        if ticked is None:
            return found
        us_per_fire = ticked.us_per_fire if ticked.n_fires else None
        return msgspec.structs.replace(found, n_fires=ticked.n_fires, us_per_fire=us_per_fire)
    count = count_of(slot.hook)
    if count is None:
        return msgspec.structs.replace(found, not_counted=why_not_counted(hook))
    return msgspec.structs.replace(
        found,
        n_fires=count.n_fires,
        us_per_fire=count.spent_s / count.n_fires * 1e6 if count.n_fires else None,
        last_error=count.last_error,
        traceback=count.traceback,
    )


def _ticked_of(hook: Any) -> Ticked | None:
    """Which of the ticked hooks put this one on."""
    while isinstance(hook, (SilentHook, functools.partial)):
        if isinstance(hook, functools.partial):
            ticked = next((argument for argument in hook.args if isinstance(argument, Ticked)), None)
            if ticked is not None:
                return ticked
        hook = hook.target if isinstance(hook, SilentHook) else hook.func
    return None


def _is_trial(hook: Any) -> bool:
    """It looks on for one step and is gone: nobody put it there, and it would only come and go before one's eyes."""
    return isinstance(hook, SilentHook) and isinstance(getattr(hook.target, "__self__", None), Trial)


def _is_compiled(model: nn.Module, fqn: str) -> bool:
    """The module, or one around it, is run by torch.compile."""
    paths = [fqn[:end] for end in range(len(fqn)) if fqn[end] == "."]
    for path in dict.fromkeys(("", *paths, fqn)):
        module = module_at(model, path)
        if module is not None and (
            vars(module).get("_compiled_call_impl") is not None
            or (path != fqn and "_orig_mod" in attributes_of(module)["_modules"])
        ):
            return True
    return False
