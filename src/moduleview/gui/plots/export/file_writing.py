"""Writes pieces of a file one after the other while the window lives: all of it in the end, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from PySide6.QtCore import QFileInfo, QIODevice, QObject, QSaveFile, QTimer, Signal
from PySide6.QtWidgets import QProgressDialog, QWidget

_SHOWN_AFTER_MS = 300


class FileWriting(QObject):
    """One file that is being written; what stood there before stays until the last piece is on the disk.

    Args:
        path: Of the file.
        pieces: Text or bytes; each is made when it is written, and should take a few milliseconds.
        parent: Over it stands the progress, with Cancel, when it takes longer than 0.3 s.
    """

    ended = Signal(str)  # why it could not be written, or ""; not after Cancel

    def __init__(self, path: str, pieces: Iterator[str | bytes], parent: QWidget) -> None:
        super().__init__(parent)
        self._file = QSaveFile(path, self)
        self._pieces = pieces
        text = self.tr("Writing {0}").format(QFileInfo(path).fileName())
        self._progress = QProgressDialog(text, self.tr("Cancel"), 0, 0, parent)
        self._progress.setWindowTitle(self.tr("moduleview: export"))
        self._progress.setMinimumDuration(_SHOWN_AFTER_MS)
        self._progress.canceled.connect(self._cancel)
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._on_turn)

    def start(self) -> None:
        """Open the file and begin."""
        if self._file.open(QIODevice.OpenModeFlag.WriteOnly):
            self._timer.start()
        else:
            self._end(self._file.errorString())

    def _on_turn(self) -> None:
        try:
            piece = next(self._pieces, None)
        except Exception as error:  # of ours; the file must not be left half written
            self._file.cancelWriting()
            self._end(str(error))
            sys.excepthook(type(error), error, error.__traceback__)
            return
        if piece is None:
            self._end("" if self._file.commit() else self._file.errorString())
            return
        written = piece.encode() if isinstance(piece, str) else piece
        if self._file.write(written) != len(written) or not self._file.flush():
            reason = self._file.errorString()
            self._file.cancelWriting()
            self._end(reason)

    def _cancel(self) -> None:
        self._file.cancelWriting()
        self._timer.stop()
        self._let_go()

    def _end(self, reason: str) -> None:
        self._timer.stop()
        self.ended.emit(reason)
        self._let_go()

    def _let_go(self) -> None:
        self._progress.deleteLater()
        self.deleteLater()
