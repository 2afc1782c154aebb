"""What a dockable panel is, and all that it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from typing import ClassVar

from PySide6.QtWidgets import QWidget

from moduleview.gui.gui_thread import gui_thread_only
from moduleview.gui.handovers import Handovers
from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.look.theme import Theme
from moduleview.gui.selection import Selection
from moduleview.gui.shared_axes import SharedAxes
from moduleview.gui.widgets.sight import is_in_sight
from moduleview.telemetry.commands import Capability, Command
from moduleview.telemetry.store_view import StoreView


class Area(Enum):
    """Where a panel stands until a person moves it."""

    LEFT = "left"
    CENTRE_TOP = "centre_top"
    CENTRE_BOTTOM = "centre_bottom"
    RIGHT = "right"
    BOTTOM = "bottom"


@dataclass(frozen=True)
class PanelContext:
    """Everything a panel is given; there are no globals.

    Attributes:
        store: What is known of the run. The object stays the same when another model is opened.
        selection: What a person is looking at.
        theme: Colours, fonts, zoom.
        scale: The one colour scale of gradients.
        capabilities: Asks what the source can do now.
        send: Passes a command to the source; returns at once.
        run_action: Runs an action of the window's table by its id ("run.start", "file.open").
        notify: Shows a sentence at the left of the status bar for 8 s.
        axes: The steps and rows that all plots show.
        handovers: Gives something to a panel, which comes forward: a tensor to the lab, a line to the console.
        request_numbers: Numbers for requests whose answers are waited for, no two the same.
    """

    store: StoreView
    selection: Selection
    theme: Theme
    scale: GradientScale
    capabilities: Callable[[], Capability]
    send: Callable[[Command], None]
    run_action: Callable[[str], None]
    notify: Callable[[str], None]
    axes: SharedAxes = field(default_factory=SharedAxes)
    handovers: Handovers = field(default_factory=Handovers)
    request_numbers: Iterator[int] = field(default_factory=lambda: count(1))


@dataclass(frozen=True)
class Badge:
    """A count after a panel's title.

    Attributes:
        text: The count.
        role: Field of ``Tokens`` for its colour.
    """

    text: str
    role: str


class Panel(QWidget):
    """A dockable panel. One file in ``gui/panels``; found by being there.

    Class attributes:
        panel_id: Stable name in saved layouts.
        area: Where it stands at first; ``order`` sorts panels that share an area into tabs or rows.
        needs: Without these capabilities the panel shows the reason instead of itself.
        tabbed: Stands as a tab with others of its area; otherwise below or beside them.
    """

    panel_id: ClassVar[str]
    area: ClassVar[Area]
    order: ClassVar[int] = 0
    needs: ClassVar[Capability] = Capability.NONE
    tabbed: ClassVar[bool] = True

    def __init_subclass__(cls, **named: object) -> None:
        """Hold every panel to the GUI thread, whoever writes it."""
        super().__init_subclass__(**named)
        if "refresh" in cls.__dict__:
            cls.refresh = gui_thread_only(cls.refresh)  # type: ignore[method-assign]

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.setObjectName(self.panel_id)

    @property
    def is_in_sight(self) -> bool:
        """A person can see some of it. What changes while it is not is drawn when it comes forward.

        ``refresh`` is called then.
        """
        return is_in_sight(self)

    def on_sight_changed(self, is_in_front: bool) -> None:
        """Its dock came to the front, or went behind another tab or away; for work that only serves who looks."""

    def title(self) -> str:
        """What stands on the dock, translated."""
        raise NotImplementedError

    def title_controls(self) -> Sequence[QWidget]:
        """Widgets at the right of the dock's title; asked for once. Their parent is set by the dock."""
        return ()

    def kept(self) -> str:
        """What a person arranged inside, as it is kept between two starts; "" for nothing."""
        return ""

    def restore_kept(self, kept: str) -> None:
        """Take what ``kept`` gave, or whatever stands in the settings: what does not fit is left at its default."""

    def badge(self, store: StoreView) -> Badge | None:  # noqa: ARG002
        """What stands after the title; asked for at each frame, seen or not, so it must cost next to nothing."""
        return None

    def refresh(self, store: StoreView) -> None:
        """Draw what changed, in at most 5 ms; nothing when the revisions it reads have not moved.

        Called by the clock, only while the panel is visible.
        """
        raise NotImplementedError
