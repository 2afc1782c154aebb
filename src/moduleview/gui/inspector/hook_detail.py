"""What there is to read about one hook: whose it is, why it is not counted, what it last raised."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from moduleview.gui.look.theme import Theme
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
        lines = [hook.name, hook.location, self.tr("{0}{1}, number {2}").format(hook.kind, place, hook.order)]
        lines += [hook.note, hook.not_counted]
        if hook.last_error:
            lines += [self.tr("It raised, while you looked:"), hook.traceback or hook.last_error]
        self._show("\n".join(line for line in lines if line), is_traceback=bool(hook.traceback))

    def show_traceback(self, traceback: str) -> None:
        """What a hook of ours raised; hides where it raised nothing."""
        self._show(traceback, is_traceback=True)

    def clear(self) -> None:
        """Nothing is selected."""
        self._show("", is_traceback=False)

    def _show(self, text: str, *, is_traceback: bool) -> None:
        wraps = QPlainTextEdit.LineWrapMode.NoWrap if is_traceback else QPlainTextEdit.LineWrapMode.WidgetWidth
        self._view.setLineWrapMode(wraps)
        self._view.set_code(text, "pytb" if is_traceback else "text")
        self.setVisible(bool(text))
