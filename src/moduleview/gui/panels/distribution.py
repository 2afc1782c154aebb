"""How the elements of a gradient or a weight spread over the powers of two: now, and over the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QStackedWidget, QWidget

from moduleview.gui.models.quantity_words import QuantityWords
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.plots.distribution_facts import WIDTH_PX, DistributionFacts
from moduleview.gui.plots.distribution_words import DistributionWords, common_dtype
from moduleview.gui.plots.dtype_ranges import DTYPE_RANGES
from moduleview.gui.plots.export.distribution_csv import distribution_csv
from moduleview.gui.plots.export.plot_export import PlotExport
from moduleview.gui.plots.magnitude_bars import MagnitudeBars
from moduleview.gui.plots.magnitude_image import MagnitudeImage
from moduleview.gui.plots.magnitude_ridge import MagnitudeRidge
from moduleview.gui.plots.missing_gradient import missing_gradient
from moduleview.gui.plots.navigation import StepNavigation
from moduleview.gui.plots.plot_menu import PlotMenu
from moduleview.gui.plots.selected_shares import STEPS_BEFORE, Asked, SelectedShares
from moduleview.gui.plots.title_controls import Choice
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.telemetry.quantities import GRAD_MAGNITUDES, WEIGHT_MAGNITUDES
from moduleview.telemetry.store_view import StoreView

BARS, IMAGE, RIDGE = "bars", "image", "ridge"
_FACTS_LEAST_PX, _FACTS_FROM_PX = 150, 440
_READ_ON_MS = 100  # until more of what takes long is read: a frame of 8 ms then is a tenth of a core, for some seconds


class DistributionPanel(Panel):
    """Bars of one step, or all steps as an image or a ridge; beside them of what they are."""

    panel_id: ClassVar[str] = "distribution"
    area: ClassVar[Area] = Area.CENTRE_BOTTOM
    order: ClassVar[int] = 3

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.setAccessibleName(self.tr("Distribution of magnitudes"))
        self._shares = SelectedShares()
        self._drawn_for: tuple[object, ...] | None = None
        self._words = DistributionWords(self)
        self._read_on = QTimer(self, singleShot=True, interval=_READ_ON_MS)
        self._read_on.timeout.connect(self._on_looks_changed)
        self.bars, self.ridge = MagnitudeBars(context.theme, self), MagnitudeRidge(context.theme, self)
        self.image = MagnitudeImage(context.theme, context.scale, self)
        self._navigation = StepNavigation(self.image, context.axes, self)
        self.facts = DistributionFacts(context.theme, self)
        self.empty = EmptyState(context.theme, "bars", *self._words.nothing_selected(), parent=self)
        self._make_controls()
        self._lay_out()
        self._connect()

    def title(self) -> str:
        """Name of the panel."""
        return self.tr("Distribution")

    def title_controls(self) -> Sequence[QWidget]:
        """Of what, how it is drawn, and the menu with the export."""
        return (self.quantity, self.view, self._menu.button())

    def kept(self) -> str:
        """What is shown, and how."""
        return f"{self.quantity.currentData()} {self.view.currentData()}"

    def restore_kept(self, kept: str) -> None:
        """Take what ``kept`` gave."""
        quantity, _, view = kept.partition(" ")
        self.quantity.choose(quantity)
        self.view.choose(view)

    def refresh(self, store: StoreView) -> None:
        """Draw what changed since the last time."""
        selection, axes, context = self.context.selection, self.context.axes, self.context
        axes.take_extent(store.first_step, store.last_step)
        asked = self._asked(store)
        is_new = self._shares.update(store, asked, selection.crosshair_step)
        if not self._shares.is_complete:
            self._read_on.start()
        looks = (self._view, self._chart.size().toTuple(), context.theme.tokens, context.scale.map_name)
        newest = store.last_step if self._view == IMAGE else None  # its columns move with every step
        steps = None if self._view == BARS else axes.steps
        state = (asked, selection.crosshair_step, looks, steps, newest, store.last_step is None, store.model_revision)
        if is_new or state != self._drawn_for:
            if self._drawn_for is None or self._drawn_for[0] != asked:
                self.bars.forget_limits()
            self._drawn_for = state
            self._draw(store)

    # -- drawing ---------------------------------------------------------------------------------------------------

    def _asked(self, store: StoreView) -> Asked:
        selection = self.context.selection
        fqn = selection.tensor_fqn if selection.tensor_fqn is not None else selection.fqn
        return Asked(store.model, fqn, str(self.quantity.currentData()))

    @property
    def _view(self) -> str:
        return str(self.view.currentData())

    @property
    def _chart(self) -> MagnitudeBars | MagnitudeImage | MagnitudeRidge:
        charts: dict[str, MagnitudeBars | MagnitudeImage | MagnitudeRidge] = {
            BARS: self.bars,
            IMAGE: self.image,
            RIDGE: self.ridge,
        }
        return charts[self._view]

    def _draw(self, store: StoreView) -> None:
        history = self._shares.history
        crosshair = self.context.selection.crosshair_step
        row = history.row_at(crosshair)
        reason = self._why_empty(store, row)
        self._stack.setCurrentWidget(self.empty if reason else self._body)
        if reason:
            self.empty.set_texts(*reason)
            return
        self._charts.setCurrentWidget(self._chart)
        now = 0 if row is None else row
        earlier = history.earlier_than(now, STEPS_BEFORE) if self._view == BARS else None
        self._draw_chart(store, now, earlier)
        if self._view == RIDGE and crosshair is not None:
            now = history.row_at(self.ridge.row_step(crosshair)) or now
        self._show_facts(now, earlier)

    def _draw_chart(self, store: StoreView, now: int, earlier: int | None) -> None:
        history, bins = self._shares.history, self._shares.bins
        if self._view == BARS:
            before = None if earlier is None else history.shares[earlier]
            self.bars.draw_bars(history.shares[now], before, bins, int(history.steps[now]))
        elif self._view == IMAGE:
            newest = store.last_step if store.last_step is not None else int(history.steps[-1])
            self.image.draw_history(history, bins, self.context.axes.steps, newest)
        else:
            self.ridge.draw_history(history, bins, self.context.axes.steps)

    def _show_facts(self, now: int, earlier: int | None) -> None:
        shares = self._shares
        assert shares.place is not None
        facts = self._words.facts(shares.place.fqn, shares.dtypes, shares.history, (now, earlier))
        self.facts.show_facts(facts)
        dtype = common_dtype(shares.dtypes)
        for chart in (self.bars, self.ridge):
            chart.magnitudes.set_dtype(dtype, DTYPE_RANGES.get(dtype))
        self.image.set_dtype(DTYPE_RANGES.get(dtype))

    def _why_empty(self, store: StoreView, row: int | None) -> tuple[str, str] | None:
        shares, words = self._shares, self._words
        if shares.place is None:
            return words.nothing_selected()
        if not shares.fqns:
            return words.no_parameter()
        if not len(shares.history.steps):
            quantity = str(self.quantity.currentData())
            missing = missing_gradient(store, shares.place, self.context.selection.crosshair_step)
            has_steps = store.last_step is not None
            return words.nothing_measured(quantity, shares.dtypes, missing, has_steps=has_steps)
        if row is None and self._view == BARS:
            return words.nothing_before(int(shares.history.steps[0]))
        return None

    # -- building --------------------------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self.quantity = Choice(
            self.tr("Of what the elements are"),
            [(self.tr("gradient"), GRAD_MAGNITUDES), (self.tr("weight"), WEIGHT_MAGNITUDES)],
        )
        quantities = QuantityWords(self)
        self.quantity.explain(quantities.tip)
        self.quantity.chosen.connect(lambda _quantity: self.quantity.explain(quantities.tip))
        views = [(self.tr("now"), BARS), (self.tr("over time: image"), IMAGE), (self.tr("over time: ridge"), RIDGE)]
        self.view = Choice(self.tr("How the distribution is drawn"), views)

    def _lay_out(self) -> None:
        self._body, self._charts = QWidget(self), QStackedWidget(self)
        for chart in (self.bars, self.image, self.ridge):
            self._charts.addWidget(chart)
        row = QHBoxLayout(self._body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._charts, 1)
        row.addWidget(self.facts)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._body)
        export = PlotExport(self.context, self._body, "distribution", self._make_csv)
        charts = (self.bars, self.image, self.ridge)
        self._menu, *_ = (PlotMenu(self.context.theme, chart, (export.add_to,)) for chart in charts)

    def _make_csv(self) -> Iterator[str]:
        """In pieces; first what was not read yet."""
        title = self.tr("{0} of {1}").format(self.quantity.currentText(), self.facts.facts.name)
        shares, asked = SelectedShares(), self._asked(self.context.store)
        shares.update(self.context.store, asked)
        while not shares.is_complete:
            yield ""
            shares.update(self.context.store, asked)
        yield from distribution_csv(shares.history, title)

    def _connect(self) -> None:
        context = self.context
        context.selection.crosshair_changed.connect(self._on_crosshair_changed)
        for pointed in (self.image.step_pointed, self.ridge.step_pointed):
            pointed.connect(context.selection.set_crosshair)
        for control in (self.quantity, self.view):
            control.chosen.connect(self._on_looks_changed)
        for signal in (context.selection.changed, context.axes.steps_changed, context.theme.changed):
            signal.connect(self._on_looks_changed)
        for chart in (self.bars, self.image, self.ridge):
            chart.area_changed.connect(self._on_looks_changed)
        context.scale.changed.connect(self._on_looks_changed)
        context.axes.columns_changed.connect(self._fit_facts)

    def _fit_facts(self) -> None:
        """End the image where the map's columns end, so that a step is one column through both."""
        px, edge = self.context.theme.px, self.context.axes.right_edge
        width = px(WIDTH_PX)
        if edge is not None and self.isVisible():
            wanted = self.mapToGlobal(QPoint(self.width(), 0)).x() - edge - px(self.image.right_margin)
            if px(_FACTS_LEAST_PX) <= wanted <= self.width() // 2:
                width = wanted
        self.facts.setVisible(self.width() >= px(_FACTS_FROM_PX))
        self.facts.setFixedWidth(min(width, max(px(_FACTS_LEAST_PX), self.width() * 2 // 5)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The facts keep their width, the plot takes the rest."""
        super().resizeEvent(event)
        self._fit_facts()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw at once what was missed while hidden."""
        super().showEvent(event)
        self._fit_facts()
        self.refresh(self.context.store)

    # -- what a person does ----------------------------------------------------------------------------------------

    def _on_looks_changed(self) -> None:
        if self.is_in_sight:
            self.refresh(self.context.store)

    def _on_crosshair_changed(self) -> None:
        step = self.context.selection.crosshair_step
        for chart in (self.image, self.ridge):
            chart.set_crosshair(step)
        self._on_looks_changed()
