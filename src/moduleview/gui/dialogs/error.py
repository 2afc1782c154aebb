"""What went wrong, what to do next, and the traceback to copy."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from moduleview.gui.dialogs.base import Dialog, Outlined
from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.code_view import CodeView
from moduleview.telemetry.records import FailureReport

_WIDTH_PX, _HEIGHT_PX, _MAXIMUM_HEIGHT_PX = 640, 140, 560
_CODE_MARGIN_PX, _SMALLEST_CODE_PX = 32, 80  # room for a scroll bar
_ICON_PX = 24


class ErrorDialog(Dialog):
    """Shows one failure; not modal, and gone when it is closed."""

    def __init__(self, failure: FailureReport, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", parent)
        self.setWindowTitle(self.tr("moduleview: a failure"))
        self.setAccessibleName(failure.title)
        self.setAccessibleDescription(failure.advice)
        self.setObjectName("error_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self.failure = failure
        self._add_sentences()
        self._code: CodeView | None = None
        if failure.traceback:
            self._add_traceback()
        self.copy_button = self.add_button_left(self.tr("&Copy"), self._on_copy)
        self.close_button = self.add_button(self.tr("Close"), self.close, is_primary=True)
        self.close_button.setFocus()
        self.resize(theme.px(_WIDTH_PX), min(theme.px(_HEIGHT_PX) + self._code_height(), theme.px(_MAXIMUM_HEIGHT_PX)))

    def text(self) -> str:
        """All that is shown, as it is copied."""
        parts = (self.failure.title, self.failure.advice, self.failure.traceback)
        return "\n\n".join(part for part in parts if part)

    def _add_sentences(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(self.theme.px(12))
        picture = QLabel(self)
        picture.setPixmap(Icons(self.theme).pixmap("error", "error", _ICON_PX))
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        sentences = QVBoxLayout()
        sentences.setSpacing(self.theme.px(4))
        self.add_text(self.failure.title, "strong", sentences)
        if self.failure.advice:
            self.add_text(self.failure.advice, "", sentences)
        if not self.failure.is_users:
            self.add_text(self.tr("This is a fault of moduleview, not of your code."), "muted", sentences)
        sentences.addStretch(1)
        row.addLayout(sentences, 1)
        self.body.addLayout(row)

    def _add_traceback(self) -> None:
        self._code = CodeView(self.theme, self)
        self._code.setAccessibleName(self.tr("Traceback"))
        self._code.set_code(self.failure.traceback.rstrip("\n"), "pytb")
        self.body.addWidget(Outlined(self.theme, self._code, self), 1)
        bar = self._code.verticalScrollBar()
        bar.setValue(bar.maximum())  # the exception stands in the last line

    def _code_height(self) -> int:
        """What the traceback needs, so that a short one leaves no empty area."""
        if self._code is None:
            return 0
        text_height = self._code.blockCount() * self._code.fontMetrics().lineSpacing()
        return max(text_height + self.theme.px(_CODE_MARGIN_PX), self.theme.px(_SMALLEST_CODE_PX))

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text())
        self.copy_button.setText(self.tr("Copied"))
