"""Asks before a Python file's code runs for the first time, and takes a folder's trust back."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QVBoxLayout, QWidget

from moduleview.gui.dialogs.base import Dialog, Outlined
from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme
from moduleview.gui.opening.trust import TrustedFolders
from moduleview.gui.widgets.code_view import CodeView
from moduleview.telemetry.display_names import displayable

_WIDTH_PX, _HEIGHT_PX = 640, 460
_ICON_PX = 24
_MAXIMUM_SHOWN_BYTES = 64_000  # a person decides by the first lines; nothing of the file is run to show them
_MAXIMUM_LINE = 2000


class TrustDialog(Dialog):
    """Shows a file and asks whether the code in its folder may run. Accepted means trusted."""

    def __init__(self, file: Path, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", parent)
        self.setWindowTitle(self.tr("Run this code?"))
        self.setAccessibleName(self.windowTitle())
        self.setObjectName("trust_dialog")
        self.setModal(True)
        self.file = file
        self._add_question()
        code = CodeView(theme, self)
        code.setAccessibleName(self.tr("The first lines of the file"))
        code.set_code(_first_lines(file))
        self.body.addWidget(Outlined(theme, code, self), 1)
        self.trusted_button = self.add_button_left(self.tr("Trusted &folders..."), lambda: None)
        self.cancel_button = self.add_button(self.tr("Cancel"), self.reject)
        self.trust_button = self.add_button(self.tr("&Trust folder and open"), self.accept, is_primary=True)
        self.cancel_button.setDefault(True)  # Enter on an unread question runs nothing
        self.cancel_button.setFocus()
        self.resize(theme.px(_WIDTH_PX), theme.px(_HEIGHT_PX))

    def _add_question(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(self.theme.px(12))
        picture = QLabel(self)
        picture.setPixmap(Icons(self.theme).pixmap("warning", "warning", _ICON_PX))
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(self.theme.px(4))
        title = self.tr("A Python file is code: opening {0} runs it.")
        self.add_text(title.format(displayable(self.file.name)), "strong", column)
        line = self.tr(
            "Trust this folder and those inside it if you know where the files come from; it is not asked for again."
        )
        self.add_text(line, "", column)
        self.add_text(displayable(str(self.file.parent)), "mono", column)
        row.addLayout(column, 1)
        self.body.addLayout(row)


class TrustedFoldersDialog(Dialog):
    """The folders whose code may run, and a way to take that back."""

    def __init__(self, trusted: TrustedFolders, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", parent)
        self.setWindowTitle(self.tr("Trusted folders"))
        self.setAccessibleName(self.windowTitle())
        self.setObjectName("trusted_folders_dialog")
        self._trusted = trusted
        self._line = self.add_text("", "muted")
        self.list = QListWidget(self)
        self.list.setAccessibleName(self.tr("Trusted folders"))
        self.list.setFont(theme.mono_font())
        self.body.addWidget(Outlined(theme, self.list, self), 1)
        self.revoke_button = self.add_button_left(self.tr("&Ask again"), self._on_revoke)
        self.add_button(self.tr("Close"), self.accept, is_primary=True)
        self.list.currentRowChanged.connect(lambda row: self.revoke_button.setEnabled(row >= 0))
        trusted.changed.connect(self._fill)
        self._fill()
        self.resize(theme.px(_WIDTH_PX), theme.px(_HEIGHT_PX // 2))

    def _fill(self) -> None:
        folders = self._trusted.folders()
        self.list.clear()
        for folder in folders:
            self.list.addItem(displayable(str(folder)))
        self.revoke_button.setEnabled(False)
        self._line.setText(
            self.tr("Python files in these folders and below them run without a question.")
            if folders
            else self.tr("No folder is trusted yet: every Python file is shown first and runs only after you agree.")
        )

    def _on_revoke(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._trusted.folders()):
            self._trusted.revoke(self._trusted.folders()[row])


def _first_lines(file: Path) -> str:
    """What stands in the file, as far as a person reads; a sentence in its place where it cannot be read.

    Invisible and bidirectional characters are written out: they make code read as other code than what would run
    (CVE-2021-42574).
    """
    try:
        with file.open("rb") as stream:
            text = stream.read(_MAXIMUM_SHOWN_BYTES).decode("utf-8", errors="replace")
    except OSError as error:
        return f"# {error.strerror}"
    return "\n".join(displayable(line.expandtabs(4), _MAXIMUM_LINE) for line in text.split("\n"))
