"""Export of a plot: its picture and its data, from the dock's title and the context menu."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QDir, QObject, QPoint, QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog, QMenu, QScrollBar, QWidget

from moduleview.gui.dialogs.error import ErrorDialog
from moduleview.gui.panel import PanelContext
from moduleview.gui.plots.canvas import Canvas
from moduleview.gui.plots.export.file_writing import FileWriting
from moduleview.gui.plots.export.picture import PictureFormat, picture_bytes
from moduleview.telemetry.records import FailureReport

PNG_SCALES = (1, 2, 4)


class PlotExport(QObject):
    """Offers what a plot shows as a file. GUI thread only.

    Args:
        context: Of the panel.
        picture: The widget that is rendered.
        name: Of the file that is offered, without its ending ("gradient map").
        make_csv: Gives the data in pieces, at full resolution.
    """

    def __init__(
        self, context: PanelContext, picture: QWidget, name: str, make_csv: Callable[[], Iterator[str]]
    ) -> None:
        super().__init__(picture)
        self._context, self._picture, self._name, self._make_csv = context, picture, name, make_csv

    def add_to(self, menu: QMenu, _at: QPoint | None) -> None:
        """Offer the formats in a menu."""
        if not menu.isEmpty():
            menu.addSeparator()
        for scale in PNG_SCALES:
            text = (
                self.tr("Save picture as PNG...")
                if scale == 1
                else self.tr("Save picture as PNG, {0} × as large...").format(scale)
            )
            menu.addAction(text, partial(self.save_picture, PictureFormat.PNG, scale))
        menu.addAction(self.tr("Save picture as SVG..."), partial(self.save_picture, PictureFormat.SVG))
        menu.addAction(self.tr("Save picture as PDF..."), partial(self.save_picture, PictureFormat.PDF))
        data = menu.addAction(self.tr("Save data as CSV, every step..."), self.save_csv)
        if self._context.store.last_step is None:
            data.setEnabled(False)
            data.setText(self.tr("Save data as CSV (no step was made yet)"))

    def save_picture(self, picture_format: PictureFormat, scale: int = 1) -> None:
        """Ask where to, and write the picture."""
        picture = self._draw(picture_format, scale)  # now: the model may be closed while a person looks for a folder
        kind = self.tr("{0} picture").format(picture_format.name)
        self._ask(picture_format.value, kind, lambda path: self._write(path, iter((picture,))))

    def save_csv(self) -> None:
        """Ask where to, and write the data."""
        self._ask("csv", self.tr("Comma-separated values"), lambda path: self._write(path, self._make_csv()))

    def _draw(self, picture_format: PictureFormat, scale: int) -> bytes:
        canvases = [w for w in (self._picture, *self._picture.findChildren(Canvas)) if isinstance(w, Canvas)]
        bars = [bar for canvas in canvases for bar in _bars(canvas)]
        for canvas in canvases:
            canvas.is_for_file = True
        for bar in bars:
            bar.hide()
        try:
            return picture_bytes(self._picture, picture_format, scale)
        finally:
            for canvas in canvases:
                canvas.is_for_file = False
            for bar in bars:
                bar.show()

    def _ask(self, ending: str, kind: str, write: Callable[[str], object]) -> None:
        """Ask for the path of the file, while the window lives on, and write it."""
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        suggested = QDir(folder if Path(folder).is_dir() else QDir.homePath()).filePath(f"{self._name}.{ending}")
        dialog = QFileDialog(self._picture.window(), self.tr("Export {0}").format(self._name), suggested)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(f"{kind} (*.{ending})")
        dialog.setDefaultSuffix(ending)  # it asks before it writes over loss.csv where "loss" was typed
        dialog.fileSelected.connect(write)
        dialog.open()

    def _write(self, path: str, pieces: Iterator[str] | Iterator[bytes]) -> None:
        writing = FileWriting(path, pieces, self._picture)
        writing.ended.connect(lambda reason: self._on_ended(path, reason))
        writing.given_up.connect(lambda reason: self._on_given_up(path, reason))
        writing.start()

    def _on_ended(self, path: str, reason: str) -> None:
        if not reason:
            self._context.notify(self.tr("Saved {0}").format(path))
            return
        title = self.tr("{0} could not be written: {1}.").format(Path(path).name, reason.rstrip("."))
        advice = self.tr(
            "Nothing was changed in {0}. Choose another folder, or make room there, and export once more."
        ).format(Path(path).parent)
        ErrorDialog(FailureReport(title, advice), self._context.theme, self._picture.window()).show()

    def _on_given_up(self, path: str, reason: str) -> None:
        title = self.tr("{0} was not written.").format(Path(path).name)
        ErrorDialog(FailureReport(title, reason), self._context.theme, self._picture.window()).show()


def _bars(canvas: Canvas) -> list[QScrollBar]:
    """Those that stand in it now."""
    return [bar for bar in canvas.findChildren(QScrollBar) if bar.parent() is canvas and bar.isVisible()]
