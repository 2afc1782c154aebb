"""Takes the prompts off code that was copied from a session: Python's, doctest's or IPython's."""

from __future__ import annotations

import re

_PROMPT = re.compile(r"\s*(?:(?:>>>|\.\.\.)(?: |$)|In \[\d+\]: ?|\.{3,}: ?)")
_FIRST = re.compile(r"\s*(?:>>>(?: |$)|In \[\d+\]: ?)")
_LONGEST = 200_000  # characters; a longer text is no session


def without_prompts(text: str) -> str:
    """The code alone where ``text`` begins with a prompt, without what the session had answered; else ``text``."""
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    if len(text) > _LONGEST or not _FIRST.match(first):
        return text
    code = [line[found.end() :] for line in lines if (found := _PROMPT.match(line))]
    return "\n".join(code).rstrip()
