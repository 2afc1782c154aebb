"""Looks on for one step at the module whose hooks a person reads, to say before a tick what it would meet."""

from __future__ import annotations

from torch import nn
from torch.utils.hooks import RemovableHandle

from moduleview.hooks.forecast import TRIED_KINDS, Trial, reason_a_parameter_cannot_fire, reason_it_cannot_fire
from moduleview.hooks.kinds import has_forward_hooks_of_others, n_foreign_global_hooks
from moduleview.hooks.model_index import ModelIndex, is_script
from moduleview.hooks.silent_hook import SilentHook
from moduleview.telemetry.hooks import MODULE_KINDS, PARAMETER_KINDS, HookForecast, HookKind


class LookAhead:
    """A trial without a tick, and what it found. Training thread only.

    For one step a forward-pre hook sits on the module, and the observer's global one looks at what it returns. A
    transformer that is being evaluated keeps its fast path, which that hook would cost it: then its inputs go unseen.
    """

    def __init__(self, index: ModelIndex) -> None:
        self._index = index
        self._fqn: str | None = None
        self._handle: RemovableHandle | None = None
        self._trial: Trial | None = None
        self._finished: Trial | None = None

    @property
    def trial(self) -> tuple[nn.Module, Trial] | None:
        """The module and the trial that runs on it."""
        module = None if self._fqn is None else self._index.modules.get(self._fqn)
        return None if module is None or self._trial is None else (module, self._trial)

    def look_at(self, fqn: str | None) -> None:
        """Turn to a module, or away with None."""
        if fqn != self._fqn:
            self.stop()
            self._fqn = fqn
            self._start()

    def bind(self, index: ModelIndex) -> None:
        """The model changed: look again."""
        fqn = self._fqn
        self.stop()
        self._index, self._fqn = index, fqn
        self._start()

    def stop(self) -> None:
        """Take off what is there, and forget."""
        self._take_off()
        self._fqn = self._trial = self._finished = None

    def end_step(self) -> bool:
        """A step ended; True when the trial is over with it."""
        if self._trial is None:
            return False
        self._trial.judge_changes()
        self._take_off()
        self._finished, self._trial = self._trial, None
        return True

    def forecasts(self, fqn: str) -> tuple[HookForecast, ...]:
        """What hooks that are not on yet would meet on this module and its own parameters."""
        module = self._index.modules.get(fqn)
        if module is None:
            return ()
        prefix = f"{fqn}." if fqn else ""
        found = [forecast for kind in MODULE_KINDS if (forecast := self._of(fqn, kind)) is not None]
        for name, parameter in module._parameters.items():
            if parameter is not None:
                reasons = ((kind, reason_a_parameter_cannot_fire(parameter, kind)) for kind in PARAMETER_KINDS)
                found += [HookForecast(f"{prefix}{name}", kind, reason) for kind, reason in reasons if reason]
        return tuple(found)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        module = None if self._fqn is None else self._index.modules.get(self._fqn)
        if module is None or self._fqn is None or reason_it_cannot_fire(self._index, self._fqn, HookKind.FORWARD):
            return
        self._trial = Trial()
        if module.training or not self._may_take_fast_path(self._fqn):
            hook = SilentHook(self._trial.see_inputs, self._trial.fail)
            self._handle = module.register_forward_pre_hook(hook, with_kwargs=True)

    def _take_off(self) -> None:
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def _of(self, fqn: str, kind: HookKind) -> HookForecast | None:
        reason = reason_it_cannot_fire(self._index, fqn, kind)
        if reason:
            instead = HookKind.BACKWARD if kind in TRIED_KINDS and "Tick backward" in reason else None
            return HookForecast(fqn, kind, reason, instead=instead)
        seen = self._finished if fqn == self._fqn else None
        if kind in (HookKind.STATE_DICT, HookKind.LOAD_STATE_DICT):
            return None
        if seen is not None and (reason := _reason_in(seen, kind)):
            instead = HookKind.BACKWARD if kind in TRIED_KINDS and seen.n_calls and seen.needs_gradient else None
            return HookForecast(fqn, kind, reason, instead=instead)
        caution = self._caution(fqn, kind, seen)
        return HookForecast(fqn, kind, caution, is_refused=False) if caution else None

    def _caution(self, fqn: str, kind: HookKind, seen: Trial | None) -> str:
        """What is no obstacle, but changes what is seen, or the run."""
        if kind is HookKind.FORWARD_PRE and self._may_take_fast_path(fqn):
            return (
                "While it is on, the transformer layer does not take its fast path in evaluation: slower, with other "
                "last digits. Forward and Backward keep it."
            )
        if kind in TRIED_KINDS and seen is not None:
            return (
                "Torch puts a node of its own into the graph for it, and gradients are added up in another order: the "
                "last digits of the run can change. Backward leaves them as they are."
            )
        if kind in (HookKind.FORWARD, HookKind.BACKWARD):
            what = "the output" if kind is HookKind.FORWARD else "the gradient of the output"
            if seen is not None and seen.is_changed_later:
                return f"An in-place operation follows: this is {what} before it."
            if has_forward_hooks_of_others(self._index.modules[fqn]):
                return (
                    f"A forward hook of somebody else's follows and may replace the output: this is {what} before it."
                )
        n_global = n_foreign_global_hooks()
        if n_global and kind in (HookKind.FORWARD_PRE, HookKind.FORWARD):
            return (
                f"{'A hook of' if n_global == 1 else f'{n_global} hooks of'} somebody else's on every module run"
                f"{'s' if n_global == 1 else ''} too (see the root), and may change what is seen here."
            )
        return ""

    def _may_take_fast_path(self, fqn: str) -> bool:
        """It is, or is inside, a transformer layer that takes the fast path in evaluation where it has no such hook."""
        around = [fqn[:end] for end in range(len(fqn)) if fqn[end] == "."]
        modules = [self._index.modules.get(name) for name in dict.fromkeys(("", *around, fqn))]
        return any(isinstance(one, nn.TransformerEncoderLayer) and not is_script(one) for one in modules)


def _reason_in(seen: Trial, kind: HookKind) -> str:
    """Why a hook would be refused or stay silent, from a step of looking on."""
    if not seen.n_calls or kind in TRIED_KINDS:
        return seen.verdict
    if kind is HookKind.BACKWARD and not seen.needs_gradient:
        return "Its output does not require a gradient: what is before it is frozen, or it was computed without grad."
    return ""
