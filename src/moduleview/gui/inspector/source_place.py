"""Where a class is written: file and line, to copy and to open in a person's editor."""

from __future__ import annotations

from PySide6.QtCore import QProcess, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QWidget

from moduleview.gui.inspector.editor_command import editor_command, is_usable
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.elided_label import ElidedLabel
from moduleview.gui.widgets.icon_button import IconButton
from moduleview.gui.widgets.plain_tip import plain_tip
from moduleview.telemetry.display_names import displayable


class SourcePlace(QWidget):
    """A line with the file's name and three buttons.

    Attributes:
        command: The editor's command that a person has set, "" for none.
    """

    failed = Signal(str)  # a sentence

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.command = ""
        self._location = ""
        self._label = ElidedLabel(self)
        self._label.setProperty("role", "mono")
        self.copy = IconButton(theme, "copy", self.tr("Copy file and line"), self)
        self.open = IconButton(theme, "jump", self.tr("Open in your editor at this line"), self)
        self.choose = IconButton(theme, "gear", self.tr("Choose the editor"), self)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._location))
        self.open.clicked.connect(self._on_open)
        self.choose.clicked.connect(self._on_choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._label, 1)
        for button in (self.copy, self.open, self.choose):
            row.addWidget(button)

    def show_location(self, location: str) -> None:
        """Show ``file:line``, or that there is none."""
        self._location = location
        name = displayable(location.replace("\\", "/").rpartition("/")[2])
        self._label.set_text(name or self.tr("no file"))
        self._label.setToolTip(plain_tip(displayable(location, 2000)))
        for button in (self.copy, self.open):
            button.setEnabled(bool(location))

    def _on_open(self) -> None:
        command = editor_command(self._location, self.command)
        if command is not None:
            is_open, _process_id = QProcess.startDetached(command[0], command[1:])
        else:
            is_open = QDesktopServices.openUrl(QUrl.fromLocalFile(self._location.rpartition(":")[0]))
        if not is_open:
            self.failed.emit(self.tr("No editor could be opened; the button with the wheel sets one."))

    def _on_choose(self) -> None:
        dialog = QInputDialog(self)
        dialog.setWindowTitle(self.tr("Editor"))
        dialog.setLabelText(
            self.tr(
                "Command that opens a file at a line, such as: code -g {file}:{line}\n"
                "Empty: VISUAL or EDITOR of your environment, else what your desktop opens Python files with."
            )
        )
        dialog.setTextValue(self.command)
        dialog.textValueSelected.connect(self._on_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_chosen(self, command: str) -> None:
        if is_usable(command):
            self.command = command.strip()
        else:
            self.failed.emit(self.tr("There is no program called {0}; the editor stays as it was.").format(command))
