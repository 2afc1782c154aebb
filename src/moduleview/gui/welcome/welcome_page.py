"""What the window shows while nothing is open: ways to begin at the left, samples to train at the right."""

from __future__ import annotations

import math
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.opening.recent_files import RecentFiles
from moduleview.gui.welcome.drop_area import DropArea
from moduleview.gui.welcome.sample_card import SampleCard
from moduleview.gui.welcome.samples import Sample
from moduleview.gui.welcome.script_card import ScriptCard
from moduleview.gui.welcome.welcome_side import Begins, WelcomeSide
from moduleview.gui.welcome.welcome_style import welcome_stylesheet

_SIDE_PX, _PADDING_PX, _GAP_PX, _MAXIMUM_PX = 376, 32, 12, 1080
_N_COLUMNS, _COLUMN_PX = 3, 252  # as many columns of cards as there is room for, at most three


class Opens(Begins, Protocol):
    """What the page asks for; ``Opener`` does it."""

    def train_target(self, target: str) -> None:
        """Open a target and train it as soon as it is open."""


class WelcomePage(QWidget):
    """The page. Follows theme and recent files by itself.

    Args:
        theme: Colours, fonts, measures.
        samples: Models that come with the program.
        recent: What was opened before.
        opener: Does what is asked for here.
        parent: The window.
    """

    def __init__(
        self,
        theme: Theme,
        samples: tuple[Sample, ...],
        recent: RecentFiles,
        opener: Opens,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("welcome_page")
        self.setAccessibleName(self.tr("Welcome"))
        self._theme = theme
        self._opener = opener
        self.side = WelcomeSide(theme, recent, opener, self)
        self._page = QWidget(self)
        self._page.setObjectName("welcome_samples")
        self._page.setMaximumWidth(theme.px(_MAXIMUM_PX))
        self._groups: list[tuple[QLabel, list[SampleCard]]] = []
        self._grid = QGridLayout()
        self._n_columns = 0
        self.cards: list[SampleCard] = []
        self._column = QVBoxLayout(self._page)
        self._fill_column(samples)
        self._scroll = self._make_scroll()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.side)
        row.addWidget(self._scroll, 1)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fewer columns of cards where the window is narrow."""
        super().resizeEvent(event)
        self._arrange_cards()

    def _fill_column(self, samples: tuple[Sample, ...]) -> None:
        heading = QHBoxLayout()
        self._heading = QLabel(self.tr("Samples"), self._page)
        about = QLabel(self.tr("They train at once, without data to download."), self._page)
        about.setProperty("role", "muted")
        heading.addWidget(self._heading)
        heading.addSpacing(self._theme.px(4))
        heading.addWidget(about)
        heading.addStretch(1)
        self._column.addLayout(heading)
        self._column.addLayout(self._grid)
        healthy = [sample for sample in samples if not sample.is_faulty]
        self._add_cards(self.tr("Healthy"), healthy)
        self._add_cards(self.tr("With a fault to find"), [sample for sample in samples if sample.is_faulty])
        if self.cards:
            self.cards[0].make_primary()
        self._column.addWidget(DropArea(self._theme, self._page))
        self._column.addWidget(ScriptCard(self._theme, self._page))
        self._column.addStretch(1)

    def _add_cards(self, heading: str, samples: list[Sample]) -> None:
        if not samples:
            return
        label = QLabel(heading, self._page)
        label.setProperty("role", "section")
        cards = [self._make_card(sample) for sample in samples]
        self._groups.append((label, cards))
        self.cards.extend(cards)

    def _make_card(self, sample: Sample) -> SampleCard:
        title, summary = self._texts(sample)
        card = SampleCard(sample, (title, summary), self._theme, self._page)
        card.train_asked.connect(lambda: self._opener.train_target(str(sample.path)))
        return card

    def _texts(self, sample: Sample) -> tuple[str, str]:
        """Title and summary of our own samples, translated; of others what their file says."""
        match sample.name:
            case "digits":
                return self.tr("Convolutional net"), self.tr(
                    "Reads handwritten digits, 8 × 8 pixels. Batch norm, dropout."
                )
            case "transformer":
                return self.tr("Character transformer"), self.tr(
                    "Learns Python from the source of its library. Tied head."
                )
            case "vanishing":
                return self.tr("Vanishing gradients"), self.tr(
                    "Twenty sigmoid layers. Find the layer where learning stops."
                )
            case "exploding":
                return self.tr("Exploding gradients"), self.tr(
                    "Weights and learning rate too large. Find the first NaN."
                )
            case "unregistered":
                return self.tr("Not registered"), self.tr("Layers kept in a Python list. Find what does not train.")
            case _:
                return sample.name.replace("_", " ").capitalize(), sample.summary

    def _make_scroll(self) -> QScrollArea:
        scroll = QScrollArea(self)
        scroll.setObjectName("welcome_scroll")
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self._page)
        return scroll

    def _arrange_cards(self) -> None:
        room = self._scroll.width() - 2 * self._theme.px(_PADDING_PX)
        n_columns = min(max(room // self._theme.px(_COLUMN_PX), 1), _N_COLUMNS)
        if n_columns == self._n_columns:
            return
        self._n_columns = n_columns
        row = 0
        for label, cards in self._groups:
            self._grid.addWidget(label, row, 0, 1, n_columns)
            for place, card in enumerate(cards):
                self._grid.addWidget(card, row + 1 + place // n_columns, place % n_columns)
            row += 1 + math.ceil(len(cards) / n_columns)
        for column in range(_N_COLUMNS):
            self._grid.setColumnStretch(column, 1 if column < n_columns else 0)

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self.setStyleSheet(welcome_stylesheet(self._theme))
        self.side.setFixedWidth(px(_SIDE_PX))
        self._heading.setFont(self._theme.ui_font(14, bold=True))
        self._page.setMaximumWidth(px(_MAXIMUM_PX))
        self._column.setContentsMargins(px(_PADDING_PX), px(_PADDING_PX), px(_PADDING_PX), px(_PADDING_PX))
        self._column.setSpacing(px(_GAP_PX))
        self._grid.setSpacing(px(_GAP_PX))
        self._n_columns = 0
        self._arrange_cards()
