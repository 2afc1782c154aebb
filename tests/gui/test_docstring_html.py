"""Docstrings of strangers as HTML: Google, NumPy and reST are rendered, and nothing outside is ever touched."""

from __future__ import annotations

import builtins
import inspect
import socket

import pytest
from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QTextDocument
from torch import nn

from moduleview.gui.inspector.docstring_html import MAXIMUM_LENGTH, docstring_html
from moduleview.gui.inspector.docstring_math import math_html
from moduleview.gui.inspector.document_view import DocumentView
from moduleview.gui.inspector.signature_lines import signature_lines
from moduleview.gui.look.theme import Theme

GOOGLE = """Doubles.

Args:
    width (int): How wide.
        Two lines.
    bias: Whether.

Returns:
    Tensor: Twice the input.

Raises:
    ValueError: Where it is odd.

Examples::

    >>> f(2)
    4
"""
NUMPY = """Doubles.

Parameters
----------
width : int
    How wide.

Returns
-------
Tensor
    Twice the input.
"""
REST = """Doubles ``x``, **now**.

:param width: How wide.
:returns: Twice the input.

.. note:: Beware of :class:`~torch.nn.Linear`.

* one
* two
"""


def test_google_sections_become_lists_of_names_and_words() -> None:
    html = docstring_html(GOOGLE)
    assert "<h4>Arguments</h4><dl><dt><b><code>width</code></b> <span class='muted'>int</span></dt>" in html
    assert "<h4>Returns</h4>" in html
    assert "<h4>Raises</h4>" in html
    assert "ValueError" in html
    assert "<pre><span class='comment'>&gt;&gt;&gt; </span>f(<span class='number'>2</span>)" in html


def test_numpy_sections_become_the_same() -> None:
    html = docstring_html(NUMPY)
    assert "<h4>Arguments</h4><dl><dt><b><code>width</code></b> <span class='muted'>int</span></dt>" in html
    assert "Twice the input." in html
    assert "----" not in html


def test_rest_becomes_words_lists_and_notes() -> None:
    html = docstring_html(REST)
    assert "<code>x</code>, <b>now</b>" in html
    assert "<dt>param width</dt><dd><p>How wide.</p></dd>" in html
    assert "<code>Linear</code>" in html
    assert "<li><p>one</p></li>" in html


@pytest.mark.parametrize("cls", [nn.Linear, nn.LSTM, nn.MultiheadAttention, nn.Conv2d, nn.Transformer, nn.CTCLoss])
def test_torchs_own_docstrings_are_read_whole(cls: type) -> None:
    html = docstring_html(inspect.cleandoc(cls.__doc__ or ""))
    assert not html.startswith("<pre>")
    for left in (":math:", "\\text", "\\frac", "::\n", "``"):
        assert left not in html


def test_formulas_keep_what_changes_their_meaning() -> None:
    assert math_html("H_{in}") == "H<sub>in</sub>"
    assert math_html("x^2") == "x<sup>2</sup>"
    assert math_html("\\sqrt{k}") == "√(k)"
    assert math_html("\\frac{a + b}{c}") == "(a + b) / c"
    assert math_html("\\frac{") == "<code>\\frac{</code>"


HOSTILE = """Words.

.. include:: /etc/passwd
.. raw:: html

   <script>alert(1)</script>
.. raw:: html
   :url: http://127.0.0.1:9/x
.. csv-table:: t
   :file: /etc/passwd
.. image:: file:///etc/passwd
   :alt: a picture
.. figure:: http://127.0.0.1:9/x.png
   :figwidth: image

<img src="file:///etc/passwd"> `here <javascript:alert(1)>`_ `there <http://127.0.0.1:9/>`_
"""


def test_a_docstring_opens_no_file_and_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    docstring_html(GOOGLE)  # what docutils reads of its own is read now
    opened: list[object] = []
    monkeypatch.setattr(builtins, "open", lambda *args, **named: opened.append(args) or 1 / 0)
    monkeypatch.setattr(socket, "socket", lambda *args, **named: opened.append(args) or 1 / 0)
    html = docstring_html(HOSTILE)
    assert opened == []
    assert "Words." in html
    assert "root:" not in html
    for tag in ("<script", "<img", "<a ", "href", "src="):
        assert tag not in html.replace("&lt;img src=", "")
    assert "there" in html
    assert "(http://127.0.0.1:9/)" in html


def test_the_view_loads_nothing_and_follows_no_link(qtbot) -> None:
    owner = QObject()
    view = DocumentView(Theme(owner), None)
    qtbot.addWidget(view)
    view.set_html("<p>Words <img src='file:///etc/passwd'> <a href='file:///etc/passwd'>x</a></p>")
    view.grab()
    loaded = view.document().resource(QTextDocument.ResourceType.ImageResource, QUrl("file:///etc/passwd"))
    assert "root" not in str(loaded)
    assert not view.openLinks()
    assert not view.openExternalLinks()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * (MAXIMUM_LENGTH + 1),
        "Args:\n",
        "\x00\u202e`` **",
        ".. nonsense::\n\n  a",
        "|a|\n\n.. |a| replace:: |a|",
    ],
)
def test_whatever_stands_in_a_docstring_is_shown_somehow(text: str) -> None:
    assert isinstance(docstring_html(text), str)


def test_long_signatures_have_an_argument_a_line() -> None:
    assert signature_lines("f(a, b=1) -> c") == "f(a, b=1) -> c"
    long = "__init__(self, width: int, names: tuple[str, ...] = ('a, b', 'c'), other: dict[str, int] = {}) -> None"
    assert signature_lines(long) == (
        "__init__(\n    self,\n    width: int,\n    names: tuple[str, ...] = ('a, b', 'c'),\n"
        "    other: dict[str, int] = {},\n) -> None"
    )
