"""Keys and mouse of the places in the window, for the page of keys: what they do there and nowhere else."""

from __future__ import annotations

from PySide6.QtCore import QObject

from moduleview.gui.dialogs.shortcuts import Shortcut


class PlaceKeys(QObject):
    """Words only; a QObject for ``tr``. Who gives a view another key writes it down here, or a test fails."""

    def lines(self) -> tuple[Shortcut, ...]:
        """All of them, place by place."""
        return (
            *self._tree(),
            *self._search(),
            *self._map(),
            *self._plots(),
            *self._legend(),
            *self._tables(),
            *self._lab(),
            *self._console(),
            *self._editors(),
        )

    def _tree(self) -> tuple[Shortcut, ...]:
        place = self.tr("In the module tree")
        return (
            Shortcut(place, self.tr("Close it, or go up; open it, or go down"), "Left; Right"),
            Shortcut(place, self.tr("Open, close"), "+; -"),
            Shortcut(place, self.tr("Open it and everything below"), "*"),
            Shortcut(place, self.tr("Tick the hook of the current column"), "Space"),
            Shortcut(place, self.tr("Tick the backward hook"), "Shift+Space"),
            Shortcut(place, self.tr("Choose the column of a hook"), "Ctrl+Left; Ctrl+Right"),
            Shortcut(place, self.tr("First, last module"), "Home; End"),
            Shortcut(place, self.tr("Select several"), "Shift+Up; Shift+Down"),
            Shortcut(place, self.tr("Copy the paths"), "Ctrl+C"),
            Shortcut(place, self.tr("Go to the next name that begins so"), gesture=self.tr("Letters")),
        )

    def _search(self) -> tuple[Shortcut, ...]:
        place = self.tr("In the search field")
        return (
            Shortcut(place, self.tr("Go to the first match"), "Return"),
            Shortcut(place, self.tr("Go into the tree"), "Down"),
            Shortcut(place, self.tr("Clear it, then go back to the tree"), "Esc"),
        )

    def _map(self) -> tuple[Shortcut, ...]:
        place = self.tr("In the gradient map")
        return (
            Shortcut(place, self.tr("Select the row above, below"), "Up; Down"),
            Shortcut(place, self.tr("Open it to its parameters"), "Return"),
            Shortcut(place, self.tr("A page of rows up, down"), "PgUp; PgDown"),
            Shortcut(place, self.tr("First, last row"), "Ctrl+Home; Ctrl+End"),
            Shortcut(place, self.tr("Scroll rows; zoom steps where all are in view"), gesture=self.tr("Wheel")),
            Shortcut(place, self.tr("Zoom steps"), gesture=self.tr("Shift+wheel")),
            Shortcut(place, self.tr("Make rows higher or lower"), gesture=self.tr("Ctrl+wheel")),
        )

    def _plots(self) -> tuple[Shortcut, ...]:
        place = self.tr("In every plot over steps")
        return (
            Shortcut(place, self.tr("Earlier, later steps"), "Left; Right"),
            Shortcut(place, self.tr("Fewer, more steps"), "+; -"),
            Shortcut(place, self.tr("To the first step"), "Home"),
            Shortcut(place, self.tr("To the newest step, and follow it"), "End"),
            Shortcut(place, self.tr("Zoom steps"), gesture=self.tr("Wheel")),
            Shortcut(place, self.tr("Move through the steps"), gesture=self.tr("Drag, or wheel sideways")),
        )

    def _legend(self) -> tuple[Shortcut, ...]:
        place = self.tr("In the legend of the curves")
        return (
            Shortcut(place, self.tr("Hide a line, or show it again"), "Space"),
            Shortcut(place, self.tr("Show this line only, or all again"), "Return"),
        )

    def _tables(self) -> tuple[Shortcut, ...]:
        place = self.tr("In every table")
        return (
            Shortcut(place, self.tr("Copy the rows"), "Ctrl+C"),
            Shortcut(place, self.tr("Go to what the row is about"), "Return"),
            Shortcut(place, self.tr("Tick a hook"), "Space"),
        )

    def _lab(self) -> tuple[Shortcut, ...]:
        place = self.tr("In the tensor lab")
        return (
            Shortcut(place, self.tr("Add an operation"), "Ins"),
            Shortcut(place, self.tr("Type the arguments of the step"), "Return"),
            Shortcut(place, self.tr("Switch the step off, or on again"), "Space"),
            Shortcut(place, self.tr("Move the step up, down"), "Alt+Up; Alt+Down"),
            Shortcut(place, self.tr("Remove the step, or let the copy go"), "Del"),
            Shortcut(place, self.tr("Copy the step's line, or the cells"), "Ctrl+C"),
            Shortcut(place, self.tr("Count in a field of a whole number"), "Up; Down"),
            Shortcut(place, self.tr("Walk over cells, with Shift select them"), "Left; Right; Up; Down"),
            Shortcut(place, self.tr("A page of cells up, down"), "PgUp; PgDown"),
            Shortcut(place, self.tr("First, last cell of the row; the whole image"), "Home; End"),
            Shortcut(place, self.tr("Zoom the image"), "+; -"),
        )

    def _console(self) -> tuple[Shortcut, ...]:
        place = self.tr("In the console")
        return (
            Shortcut(place, self.tr("Run what is whole, or go on with another line"), "Return"),
            Shortcut(place, self.tr("Another line"), "Shift+Return"),
            Shortcut(place, self.tr("Run it, whole or not"), "Ctrl+Return"),
            Shortcut(place, self.tr("The cell before, after, of those that begin so"), "Up; Down"),
            Shortcut(place, self.tr("Offer names, after a letter or a dot"), "Tab"),
            Shortcut(place, self.tr("Interrupt the cell, where nothing is selected"), "Ctrl+C"),
        )

    def _editors(self) -> tuple[Shortcut, ...]:
        place = self.tr("In every editor of code")
        return (
            Shortcut(place, self.tr("Run it, or try it"), "Ctrl+Return"),
            Shortcut(place, self.tr("Another line, indented as this one"), "Return"),
            Shortcut(place, self.tr("Offer names"), "Ctrl+Space"),
            Shortcut(place, self.tr("Indent the lines, take it back"), "Tab; Shift+Tab"),
            Shortcut(place, self.tr("Erase a whole indentation"), "Backspace"),
            Shortcut(place, self.tr("Close the names; then Tab leaves the editor"), "Esc"),
        )
