"""What a person asked of a model, to be asked again of the one that takes its place when the run begins anew."""

from __future__ import annotations

from moduleview.telemetry.commands import Command, SetBudget, SetDevice, SetHooks, SetTrainingData
from moduleview.telemetry.hooks import HookKind


class RememberedRequests:
    """The device, the training data, the budget and the hooks that are ticked now."""

    def __init__(self, device: str | None) -> None:
        self._device = device
        self._training_data: SetTrainingData | None = None
        self._budget: SetBudget | None = None
        self._ticked: dict[HookKind, dict[str, None]] = {}

    @property
    def device(self) -> str | None:
        """Where a new model goes; None leaves it where its author put it."""
        return self._device

    def remember(self, command: Command) -> None:
        """The newest request of its kind holds; what is asked once and answered is not kept."""
        match command:
            case SetDevice():
                self._device = command.device
            case SetTrainingData():
                self._training_data = command
            case SetBudget():
                self._budget = command
            case SetHooks():
                self._remember_hooks(command)

    def to_repeat(self) -> list[SetHooks | SetBudget | SetTrainingData]:
        """The commands that bring a new model to where the old one was; the device is given to it when it is made."""
        hooks = [SetHooks(tuple(fqns), kind, enabled=True) for kind, fqns in self._ticked.items() if fqns]
        settings = [command for command in (self._budget, self._training_data) if command is not None]
        return [*hooks, *settings]

    def _remember_hooks(self, command: SetHooks) -> None:
        ticked = self._ticked.setdefault(command.kind, {})
        for fqn in command.fqns:
            if command.enabled:
                ticked[fqn] = None
            else:
                ticked.pop(fqn, None)
