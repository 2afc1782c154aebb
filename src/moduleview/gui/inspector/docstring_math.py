"""LaTeX in a docstring as text with subscripts and superscripts: Qt's rich text knows no MathML.

docutils reads the LaTeX; of its MathML only what changes the meaning on one line is kept.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from xml.etree import ElementTree

from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml

_LONGEST = 2_000  # characters; a longer formula is shown as it was typed
_ARRAY = re.compile(r"\\(begin|end)\{array\}(?:\{[^}]*\})?")
_WORDS = re.compile(r"\\(?:text|operatorname|mathrm|textbf)\{([^{}]*)\}")
_NO_GAP = frozenset("()[]{}.,:;!|‖′'^")


def math_html(tex: str) -> str:
    """``x_{in}`` as ``x<sub>in</sub>``; what docutils cannot read is shown as it was typed."""
    if len(tex) > _LONGEST:
        return f"<code>{html.escape(tex)}</code>"
    try:
        markup = tex2mathml(_known_to_docutils(tex), as_block=False)
        return _written(ElementTree.fromstring(markup))
    except (MathError, ElementTree.ParseError, RecursionError, ValueError, IndexError, KeyError, AttributeError):
        return f"<code>{html.escape(_WORDS.sub(lambda found: found[1], tex))}</code>"


def _known_to_docutils(tex: str) -> str:
    """What torch's docstrings use and docutils does not know, in other words."""
    return _ARRAY.sub(r"\\\1{matrix}", tex).replace(r"\dots", r"\ldots").replace(r"\operatorname*", r"\operatorname")


_WRITTEN: dict[str, Callable[[Sequence[str]], str]] = {
    "msub": lambda parts: f"{parts[0]}<sub>{parts[1]}</sub>",
    "munder": lambda parts: f"{parts[0]}<sub>{parts[1]}</sub>",
    "msup": lambda parts: f"{parts[0]}<sup>{parts[1]}</sup>",
    "mover": lambda parts: f"{parts[0]}<sup>{parts[1]}</sup>",
    "msubsup": lambda parts: f"{parts[0]}<sub>{parts[1]}</sub><sup>{parts[2]}</sup>",
    "munderover": lambda parts: f"{parts[0]}<sub>{parts[1]}</sub><sup>{parts[2]}</sup>",
    "mfrac": lambda parts: f"{parts[0]} / {parts[1]}",
    "msqrt": lambda parts: f"√({''.join(parts)})",
    "mroot": lambda parts: f"<sup>{parts[1]}</sup>√({parts[0]})",
    "mtr": lambda parts: f"{', '.join(parts)}; ",
    "mspace": lambda _parts: " ",
    "annotation": lambda _parts: "",
}


def _written(node: ElementTree.Element) -> str:
    tag = node.tag.rpartition("}")[2]
    if tag == "mo":
        return _operator("".join(node.itertext()))
    if tag in ("mtext", "mi", "mn"):
        return html.escape("".join(node.itertext()).replace("\\_", "_"))
    parts = [_written(child) for child in node]
    if tag == "mfrac":
        parts = [_grouped(child, part) for child, part in zip(node, parts, strict=True)]
    write = _WRITTEN.get(tag)
    return "".join(parts) or html.escape(node.text or "") if write is None else write(parts)


def _operator(sign: str) -> str:
    sign = sign.replace("\u2061", "").replace("\u2062", "").strip()
    if not sign or all(letter in _NO_GAP for letter in sign):
        return html.escape(sign) + (" " if sign == "," else "")
    return f" {html.escape(sign)} "


def _grouped(node: ElementTree.Element, text: str) -> str:
    return f"({text})" if len(_leaves(node)) > 1 else text


def _leaves(node: ElementTree.Element) -> Sequence[ElementTree.Element]:
    return [part for part in node.iter() if not len(part)]
