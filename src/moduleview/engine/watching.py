"""Measuring inside any script, without a window: what ``moduleview.watch`` is."""

from __future__ import annotations

import time
from collections.abc import Iterable
from traceback import TracebackException
from types import TracebackType

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.optim.optimizer import Optimizer

from moduleview.engine.call_stack import Walk, may_tick_hooks, walks_below
from moduleview.engine.parameter_places import ParameterPlaces
from moduleview.engine.step_boundaries import StepBoundaries
from moduleview.engine.structure_watch import StructureWatch
from moduleview.engine.watch_arguments import (
    check_arguments,
    check_places,
    check_quantity,
    checked_kind,
    chosen_quantities,
)
from moduleview.engine.watched_names import WatchedNames
from moduleview.hooks.board import list_hooks
from moduleview.hooks.own_time import own_seconds
from moduleview.introspect.lookup import module_at
from moduleview.introspect.module_report import describe_module
from moduleview.introspect.tree import snapshot_model
from moduleview.lab.tensor_report import report_tensor
from moduleview.probes.recorder import Recorder
from moduleview.probes.station_norms import is_distributed
from moduleview.telemetry.archive import Archive
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.records import (
    LogLine,
    ModelChanged,
    ModelOpened,
    ModuleReport,
    SeriesKey,
    TaskSummary,
    TensorReport,
)
from moduleview.telemetry.store import SeriesStore
from moduleview.telemetry.store_view import StoreView

DEFAULT_MEMORY_MB = 512
_MOST_STEPS = 2**31
_SHARE_OF_LOOKING = 0.0003  # of the training time: a look at 100 modules takes 0.5 ms, and most models never change
_NOTHING_SEEN = (
    "No training step was seen so far. What is seen: loss.backward(), torch.autograd.grad() of the model's parameters, "
    "and the steps of optimizers that hold some of them. After an update of another kind call step() of this watch."
)


