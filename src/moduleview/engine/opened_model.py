"""One opened target: its task, the recorder that watches it, and what can be asked of it at the safe point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from moduleview.engine.checked_steps import CheckedSteps
from moduleview.engine.device import checked_device, move_training, release_cached_memory
from moduleview.engine.everyones_hooks import EveryonesHooks
from moduleview.engine.failure import describe_failure
from moduleview.engine.found_optimizers import FoundOptimizers
from moduleview.engine.opening import Openable, open_target
from moduleview.engine.own_code import OwnCode
from moduleview.engine.random_batches import task_on_random_batches
from moduleview.engine.series_tap import SeriesTap
from moduleview.engine.serving import Services
from moduleview.engine.structure_watch import StructureWatch
from moduleview.engine.task import TrainingTask
from moduleview.engine.task_checks import why_it_cannot_train
from moduleview.engine.task_summary import summarise_task
from moduleview.engine.training_step import TrainingStep
from moduleview.engine.uncompiled_steps import UncompiledSteps
from moduleview.hooks.hook_set import HookSet
from moduleview.interventions.base import LiveRun
from moduleview.interventions.journal import Journal
from moduleview.introspect.tree import snapshot_model
from moduleview.lab.tensor_report import report_tensor
from moduleview.probes.recorder import Recorder
from moduleview.telemetry.commands import SetBudget, SetHooks, SetTrainingData
from moduleview.telemetry.records import FailureReport, ModelChanged, ModelOpened, Record, TaskSummary


class OpenedModel:
    """What a target made, from its opening until it is let go. Training thread only."""

    def __init__(
        self,
        target: Openable,
        put: Callable[[Record], None],
        own_code: OwnCode,
        *,
        device: str | None = None,
    ) -> None:
        """Run the target's code and watch the model that it makes.

        Raises:
            ModuleViewError: The target cannot be opened, or the device is not there.
            BaseException: Whatever the target's own code raises.
        """
        self._target = target
        self.put = put
        self.interruptible, self.console = own_code.interruptible, own_code.console
        self.shelf = own_code.shelf
        self._task = open_target(target)
        self._random_data: SetTrainingData | None = None
        if device is not None:
            self._move(checked_device(device))
        self._step = TrainingStep(self._task)
        self._watch = StructureWatch(self._task.model)
        self._optimizers = FoundOptimizers()
        self.look_for_optimizers()
        self._snapshot = snapshot_model(self._task.model)
        self.measured = SeriesTap(put)
        self._recorder = Recorder(self._task.model, self.measured)
        self.measure_always = self._recorder.measure_always
        self.journal = Journal(put)
        self.n_steps = 0
        self._wants_pause = False
        self.everyones_hooks = EveryonesHooks(lambda: self.run, self._recorder.hooks, put)
        self._uncompiled = UncompiledSteps(self._recorder.hooks, put)
        self._checked = CheckedSteps(put)
        self.services = Services(self)

    @property
    def step(self) -> TrainingStep:
        """Makes the task's steps."""
        return self._step

    @property
    def cannot_train_reason(self) -> str:
        """A sentence on what is missing for training, "" when nothing is."""
        return why_it_cannot_train(self._task)

    @property
    def run(self) -> LiveRun:
        """See ``LiveModel``."""
        return LiveRun(self._task.model, self._optimizers.of(self._task), names=self._optimizers.names)

    def look_for_optimizers(self) -> None:
        """See ``LiveModel``."""
        self._optimizers.look(self._task)

    @property
    def task(self) -> TrainingTask:
        """What trains."""
        return self._task

    @property
    def last_batch(self) -> Any:
        """See ``LiveModel``."""
        return self._step.last_batch

    @property
    def hooks(self) -> HookSet:
        """What is ticked."""
        return self._recorder.hooks

    def announce(self) -> None:
        """Say that this model is open now, and begin to watch it."""
        self.put(ModelOpened(self._snapshot, self._summary()))
        self._recorder.rebind(self._snapshot)
        self._recorder.attach()
        self._checked.look_anew(self._task)
        self.services.opened()

    def make_step(self, step: int, elapsed_s: Callable[[], float]) -> None:
        """Make one training step and send what was measured.

        Args:
            step: Its number, from 0.
            elapsed_s: Gives the seconds of training so far, without pauses.

        Raises:
            BatchesEnded: There is no batch left.
            BaseException: Whatever the user's code raises.
        """
        self._step.fetch()
        self.services.begin_step(step)
        self._recorder.begin_step(step)
        with self._uncompiled.step(), self._checked.step():
            loss = self._step.train()
        self._recorder.end_step(step, elapsed_s(), loss)
        self.n_steps = step + 1
        self._uncompiled.count_step()
        self.services.end_step(step)
        self.everyones_hooks.send_news()
        if self._watch.has_changed():
            self.announce_change()

    def run_uncompiled(self, n_steps: int) -> None:
        """Bypass what is compiled in the next ``n_steps`` steps; 0 to do so no longer."""
        self._uncompiled.allow(n_steps)

    def flush(self) -> None:
        """Training stands still: send what was measured and is still on its way from a device."""
        self._recorder.flush()
        self.everyones_hooks.send_news(at_once=True)

    def set_hooks(self, command: SetHooks) -> None:
        """Tick or untick hooks; the recorder says what stands now."""
        self._recorder.set_hooks(command)

    def set_budget(self, command: SetBudget) -> None:
        """Let measuring take so much of a step's time from now on."""
        self._recorder.set_budget(command.share)

    def set_training_data(self, command: SetTrainingData) -> None:
        """Train on random batches from now on.

        Raises:
            TaskError: They cannot be made as asked.
        """
        task = task_on_random_batches(self._task, command)
        self._step.release()
        self._task, self._step, self._random_data = task, TrainingStep(task), command
        self.announce_change()

    def set_device(self, name: str) -> None:
        """Move everything to the device called ``name``.

        Raises:
            DeviceError: It is not there, or there is no room; nothing was moved.
        """
        self._move(checked_device(name))
        self.announce_change()

    def ask_to_pause(self) -> None:
        """See ``LiveModel``."""
        self._wants_pause = True

    def take_pause(self) -> bool:
        """Whether a service has asked for a pause since this was asked last."""
        wants_pause, self._wants_pause = self._wants_pause, False
        return wants_pause

    def send_tensor_report(self, fqn: str, n_steps: int) -> None:
        """Say what one parameter or buffer holds after ``n_steps`` steps."""
        self.put(report_tensor(self._task.model, fqn, n_steps))

    def describe_failure(self, error: BaseException) -> FailureReport:
        """Put into words what a step raised."""
        step, is_random = self._step, self._random_data is not None
        return describe_failure(error, step.phase, step.batch_description, is_on_random_data=is_random)

    def forget_step(self) -> None:
        """After a failure: let go of what the step held."""
        self._recorder.abandon_step()
        self._step.forget()
        release_cached_memory()

    def goes_on_without_hook(self, error: BaseException, step: int) -> bool:
        """Where a hook of somebody's raised, switch it off and say so: the step is given up, and training goes on."""
        is_hook = self.services.take_blame(error, step)
        is_hook = is_hook or (isinstance(error, Exception) and self.everyones_hooks.switch_off(error, step))
        if is_hook:
            self.describe_failure(error)  # lets go of what its frames hold
            self.forget_step()
            self.everyones_hooks.send_news(at_once=True)
        return is_hook

    def make_room(self) -> None:
        """The run is over and another begins: let go of what only training needs, and stay to be looked at."""
        for parameter in self._task.model.parameters():
            parameter.grad = None
        if self._task.optimizer is not None:
            self._task.optimizer.state.clear()
        release_cached_memory()

    def release(self) -> None:
        """Take every hook off and let go of the batches and their workers."""
        self.services.release()
        self.everyones_hooks.release()
        self._recorder.detach()
        self._step.release()

    def _move(self, device: torch.device) -> None:
        move_training(self._task.model, self._task.optimizer, self._task.loss, device)

    def announce_change(self) -> None:
        """See ``LiveModel``."""
        self._watch.accept()
        self._snapshot = snapshot_model(self._task.model, self._snapshot.generation + 1)
        self._recorder.rebind(self._snapshot)
        self.put(ModelChanged(self._snapshot, self._summary()))
        self._checked.look_anew(self._task)
        self.services.model_changed()

    def _summary(self) -> TaskSummary:
        return summarise_task(self._task, self._target, self._random_data)
