"""Chooses a slice of a tensor: which axis runs down, which to the right, and the index on each of the others."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QSlider, QSpinBox, QWidget

from moduleview.gui.lab.shown_tensor import first_plane
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.wrapping_row import WrappingRow
from moduleview.telemetry.lab_views import Plane

_SLIDER_PX, _SPIN_PX = 72, 52


class PlaneChooser(QWidget):
    """Nothing for a scalar; one box an axis otherwise, in as many lines as it takes."""

    changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shape: tuple[int, ...] = ()
        self._plane = first_plane(())
        self.setAccessibleName(self.tr("Slice of the tensor"))
        self.rows, self.columns = self._make_box(self.tr("Rows")), self._make_box(self.tr("Columns"))
        self.rows.activated.connect(lambda: self._on_axis_chosen(self.rows, self.columns))
        self.columns.activated.connect(lambda: self._on_axis_chosen(self.columns, self.rows))
        self.spins: dict[int, QSpinBox] = {}
        self._fixed: list[QWidget] = []
        self._sliders: list[QSlider] = []
        self._row = WrappingRow(self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        for word, box in ((self.tr("rows: axis"), self.rows), (self.tr("columns: axis"), self.columns)):
            self._add_group(word, box)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @property
    def plane(self) -> Plane:
        """The slice that is chosen."""
        return self._plane

    @property
    def is_needed(self) -> bool:
        """There is something to choose."""
        return len(self._shape) > 1

    def show_shape(self, shape: tuple[int, ...]) -> None:
        """Another tensor; one of the same shape keeps the slice."""
        if shape == self._shape:
            return
        is_alike = len(shape) == len(self._shape)
        old, self._shape = self._plane, shape
        if is_alike:
            fixed = (min(at, max(size - 1, 0)) for at, size in zip(old.fixed, shape, strict=True))
            self._plane = Plane(old.rows, old.columns, tuple(fixed))
        else:
            self._plane = first_plane(shape)
        self._fill()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        for box, axis in ((self.rows, self._plane.rows), (self.columns, self._plane.columns)):
            box.clear()
            for number, size in enumerate(self._shape):
                box.addItem(self.tr("{0} ({1})").format(number, size), number)
            box.setCurrentIndex(-1 if axis is None else axis)
        for group in self._fixed:
            self._row.removeWidget(group)
            group.hide()
            group.deleteLater()
        self._fixed, self.spins, self._sliders = [], {}, []
        others = [axis for axis in range(len(self._shape)) if axis not in (self._plane.rows, self._plane.columns)]
        for axis in others:
            self._add_fixed(axis)
        self._fit()

    def _add_fixed(self, axis: int) -> None:
        spin = QSpinBox(self)
        spin.setRange(0, max(self._shape[axis] - 1, 0))
        spin.setValue(self._plane.fixed[axis])
        spin.setAccessibleName(self.tr("Index on axis {0}").format(axis))
        spin.setToolTip(self.tr("Index on axis {0}, 0 to {1}").format(axis, spin.maximum()))
        spin.valueChanged.connect(lambda value, axis=axis: self._set_fixed(axis, value))
        spin.setMinimumWidth(self._theme.px(_SPIN_PX))
        parts: list[QWidget] = [spin]
        if spin.maximum() > 0:
            slider = QSlider(Qt.Orientation.Horizontal, self)
            slider.setRange(0, spin.maximum())
            slider.setValue(spin.value())
            slider.setFixedWidth(self._theme.px(_SLIDER_PX))
            slider.setAccessibleName(spin.accessibleName())
            slider.valueChanged.connect(spin.setValue)
            spin.valueChanged.connect(slider.setValue)
            parts.insert(0, slider)
            self._sliders.append(slider)
        self._fixed.append(self._add_group(self.tr("axis {0}").format(axis), *parts))
        self.spins[axis] = spin

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Sliders need room that the numbers do not."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        slider = self._theme.px(_SLIDER_PX) + self._theme.px(4)
        needed = self._row.sizeHint().width() + slider * sum(each.isHidden() for each in self._sliders)
        for each in self._sliders:
            each.setVisible(self.width() >= needed)

    def _set_fixed(self, axis: int, value: int) -> None:
        fixed = list(self._plane.fixed)
        fixed[axis] = value
        self._plane = Plane(self._plane.rows, self._plane.columns, tuple(fixed))
        self.changed.emit()

    def _on_axis_chosen(self, box: QComboBox, other: QComboBox) -> None:
        """The axis that the other one had goes where this one was."""
        was = self._plane.rows if box is self.rows else self._plane.columns
        axis = int(box.currentData())
        theirs = was if other.currentData() == axis else other.currentData()
        rows, columns = (axis, theirs) if box is self.rows else (theirs, axis)
        self._plane = Plane(rows, columns, self._plane.fixed)
        self._fill()
        self.changed.emit()

    def _add_group(self, word: str, *parts: QWidget) -> QWidget:
        """A word before what is chosen; both go to the next line together."""
        group = QWidget(self)
        row = QHBoxLayout(group)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(self._theme.px(4))
        label = QLabel(word, group)
        label.setProperty("role", "caption")
        for part in (label, *parts):
            row.addWidget(part)
        self._row.addWidget(group)
        group.show()
        return group

    def _make_box(self, name: str) -> QComboBox:
        box = QComboBox(self)
        box.setProperty("role", "flat")
        box.setAccessibleName(self.tr("Axis for {0}").format(name))
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return box

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self._row.setContentsMargins(px(8), 0, px(8), px(2))
        self._row.setSpacing(px(6))
