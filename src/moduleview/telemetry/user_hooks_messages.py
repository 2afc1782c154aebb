"""Hooks that a person writes in the window: what may be asked of them, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class PythonLiteral(msgspec.Struct, frozen=True):
    """A value that is no plain one, as Python writes it: ``None``, ``(1, 2)``, ``{"a": 1}``."""

    text: str


Argument = bool | int | float | str | PythonLiteral
"""Value of a hook's field."""


class UserHookKind(StrEnum):
    """Torch's kinds of hooks that a person may write."""

    FORWARD_PRE = "forward_pre"
    FORWARD = "forward"
    BACKWARD_PRE = "full_backward_pre"
    BACKWARD = "full_backward"
    TENSOR = "tensor"
    ACCUMULATED = "post_accumulate_grad"

    @property
    def is_of_parameter(self) -> bool:
        """It goes on a parameter; the others on a module."""
        return self in (UserHookKind.TENSOR, UserHookKind.ACCUMULATED)

    @property
    def needs_backward(self) -> bool:
        """It fires in the backward pass."""
        return self not in (UserHookKind.FORWARD_PRE, UserHookKind.FORWARD)


class WrittenHook(msgspec.Struct, frozen=True):
    """A hook as a person wrote it.

    Attributes:
        name: Tells it from the others; given by the window, never reused within a session.
        kind: As torch registers it.
        fqn: Of the module, or of the parameter.
        code: Python whose last function at the top level is the hook.
        with_kwargs: As torch's argument of that name: a forward hook is given keyword arguments too.
        always_call: As torch's argument of that name: a forward hook is called also when the forward raises.
        arguments: Values of keyword-only parameters; defaults hold for those that are not there.
    """

    name: str
    kind: UserHookKind
    fqn: str
    code: str
    with_kwargs: bool = False
    always_call: bool = False
    arguments: Mapping[str, Argument] = {}


class TryUserHook(msgspec.Struct, frozen=True, tag=True):
    """Run a hook once on the last batch and a copy of the model; nothing of the run is changed."""

    hook: WrittenHook


class PutUserHookOn(msgspec.Struct, frozen=True, tag=True):
    """Let a hook go live; one of the same name that is on is taken off first.

    Attributes:
        hook: What was written.
        is_repeated: The run began anew, and it was on in the one before.
    """

    hook: WrittenHook
    is_repeated: bool = False


class RemoveUserHook(msgspec.Struct, frozen=True, tag=True):
    """Take a hook of a person's off."""

    name: str


class SetUserHookArguments(msgspec.Struct, frozen=True, tag=True):
    """Bind other values to a live hook's keyword-only parameters."""

    name: str
    arguments: Mapping[str, Argument]


class NameUserHookWords(msgspec.Struct, frozen=True, tag=True):
    """Ask which names there are behind the dot of what a hook is given.

    Attributes:
        kind, fqn: Of the hook.
    """

    kind: UserHookKind
    fqn: str


class HookProblem(msgspec.Struct, frozen=True):
    """What is wrong with a hook.

    Attributes:
        message: Python's or torch's own words.
        line: Of the hook's code, from 1; None where it is not of a line.
        traceback: Cut to the person's own frames, "" for none.
    """

    message: str
    line: int | None = None
    traceback: str = ""


class UserHookState(StrEnum):
    """How it stands with a hook."""

    OFF = "off"
    LIVE = "live"
    FAILED = "failed"  # it raised, and was taken off
    LOST = "lost"  # what it was on is gone; it goes on again when that is back


class UserHookChanged(msgspec.Struct, frozen=True, tag=True):
    """How it stands with a hook of a person's, after each change and about twice a second while it is live.

    Attributes:
        name: Which.
        state: Now.
        step: Steps done when it came into this state.
        n_calls: Since it is on.
        n_replaced: Calls that returned something else than None.
        us_per_call: Microseconds, mean; 0 before the first.
        note: What a person should know of it now, a sentence, "" for nothing.
        problem: Why it failed, or could not go live.
        arguments: Values bound now.
    """

    name: str
    state: UserHookState
    step: int = 0
    n_calls: int = 0
    n_replaced: int = 0
    us_per_call: float = 0.0
    note: str = ""
    problem: HookProblem | None = None
    arguments: Mapping[str, Argument] = {}


class TensorChange(msgspec.Struct, frozen=True):
    """One tensor that a hook was given, and what it returned for it.

    Attributes:
        place: In what it was given, "" for the only or first.
        before, after: Shape, dtype and device in words; ``after`` is "" where nothing was returned for it.
        norm_before, norm_after: Euclidean norms; NaN where there is none.
        n_non_finite: NaN and Inf in what was returned.
    """

    place: str
    before: str
    after: str
    norm_before: float
    norm_after: float
    n_non_finite: int = 0


class HookCall(msgspec.Struct, frozen=True):
    """One call of a hook in a dry run.

    Attributes:
        replaces: It returned something else than None.
        tensors: What it was given and returned.
        us: How long it took, in microseconds.
    """

    replaces: bool
    tensors: tuple[TensorChange, ...]
    us: float


class UserHookTrying(msgspec.Struct, frozen=True, tag=True):
    """A dry run was asked for: it runs, or waits for the next step.

    Attributes:
        name: Of the hook.
        reason: Why it waits, "" where it runs.
    """

    name: str
    reason: str = ""


class UserHookTried(msgspec.Struct, frozen=True, tag=True):
    """What a dry run has shown.

    Attributes:
        name: Of the hook.
        step: Steps done when it ran.
        calls: The first few calls.
        n_calls: All of them.
        printed: What the hook printed, its beginning.
        notes: Sentences on what the run could not show.
        problem: What it raised, or what torch raised over what it returned.
        took_s: The whole dry run, the copy included.
    """

    name: str
    step: int
    calls: tuple[HookCall, ...] = ()
    n_calls: int = 0
    printed: str = ""
    notes: tuple[str, ...] = ()
    problem: HookProblem | None = None
    took_s: float = 0.0


class UserHookWords(msgspec.Struct, frozen=True, tag=True):
    """Names behind the dot, so that they are offered while one types without asking again.

    Attributes:
        fqn: Of the module that ``module`` stands for.
        words: By what stands before the dot: "torch", "nn", "F", "math", "module", and "tensor" for any tensor.
    """

    fqn: str
    words: Mapping[str, tuple[str, ...]]


UserHooksCommand = TryUserHook | PutUserHookOn | RemoveUserHook | SetUserHookArguments | NameUserHookWords
UserHooksRecord = UserHookChanged | UserHookTrying | UserHookTried | UserHookWords
