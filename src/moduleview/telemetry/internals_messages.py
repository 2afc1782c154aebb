"""What a person may ask of a module's inside and of its class, and what comes back; all of it text and numbers."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class RequestInternals(msgspec.Struct, frozen=True, tag=True):
    """Ask for the ``InternalsReport`` of one module.

    Attributes:
        calls_state_dict: Compare with the keys of ``state_dict()`` even where code of the user's own runs in it.
    """

    fqn: str
    calls_state_dict: bool = False


class RequestDocumentation(msgspec.Struct, frozen=True, tag=True):
    """Ask for the ``ClassDocumentation`` of one module's class. It is read beside the training, not in it."""

    fqn: str


class AttributeKind(StrEnum):
    """What a name in a module's ``__dict__`` holds, as far as torch cares."""

    TABLE = "table"  # torch's own: it is in the ``__dict__`` of every module, or torch put it there
    TENSOR = "tensor"  # neither parameter nor buffer
    MODULES = "modules"  # a module, or a list or dict with one in it, that is not registered
    TENSORS = "tensors"  # a list or dict with tensors in it that are not registered
    PLAIN = "plain"


class Attribute(msgspec.Struct, frozen=True):
    """One entry of ``vars(module)``.

    Attributes:
        value: Its bounded ``repr``; of a tensor what it is, never its values.
        n_entries: Of a table, list or dict.
        n_bytes: Of its tensors.
        entries: The first names in it, each with what it is.
        note: What Python alone cannot see: that hooks take keywords, that a list repeats what is registered.
        can_be_learned: It is a tensor of floating-point or complex numbers.
        written_for: Of a private name that is not torch's: the class whose methods use it.
    """

    name: str
    type_name: str
    kind: AttributeKind
    value: str
    n_entries: int | None = None
    n_bytes: int | None = None
    entries: tuple[str, ...] = ()
    note: str = ""
    can_be_learned: bool = False
    written_for: str = ""


class SavedKind(StrEnum):
    """What stands under a key of ``state_dict()``."""

    PARAMETER = "parameter"
    BUFFER = "buffer"
    EXTRA_STATE = "extra state"
    ADDED = "added"  # by a hook or a method of its own: it is in no table


class SavedEntry(msgspec.Struct, frozen=True):
    """One key of ``state_dict()``.

    Attributes:
        shares_with: The key before it whose memory this one is in too; its bytes are counted there.
    """

    key: str
    kind: SavedKind
    what: str = ""
    n_bytes: int = 0
    shares_with: str = ""


class LeftOutReason(StrEnum):
    """Why ``state_dict()`` leaves something out."""

    NON_PERSISTENT = "non-persistent"
    PLAIN_TENSOR = "plain tensor"
    UNREGISTERED_MODULE = "unregistered module"
    TENSORS_IN_CONTAINER = "tensors in a container"
    NONE = "none"
    REMOVED_BY_HOOK = "removed"
    COMPUTED = "computed"


class LeftOut(msgspec.Struct, frozen=True):
    """Something that a person might expect in ``state_dict()``, and that is not in it."""

    name: str
    reason: LeftOutReason
    what: str = ""
    n_bytes: int = 0


class Comparison(StrEnum):
    """Whether what is told of ``state_dict()`` was compared with its own keys."""

    SAME = "same"
    DIFFERENT = "different"
    USERS_CODE = "users code"  # hooks or methods of the user's own run in it: only when asked
    TOO_LARGE = "too large"
    RAISED = "raised"


class SavedState(msgspec.Struct, frozen=True):
    """What ``state_dict()`` of a module and all below it saves, and what it leaves out.

    Attributes:
        entries: The first of them.
        n_entries: All of them.
        n_bytes: Of all, memory that several of them share counted once.
        n_file_bytes: What ``torch.save`` writes of them: the whole storage that each is a view of, each once.
        left_out: The first of what is left out.
        n_left_out: All of it.
        added: Keys that ``state_dict()`` has beyond the tables, put there by hooks or by a method of the user's.
        hooks: Hooks and methods that can change the keys, and where they are.
        comparison: With ``state_dict()`` itself.
        error: What ``state_dict()`` raised.
    """

    entries: tuple[SavedEntry, ...] = ()
    n_entries: int = 0
    n_bytes: int = 0
    n_file_bytes: int = 0
    left_out: tuple[LeftOut, ...] = ()
    n_left_out: int = 0
    added: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    comparison: Comparison = Comparison.TOO_LARGE
    error: str = ""


class Recomputed(msgspec.Struct, frozen=True):
    """A tensor of a module that is computed from others.

    Attributes:
        name: As the module's code reads it (``weight``).
        how: What computes it ("torch.nn.utils.parametrize", "pruning", ...).
        originals: What is trained or kept in its place: name and what it is.
        steps: What is done with them, in order.
        kept_share: Of a pruning mask: share of ones, 0..1.
        is_estimate: The share is of a sample of the mask.
    """

    name: str
    how: str
    originals: tuple[str, ...]
    steps: tuple[str, ...] = ()
    kept_share: float | None = None
    is_estimate: bool = False


class LazyState(msgspec.Struct, frozen=True):
    """What a lazy module waits for.

    Attributes:
        waiting: Its parameters and buffers without a shape.
        becomes: Class that it will have then, "" where it keeps its own.
        finds_out: What it reads from its first input.
    """

    waiting: tuple[str, ...]
    becomes: str
    finds_out: str


class InternalsReport(msgspec.Struct, frozen=True, tag=True):
    """What stands in one module's ``__dict__``, and what follows from it.

    Attributes:
        attributes: In the order of ``__dict__``; at most 500.
        n_attributes: All of them.
        extra_repr: What ``extra_repr()`` gives.
        lazy: None where it does not wait.
        problem: A sentence where it could not be read whole.
    """

    fqn: str
    step: int
    attributes: tuple[Attribute, ...] = ()
    n_attributes: int = 0
    saved: SavedState = SavedState()
    recomputed: tuple[Recomputed, ...] = ()
    lazy: LazyState | None = None
    problem: str = ""


class ClassDocumentation(msgspec.Struct, frozen=True, tag=True):
    """What is written about a module's class.

    Attributes:
        fqn: Of the module that was asked about.
        class_name: With its Python module ("torch.nn.modules.linear.Linear").
        docstring: Of the class, dedented.
        signatures: Of ``__init__`` and ``forward``.
        source: Of the class.
        location: "file:line" of the class.
        help_text: What ``help()`` prints.
    """

    fqn: str
    class_name: str
    docstring: str
    signatures: str
    source: str
    location: str
    help_text: str


class LazyMaterialised(msgspec.Struct, frozen=True, tag=True):
    """A lazy module has got its shapes.

    Attributes:
        step: In which step; None where that was before the first.
        was: Class that it had while it waited.
        now: Class that it has now.
        tensors: Its parameters and buffers with their shapes.
    """

    fqn: str
    step: int | None
    was: str
    now: str
    tensors: tuple[str, ...]


InternalsCommand = RequestInternals | RequestDocumentation
InternalsRecord = InternalsReport | ClassDocumentation | LazyMaterialised
