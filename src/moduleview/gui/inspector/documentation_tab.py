"""The Documentation tab: what a module is in words and in code."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QButtonGroup, QHBoxLayout, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.code_view import CodeView
from moduleview.gui.widgets.elided_label import ElidedLabel
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.gui.widgets.icon_button import IconButton
from moduleview.gui.widgets.plain_tip import plain_tip
from moduleview.gui.widgets.rule import HorizontalRule
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.records import ModuleReport

_NARROW_PX = 330  # below it file and line stand under the buttons


class DocumentationTab(QWidget):
    """Three pages over one module report: docstring with signatures, source, ``repr``."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._fqn = ""
        self._report: ModuleReport | None = None
        self._pages = [
            (self.tr("Docstring"), CodeView(theme, self)),
            (self.tr("Source"), CodeView(theme, self)),
            (self.tr("Repr"), CodeView(theme, self)),
        ]
        self._pages[0][1].setLineWrapMode(CodeView.LineWrapMode.WidgetWidth)  # prose
        self._buttons = QButtonGroup(self)
        self._bar = QWidget(self)
        self._location = ElidedLabel(self)
        self._location.setProperty("role", "mono")
        self._copy_location = IconButton(theme, "copy", self.tr("Copy file and line"), self)
        self._copy_location.clicked.connect(self._on_copy_location)
        self._empty = EmptyState(theme, "book", "", "", parent=self)
        self._lay_out()
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.show_report("", None)

    def show_report(self, fqn: str, report: ModuleReport | None) -> None:
        """Show what is known of a module; None while it has not arrived."""
        if report is self._report and fqn == self._fqn and report is not None:
            return
        self._fqn, self._report = fqn, report
        if report is None:
            self._empty.set_texts(self.tr("Nothing read yet"), self.tr("It comes at the next safe point of the run."))
            self._stack.setCurrentWidget(self._empty)
            return
        self._stack.setCurrentWidget(self._content)
        texts = (_signatures_and_docstring(report), report.source, report.summary)
        missing = (
            self.tr("This class has no docstring."),
            self.tr("Python has no source for this class."),
            self.tr("Its repr is empty."),
        )
        languages = ("text", "python", "python")
        for (_title, view), text, otherwise, language in zip(self._pages, texts, missing, languages, strict=True):
            view.set_code(text or otherwise, language if text else "text")
        self._location.set_text(
            displayable(report.location.replace("\\", "/").rpartition("/")[2]) or self.tr("no file")
        )
        self._location.setToolTip(plain_tip(displayable(report.location, 2000)))
        self._copy_location.setEnabled(bool(report.location))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """File and line stand beside the buttons, or below them."""
        super().resizeEvent(event)
        self._fit_bar()

    def show_page(self, page: int) -> None:
        """Turn to the docstring (0), the source (1) or the repr (2)."""
        button = self._buttons.button(page)
        if button is not None:
            button.setChecked(True)
        self._page_stack.setCurrentIndex(page)

    def _on_copy_location(self) -> None:
        if self._report is not None:
            QGuiApplication.clipboard().setText(self._report.location)

    def _lay_out(self) -> None:
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._bar)
        self._choices, place = QHBoxLayout(), QHBoxLayout()
        for page, (title, view) in enumerate(self._pages):
            button = QToolButton(self._bar)
            button.setText(title)
            button.setAccessibleName(title)
            button.setCheckable(True)
            button.setProperty("role", "toggle")
            self._buttons.addButton(button, page)
            self._choices.addWidget(button)
            view.setAccessibleName(title)
        self._choices.addStretch(1)
        place.addWidget(self._location)
        place.addWidget(self._copy_location)
        self._row.addLayout(self._choices, 1)
        self._row.addLayout(place)
        self._content = QWidget(self)
        column = QVBoxLayout(self._content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._bar)
        column.addWidget(HorizontalRule(self._content))
        pages = QWidget(self._content)
        self._page_stack = QStackedLayout(pages)
        for _title, view in self._pages:
            self._page_stack.addWidget(view)
        column.addWidget(pages, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._content)
        self._stack.addWidget(self._empty)
        self._buttons.idClicked.connect(self.show_page)
        self.show_page(0)

    def _fit_bar(self) -> None:
        px, direction = self._theme.px, QBoxLayout.Direction
        is_narrow = self.width() < px(_NARROW_PX)
        self._row.setDirection(direction.TopToBottom if is_narrow else direction.LeftToRight)
        side = px(4 if is_narrow else 8)
        self._row.setContentsMargins(side, px(4), side, px(4))
        self._choices.setSpacing(px(2 if is_narrow else 4))

    def _on_theme_changed(self) -> None:
        self._row.setSpacing(self._theme.px(4))
        self._fit_bar()


def _signatures_and_docstring(report: ModuleReport) -> str:
    """How it is made and called, then its docstring."""
    return "\n\n".join(part for part in (report.signatures.strip(), report.docstring.strip()) if part)
