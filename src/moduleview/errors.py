"""What moduleview raises: each message is one sentence on what is wrong and one on what to do next."""


class ModuleViewError(Exception):
    """A mistake that a person can mend; the message says how. Never a bug of ours."""


class TargetError(ModuleViewError):
    """A target that cannot be opened: missing, not Python, without a model, with several models."""


class TaskError(ModuleViewError):
    """A task that cannot train: batches that end at once, a loss that is no scalar, shapes that do not fit."""


class DeviceError(ModuleViewError):
    """A device that this machine does not have."""


class DisplayError(ModuleViewError):
    """No screen to draw on, or a shared library of Qt that is missing."""
