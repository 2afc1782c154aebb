import pytest
from PySide6.QtGui import QColor

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.code_view import CodeView


@pytest.fixture
def view(qtbot):
    theme = Theme()
    view = CodeView(theme)
    theme.setParent(view)
    qtbot.addWidget(view)
    view.theme = theme
    return view


def color_at(view, line, text):
    """Colour of the first occurrence of ``text`` in a line; None where it has none of its own."""
    block = view.document().findBlockByNumber(line)
    column = block.text().encode("utf-16-le").find(text.encode("utf-16-le")) // 2
    assert column >= 0
    for span in block.layout().formats():
        if span.start <= column < span.start + span.length:
            return span.format.foreground().color().name()
    return None


def test_string_over_many_lines_is_a_string_in_each_of_them(view):
    view.set_code('x = """first\nimport this\n"""\nimport that\n')
    string, keyword = color_at(view, 1, "import"), color_at(view, 3, "import")
    assert string == color_at(view, 0, '"""')
    assert keyword == QColor(view.theme.tokens.series[0]).name()
    assert string != keyword


def test_other_theme_repaints_the_code(view):
    view.set_code("import this\n")
    before = color_at(view, 0, "import")
    view.theme.set_dark(True)
    assert color_at(view, 0, "import") == QColor(view.theme.tokens.series[0]).name() != before


def test_exception_stands_out_in_a_traceback(view):
    view.set_code(
        'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\nValueError: bad', "pytb"
    )
    assert color_at(view, 3, "ValueError") == QColor(view.theme.tokens.error).name()


def test_letters_outside_the_basic_plane_do_not_shift_the_colours(view):
    view.set_code('s = "😀😀"; import this')
    assert color_at(view, 0, "import") == QColor(view.theme.tokens.series[0]).name()


def test_code_too_long_to_read_is_shown_plain(view):
    view.set_code("import this\n" * 20_000)
    assert view.document().blockCount() == 20_001
    assert color_at(view, 0, "import") is None


def test_unknown_language_is_shown_plain(view):
    view.set_code("import this", "no such language")
    assert view.code() == "import this"


def test_code_cannot_be_typed_into(qtbot, view):
    view.set_code("x = 1")
    qtbot.keyClicks(view, "abc")
    assert view.code() == "x = 1"
