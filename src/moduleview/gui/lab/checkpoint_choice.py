"""Reads the list of tensors in a checkpoint file and lets a person choose one of them by typing."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from moduleview.gui.actions.command_palette import CommandPalette, PaletteEntry
from moduleview.gui.lab.question import Question
from moduleview.gui.look import number_format
from moduleview.gui.panel import PanelContext
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.lab_book import LabBook
from moduleview.telemetry.lab_tensors import CheckpointListed, LabRefused, ListCheckpoint, TakeFromCheckpoint


class CheckpointChoice(QWidget):
    """Never shown itself: it owns the dialog and the palette.

    ``chosen`` carries what makes the command for a request's number.
    """

    chosen = Signal(object)

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._listing = Question(context)
        self.hide()

    def choose_file(self) -> None:
        """Ask for a file."""
        dialog = QFileDialog(self.window(), self.tr("Checkpoint to read a tensor from"))
        dialog.setNameFilters(
            [self.tr("Checkpoints (*.pt *.pth *.bin *.ckpt *.safetensors)"), self.tr("All files (*)")]
        )
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.list_file)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def list_file(self, path: str) -> None:
        """Ask what is in it."""
        self._listing.ask(lambda request: ListCheckpoint(request, path))

    def take(self, book: LabBook) -> None:
        """Offer what was found."""
        answer = self._listing.take(book)
        if isinstance(answer, LabRefused):
            self._context.notify(answer.reason)
        elif isinstance(answer, CheckpointListed):
            self._offer(answer)

    def _offer(self, listed: CheckpointListed) -> None:
        entries = [
            PaletteEntry(
                displayable(entry.key),
                f"{number_format.shape(entry.shape)} {entry.dtype}",
                partial(self._on_key_chosen, listed.path, entry.key),
                is_code=True,
            )
            for entry in listed.entries
        ]
        CommandPalette(entries, self.tr("Tensor in the checkpoint"), self._context.theme, self.window()).open()

    def _on_key_chosen(self, path: str, key: str) -> None:
        self.chosen.emit(lambda request: TakeFromCheckpoint(request, path, key))
