"""A slice as an image, with the choice of its scale and the value under the pointer."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from moduleview.gui.lab.lab_view import LabView
from moduleview.gui.lab.shown_tensor import plane_sizes
from moduleview.gui.panel import PanelContext
from moduleview.gui.plots.lab_image import LabImage
from moduleview.gui.plots.lab_image_colors import ScaleKind
from moduleview.telemetry.lab_messages import LabRecord
from moduleview.telemetry.lab_views import ImageAnswered, RequestImage

_MOST_PIXELS = 360_000  # a larger picture takes more than 16 ms to colour


class ImageView(LabView):
    """Asks for as many pixels as there are."""

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(context, parent)
        self.image = LabImage(context.theme, self)
        self.image.region_wanted.connect(self.ask)
        self.image.area_changed.connect(self._on_area_changed)
        self.scale = QComboBox(self)
        self.scale.setProperty("role", "flat")
        self.scale.setAccessibleName(self.tr("Scale of the colours"))
        for kind, word in (
            (ScaleKind.LINEAR, self.tr("linear")),
            (ScaleKind.SYMMETRIC, self.tr("symmetric around 0")),
            (ScaleKind.LOG, self.tr("log of the magnitude")),
        ):
            self.scale.addItem(word, kind.value)
        self.scale.currentIndexChanged.connect(self._on_scale_changed)
        self.value = QLabel(self)
        self.value.setProperty("role", "mono")
        self.image.pointed.connect(self.value.setText)
        self._bar = QHBoxLayout()
        self._bar.addWidget(self.scale)
        self._bar.addWidget(self.value, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._bar)
        column.addWidget(self.image, 1)
        context.scale.changed.connect(self._on_scale_changed)
        context.theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.setFocusProxy(self.image)

    def begin(self, *, is_other: bool) -> None:  # noqa: ARG002
        """Another slice is seen as a whole."""
        assert self.shown is not None
        assert self.plane is not None
        self.value.clear()
        self.image.show_slice(*plane_sizes(self.shown.shape, self.plane))

    def ask(self) -> None:
        """Ask for the cells in view."""
        if self.shown is None or self.plane is None or not self.shown.n_elements:
            return
        shown, plane, region = self.shown, self.plane, self.image.region
        height = min(max(int(self.image.area.height()), 1), region[2])
        width = min(max(int(self.image.area.width()), 1), region[3])
        while height * width > _MOST_PIXELS:
            height, width = (height + 1) // 2, (width + 1) // 2
        self.question.ask(lambda r: RequestImage(r, shown.tensor_id, plane, height, width, region))

    def show_answer(self, answer: LabRecord) -> None:
        """Draw it."""
        if isinstance(answer, ImageAnswered):
            self.image.draw_answer(answer)

    def _on_area_changed(self) -> None:
        """More or fewer pixels; before the first layout there are none to speak of."""
        if self.isVisible():
            self.ask()

    def _on_scale_changed(self) -> None:
        self.image.set_scale(ScaleKind(self.scale.currentData()), self.context.scale.map_name)

    def _on_theme_changed(self) -> None:
        px = self.context.theme.px
        self._bar.setContentsMargins(px(8), 0, px(8), 0)
        self._bar.setSpacing(px(8))
        self.value.setFont(self.context.theme.mono_font())
