"""What there is to read about one hook: whose it is, its source, why it is not counted, what it last raised."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from moduleview.gui.inspector.hook_source import hook_source
from moduleview.gui.look.theme import Theme
from moduleview.gui.models.found_hooks_model import function_name
from moduleview.gui.widgets.code_view import CodeView
from moduleview.telemetry.hooks import FoundHook


class HookDetail(QWidget):
    """Text to read and to copy, a traceback highlighted. Hidden while there is nothing to say."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._view = CodeView(theme, self)
        self._view.setAccessibleName(self.tr("The hook that is selected"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._view)
        self.hide()

    @property
    def text(self) -> str:
        """What is shown."""
        return self._view.code()

    def show_hook(self, hook: FoundHook) -> None:
        """Everything known of a hook that was found."""
        place = f" · {hook.place}" if hook.place else ""
        lines = [function_name(hook), hook.location, self.tr("{0}{1}, number {2}").format(hook.kind, place, hook.order)]
        lines += [hook.note, hook.not_counted]
        if hook.last_error:
            lines += [self.tr("It raised:"), hook.traceback or hook.last_error]
        head = [line for text in lines for line in text.splitlines()]
        source = hook_source(hook.location) if hook.location and not hook.is_ours and not hook.last_error else ""
        if source:
            self._show("\n".join([*(f"# {line}" for line in head), source]), "python")
        else:
            self._show("\n".join(head), "pytb" if hook.traceback else "text")

    def show_traceback(self, traceback: str) -> None:
        """What a hook of ours raised; hides where it raised nothing."""
        self._show(traceback, "pytb")

    def clear(self) -> None:
        """Nothing is selected."""
        self._show("", "text")

    def _show(self, text: str, language: str) -> None:
        mode = QPlainTextEdit.LineWrapMode
        self._view.setLineWrapMode(mode.WidgetWidth if language == "text" else mode.NoWrap)
        self._view.set_code(text, language)
        self.setVisible(bool(text))
