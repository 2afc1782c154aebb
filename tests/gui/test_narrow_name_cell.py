"""A module's name that has no room in the tree loses its beginning, as FQNs do."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, Qt
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from moduleview.gui.look.theme import Theme
from moduleview.gui.tree.name_cell import NameTexts, paint_name
from moduleview.gui.tree.tree_look import TreeLook


def painted(look: TreeLook, name: str, n_letters: int) -> QImage:
    width = round(look.name_metrics.horizontalAdvance("m") * n_letters) + look.px(28)
    image = QImage(width, look.px(22), QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    paint_name(painter, look, QRect(0, 0, width, image.height()), 0, NameTexts("", name, "", ()), is_selected=False)
    painter.end()
    return image


def test_name_without_room_keeps_its_end(qtbot: QtBot, qapp: QObject) -> None:
    look = TreeLook(Theme(qapp))
    one, other_beginning, other_end = "layer_norm_before_1", "batch_norm_before_1", "layer_norm_before_2"
    assert painted(look, one, 8) == painted(look, other_beginning, 8)
    assert painted(look, one, 8) != painted(look, other_end, 8)
    assert painted(look, one, 30) != painted(look, other_beginning, 30)
