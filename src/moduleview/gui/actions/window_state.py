"""What the window's actions depend on, frozen: an action asks it whether it can be used and whether it is ticked."""

from __future__ import annotations

from dataclasses import dataclass, field

from moduleview.gui.look.color_scheme import ColorScheme
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.records import RunState


@dataclass(frozen=True)
class WindowState:
    """One moment of the window.

    Attributes:
        run: What the training thread is doing; CLOSED when nothing is open.
        has_steps: This run has made a step. Not how many: each step would be another state.
        has_model: A model is open.
        is_opening: Another one, or the first, is being opened.
        cannot_train_reason: A sentence when the open model cannot train, else "".
        has_random_data: It trains on data that were made up for it, and may get others.
        capabilities: What the source can do.
        target: As it was opened; "" when there is none to open again.
        fqn: The selected module, None for nothing.
        n_trainable: Parameters in the selection's subtree that require a gradient.
        n_frozen: Parameters there that do not.
        can_go_back: The history has an earlier module.
        can_go_forward: The history has a later module.
        can_undo: Something that was done to modules can be taken back.
        can_redo: Something that was taken back can be done again.
        scheme: Light, dark, or what the desktop has.
        open_panels: Ids of the panels that are not closed.
    """

    run: RunState = RunState.CLOSED
    has_steps: bool = False
    has_model: bool = False
    is_opening: bool = False
    cannot_train_reason: str = ""
    has_random_data: bool = False
    capabilities: Capability = Capability.NONE
    target: str = ""
    fqn: str | None = None
    n_trainable: int = 0
    n_frozen: int = 0
    can_go_back: bool = False
    can_go_forward: bool = False
    can_undo: bool = False
    can_redo: bool = False
    scheme: ColorScheme = ColorScheme.SYSTEM
    open_panels: frozenset[str] = field(default_factory=frozenset)
