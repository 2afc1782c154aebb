"""The toolbar: open, run control, device and throttle at the left, what the run does at the right."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QComboBox, QLabel, QSizePolicy, QSpinBox, QToolBar, QToolButton, QWidget

from moduleview.gui.actions.action_spec import Actions
from moduleview.gui.look.icons import GRID_PX
from moduleview.gui.look.number_format import NO_VALUE
from moduleview.gui.look.theme import Theme
from moduleview.gui.running.run_control import MAXIMUM_N_STEPS, RunControl
from moduleview.gui.running.run_readout import RunReadout
from moduleview.gui.widgets.button_action import ButtonAction
from moduleview.gui.widgets.icon_text_button import IconTextButton
from moduleview.gui.widgets.rule import VerticalRule
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.store_view import StoreView

_HEIGHT, _MARGIN, _BUTTON_WIDTH = 36, 4, 28
_THROTTLES: tuple[float | None, ...] = (None, 1, 5, 10, 40, 100)
_SPIN_WIDTH, _DEVICE_WIDTH, _THROTTLE_WIDTH = 64, 88, 112
_NARROW = 1000
_TEXT_PAD, _TEXT_GAP = 7, 5
_WITH_TEXT = ("run.start", "run.pause", "run.stop")


class Toolbar(QToolBar):
    """Holds widgets only; actions come from the table, what is shown from the store."""

    def __init__(self, actions: Actions, control: RunControl, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("toolbar")
        self.setWindowTitle(self.tr("Toolbar"))
        self.setAccessibleName(self.tr("Toolbar"))
        self.setMovable(False)
        self.setFloatable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._theme, self._actions, self._control = theme, actions, control
        self._devices: tuple[str, ...] = ()
        self._icon_buttons: list[QToolButton] = []
        self._margin = QWidget(self)  # a style sheet's padding is taken for all four sides of a tool bar
        self.steps = self._make_steps()
        self.device = self._make_combo("device", self.tr("Device"), self.tr("Moves the model at the next safe point"))
        self.throttle = self._make_combo("throttle", self.tr("Throttle"), self.tr("Trains at most so fast"))
        self.readout = RunReadout(theme, self)
        self._fill()
        self._fill_throttle()
        self.device.activated.connect(lambda _index: control.set_device(self.device.currentText()))
        self.throttle.activated.connect(lambda index: control.set_throttle(_THROTTLES[index]))
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def refresh(self, store: StoreView, capabilities: Capability, *, is_opening: bool) -> None:
        """Show the run, and the devices that the open model could go to."""
        self.readout.refresh(store, is_opening=is_opening)
        task = store.task
        can_control = task is not None and Capability.CONTROL in capabilities
        self.steps.setEnabled(can_control)
        self.throttle.setEnabled(can_control)
        self.device.setEnabled(can_control and task is not None and len(task.devices) > 1)
        devices = (NO_VALUE,) if task is None else tuple(dict.fromkeys((*task.devices, task.device)))
        if devices != self._devices:
            self._devices = devices
            self.device.clear()
            self.device.addItems(list(devices))
        if not self.device.view().isVisible():
            self.device.setCurrentText(NO_VALUE if task is None else task.device)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What explains itself gives way, so that state and step are always there."""
        super().resizeEvent(event)
        is_narrow = self.width() < self._theme.px(_NARROW)
        for label in (self._device_label, self._throttle_label):
            label.setVisible(not is_narrow)
        self.readout.set_room(not is_narrow)

    def _fill(self) -> None:
        self.addWidget(self._margin)
        self._add_action("file.open")
        self._add_rule()
        for action_id in ("run.start", "run.pause", "run.step", "run.n_steps"):
            self._add_action(action_id)
        self.addWidget(self.steps)
        self._add_label(self.tr("steps"))
        self._add_action("run.stop")
        self._add_rule()
        self._device_label = self._add_label(self.tr("Device"))
        self.addWidget(self.device)
        self._throttle_label = self._add_label(self.tr("Throttle"))
        self.addWidget(self.throttle)
        spacer = QWidget(self)
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(spacer)
        self.addWidget(self.readout)

    def _add_action(self, action_id: str) -> None:
        action = self._actions.action(action_id)
        has_text = action_id in _WITH_TEXT
        button = (
            IconTextButton(self._theme, self, pad_px=_TEXT_PAD, gap_px=_TEXT_GAP) if has_text else QToolButton(self)
        )
        ButtonAction(button, action)
        self.addWidget(button)
        if not has_text:
            self._icon_buttons.append(button)
        button.setObjectName(f"button.{action_id}")
        button.setAccessibleName(action.text().replace("...", ""))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _add_label(self, text: str) -> QAction:
        label = QLabel(text, self)
        label.setProperty("role", "muted")
        return self.addWidget(label)

    def _add_rule(self) -> None:
        self.addWidget(VerticalRule(self._theme, 20, 7, self))

    def _make_steps(self) -> QSpinBox:
        spin = QSpinBox(self)
        spin.setObjectName("steps")
        spin.setAccessibleName(self.tr("Steps to make"))
        spin.setToolTip(self.tr('How many steps "n steps" makes'))
        spin.setProperty("role", "plain")  # NoButtons and a style sheet leave the text 1 px (Qt 6.11)
        spin.setAlignment(Qt.AlignmentFlag.AlignRight)
        spin.setRange(1, MAXIMUM_N_STEPS)
        spin.setValue(self._control.n_steps)
        spin.setKeyboardTracking(False)
        spin.valueChanged.connect(self._control.set_n_steps)
        self._control.n_steps_changed.connect(spin.setValue)
        return spin

    def _make_combo(self, object_name: str, name: str, tip: str) -> QComboBox:
        combo = QComboBox(self)
        combo.setObjectName(object_name)
        combo.setAccessibleName(name)
        combo.setToolTip(tip)
        combo.setEnabled(False)
        return combo

    def _fill_throttle(self) -> None:
        with QSignalBlocker(self.throttle):
            for limit in _THROTTLES:
                self.throttle.addItem(self.tr("Off") if limit is None else self.tr("≤ {0:g} steps/s").format(limit))
            self.throttle.setCurrentIndex(_THROTTLES.index(self._control.steps_per_s))

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self.setIconSize(QSize(px(GRID_PX), px(GRID_PX)))
        for button in self.findChildren(QToolButton):
            button.setIconSize(self.iconSize())
        for button in self._icon_buttons:
            button.setFixedWidth(px(_BUTTON_WIDTH))
        self.widgetForAction(self._throttle_label).setContentsMargins(px(8), 0, 0, 0)
        self._margin.setFixedSize(px(_MARGIN), px(_HEIGHT))  # it carries the height: a fixed one is not kept
        self.steps.setFixedWidth(px(_SPIN_WIDTH))
        self.steps.setFont(self._theme.mono_font())
        self.steps.lineEdit().setFont(self._theme.mono_font())  # a style sheet for it keeps it from following
        self.device.setFixedWidth(px(_DEVICE_WIDTH))
        self.device.setFont(self._theme.mono_font())
        self.throttle.setFixedWidth(px(_THROTTLE_WIDTH))
