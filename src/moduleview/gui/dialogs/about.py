"""What this program is, in which version, on what it runs."""

from __future__ import annotations

import platform

import PySide6
from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

import moduleview
from moduleview.gui.dialogs.base import Dialog
from moduleview.gui.look.number_format import NO_VALUE
from moduleview.gui.look.theme import Theme
from moduleview.installed import installed_version

_WIDTH_PX = 400


class AboutDialog(Dialog):
    """Name, versions, licence; Copy takes the versions along for a bug report."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", parent)
        self.setWindowTitle(self.tr("About moduleview"))
        self.setAccessibleName(self.windowTitle())
        self.setObjectName("about_dialog")
        name = self.add_text("moduleview", "strong")
        name.setFont(theme.ui_font(20, bold=True))
        self.add_text(self.tr("See a PyTorch model while it trains."), "muted")
        self.versions = _versions()
        self.body.addSpacing(theme.px(8))
        self._add_versions()
        self.body.addSpacing(theme.px(8))
        self.add_text(self.tr("Free software under the MIT licence. Qt and PySide6 are used under the LGPL."), "muted")
        self.copy_button = self.add_button_left(self.tr("&Copy"), self._on_copy)
        self.add_button(self.tr("Close"), self.accept, is_primary=True).setFocus()
        self.setFixedWidth(theme.px(_WIDTH_PX))

    def _add_versions(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(self.theme.px(16))
        grid.setVerticalSpacing(self.theme.px(4))
        for row, (name, text) in enumerate(self.versions):
            label = QLabel(name, self)
            label.setProperty("role", "muted")
            number = QLabel(text, self)
            number.setProperty("role", "mono")
            grid.addWidget(label, row, 0)
            grid.addWidget(number, row, 1)
        grid.setColumnStretch(1, 1)
        self.body.addLayout(grid)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(f"{name} {text}" for name, text in self.versions))
        self.copy_button.setText(self.tr("Copied"))


def _versions() -> list[tuple[str, str]]:
    return [
        ("moduleview", moduleview.__version__),
        ("Python", platform.python_version()),
        ("torch", installed_version("torch") or NO_VALUE),
        ("Qt", qVersion()),
        ("PySide6", PySide6.__version__),
        ("pyqtgraph", installed_version("pyqtgraph") or NO_VALUE),
        ("System", platform.platform(terse=True)),
    ]
