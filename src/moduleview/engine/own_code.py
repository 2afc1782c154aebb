"""What a person's own code, written in the window, needs for as long as a target is open."""

from __future__ import annotations

from moduleview.engine.console_place import ConsolePlace
from moduleview.engine.interruption import Interruptible
from moduleview.lab.shelf import Shelf


class OwnCode:
    """One for each target, however often it is opened anew.

    Attributes:
        interruptible: Runs it; the window ends it from there.
        console: The names of the console's cells.
        shelf: The lab's frozen copies.
    """

    def __init__(self, interruptible: Interruptible | None = None, shelf: Shelf | None = None) -> None:
        self.interruptible = interruptible or Interruptible()
        self.console = ConsolePlace()
        self.shelf = shelf or Shelf()
