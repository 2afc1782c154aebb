"""Asks for a target by name: a Python file or module, and the object in it."""

from __future__ import annotations

import ast
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QFileDialog, QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from moduleview.errors import TargetError
from moduleview.gui.dialogs.base import Dialog
from moduleview.gui.look.theme import Theme
from moduleview.gui.opening.target import Target

_WIDTH_PX = 520
_MAXIMUM_BYTES = 1_000_000  # a bigger file is not somebody's model definition


class OpenByNameDialog(Dialog):
    """A file or module, and which object in it; the names on offer are read from the file, which is not run."""

    def __init__(self, target: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", parent)
        self.setWindowTitle(self.tr("Open by name"))
        self.setAccessibleName(self.windowTitle())
        self.setObjectName("open_by_name_dialog")
        self.setModal(True)
        self.place = QLineEdit(self)
        self.place.setFont(theme.mono_font())
        self.place.setPlaceholderText(self.tr("train.py or package.module"))
        self.place.setAccessibleName(self.tr("File or module"))
        self.name = QComboBox(self)
        self.name.setEditable(True)
        self.name.setFont(theme.mono_font())
        self.name.setAccessibleName(self.tr("Name in it"))
        self._add_form()
        self.add_button(self.tr("Cancel"), self.reject)
        self.open_button = self.add_button(self.tr("&Open"), self.accept, is_primary=True)
        self.place.textChanged.connect(self._on_place_changed)
        self._show(target)
        self.setMinimumWidth(theme.px(_WIDTH_PX))

    def target(self) -> str:
        """What was asked for, as ``moduleview TARGET`` takes it."""
        name = self.name.currentText().strip()
        return f"{self.place.text().strip()}:{name}" if name else self.place.text().strip()

    def _add_form(self) -> None:
        browse = QPushButton(self.tr("&Browse..."), self)
        browse.setAccessibleName(self.tr("Browse for a Python file"))
        browse.setAutoDefault(False)
        browse.clicked.connect(self._on_browse)
        row = QHBoxLayout()
        row.setSpacing(self.theme.px(8))
        row.addWidget(self.place, 1)
        row.addWidget(browse)
        form = QFormLayout()
        form.setHorizontalSpacing(self.theme.px(16))
        form.setVerticalSpacing(self.theme.px(8))
        form.addRow(self.tr("File or module"), row)
        form.addRow(self.tr("Name in it"), self.name)
        self.body.addLayout(form)
        text = self.tr(
            "The name is an nn.Module, a function or class that makes one, or something that makes a TrainingTask. "
            "Leave it empty to have it found."
        )
        self.add_text(text, "muted")

    def _show(self, target: str) -> None:
        try:
            parsed = Target.parse(target)
        except TargetError:  # nothing yet, or what a person is here to correct
            self.place.setText(target)
        else:
            self.place.setText(parsed.module if parsed.file is None else str(parsed.file))
            self.name.setEditText(parsed.name)
        self._on_place_changed()

    def _on_place_changed(self) -> None:
        place = self.place.text().strip()
        self.open_button.setEnabled(bool(place))
        written = self.name.currentText()  # clear() forgets it
        self.name.clear()
        self.name.addItems(["", *names_in(Path(place).expanduser())])
        self.name.setEditText(written)

    def _on_browse(self) -> None:
        file, _ = QFileDialog.getOpenFileName(
            self, self.tr("Open a model"), self.place.text(), self.tr("Python files (*.py);;All files (*)")
        )
        if file:
            self.place.setText(file)


def names_in(file: Path) -> tuple[str, ...]:
    """Public names that a Python file defines at its top level, in their order, read without running it.

    Empty where there is no such file or it is not Python.
    """
    if file.suffix.lower() != ".py":
        return ()
    try:
        if not file.is_file() or file.stat().st_size > _MAXIMUM_BYTES:
            return ()
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return ()
    names: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names.extend(target.id for target in node.targets if isinstance(target, ast.Name))
    return tuple(dict.fromkeys(name for name in names if not name.startswith("_")))
