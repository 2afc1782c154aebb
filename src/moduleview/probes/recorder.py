"""Turns what happens in a step into records: probes measure, the recorder emits."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import torch
from torch import nn

from moduleview import probes as probes_package
from moduleview.hooks.hook_set import HookSet
from moduleview.hooks.model_index import ModelIndex
from moduleview.probes.base import Moment, Probe, StepView
from moduleview.probes.coverage import CoverageCount
from moduleview.probes.gradient_station import Gradients, GradientStation
from moduleview.probes.series_ids import SeriesIds
from moduleview.probes.step_values import SentStep, StepValues
from moduleview.registry import discover
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.hooks import HOOK_STATISTICS
from moduleview.telemetry.quantities import OVERHEAD
from moduleview.telemetry.records import CoverageMeasured, HooksChanged, LogLine, Record
from moduleview.telemetry.snapshot import ModelSnapshot

_HOOK_COUNTS_PERIOD_S = 0.5


class Recorder:
    """Measures and emits, one record a step. Training thread only; one recorder for each ``ModelOpened``.

    The engine calls, in this order: ``attach``; for each step ``begin_step``, the user's step, ``end_step``; and at the
    end ``detach``, which leaves no trace. ``set_hooks`` and ``rebind`` belong between two steps; a ``set_hooks`` that
    comes within a step waits for its end. None of these raises because of what a probe or a hook met: that one is
    switched off and reported, and training goes on.

    It measures one quantity of its own: ``overhead``, the share of the step's time (0..1) that all measuring took,
    hooks included. How to read it: 0.01 means that a hundredth of the time of training goes into watching it.

    Args:
        model: What is trained.
        put: Takes the records; never waits, never raises.
        rank: Of this process.
    """

    def __init__(self, model: nn.Module, put: Callable[[Record], None], *, rank: int = 0) -> None:
        self._model = model
        self._put = put
        self._rank = rank
        self._snapshot: ModelSnapshot | None = None
        self._index = ModelIndex(model)
        self._ids = SeriesIds(put, rank)
        self._probes: list[Probe] = [probe() for probe in discover(probes_package, Probe)]
        self._hooks = HookSet(self._index)
        self._coverage: CoverageCount | None = CoverageCount()
        self._station = GradientStation(self._on_gradients)
        self._station.bind(self._index.unique_parameters)
        self._values = StepValues()
        self._sent: deque[SentStep] = deque()
        self._waiting: list[SetHooks] = []
        self._budget: float | None = None
        self._step = 0
        self._is_in_step = False
        self._began_s = self._spent_s = self._last_counts_s = 0.0

    def attach(self) -> None:
        """Training begins: put the global optimizer hook on."""
        self._station.attach()

    def detach(self) -> None:
        """Take everything of ours off and emit what is still under way; ``attach`` begins anew with no hook ticked."""
        self._station.detach()
        self._hooks.remove_all()
        self.flush()
        self._is_in_step = False

    def begin_step(self, step: int) -> None:
        """A step begins.

        Args:
            step: Its number, from 0, larger than the one before.
        """
        began_s = time.perf_counter()
        self._step, self._is_in_step, self._spent_s = step, True, 0.0
        self._values = StepValues()
        self._find_changes()
        self._station.begin_step()
        self._hooks.begin_step(step, count_calls=self._coverage is not None)
        self._began_s = began_s
        self._spent_s += time.perf_counter() - began_s

    def end_step(self, step: int, time_s: float, loss: torch.Tensor | float | None) -> None:
        """A step ended: measure what is measured after it, and emit.

        Args:
            step: As given to ``begin_step``.
            time_s: Seconds since the run began, without pauses.
            loss: What the step returned, or None; a tensor is not waited for.
        """
        began_s = time.perf_counter()
        with torch.no_grad():
            self._station.end_step()
            self._measure(Moment.STEP_END, StepView(step, self._index.unique_parameters, loss))
            self._end_hooks()
            self._spent_s += time.perf_counter() - began_s  # what follows is small, and the record has to hold this
            self._spent_s += self._hooks.spent_s
            self._add_overhead()
            try:
                self._sent.append(self._values.send(self._rank, step, time_s))
            except Exception as error:  # out of memory for the copy
                self._say(f"The measurements of step {step} were lost: {error!r}")
        self._is_in_step = False
        self._ids.declare()
        self._emit_arrived()
        self._tick_waiting()

    def abandon_step(self) -> None:
        """The step raised and will not end: drop what was measured in it, and tick what waited for its end."""
        if self._is_in_step:
            self._is_in_step = False
            self._values = StepValues()
            self._hooks.abandon_step()
            self._tick_waiting()

    def flush(self) -> None:
        """Training stands still: emit what is still under way to the host, and the hooks' counts as they are now."""
        try:
            self._emit_arrived(wait=True)
        except RuntimeError as error:  # the device failed; its values are lost with it
            self._sent.clear()
            self._say(f"The last measurements were lost: {error!r}")
        if self._hooks.has_new_counts:
            self._emit_hooks()

    def set_hooks(self, command: SetHooks) -> None:
        """Tick or untick hooks and say what stands now. Within a step it waits for the step's end."""
        if self._is_in_step:
            self._waiting.append(command)
            return
        self._hooks.set(command)
        self._emit_hooks()

    def set_budget(self, share: float | None) -> None:
        """Keep measuring within this share of a step's time, 0..1; None lifts the limit."""
        self._budget = share

    def rebind(self, snapshot: ModelSnapshot) -> None:
        """Structure, device or parameters changed: find every name again and put the ticked hooks back on.

        Args:
            snapshot: The new picture; its FQNs are the names from now on.
        """
        self._snapshot = snapshot
        self._bind(ModelIndex(self._model, snapshot))
        self._emit_hooks()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _find_changes(self) -> None:
        """The user's code may have put others in place of what is ticked or trained; others call ``rebind``."""
        has_lost_target = self._hooks.has_lost_target()
        if has_lost_target or self._station.has_new_parameters:
            index = ModelIndex(self._model, self._snapshot)
            if has_lost_target or not index.is_same(self._index):
                self._bind(index)
            else:
                self._station.has_new_parameters = False

    def _bind(self, index: ModelIndex) -> None:
        if not index.has_same_structure(self._index):
            self._coverage = CoverageCount()
        self._index = index
        self._station.bind(index.unique_parameters)
        self._hooks.bind(index)

    def _on_gradients(self, gradients: Gradients) -> None:
        """Gradients are ready: just before the optimizer, or at the step's end where there is none."""
        if not self._is_in_step:
            return
        began_s = time.perf_counter()
        with torch.no_grad():
            self._hooks.gradients_are_ready()
            if self._coverage is not None:
                self._coverage.see_gradients(gradients.parameters)
            group = self._values.new_group(void_if=gradients.found_inf, is_doubtful=not gradients.is_certain)
            self._measure(
                Moment.GRADIENTS_READY, StepView(self._step, gradients.parameters, None, gradients.grad_scale), group
            )
        self._spent_s += time.perf_counter() - began_s

    def _measure(self, moment: Moment, view: StepView, group: int = 0) -> None:
        for probe in list(self._probes):
            if probe.moment is not moment or view.step % probe.every:
                continue
            try:
                measured = probe.measure(view)
                series = self._ids.ids_of(probe.quantity, measured)
                self._values.add_all(series, list(measured.values()), group)
            except Exception as error:
                self._probes.remove(probe)
                self._say(f"Measuring {probe.quantity} failed at step {view.step} and was switched off: {error!r}")

    def _end_hooks(self) -> None:
        series: list[int] = []
        values: list[torch.Tensor] = []
        for sighting in self._hooks.end_step():
            for statistic, value in zip(HOOK_STATISTICS, sighting.statistics, strict=True):
                if value is not None:
                    series.append(self._ids.id_of(f"{sighting.kind}.{statistic}", sighting.fqn, sighting.part))
                    values.append(value)
        self._values.add_all(series, values)
        if self._coverage is not None:
            generation = 0 if self._snapshot is None else self._snapshot.generation
            rows = self._coverage.rows(self._index, self._hooks.take_calls())
            self._coverage = None
            self._put(CoverageMeasured(generation, rows))

    def _add_overhead(self) -> None:
        whole_s = max(time.perf_counter() - self._began_s, 1e-9)
        share = torch.tensor(min(self._spent_s / whole_s, 1.0), dtype=torch.float32, device="cpu")
        self._values.add(self._ids.id_of(OVERHEAD, ""), share)

    def _tick_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for command in waiting:
            self._hooks.set(command)
        self._emit_hooks(only_counts=not waiting and not self._hooks.has_new_status)

    def _emit_arrived(self, *, wait: bool = False) -> None:
        while self._sent and (wait or self._sent[0].has_arrived()):
            self._put(self._sent.popleft().record())

    def _emit_hooks(self, *, only_counts: bool = False) -> None:
        """Say what hooks stand; their counts alone at most twice a second."""
        now_s = time.monotonic()
        if only_counts and (not self._hooks.has_new_counts or now_s - self._last_counts_s < _HOOK_COUNTS_PERIOD_S):
            return
        self._last_counts_s = now_s
        self._put(HooksChanged(self._hooks.entries()))

    def _say(self, text: str) -> None:
        self._put(LogLine(time.time(), "moduleview", text))