class Watch:
    """A run that is being measured, and what was measured so far. Made by ``moduleview.watch``.

    Everything here belongs on the thread that trains. Where torch is just going through its tables of hooks, in a hook
    or on another thread, what is asked for is done a moment later: by the thread that trains, at the latest with its
    next step. Nothing of it raises because of what was measured: a probe or hook that fails is switched off and said so
    in ``log``, and training goes on.
    """

    def __init__(self, model: nn.Module, optimizer: Optimizer | None, recorder: Recorder, store: SeriesStore) -> None:
        self._model, self._optimizer = model, optimizer
        self._store, self._recorder = store, recorder
        self._structure = StructureWatch(model, _SHARE_OF_LOOKING)
        self._places = ParameterPlaces()
        self._places.bind(model)
        self._snapshot = snapshot_model(model)
        self._names = WatchedNames(_rank())  # the group of ranks may be gone when series are read
        self._names.bind(self._snapshot)
        self._boundaries = StepBoundaries(self)
        self._began_s = self._ended_s = time.perf_counter()
        self._n_steps = 0
        self._ticked: frozenset[tuple[HookKind, str]] = frozenset()
        self._asked: list[SetHooks] = []
        self._is_attached = self._is_on = True
        store.apply(ModelOpened(self._snapshot, _summary(model)))
        recorder.rebind(self._snapshot)
        self._boundaries.bind(model, recorder.parameters, optimizer)
        self._boundaries.put_on_before()
        recorder.attach(is_told=False)
        self._boundaries.put_on_after()
        self._places.put_on()

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def n_steps(self) -> int:
        """Steps that are over."""
        self._catch_up()
        return self._n_steps

    @property
    def first_step(self) -> int | None:
        """Oldest step that is kept one by one: 0, until the memory for the run is used up."""
        return self._store.first_step

    @property
    def log(self) -> tuple[str, ...]:
        """What went wrong in measuring, line by line: a probe that raised with its traceback, what does not apply."""
        lines = tuple(line.text for line in self._store.log)
        return lines if self.n_steps or self._recorder.is_in_step else (*lines, _NOTHING_SEEN)

    @property
    def store(self) -> StoreView:
        """Everything that was measured, as the window reads it: histograms, costs, skipped steps, coverage."""
        self._flush()
        return self._store

    def quantities(self) -> tuple[str, ...]:
        """Names of all that was measured so far, sorted."""
        self._flush()
        return self._store.quantities()

    def keys(self, quantity: str) -> tuple[SeriesKey, ...]:
        """Which series there are of a quantity (``key.fqn``, ``key.part``), in the order of the model."""
        self._flush()
        return self._store.keys(quantity)

    def series(
        self, quantity: str, fqn: str | SeriesKey = "", *, part: str = ""
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """One quantity of one tensor or module, against the step.

        Args:
            quantity: As in ``quantities()``: "grad_norm", "update_ratio", "loss", "forward.mean", ...
            fqn: Of which parameter or module, as ``named_parameters`` calls it, of the model or of what it wraps; ""
                for the whole model. A tied parameter answers to each of its names. A key from ``keys()`` does as well.
            part: Which of several values: "pass 1", "group 0", "call 2".

        Returns:
            Steps (n,) int64 and values (n,) float32. A step in which it was not measured is absent; NaN and Inf were
            measured and are there. Both are empty where nothing was measured under that name. They begin with
            ``first_step``.

        Raises:
            ValueError: Nothing is ever measured under that name; the sentence lists what is.
        """
        self._flush()
        if not self._store.keys(quantity):
            check_quantity(quantity)
        return self._store.tail(self._names.key(quantity, fqn, part), self._n_steps + 1)

    def report(self, fqn: str) -> TensorReport | ModuleReport:
        """What a parameter, buffer or module holds now; a report that is not available says why in a sentence.

        Raises:
            KeyError: There is nothing of that name.
        """
        fqn = self._names.full(fqn)
        module = module_at(self._model, fqn)
        if module is not None:
            return msgspec.structs.replace(describe_module(self._model, fqn), found_hooks=list_hooks(module))
        if fqn not in self._snapshot.tensor_fqns:
            raise KeyError(f"The model has no module, parameter or buffer {fqn!r}; named_modules() tells their names.")
        return report_tensor(self._model, fqn, self._n_steps)

    # -- asking ----------------------------------------------------------------------------------------------------

    def set_hook(self, fqn: str | Iterable[str], kind: str, enabled: bool = True) -> None:
        """Tick or untick a hook; what it sees is in ``series(f"{kind}.mean", fqn)`` and its like.

        Within a step it applies when the step is over.

        Args:
            fqn: A module, or a parameter for the kinds that sit on tensors; or several.
            kind: "forward", "forward_pre", "backward" (gradient at the output), "tensor", ...
            enabled: On or off.

        Raises:
            ValueError: There is no such kind; the sentence lists them.
            KeyError: The model has nothing of that name that a hook of this kind could sit on.
        """
        self._assert_attached()
        fqns = tuple(map(self._names.full, (fqn,) if isinstance(fqn, str) else fqn))
        chosen = checked_kind(kind)
        if enabled:
            check_places(chosen, fqns, self._snapshot.fqns, self._snapshot.tensor_fqns)
        self._ticked = (
            (self._ticked | {(chosen, one) for one in fqns})
            if enabled
            else self._ticked - {(chosen, one) for one in fqns}
        )
        self._asked.append(SetHooks(fqns, chosen, enabled))
        self._catch_up()

    def step(self) -> None:
        """Say that a training step is over; from the first call on nothing else ends one.

        Only for loops in which nothing shows it, as an update with the gradients of ``torch.func``, or where several
        optimizers that step one after the other are to be one step.
        """
        self._assert_attached()
        is_first, self._boundaries.is_told = not self._boundaries.is_told, True
        if self._recorder.is_in_step or not (is_first and self._n_steps):  # else this one has just been seen to end
            self._boundaries.end_step_as_told()

    def detach(self) -> None:
        """Take everything off: the model trains on as if nobody had ever looked. What was measured stays readable."""
        self._catch_up()
        self._is_attached = False
        self._catch_up()

    def __repr__(self) -> str:
        state = "attached" if self._is_attached else "detached"
        return f"<moduleview.Watch of {type(self._model).__name__}: {self._n_steps} steps, {state}>"

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()

    # -- what the boundaries say -----------------------------------------------------------------------------------

    def on_step_begins(self) -> None:
        """A step begins, if none is on its way."""
        if self._is_attached and not self._recorder.is_in_step:
            if self._places.have_changed():
                self._rebind()
            self._recorder.begin_step(self._n_steps, self._ended_s)

    def on_step_ended(self) -> None:
        """Measure, and look whether the model is still the same."""
        if self._is_attached and self._recorder.is_in_step:
            self._recorder.end_step(self._n_steps, time.perf_counter() - self._began_s, None)
            self._n_steps += 1
            began_s = own_seconds()
            if self._structure.has_changed():
                self._rebind()
            self._recorder.count_late(own_seconds() - began_s)
        self._ended_s = time.perf_counter()

    def on_gradients_may_be_final(self) -> None:
        """Look at them now."""
        if self._is_attached:
            self._recorder.gradients_may_be_final()

    def on_other_stepped(self) -> None:
        """All that was trained may have been replaced, and then no step would ever end."""
        if self._is_attached and self._structure.has_changed():
            self._recorder.abandon_step()
            self._rebind()

    def on_moment(self, *, is_last_hook: bool) -> None:
        """Do what was asked for where it could not be done."""
        if self._asked or self._is_on != self._is_attached:
            self._do_what_was_asked(is_last_hook=is_last_hook)

    def on_failed(self, error: Exception) -> None:
        """Measuring is over."""
        lines = "".join(TracebackException.from_exception(error).format()).rstrip("\n").split("\n")
        for line in (f"Watching failed at step {self._n_steps} and was switched off: {error!r}", *lines):
            self._store.apply(LogLine(time.time(), "moduleview", line))
        self._is_attached = False

    # -- inside ----------------------------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        """Somebody reads or asks: a step by hand may be over meanwhile."""
        if self._is_on and self._boundaries.is_own_thread():
            if self._is_attached and not walks_below():
                self._boundaries.end_step_by_hand()
            self.on_moment(is_last_hook=False)

    def _do_what_was_asked(self, *, is_last_hook: bool) -> None:
        if not may_tick_hooks():
            return
        asked, self._asked = self._asked, []
        for command in asked if self._is_attached else ():
            self._boundaries.watch_forward(is_wanted=bool(self._ticked))
            self._recorder.set_hooks(command)
        steps = walks_below()
        if not self._is_attached and (not steps or (is_last_hook and steps == [Walk.OPTIMIZER_STEP])):
            self._is_on = False
            self._places.take_off()
            self._boundaries.take_off()
            self._recorder.abandon_step()
            self._recorder.detach()

    def _rebind(self) -> None:
        self._snapshot = snapshot_model(self._model, self._snapshot.generation + 1)
        self._recorder.rebind(self._snapshot)
        self._names.bind(self._snapshot)
        self._places.bind(self._model)
        self._structure.accept()  # else the same change would be seen once more, in the middle of a step perhaps
        self._boundaries.bind(self._model, self._recorder.parameters, self._optimizer)
        self._store.apply(ModelChanged(self._snapshot, _summary(self._model)))

    def _flush(self) -> None:
        self._catch_up()
        if self._is_on and self._boundaries.is_own_thread():
            self._recorder.flush()

    def _assert_attached(self) -> None:
        if not self._is_attached:
            raise RuntimeError("This watch is detached; call moduleview.watch(model, optimizer) again to go on.")


def watch(
    model: nn.Module,
    optimizer: Optimizer | None = None,
    *,
    quantities: Iterable[str] | None = None,
    every: int = 1,
    budget: float | None = None,
    memory_mb: int = DEFAULT_MEMORY_MB,
) -> Watch:
    """Measure a training run from inside any script, without a window; nothing in the loop has to change.

    Also a context manager. Weights end bit for bit as they would have without it.

    Args:
        model: What trains; what it is wrapped in (DistributedDataParallel, torch.compile) is as good.
        optimizer: Its ``step`` ends a step. Without one, that of any optimizer which holds parameters of the model
            does, or, where there is none, the next backward after an update by hand, or ``step()`` of the watch.
        quantities: Only these (a wrong name raises with the list of all); None for loss, learning rate, loss scale,
            memory, the statistics of gradients and their stations, the norm of weights and ``update_ratio``.
        every: Measure in one of so many steps.
        budget: Share of a step's time that measuring may take, 0..1: it is measured less often then. None measures as
            often as ``every`` says, whatever it costs; ``w.store.costs`` says what it does cost.
        memory_mb: MiB of memory for the run; 4 bytes a value, so that the default keeps 130 000 steps of 1 000 series.
            Older steps live on as minimum and maximum of groups (``w.store.history``).

    Returns:
        The watch: series, keys, hooks, reports.

    Raises:
        TypeError: The model is no ``nn.Module``, or the optimizer no ``torch.optim.Optimizer``.
        ValueError: A quantity is not known, ``every`` is below 1, or the budget is not between 0 and 1.
    """
    check_arguments(model, optimizer, every, budget, memory_mb)
    store = SeriesStore(lambda: Archive(memory_mb * 2**20, (256, _MOST_STEPS)))
    chosen = chosen_quantities(quantities)
    recorder = Recorder(model, store.apply, rank=_rank(), quantities=chosen, every=every, budget=budget)
    return Watch(model, optimizer, recorder, store)


def _rank() -> int:
    return torch.distributed.get_rank() if is_distributed() else 0


def _summary(model: nn.Module) -> TaskSummary:
    device = ", ".join(sorted({str(parameter.device) for parameter in model.parameters()})) or "cpu"
    return TaskSummary(type(model).__name__, "watch", "", device, (), can_train=False)
