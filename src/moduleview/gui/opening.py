"""The one way to open a model: File > Open, drag and drop, recent files, welcome page, command line all end here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from moduleview.gui.dialogs.open_by_name import OpenByNameDialog
from moduleview.gui.dialogs.trust import TrustDialog
from moduleview.gui.failure_dialogs import FailureDialogs
from moduleview.gui.recent_files import RecentFiles
from moduleview.gui.target import PYTHON_SUFFIX, Target
from moduleview.gui.trust import TrustedFolders
from moduleview.session import Session
from moduleview.sources.base import Source
from moduleview.telemetry.commands import Run
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.records import FailureReport, OpenFailed


class Opener(QObject):
    """Opens targets after the questions that have to be asked. GUI thread only.

    What is open stays open until the new model is there; a target that fails changes nothing but one dialog.

    Args:
        session: Takes the new source.
        make_source: Makes a source that loads a target, in a thread of its own.
        trusted: Whose code may run.
        recent: Where what opened is remembered.
        failures: Shows what did not; its window is the parent of the questions too.
    """

    said = Signal(str)  # a sentence for the status bar

    def __init__(
        self,
        session: Session,
        make_source: Callable[[str], Source],
        *,
        trusted: TrustedFolders,
        recent: RecentFiles,
        failures: FailureDialogs,
    ) -> None:
        super().__init__(failures.window)
        self._session = session
        self._make_source = make_source
        self._trusted = trusted
        self._recent = recent
        self._failures = failures
        self._theme = failures.theme
        self._window = failures.window
        self._pending: Target | None = None
        self._trains_when_open = False
        self._shown_failure: OpenFailed | None = session.store.open_failure

    @property
    def pending_title(self) -> str:
        """What is being opened, as a person would say it; "" when nothing is."""
        return "" if self._pending is None else self._pending.title

    def open_target(self, target: str, *, is_named: bool = False) -> None:
        """Open a target; returns at once, ``refresh`` says how it ended.

        Args:
            target: As ``moduleview TARGET`` takes it.
            is_named: Given on the command line, and trusted by that.
        """
        self._open(Target.parse(target), is_named=is_named, trains=False)

    def train_target(self, target: str) -> None:
        """Open a target and train it as soon as it is open: the samples of the welcome page."""
        self._open(Target.parse(target), is_named=False, trains=True)

    def choose_file(self, folder: str = "") -> None:
        """File > Open: ask for a Python file and open it."""
        start = folder or self._last_folder()
        name, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Open a model"), start, self.tr("Python files (*.py);;All files (*)")
        )
        if name:
            self.open_target(name)

    def choose_name(self, target: str = "") -> None:
        """File > Open by name: ask for ``file.py:name`` or ``package.module:name`` and open it.

        Args:
            target: What stands in the field at first.
        """
        dialog = OpenByNameDialog(target, self._theme, self._window)
        dialog.accepted.connect(lambda: self.open_target(dialog.target()))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def open_path(self, path: Path) -> None:
        """A file or folder that was dropped: a folder is looked into by File > Open."""
        if path.is_dir():
            self.choose_file(str(path))
        else:
            self.open_target(str(path))

    def refresh(self) -> None:
        """Look how the last target ended. Called by the clock after the session was pumped."""
        failure = self._session.store.open_failure
        if failure is not self._shown_failure:
            self._shown_failure = failure
            if failure is not None:
                self._pending = None
                self._show_failure(failure)
        if self._pending is not None and not self._session.is_opening:
            self._on_opened(self._pending)

    def _open(self, target: Target, *, is_named: bool, trains: bool) -> None:
        problem = self._problem(target)
        if problem is not None:
            self._failures.show(problem)
            return
        file = target.source_file()
        if is_named or file is None or self._trusted.is_trusted(file):
            self._start(target, trains)
            return
        dialog = TrustDialog(file, self._theme, self._window)
        dialog.accepted.connect(lambda: self._on_trusted(file, target, trains))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_trusted(self, file: Path, target: Target, trains: bool) -> None:
        self._trusted.trust(file.parent)
        self._start(target, trains)

    def _start(self, target: Target, trains: bool) -> None:
        self._pending = target
        self._trains_when_open = trains
        self._session.open(self._make_source(str(target)))
        self.said.emit(self.tr("Opening {0}...").format(displayable(target.title)))

    def _on_opened(self, target: Target) -> None:
        self._pending = None
        self._recent.add(str(target))
        self.said.emit(self.tr("{0} is open.").format(displayable(target.title)))
        if self._trains_when_open:
            self._session.send(Run())

    def _show_failure(self, failed: OpenFailed) -> None:
        self._failures.show(failed.failure)
        self.said.emit(failed.failure.title)

    def _problem(self, target: Target) -> FailureReport | None:
        """What is wrong with a target before anything of it runs; the source says the rest."""
        if target.file is None:
            return self._module_problem(target)
        if target.file.is_dir():
            title = self.tr("{0} is a folder.").format(displayable(str(target.file)))
            return FailureReport(title, self.tr("Choose a Python file in it."))
        if not target.file.exists():
            title = self.tr("{0} does not exist.").format(displayable(str(target.file)))
            return FailureReport(title, self.tr("Check the path, or choose the file with File > Open a model."))
        if target.file.suffix.lower() != PYTHON_SUFFIX:
            title = self.tr("{0} is not a Python file.").format(displayable(target.file.name))
            return FailureReport(title, self.tr("Choose a .py file that makes an nn.Module or a TrainingTask."))
        return None

    def _module_problem(self, target: Target) -> FailureReport | None:
        if target.source_file() is not None:
            return None
        title = self.tr("There is no Python module {0}.").format(displayable(target.module) or '""')
        advice = self.tr("Write file.py, file.py:name or package.module:name, and check that it can be imported.")
        return FailureReport(title, advice)

    def _last_folder(self) -> str:
        files = (Target.parse(entry.target).file for entry in self._recent.entries())
        return next((str(file.parent) for file in files if file is not None), str(Path.home()))
