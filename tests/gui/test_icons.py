from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QIcon

from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme
from moduleview.resources import resource_path

NAMES = sorted(file.stem for file in Path(resource_path("icons")).glob("*.svg"))


def colors_in(pixmap):
    image = pixmap.toImage()
    pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return {pixel.name() for pixel in pixels if pixel.alpha() == 255}


@pytest.mark.parametrize("name", NAMES)
def test_every_icon_draws_something_in_the_color_of_its_role_only(qapp, name):
    theme = Theme()
    pixmap = Icons(theme).pixmap(name, "error", 16, 4.0)
    strongest = colors_in(pixmap)
    assert strongest
    assert strongest <= {QColor(theme.tokens.error).name()}


def test_icon_follows_the_theme(qapp):
    theme = Theme()
    icons = Icons(theme)
    light = colors_in(icons.pixmap("run", "text", 16, 4.0))
    theme.set_dark(True)
    assert colors_in(icons.pixmap("run", "text", 16, 4.0)) == {QColor(theme.tokens.text).name()} != light


def test_disabled_icon_is_faint(qapp):
    theme = Theme()
    icon = Icons(theme).icon("disc", "text", 64)
    assert colors_in(icon.pixmap(64, QIcon.Mode.Disabled)) == {QColor(theme.tokens.faint).name()}


def test_zoom_makes_icons_larger(qapp):
    theme = Theme()
    icons = Icons(theme)
    assert icons.pixmap("run", ratio=1.0).width() == 16
    theme.set_zoom(1.5)
    assert icons.pixmap("run", ratio=1.0).width() == 24


def test_high_resolution_screen_gets_more_pixels_of_the_same_size(qapp):
    pixmap = Icons(Theme()).pixmap("run", ratio=2.0)
    assert pixmap.width() == 32
    assert pixmap.deviceIndependentSize().width() == 16


def test_icon_that_is_not_there_is_an_error(qapp):
    with pytest.raises(FileNotFoundError):
        Icons(Theme()).icon("no-such-icon")
