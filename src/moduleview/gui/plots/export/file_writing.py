"""Writes pieces of a file one after the other while the window lives: all of it in the end, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QProgressDialog, QWidget

from moduleview.errors import RunGoneError
from moduleview.gui.plots.export.part_file import PartFile

_SHOWN_AFTER_MS = 300


class FileWriting(QObject):
    """One file that is being written; what stood there before stays until the last piece is on the disk.

    Args:
        path: Of the file.
        pieces: Text or bytes; each is made when it is written, and should take a few milliseconds.
        parent: Over it stands the progress, with Cancel, when it takes longer than 0.3 s.
    """

    ended = Signal(str)  # why it could not be written, or ""; not after Cancel
    given_up = Signal(str)  # there is nothing to write any more, and what to do

    def __init__(self, path: str, pieces: Iterator[str | bytes], parent: QWidget) -> None:
        super().__init__(parent)
        self._path, self._pieces = Path(path), pieces
        self._file: PartFile | None = None
        text = self.tr("Writing {0}").format(self._path.name)
        self._progress = QProgressDialog(text, self.tr("Cancel"), 0, 0, parent)
        self._progress.setWindowTitle(self.tr("moduleview: export"))
        self._progress.setMinimumDuration(_SHOWN_AFTER_MS)
        self._progress.canceled.connect(self._let_go)
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._on_turn)

    def start(self) -> None:
        """Open the file and begin."""
        try:
            self._file = PartFile(self._path)
        except OSError as error:
            self._end(error.strerror or str(error))
        else:
            self._timer.start()

    def _on_turn(self) -> None:
        try:
            self._write(next(self._pieces, None))
        except OSError as error:
            self._end(error.strerror or str(error))
        except RunGoneError as error:
            self._let_go()
            self.given_up.emit(str(error))
        except Exception as error:  # of ours; the file must not be left half written
            self._end(str(error))
            sys.excepthook(type(error), error, error.__traceback__)

    def _write(self, piece: str | bytes | None) -> None:
        assert self._file is not None
        if piece is None:
            self._file.finish()
            self._end("")
        else:
            self._file.write(piece.encode() if isinstance(piece, str) else piece)

    def _end(self, reason: str) -> None:
        self._let_go()
        self.ended.emit(reason)

    def _let_go(self) -> None:
        self._timer.stop()
        if self._file is not None:
            self._file.discard()
        self._progress.deleteLater()
        self.deleteLater()
