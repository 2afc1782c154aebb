"""Writes pieces of a file one after the other while the window lives: all of it in the end, or nothing."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QProgressDialog, QWidget

_SHOWN_AFTER_MS = 300


class FileWriting(QObject):
    """One file that is being written; what stood there before stays until the last piece is on the disk.

    It is Python's file, not QSaveFile: that one calls a full disk an unknown error.

    Args:
        path: Of the file.
        pieces: Text or bytes; each is made when it is written, and should take a few milliseconds.
        parent: Over it stands the progress, with Cancel, when it takes longer than 0.3 s.
    """

    ended = Signal(str)  # why it could not be written, or ""; not after Cancel

    def __init__(self, path: str, pieces: Iterator[str | bytes], parent: QWidget) -> None:
        super().__init__(parent)
        self._path, self._part = Path(path), Path(f"{path}.part")
        self._pieces = pieces
        self._file: int | None = None
        self._progress = QProgressDialog(
            self.tr("Writing {0}").format(self._path.name), self.tr("Cancel"), 0, 0, parent
        )
        self._progress.setWindowTitle(self.tr("moduleview: export"))
        self._progress.setMinimumDuration(_SHOWN_AFTER_MS)
        self._progress.canceled.connect(self._let_go)
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._on_turn)

    def start(self) -> None:
        """Open the file and begin."""
        try:
            self._file = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        except OSError as error:
            self._end(error.strerror or str(error))
        else:
            self._timer.start()

    def _on_turn(self) -> None:
        try:
            self._write(next(self._pieces, None))
        except OSError as error:
            self._end(error.strerror or str(error))
        except Exception as error:  # of ours; the file must not be left half written
            self._end(str(error))
            sys.excepthook(type(error), error, error.__traceback__)

    def _write(self, piece: str | bytes | None) -> None:
        assert self._file is not None
        if piece is None:
            os.fsync(self._file)  # a disk may find out here that it is full
            self._close()
            self._part.replace(self._path)
            self._end("")
            return
        rest = memoryview(piece.encode() if isinstance(piece, str) else piece)
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def _end(self, reason: str) -> None:
        self._let_go()
        self.ended.emit(reason)

    def _let_go(self) -> None:
        self._timer.stop()
        self._close()
        with contextlib.suppress(OSError):  # it is there no more when all went well
            self._part.unlink(missing_ok=True)
        self._progress.deleteLater()
        self.deleteLater()

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)
