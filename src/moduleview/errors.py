"""What moduleview raises: each message is one sentence on what is wrong and one on what to do next."""


class ModuleViewError(Exception):
    """A mistake that a person can mend; the message says how. Never a bug of ours.

    Attributes:
        traceback: Of the exception of the user's code that this one stands for, cut to the user's frames; "" when there
            was none. Text only: the exception itself would keep its tensors alive.
    """

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback


class TargetError(ModuleViewError):
    """A target that cannot be opened: missing, not Python, without a model, with several models."""


class TaskError(ModuleViewError):
    """A task that cannot train: batches that end at once, a loss that is no scalar, shapes that do not fit."""


class DeviceError(ModuleViewError):
    """A device that this machine does not have."""


class DisplayError(ModuleViewError):
    """No screen to draw on, or a shared library of Qt that is missing."""


class RunGoneError(ModuleViewError):
    """A run of which something was being written, and that was closed meanwhile."""
