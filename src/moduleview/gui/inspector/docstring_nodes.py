"""Writes docutils' document tree as the few tags of HTML that Qt's rich text knows, every word escaped."""

from __future__ import annotations

import html

from docutils import nodes

from moduleview.gui.inspector.code_html import code_html
from moduleview.gui.inspector.docstring_math import math_html

_TAGS: dict[type[nodes.Element], str] = {
    nodes.paragraph: "p",
    nodes.emphasis: "i",
    nodes.title_reference: "i",
    nodes.strong: "b",
    nodes.literal: "code",
    nodes.bullet_list: "ul",
    nodes.enumerated_list: "ol",
    nodes.list_item: "li",
    nodes.definition_list: "dl",
    nodes.term: "dt",
    nodes.definition: "dd",
    nodes.field_name: "dt",
    nodes.field_body: "dd",
    nodes.field_list: "dl",
    nodes.block_quote: "blockquote",
    nodes.subscript: "sub",
    nodes.superscript: "sup",
    nodes.table: "table",
    nodes.row: "tr",
    nodes.entry: "td",
    nodes.title: "h4",
    nodes.subtitle: "h4",
    nodes.rubric: "h4",
    nodes.admonition: "blockquote",
}
_LEFT_OUT = (nodes.system_message, nodes.comment, nodes.raw, nodes.target, nodes.substitution_definition, nodes.colspec)


class HtmlOfNodes(nodes.NodeVisitor):
    """Goes over a tree; ``html`` is whole at the end."""

    def __init__(self, document: nodes.document) -> None:
        super().__init__(document)
        self._pieces: list[str] = []

    @property
    def html(self) -> str:
        """What was written."""
        return "".join(self._pieces)

    def dispatch_visit(self, node: nodes.Node) -> None:
        """Begin a node."""
        if isinstance(node, _LEFT_OUT):
            raise nodes.SkipNode
        if isinstance(node, nodes.Text):
            self._pieces.append(html.escape(node.astext()))
        elif isinstance(node, nodes.math | nodes.math_block):
            formula = math_html(node.astext())
            self._pieces.append(
                f"<blockquote>{formula}</blockquote>" if isinstance(node, nodes.math_block) else formula
            )
            raise nodes.SkipNode
        elif isinstance(node, nodes.literal_block | nodes.doctest_block):
            self._pieces.append(f"<pre>{code_html(node.astext())}</pre>")
            raise nodes.SkipNode
        elif isinstance(node, nodes.image):
            self._pieces.append(html.escape(f"[{node.get('alt') or 'picture'}]"))
            raise nodes.SkipNode
        else:
            self._begin(node)

    def dispatch_departure(self, node: nodes.Node) -> None:
        """End a node."""
        if isinstance(node, nodes.Text):
            return
        if isinstance(node, nodes.reference) and node.get("refuri") and node["refuri"] != node.astext():
            self._pieces.append(f" <span class='muted'>({html.escape(node['refuri'])})</span>")
        if tag := _tag(node):
            self._pieces.append(f"</{tag}>")

    def _begin(self, node: nodes.Node) -> None:
        if tag := _tag(node):
            self._pieces.append(f"<{tag}>")
        if isinstance(node, nodes.Admonition) and not isinstance(node, nodes.admonition):
            self._pieces.append(f"<b>{html.escape(type(node).__name__.capitalize())}</b> ")


def _tag(node: nodes.Node) -> str:
    if isinstance(node, nodes.Admonition):
        return "blockquote"
    return _TAGS.get(type(node), "") if isinstance(node, nodes.Element) else ""
