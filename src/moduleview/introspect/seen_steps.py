"""What was seen of a model's steps: plain notes that structure checks read, made by ``hooks/step_witness.py``."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class GapKind(StrEnum):
    """Why no gradient comes back to a module that ran."""

    NO_GRAD = "no_grad"  # it ran with gradients switched off
    INSIDE = "inside"  # its own forward let go of the graph
    DETACHED = "detached"  # after it: somebody takes a tensor that was detached


@dataclass(frozen=True)
class GradientGap:
    """Where the way of a gradient ends, as near to the module as was seen.

    Attributes:
        kind: How it ends.
        begin: NO_GRAD: the innermost module around it that still ran with gradients, None for a place outside of the
            model. DETACHED: the module whose output was detached.
        end: DETACHED: the module that took it.
    """

    kind: GapKind
    begin: str | None = None
    end: str = ""


@dataclass
class BuiltModule:
    """Modules of one class that no module has registered, called from one line inside a registered module.

    Attributes:
        type_name: Their class.
        owner: FQN of the module in whose forward they were called.
        location: ``file:line`` of the call.
        code: What stands in that line.
        n_trainable: Trainable elements in one of them that belong to nothing registered.
        has_dropout: One of them drops something.
        made: A call that makes one like it, "" where that is not known.
        steps: In which of the steps a new one was met.
        n_built: How many were met.
    """

    type_name: str
    owner: str
    location: str
    code: str
    n_trainable: int
    has_dropout: bool
    made: str = ""
    steps: set[int] = field(default_factory=set)
    n_built: int = 0


@dataclass(eq=False)
class SeenSteps:
    """Notes of all steps that were looked at; identities are of modules and parameters that the model still has.

    Attributes:
        n_steps: Steps that were looked at.
        calls: Calls of each module, by ``id``.
        unseen: Modules whose calls cannot be seen (scripted, compiled, replicated), by ``id``.
        with_gradient: Parameters that had a gradient when an optimizer stepped, or at a step's end, by ``id``.
        without_gradient: Parameters that an optimizer stepped over, since they had none though their module had run.
        moved_though_frozen: Parameters without ``requires_grad`` that an optimizer held with a gradient as it stepped.
        changed: Of the parameters that no optimizer holds, those that changed.
        gaps: Where the way of a gradient ends, by ``id`` of the module.
        built: Modules that were made inside a forward.
        narrow_norms: Shape of the input of a BatchNorm in training that got one value a channel, by ``id``.
        buffer_changes: In which of the steps a non-persistent buffer changed, by FQN.
        trained_in_eval: The whole model ran in eval mode with gradients on.
    """

    n_steps: int = 0
    calls: dict[int, int] = field(default_factory=dict)
    unseen: set[int] = field(default_factory=set)
    with_gradient: set[int] = field(default_factory=set)
    without_gradient: set[int] = field(default_factory=set)
    moved_though_frozen: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    gaps: dict[int, GradientGap] = field(default_factory=dict)
    built: dict[tuple[str, str, str], BuiltModule] = field(default_factory=dict)
    narrow_norms: dict[int, tuple[int, ...]] = field(default_factory=dict)
    buffer_changes: dict[str, set[int]] = field(default_factory=dict)
    trained_in_eval: bool = False

    @property
    def words(self) -> str:
        """``3 steps``."""
        return f"{self.n_steps} step{'' if self.n_steps == 1 else 's'}"
