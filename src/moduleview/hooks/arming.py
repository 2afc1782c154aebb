"""Puts on what was ticked, or says why not."""

from __future__ import annotations

from moduleview.hooks.forecast import TRIED_KINDS, reason_a_parameter_cannot_fire, reason_it_cannot_fire
from moduleview.hooks.model_index import ModelIndex
from moduleview.hooks.optimizer_hooks import OptimizerHooks
from moduleview.hooks.own_hooks import OwnHooks
from moduleview.hooks.ticked import StepSightings, Ticked
from moduleview.telemetry.hooks import OPTIMIZER_KINDS, PARAMETER_KINDS, HookKind, HookStatus

OBSERVED = (HookKind.FORWARD, HookKind.BACKWARD)


class Arming:
    """Knows for each kind where its hook goes. Training thread only, between two steps.

    Attributes:
        own: Hooks on single modules and parameters.
        on_optimizers: Hooks on all optimizers.
    """

    def __init__(self, index: ModelIndex, sightings: StepSightings) -> None:
        self._sightings = sightings
        self.own = OwnHooks(sightings)
        self.on_optimizers = OptimizerHooks()
        self.bind(index)

    def bind(self, index: ModelIndex) -> None:
        """Names lead elsewhere from now on."""
        self._index = index
        self.on_optimizers.bind(index.parameters)

    def arm(self, ticked: Ticked) -> None:
        """Put a hook on, or say why not; a trial leaves the status as it was until the trial is over."""
        ticked.is_armed = False
        try:
            if ticked.kind in PARAMETER_KINDS:
                self._arm_parameter(ticked)
            elif ticked.kind in OPTIMIZER_KINDS:
                self._arm_optimizers(ticked)
            else:
                self._arm_module(ticked)
        except Exception as error:  # torch, or a module of the user's own, refuses
            ticked.fail(error, self._sightings.last_step)
        if ticked.is_armed and ticked.status is not HookStatus.FAILED:
            ticked.status, ticked.reason = HookStatus.ACTIVE, ""

    def _arm_module(self, ticked: Ticked) -> None:
        module = self._index.modules.get(ticked.fqn)
        if module is None:
            ticked.cannot_fire("There is no module of that name now.")
        elif reason := reason_it_cannot_fire(self._index, ticked.fqn, ticked.kind):
            ticked.cannot_fire(reason)
        elif ticked.kind in TRIED_KINDS:
            self.own.put_trial_on(ticked, module)
        elif ticked.kind in OBSERVED:
            ticked.is_armed = True  # the observer sees it
        else:
            self.own.put_on_module(ticked, module)

    def _arm_parameter(self, ticked: Ticked) -> None:
        parameter = self._index.parameters.get(ticked.fqn)
        if parameter is None:
            ticked.cannot_fire("There is no parameter of that name now.")
        elif reason := reason_a_parameter_cannot_fire(parameter, ticked.kind):
            ticked.cannot_fire(reason)
        else:
            self.own.put_on_parameter(ticked, parameter)

    def _arm_optimizers(self, ticked: Ticked) -> None:
        if ticked.fqn:
            ticked.cannot_fire("An optimizer belongs to the whole model: tick it at the root.")
        else:
            self.on_optimizers.put_on(ticked)

    def take_off(self, ticked: Ticked) -> None:
        """Remove what was put on for it."""
        self.own.take_off(ticked)
        self.on_optimizers.take_off(ticked)

    def is_lost(self, ticked: Ticked) -> bool:
        """Its name leads elsewhere now, its parameter lost the hook, thawed, or froze."""
        if ticked.kind in OPTIMIZER_KINDS:
            return False
        if ticked.kind not in PARAMETER_KINDS:
            return ticked.is_armed and not self._index.still_has_module(ticked.fqn)
        parameter = self._index.parameters.get(ticked.fqn)
        if parameter is None or ticked.status is HookStatus.FAILED:
            return False
        if not self._index.still_has_parameter(ticked.fqn):
            return True
        can_fire = not reason_a_parameter_cannot_fire(parameter, ticked.kind)
        return ticked.is_armed != can_fire or (ticked.is_armed and not self.own.is_on(ticked, parameter))
