"""One hook being written: kind, place and options over the editor, and what is wrong with the text below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from moduleview.gui.hook_editor.hook_words import HookWords
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.code_editor import CodeEditor
from moduleview.gui.widgets.icon_button import IconButton
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.user_hook_code import HookCode, read_hook_code
from moduleview.telemetry.user_hooks_messages import HookProblem, UserHookKind, WrittenHook

_QUIET_MS = 400  # after the last key, before a half-written line is called wrong
_NARROWEST_TARGET_PX = 104
_KIND_LETTERS = 12


class HookPage(QWidget):
    """Says what a person changed; keeps nothing but what is shown."""

    kind_chosen = Signal(object)
    target_edited = Signal(str)
    target_taken = Signal()  # from the selection
    options_changed = Signal(bool, bool)  # with_kwargs, always_call
    code_edited = Signal(str)
    code_read = Signal()  # the text was quiet for a moment; ``read`` is of it

    def __init__(
        self, theme: Theme, words: HookWords, complete: Callable[[str, int], Sequence[str]], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._theme, self._words = theme, words
        self._is_showing = False
        self.read = HookCode()
        self.kind = QComboBox(self)
        self.kind.setAccessibleName(self.tr("Kind of hook"))
        self.kind.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.kind.setMinimumContentsLength(_KIND_LETTERS)
        for kind in UserHookKind:
            self.kind.addItem(words.kind(kind))
        self.kind.activated.connect(lambda row: self.kind_chosen.emit(list(UserHookKind)[row]))
        self.target = QLineEdit(self)
        self.target.setAccessibleName(self.tr("Module or parameter that the hook goes on"))
        self.target.editingFinished.connect(lambda: self.target_edited.emit(self.target.text().strip()))
        self.take = IconButton(theme, "target", self.tr("Put it on what is selected"), self)
        self.take.clicked.connect(self.target_taken)
        self.with_kwargs = self._make_option("with_kwargs", self.tr("The hook is given keyword arguments too"))
        self.always_call = self._make_option("always_call", self.tr("Called also where the forward raises"))
        self.editor = CodeEditor(theme, complete, self)
        self.editor.setAccessibleName(self.tr("Code of the hook"))
        self.editor.textChanged.connect(self._on_text_changed)
        self.problem = QLabel(self)
        self.problem.setAccessibleName(self.tr("What is wrong with the hook"))
        self.problem.setProperty("role", "error")
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(_QUIET_MS)
        self._quiet.timeout.connect(self.read_now)
        self._lay_out()
        theme.changed.connect(self._space)
        self._space()

    def show_hook(self, hook: WrittenHook) -> None:
        """Show another hook, or what has changed in this one."""
        self._is_showing = True
        with QSignalBlocker(self.kind):
            self.kind.setCurrentIndex(list(UserHookKind).index(hook.kind))
        if not self.target.hasFocus():
            self.target.setText(hook.fqn)
        placeholder = self.tr("parameter") if hook.kind.is_of_parameter else self.tr("the whole model")
        self.target.setPlaceholderText(placeholder)
        self.target.setToolTip(displayable(hook.fqn) or placeholder)
        for box, is_on in ((self.with_kwargs, hook.with_kwargs), (self.always_call, hook.always_call)):
            with QSignalBlocker(box):
                box.setChecked(is_on)
        self.with_kwargs.setVisible(hook.kind in (UserHookKind.FORWARD, UserHookKind.FORWARD_PRE))
        self.always_call.setVisible(hook.kind is UserHookKind.FORWARD)
        if hook.code != self.editor.code():
            self.editor.set_code(hook.code)
            self.read_now()
        self._is_showing = False

    def show_problem(self, problem: HookProblem | None) -> None:
        """What the training side has against the text; Python's own words on what is being typed win over it."""
        problem = self.read.problem or problem
        text = "" if problem is None else self._words.problem(problem)
        if text != self.problem.text():
            self.problem.setText(text)
        self.problem.setVisible(bool(text))
        if problem is None or problem.line is None:
            if self.editor.marked is not None:
                self.editor.clear_mark()
        elif self.editor.marked != (problem.line, problem.message):
            self.editor.mark_line(problem.line, problem.message)

    def read_now(self) -> None:
        """Read the text as it stands."""
        self._quiet.stop()
        self.read = read_hook_code(self.editor.code())
        self.code_read.emit()

    def _make_option(self, name: str, tip: str) -> QCheckBox:
        box = QCheckBox(name, self)
        box.setToolTip(tip)
        box.toggled.connect(
            lambda _on: self.options_changed.emit(self.with_kwargs.isChecked(), self.always_call.isChecked())
        )
        return box

    def _on_text_changed(self) -> None:
        if not self._is_showing:
            self._quiet.start()
            self.code_edited.emit(self.editor.code())

    def _lay_out(self) -> None:
        self._row = QHBoxLayout()
        for widget in (self.kind, self.target, self.take, self.with_kwargs, self.always_call):
            self._row.addWidget(widget, 1 if widget is self.target else 0)
        self.target.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._row)
        self._column.addWidget(self.editor, 1)
        self._column.addWidget(self.problem)

    def _space(self) -> None:
        px = self._theme.px
        self._row.setSpacing(px(4))
        self._row.setContentsMargins(px(6), 0, px(6), 0)
        self._column.setContentsMargins(0, px(4), 0, px(4))
        self._column.setSpacing(px(4))
        self.problem.setContentsMargins(px(8), 0, px(8), 0)
        self.target.setMinimumWidth(px(_NARROWEST_TARGET_PX))
