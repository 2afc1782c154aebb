"""The one way to open a model: File > Open, drag and drop, recent files, welcome page, command line all end here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QPushButton

from moduleview.errors import TargetError
from moduleview.gui.dialogs.open_by_name import OpenByNameDialog
from moduleview.gui.dialogs.trust import TrustDialog, TrustedFoldersDialog
from moduleview.gui.gui_thread import gui_thread_only
from moduleview.gui.opening.failure_dialogs import FailureDialogs
from moduleview.gui.opening.recent_files import RecentFiles
from moduleview.gui.opening.target import Target
from moduleview.gui.opening.trust import TrustedFolders
from moduleview.session import Session
from moduleview.sources.base import Source
from moduleview.telemetry.commands import Run
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.records import FailureReport, OpenFailed

_PYTHON_SUFFIX = ".py"
_CHOOSE_NAME = "choose_name_button"


class Opener(QObject):
    """Opens targets after the questions that have to be asked. GUI thread only.

    What is open stays open until the new model is there; a target that fails changes nothing but one dialog.

    Args:
        session: Takes the new source.
        make_source: Makes a source that loads a target in a thread of its own, and moves it to a device, if any.
        trusted: Whose code may run.
        recent: Where what opened is remembered.
        failures: Shows what did not; its window is the parent of the questions too.

    Attributes:
        device: Where the model that opened last was to be moved; a reload moves it there again.
    """

    said = Signal(str)  # a sentence for the status bar

    def __init__(
        self,
        session: Session,
        make_source: Callable[[str, str | None], Source],
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
        self._device_when_open: str | None = None
        self.device: str | None = None
        self._revision_before = session.store.model_revision
        self._shown_failure: OpenFailed | None = session.store.open_failure

    @property
    def pending_title(self) -> str:
        """What is being opened, as a person would say it; "" when nothing is."""
        return "" if self._pending is None else self._pending.title

    @gui_thread_only
    def open_target(
        self, target: str, *, is_named: bool = False, trains: bool = False, device: str | None = None
    ) -> None:
        """Open a target; returns at once, ``refresh`` says how it ended.

        Args:
            target: As ``moduleview TARGET`` takes it.
            is_named: Given on the command line, and trusted by that.
            trains: Train it as soon as it is open.
            device: Where a named target is moved to; None leaves it where its author put it.
        """
        self._open(target, is_named=is_named, trains=trains, device=device)

    def train_target(self, target: str) -> None:
        """Open a target and train it as soon as it is open: the samples of the welcome page."""
        self._open(target, is_named=False, trains=True)

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

    def show_trusted_folders(self) -> None:
        """Show whose code may run, and take that back."""
        dialog = TrustedFoldersDialog(self._trusted, self._theme, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def refresh(self) -> None:
        """Look how the last target ended. Called by the clock after the session was pumped."""
        failure = self._session.store.open_failure
        if failure is not self._shown_failure:
            self._shown_failure = failure
            if failure is not None:
                self._pending = None
                self._show_failure(failure.target, failure.failure, is_about_target=failure.is_about_target)
        if self._pending is not None and not self._session.is_opening:
            if self._session.store.model_revision != self._revision_before:
                self._on_opened(self._pending)
            else:
                self._on_given_up(self._pending)

    def _open(self, text: str, *, is_named: bool, trains: bool, device: str | None = None) -> None:
        try:
            target = Target.parse(text)
        except TargetError as error:
            self._show_failure(text, FailureReport.of_message(str(error)))
            return
        problem = self._problem(target)
        if problem is not None:
            self._show_failure(text, problem)
            return
        file = target.source_file()
        if is_named or file is None or self._trusted.is_trusted(file):
            self._start(target, trains, device)
            return
        dialog = TrustDialog(file, self._theme, self._window)
        dialog.trusted_button.clicked.connect(self.show_trusted_folders)
        dialog.accepted.connect(lambda: self._on_trusted(file, target, trains))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_trusted(self, file: Path, target: Target, trains: bool) -> None:
        self._trusted.trust(file.parent)
        self._start(target, trains)

    def _start(self, target: Target, trains: bool, device: str | None = None) -> None:
        self._pending = target
        self._trains_when_open, self._device_when_open = trains, device
        self._revision_before = self._session.store.model_revision
        self._session.open(self._make_source(str(target), device))
        self.said.emit(self.tr("Opening {0}...").format(displayable(target.title)))

    def _on_opened(self, target: Target) -> None:
        self._pending, self.device = None, self._device_when_open
        self._recent.add(str(target))
        self.said.emit(self.tr("{0} is open. {1}").format(displayable(target.title), self._what_leads_on()))
        if self._trains_when_open:
            self._session.send(Run())

    def _what_leads_on(self) -> str:
        task = self._session.store.task
        if task is not None and not task.can_train:
            return task.cannot_train_reason
        return self.tr("F5 runs, Ctrl+P goes to a module, ? shows the keys.")

    def _on_given_up(self, target: Target) -> None:
        """A person closed it before it was open."""
        self._pending = None
        self.said.emit(self.tr("{0} is not opened any more.").format(displayable(target.title)))

    def _show_failure(self, target: str, failure: FailureReport, *, is_about_target: bool = True) -> None:
        """Show why a target did not open; where no code of it failed, its name may be all that is wrong."""
        self.said.emit(failure.title)
        dialog = self._failures.show(failure)
        if dialog is None or failure.traceback or not is_about_target or dialog.findChild(QPushButton, _CHOOSE_NAME):
            return

        def choose() -> None:
            dialog.close()
            self.choose_name(target)

        button = dialog.add_button_left(self.tr("Open by &name..."), choose)
        button.setObjectName(_CHOOSE_NAME)

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
        if target.file.suffix.lower() != _PYTHON_SUFFIX:
            title = self.tr("{0} is not a Python file.").format(displayable(target.file.name))
            return FailureReport(title, self.tr("Choose a .py file that makes an nn.Module or a TrainingTask."))
        return None

    def _module_problem(self, target: Target) -> FailureReport | None:
        if target.source_file() is not None:
            return None
        title = self.tr("There is no Python module {0}.").format(displayable(target.module))
        place, _, last = target.module.rpartition(".")
        if place and Target(None, place, last).source_file() is not None:
            return FailureReport(title, self.tr("Did you mean {0}?").format(displayable(f"{place}:{last}")))
        advice = self.tr("Check its name; packages are looked for where Python was started and where pip installs.")
        return FailureReport(title, advice)

    def _last_folder(self) -> str:
        files = (Target.parse(entry.target).file for entry in self._recent.entries())
        return next((str(file.parent) for file in files if file is not None), str(Path.home()))
