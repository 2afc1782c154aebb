"""Tools > Doctor: what this machine has and lacks, as ``moduleview doctor`` prints it."""

from __future__ import annotations

import sys

from PySide6.QtCore import QProcess
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from moduleview.gui.dialogs.base import Dialog, Outlined
from moduleview.gui.look.theme import Theme

_WIDTH_PX, _HEIGHT_PX = 720, 400
_END_MS = 1000  # a killed process ends within some


class DoctorDialog(Dialog):
    """Runs the command in a process of its own: it imports torch, and a crash of it is an answer too."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", parent)
        self.setWindowTitle(self.tr("Doctor"))
        self.setAccessibleName(self.windowTitle())
        self.setObjectName("doctor_dialog")
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setFont(theme.mono_font())
        self.text.setAccessibleName(self.tr("What this machine has and lacks"))
        self.text.setPlaceholderText(self.tr("Looking; importing PyTorch takes some seconds."))
        self.body.addWidget(Outlined(theme, self.text, self), 1)
        self.copy_button = self.add_button_left(self.tr("&Copy"), self._on_copy)
        self.add_button(self.tr("Close"), self.accept, is_primary=True).setFocus()
        self.resize(theme.px(_WIDTH_PX), theme.px(_HEIGHT_PX))
        self._command = QProcess(self)
        self._command.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self._command.readyReadStandardOutput.connect(self._on_output)
        self.finished.connect(self._on_finished)
        QGuiApplication.instance().aboutToQuit.connect(self._on_finished)  # type: ignore[union-attr]
        self._command.start(sys.executable, ["-m", "moduleview", "doctor"])

    def _on_output(self) -> None:
        self.text.insertPlainText(bytes(self._command.readAllStandardOutput().data()).decode(errors="replace"))

    def _on_finished(self) -> None:
        """Qt must have seen the process end before it goes with the dialog."""
        if self._command.state() is not QProcess.ProcessState.NotRunning:
            self._command.kill()
            self._command.waitForFinished(_END_MS)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.copy_button.setText(self.tr("Copied"))
