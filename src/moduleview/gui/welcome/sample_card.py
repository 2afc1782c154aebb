"""A card of the welcome page: the course of a sample's loss, what it is, and a button that trains it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.icons import GRID_PX, Icons
from moduleview.gui.look.theme import Theme
from moduleview.gui.welcome.samples import Sample
from moduleview.gui.widgets.elided_label import ElidedLabel
from moduleview.gui.widgets.loss_curve import LossCurve

_N_SUMMARY_LINES = 2


class SampleCard(QFrame):
    """One sample.

    Args:
        sample: What it shows.
        texts: Its title in two or three words and a summary of two lines, translated.
        theme: Colours, fonts, measures.
        parent: The page.
    """

    train_asked = Signal()

    def __init__(self, sample: Sample, texts: tuple[str, str], theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        title, summary = texts
        self.setObjectName("sample_card")
        self.setAccessibleName(title)
        self.sample = sample
        self._theme = theme
        self._icons = Icons(theme)
        self._is_primary = False
        self._curve = LossCurve(sample.losses, sample.is_faulty, theme, self)
        self._title = ElidedLabel(self)
        self._title.set_text(title)
        self._title.setProperty("role", "strong")
        count = "" if sample.n_parameters is None else number_format.short_count(sample.n_parameters)
        self._caption = QLabel(self.tr("{0} parameters").format(count) if count else "", self)
        self._caption.setProperty("role", "caption")
        self._make_summary(summary)
        self.train_button = QPushButton(self.tr("Train"), self)
        self.train_button.setAccessibleName(self.tr("Train {0}").format(title))
        self.train_button.clicked.connect(self.train_asked)
        self._lay_out()
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def make_primary(self) -> None:
        """Fill this card's button: there is one such button a window."""
        self._is_primary = True
        self.train_button.setProperty("role", "primary")
        self._on_theme_changed()

    def _make_summary(self, summary: str) -> None:
        self._summary = QLabel(summary, self)
        self._summary.setTextFormat(Qt.TextFormat.PlainText)
        self._summary.setWordWrap(True)
        self._summary.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._summary.setProperty("role", "muted")
        self._summary.setToolTip(self.sample.summary)

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.addWidget(self._title, 1)
        heading.addWidget(self._caption)
        self._body = QVBoxLayout()
        self._body.addLayout(heading)
        self._body.addWidget(self._summary, 1)
        self._body.addWidget(self.train_button, 0, Qt.AlignmentFlag.AlignLeft)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)  # the style sheet's border keeps its own pixel
        column.setSpacing(0)
        column.addWidget(self._curve)
        column.addLayout(self._body, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self._body.setContentsMargins(px(12), px(8), px(12), px(12))
        self._body.setSpacing(px(4))
        self._summary.setFont(self._theme.ui_font())
        self._summary.setMinimumHeight(_N_SUMMARY_LINES * px(16) + px(4))  # more where a language needs more
        side = px(GRID_PX)
        self.train_button.setIconSize(QSize(side, side))
        role = "on_accent" if self._is_primary else "text"
        self.train_button.setIcon(self._icons.icon("run", role))
