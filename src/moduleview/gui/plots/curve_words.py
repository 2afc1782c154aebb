"""What the curves say instead of drawing: why there is nothing, and what to do."""

from __future__ import annotations

from PySide6.QtCore import QObject

from moduleview.gui.plots.missing_gradient import MissingGradient
from moduleview.gui.plots.selected_place import SelectedPlace
from moduleview.gui.selection import Selection
from moduleview.telemetry.store_view import StoreView


class CurveWords(QObject):
    """Words only; a QObject for ``tr``. Each pair is a title and a sentence."""

    def nothing_selected(self) -> tuple[str, str]:
        """Before anything is selected."""
        return self.tr("Nothing selected"), self.tr("Select modules in the tree to draw their curves, at most 16.")

    def no_step(self) -> tuple[str, str]:
        """There are lines, without a point yet."""
        return self.tr("No step yet"), self.tr("What is selected is drawn once training runs.")

    def no_value(self, missing: MissingGradient) -> tuple[str, str]:
        """There are lines, and steps, and no gradient in any of them."""
        lines = {
            MissingGradient.FROZEN: self.tr("What is selected is frozen: it gets no gradient."),
            MissingGradient.NOT_EXECUTED: self.tr("What is selected was not executed, and no gradient reached it."),
            MissingGradient.NONE_CAME: self.tr("No gradient reached what is selected yet, though others had one."),
        }
        line = lines.get(missing, self.tr("No gradient was measured yet: the budget for measuring leaves steps out."))
        return self.tr("No gradient here"), line

    def no_line(self, store: StoreView, selection: Selection, *, are_others_offered: bool) -> tuple[str, str]:
        """Nothing that is selected has the quantity."""
        if store.model is None or selection.fqn is None:
            return self.nothing_selected()
        title = self.tr("No gradient here")
        if selection.tensor_fqn is not None:
            return title, self.tr("A buffer is not learned, so it gets no gradient.")
        if are_others_offered:
            return title, self.tr("What is selected has no parameter. Choose above what its hooks saw.")
        places = [SelectedPlace(store.model, fqn) for fqn in selection.fqns]
        if any(place.name_of(fqn) is not None for fqn, _kind in store.hooks for place in places):
            return title, self.tr("What is selected has no parameter, and its hooks have seen nothing yet.")
        return title, self.tr("What is selected has no parameter, and no hook is ticked on it.")
