"""State, step and elapsed time at the right of the toolbar."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.readout import Readout
from moduleview.gui.widgets.rule import VerticalRule
from moduleview.telemetry.records import RunState
from moduleview.telemetry.store_view import StoreView

_DOT_PX = 16
_ROLES = {RunState.RUNNING: "success", RunState.FAILED: "error"}


class RunReadout(QWidget):
    """``● Running | Step 1,284 of 5,000 | Elapsed 00:33``; reads the store, keeps nothing."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._icons = theme, Icons(theme)
        self._state = RunState.CLOSED
        self._is_opening = False
        self._has_room = True
        self._dot, self._word = QLabel(self), QLabel(self)
        self._step = Readout(theme, self.tr("Step"), self, size_px=12, bold=True)
        self._elapsed = Readout(theme, self.tr("Elapsed"), self, size_px=12)
        self._rules = (VerticalRule(theme, 20, 4, self), VerticalRule(theme, 20, 4, self))
        self._row = QHBoxLayout(self)
        for widget in (self._dot, self._word, self._rules[0], self._step, self._rules[1], self._elapsed):
            self._row.addWidget(widget)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def refresh(self, store: StoreView, *, is_opening: bool) -> None:
        """Show the run as it is now."""
        run, task = store.run, store.task
        if (run.state, is_opening) != (self._state, self._is_opening):
            self._state, self._is_opening = run.state, is_opening
            self._on_theme_changed()
        has_model = task is not None
        last = store.last_step
        n_done = max(run.step, 0 if last is None else last + 1) if has_model else 0
        planned = task.n_steps_planned if task is not None else None
        of = self.tr("of {0}").format(number_format.exact_count(planned)) if planned is not None else ""
        step = number_format.exact_count(n_done) if n_done else number_format.NO_VALUE
        self._step.show_value(step, of)
        self._elapsed.show_value(number_format.duration(store.elapsed_s))
        self._show_parts(has_model=has_model, has_steps=n_done > 0)

    def set_room(self, has_room: bool) -> None:
        """In a narrow window the time goes first; state and step stay. The next refresh shows it."""
        self._has_room = has_room

    def _show_parts(self, *, has_model: bool, has_steps: bool) -> None:
        self._step.setVisible(has_model)
        self._rules[0].setVisible(has_model)
        has_time = has_model and has_steps and self._has_room
        self._elapsed.setVisible(has_time)
        self._rules[1].setVisible(has_time)

    def _words(self) -> str:
        if self._is_opening or self._state is RunState.OPENING:
            return self.tr("Opening...")
        words = {
            RunState.READY: self.tr("Ready"),
            RunState.RUNNING: self.tr("Running"),
            RunState.PAUSED: self.tr("Paused"),
            RunState.STOPPED: self.tr("Stopped"),
            RunState.FINISHED: self.tr("Finished"),
            RunState.FAILED: self.tr("Failed"),
        }
        return words.get(self._state, self.tr("No model open"))

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        role = "muted" if self._is_opening else _ROLES.get(self._state, "muted")
        self._row.setContentsMargins(0, 0, px(8), 0)
        self._row.setSpacing(px(4))
        self._word.setText(self._words())
        self._word.setProperty("role", role)
        self._word.style().unpolish(self._word)  # it forgets the font, so that comes after
        self._word.style().polish(self._word)
        self._word.setFont(self._theme.ui_font(bold=role != "muted"))
        self._dot.setVisible(role != "muted")
        name = "error" if self._state is RunState.FAILED else "disc"
        self._dot.setPixmap(self._icons.pixmap(name, role, _DOT_PX))
        self.setAccessibleName(self._words())
