import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton, QSpinBox

from moduleview.gui.look.appearance import Appearance
from moduleview.gui.look.color_scheme import ColorScheme
from moduleview.gui.look.theme import Theme


@pytest.fixture
def theme(qapp):
    return Theme()


@pytest.fixture
def appearance(theme, tmp_path):
    return Appearance(QApplication.instance(), theme, tmp_path, ColorScheme.SYSTEM, theme)


def contrast(first, second):
    def luminance(color):
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("is_dark", [False, True])
def test_unticked_check_box_can_be_seen(qtbot, theme, appearance, is_dark):
    theme.set_dark(is_dark)
    box = QCheckBox()
    qtbot.addWidget(box)
    box.show()
    image = box.grab().toImage()
    background = QColor(theme.tokens.window)
    pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    assert max(contrast(pixel, background) for pixel in pixels) >= 3


def test_ticked_check_box_is_filled_with_the_accent(qtbot, theme, appearance):
    box = QCheckBox()
    qtbot.addWidget(box)
    box.setChecked(True)
    box.show()
    image = box.grab().toImage()
    names = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert QColor(theme.tokens.accent).name() in names


@pytest.mark.parametrize("is_dark", [False, True])
def test_palette_is_the_tokens(theme, appearance, is_dark):
    theme.set_dark(is_dark)
    palette = QApplication.palette()
    assert palette.color(QPalette.ColorRole.Window).name() == QColor(theme.tokens.window).name()
    assert palette.color(QPalette.ColorRole.Text).name() == QColor(theme.tokens.text).name()


def test_chosen_scheme_wins_over_the_desktop_and_system_goes_back_to_it(theme, appearance):
    was_dark = theme.tokens.is_dark
    appearance.set_scheme(ColorScheme.DARK)
    assert theme.tokens.is_dark
    appearance.set_scheme(ColorScheme.LIGHT)
    assert not theme.tokens.is_dark
    appearance.set_scheme(ColorScheme.SYSTEM)
    assert theme.tokens.is_dark == was_dark


def test_zoom_changes_the_font_and_the_height_of_buttons(qtbot, theme, appearance):
    button = QPushButton("Run")
    qtbot.addWidget(button)
    button.show()
    before = button.sizeHint().height()
    theme.set_zoom(2.0)
    assert QApplication.font().pixelSize() == 24
    button.ensurePolished()
    assert button.sizeHint().height() >= 2 * before - 4


def test_buttons_and_inputs_have_the_height_of_the_measures(qtbot, theme, appearance):
    for widget in (QPushButton("x"), QSpinBox()):
        qtbot.addWidget(widget)
        widget.show()
        assert widget.sizeHint().height() == 24


def test_unwritable_folder_for_pictures_leaves_a_style_without_arrows(qapp, theme, tmp_path):
    file = tmp_path / "file"
    file.write_text("not a folder")
    Appearance(QApplication.instance(), theme, file / "below", ColorScheme.SYSTEM, theme)
    assert "image: none" in QApplication.instance().styleSheet()


def test_text_role_gives_the_color_of_the_token(qtbot, theme, appearance):
    label = QLabel("drops")
    label.setProperty("role", "warning")
    qtbot.addWidget(label)
    label.show()
    assert label.palette().color(QPalette.ColorRole.WindowText).name() == QColor(theme.tokens.warning).name()
    assert label.testAttribute(Qt.WidgetAttribute.WA_WState_Visible)
