"""Random clicks, keys, wheels and drags on a window, the same ones for the same seed (fault row 78)."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QEvent, QEventLoop, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from shiboken6 import isValid

from moduleview.gui.main_window import MainWindow

_Key, _Button, _Modifier = Qt.Key, Qt.MouseButton, Qt.KeyboardModifier
_KEYS = (
    *(_Key.Key_Tab, _Key.Key_Return, _Key.Key_Escape, _Key.Key_Space, _Key.Key_Backspace, _Key.Key_Delete),
    *(_Key.Key_Up, _Key.Key_Down, _Key.Key_Left, _Key.Key_Right, _Key.Key_Home, _Key.Key_End, _Key.Key_PageDown),
    *(_Key.Key_F5, _Key.Key_F6, _Key.Key_F10, _Key.Key_Slash, _Key.Key_Question, _Key.Key_Plus, _Key.Key_Minus),
    *(_Key.Key_A, _Key.Key_E, _Key.Key_F, _Key.Key_L, _Key.Key_P, _Key.Key_V, _Key.Key_0, _Key.Key_1, _Key.Key_Menu),
)
_MODIFIERS = (
    *([_Modifier.NoModifier] * 6),
    *(_Modifier.ControlModifier, _Modifier.ShiftModifier, _Modifier.AltModifier),
    _Modifier.ControlModifier | _Modifier.ShiftModifier,
)
_LEFT_OUT = {"file.quit", "file.open", "tools.doctor"}  # the end; the system's own dialog; a process a time
_BATCH = 10  # events between two rounds of Qt's loop
_MOST_WINDOWS = 12


class _StayOpen(QObject):
    """The monkey may do everything but leave."""

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Close:
            event.ignore()
            return True
        return False


class Monkey(QObject):
    """Acts from a timer, so that it goes on inside a menu or a dialog that has a loop of its own."""

    def __init__(self, window: MainWindow, seed: int) -> None:
        super().__init__(window)
        self.window = window
        self.deeds: deque[str] = deque(maxlen=40)  # the last ones, to read after a fault
        self._dice = random.Random(seed)
        self._left = 0
        self._loop = QEventLoop(self)
        self._stay = _StayOpen(self)
        window.installEventFilter(self._stay)
        self._acts: tuple[Callable[[QWidget], None], ...] = (
            *([self._click] * 6),
            *([self._press_key] * 6),
            *([self._move] * 3),
            *([self._wheel] * 2),
            self._double_click,
            self._drag,
            self._right_click,
            self._run_action,
            self._resize,
        )

    def play(self, n_events: int) -> None:
        """Do ``n_events`` things; returns when they are done and every window but the main one is closed."""
        self._left = n_events
        QTimer.singleShot(0, self, self._on_tick)
        self._loop.exec()
        self._close_others()

    def release(self) -> None:
        """Let the window be closed again."""
        self.window.removeEventFilter(self._stay)

    def _on_tick(self) -> None:
        if self._left > 0:
            QTimer.singleShot(0, self, self._on_tick)  # another one each time: a timer does not fire inside itself
        for _ in range(_BATCH):
            if self._left <= 0:
                self._close_others()
                self._loop.quit()
                return
            self._left -= 1
            target = self._choose()
            if target is not None:
                act = self._dice.choice(self._acts)
                self.deeds.append(f"{act.__name__} on {target.metaObject().className()} {target.objectName()}")
                act(target)
        if len([w for w in QApplication.topLevelWidgets() if w.isVisible()]) > _MOST_WINDOWS:
            self._close_others()

    def _choose(self) -> QWidget | None:
        """A widget that can be seen and used: most often in the popup or dialog that is open."""
        popup = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        tops = [w for w in QApplication.topLevelWidgets() if w.isVisible() and not isinstance(w, QFileDialog)]
        if popup is not None and self._dice.random() < 0.8:
            tops = [popup]
        if not tops:
            self.window.show()
            return None
        top = self._dice.choice([self.window, *tops]) if self.window in tops else self._dice.choice(tops)
        found = [w for w in (top, *top.findChildren(QWidget)) if w.isVisible() and w.isEnabled() and w.width() > 2]
        return self._dice.choice(found) if found else None

    def _place(self, target: QWidget) -> QPoint:
        return QPoint(self._dice.randrange(max(1, target.width())), self._dice.randrange(max(1, target.height())))

    def _click(self, target: QWidget) -> None:
        modifiers = self._dice.choice(_MODIFIERS)
        QTest.mouseClick(target, _Button.LeftButton, modifiers, self._place(target))

    def _right_click(self, target: QWidget) -> None:
        place = self._place(target)
        QTest.mouseClick(target, _Button.RightButton, _Modifier.NoModifier, place)
        if isValid(target) and target.contextMenuPolicy() is Qt.ContextMenuPolicy.CustomContextMenu:
            target.customContextMenuRequested.emit(place)

    def _double_click(self, target: QWidget) -> None:
        QTest.mouseDClick(target, _Button.LeftButton, _Modifier.NoModifier, self._place(target))

    def _drag(self, target: QWidget) -> None:
        QTest.mousePress(target, _Button.LeftButton, _Modifier.NoModifier, self._place(target))
        for _ in range(3):
            if isValid(target) and target.isVisible():
                self._move(target, _Button.LeftButton)
        if isValid(target) and target.isVisible():
            QTest.mouseRelease(target, _Button.LeftButton, _Modifier.NoModifier, self._place(target))

    def _move(self, target: QWidget, button: Qt.MouseButton = _Button.NoButton) -> None:
        """Not ``QTest.mouseMove``, which runs Qt's loop, and with it the monkey, inside itself."""
        place = QPointF(self._place(target))
        at = place, target.mapToGlobal(place)
        event = QMouseEvent(QEvent.Type.MouseMove, *at, _Button.NoButton, button, _Modifier.NoModifier)
        QApplication.sendEvent(target, event)

    def _wheel(self, target: QWidget) -> None:
        place = self._place(target)
        turn = QPoint(0, self._dice.choice((-360, -120, 120, 360)))
        modifiers = self._dice.choice(_MODIFIERS)
        at = QPointF(place), QPointF(target.mapToGlobal(place))
        event = QWheelEvent(*at, QPoint(), turn, _Button.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False)
        QApplication.sendEvent(target, event)

    def _press_key(self, target: QWidget) -> None:
        key, modifiers = self._dice.choice(_KEYS), self._dice.choice(_MODIFIERS)
        self.deeds.append(f"{key} {modifiers}")
        QTest.keyClick(QApplication.focusWidget() or target, key, modifiers)

    def _run_action(self, _target: QWidget) -> None:
        usable = [spec.id for spec in self.window.contents.actions.specs if spec.id not in _LEFT_OUT]
        name = self._dice.choice(usable)
        self.deeds.append(name)
        action = self.window.contents.actions.action(name)
        if action.isEnabled():
            action.trigger()

    def _resize(self, _target: QWidget) -> None:
        if self._dice.random() < 0.2:
            self.window.resize(self._dice.randrange(600, 1700), self._dice.randrange(400, 1100))

    def _close_others(self) -> None:
        for widget in QApplication.topLevelWidgets():
            if widget is not self.window and isValid(widget) and widget.isVisible() and widget.isWindow():
                widget.close()
