"""A docstring as HTML for Qt's rich text: Google and NumPy sections by griffe, reST by docutils.

A docstring is a stranger's: no file and no address is opened for it. docutils reads no file and passes nothing on raw;
of its document tree only words, lists, tables and code are written, every word escaped; a link becomes its text and its
address in brackets, a picture its description. Knows nothing of Qt, and may run on any thread.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import griffe
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives, roles

from moduleview.gui.inspector.docstring_nodes import HtmlOfNodes

MAXIMUM_LENGTH = 100_000  # characters; more is shown as it is written
_ROLES = ("class", "func", "meth", "attr", "mod", "obj", "exc", "data", "ref", "doc", "term", "any", "paramref", "file")
_NOTES = ("seealso", "versionadded", "versionchanged", "deprecated", "todo", "testcode", "plot")
_SETTINGS: dict[str, object] = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    "report_level": 5,
    "halt_level": 5,
    "smart_quotes": False,
    "doctitle_xform": False,
    "sectsubtitle_xform": False,
    "toc_backlinks": False,
    "strip_comments": True,
    "math_output": "LaTeX",
}
_TARGET = re.compile(r"\s*<[^<>]*>$")
_NUMPY_RULE = re.compile(r"^[A-Z][\w ]+\n-{3,}\s*$", re.MULTILINE)


def docstring_html(docstring: str) -> str:
    """The body of an HTML document. Never raises: what cannot be read is shown as it is written."""
    if len(docstring) > MAXIMUM_LENGTH:
        return _as_written(docstring)
    try:
        _know_sphinx()
        return "\n".join(map(_section_html, _sections(docstring)))
    except Exception:  # docutils and griffe are asked to read what a stranger wrote
        return _as_written(docstring)


def _sections(docstring: str) -> Sequence[griffe.DocstringSection]:
    style: griffe.DocstringStyle = "numpy" if _NUMPY_RULE.search(docstring) else "google"
    read = griffe.Docstring(docstring)
    return read.parse(style, warnings=False) if style == "google" else read.parse(style)


def _section_html(section: griffe.DocstringSection) -> str:
    title = section.title or _TITLES.get(section.kind, "")
    match section:
        case griffe.DocstringSectionText():
            return _rest_html(section.value)
        case griffe.DocstringSectionAdmonition():
            return f"{_heading(title)}{_rest_html(section.value.description)}"
        case griffe.DocstringSectionExamples():
            texts = (
                text if kind is griffe.DocstringSectionKind.text else f"::\n\n{_indented(text)}"
                for kind, text in section.value
            )
            return f"{_heading(title)}{_rest_html(chr(10).join(f'{text}{chr(10)}' for text in texts))}"
        case _:
            return f"{_heading(title)}{_items_html(section.value)}"


_TITLES = {
    griffe.DocstringSectionKind.parameters: "Arguments",
    griffe.DocstringSectionKind.other_parameters: "Other arguments",
    griffe.DocstringSectionKind.raises: "Raises",
    griffe.DocstringSectionKind.warns: "Warns",
    griffe.DocstringSectionKind.returns: "Returns",
    griffe.DocstringSectionKind.yields: "Yields",
    griffe.DocstringSectionKind.receives: "Receives",
    griffe.DocstringSectionKind.attributes: "Attributes",
    griffe.DocstringSectionKind.examples: "Examples",
    griffe.DocstringSectionKind.functions: "Functions",
    griffe.DocstringSectionKind.classes: "Classes",
    griffe.DocstringSectionKind.modules: "Modules",
}


def _items_html(items: object) -> str:
    """Arguments, attributes and their like: name, type, and the words below."""
    if not isinstance(items, list | tuple):
        return _rest_html(str(getattr(items, "description", items)))
    lines = []
    for item in items:
        name, kind = getattr(item, "name", ""), getattr(item, "annotation", None)
        head = f"<b><code>{html.escape(str(name))}</code></b>" if name else ""
        if kind:
            head += f" <span class='muted'>{html.escape(str(kind))}</span>"
        lines.append(f"<dt>{head}</dt><dd>{_rest_html(item.description)}</dd>")
    return f"<dl>{''.join(lines)}</dl>"


def _rest_html(text: str) -> str:
    tree = publish_doctree(text, settings_overrides=dict(_SETTINGS))
    visitor = HtmlOfNodes(tree)
    tree.walkabout(visitor)
    return visitor.html


def _heading(title: str) -> str:
    return f"<h4>{html.escape(title)}</h4>" if title else ""


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _as_written(text: str) -> str:
    return f"<pre>{html.escape(text[:MAXIMUM_LENGTH])}</pre>"


class _Note(Directive):
    """A directive of Sphinx's: its name, and its words as they are."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = None

    def run(self) -> list[nodes.Node]:
        """A note with the directive's name as title."""
        note = nodes.admonition()
        note += nodes.title(text=" ".join((self.name, *self.arguments)))
        self.state.nested_parse(self.content, self.content_offset, note)
        return [note]


def _know_sphinx() -> None:
    """Let docutils know Sphinx's roles and directives: else each would be a complaint in the text."""
    for role in _ROLES:
        roles.register_local_role(role, _code_role)
        roles.register_local_role(f"py:{role}", _code_role)
    for name in _NOTES:
        directives.register_directive(name, _Note)


def _code_role(
    _name: str, _rawtext: str, text: str, *_place: object
) -> tuple[list[nodes.reference], list[nodes.reference]]:
    """``:class:`~torch.nn.Linear``` as code, ``:ref:`words <target>``` as its words."""
    shown = _TARGET.sub("", text)
    if shown == text and shown.startswith("~"):
        shown = shown.rpartition(".")[2]
    return [nodes.reference("", "", nodes.literal(text=shown.lstrip("!~")))], []
