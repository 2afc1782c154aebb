"""The command that opens a file at a line in a person's editor."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import PurePath

_AT_LINE = {
    ("code", "codium", "cursor", "windsurf", "code-insiders"): ("-g", "{file}:{line}"),
    ("subl", "sublime_text", "zed", "hx", "helix"): ("{file}:{line}",),
    ("charm", "pycharm", "idea"): ("--line", "{line}", "{file}"),
    ("kate", "kwrite"): ("-l", "{line}", "{file}"),
    ("gedit", "gnome-text-editor", "gvim", "emacs", "emacsclient", "mousepad", "xed"): ("+{line}", "{file}"),
}
_NEED_A_TERMINAL = frozenset({"vi", "vim", "nvim", "nano", "pico", "micro", "hx", "helix", "ed", "joe", "ne", "kak"})


def editor_command(location: str, chosen: str, environment: Mapping[str, str] = os.environ) -> list[str] | None:
    """Program and arguments, or None where only the desktop can know how to open the file.

    Args:
        location: ``file:line``.
        chosen: What a person has set: ``code -g {file}:{line}``, or an editor's name alone; "" for nothing.
        environment: Where VISUAL and EDITOR stand; an editor that needs a terminal is passed over.
    """
    file, _, line = location.rpartition(":")
    for text in (chosen, environment.get("VISUAL", ""), environment.get("EDITOR", "")):
        words = _words(text)
        if not words or shutil.which(words[0]) is None or (text != chosen and _name(words[0]) in _NEED_A_TERMINAL):
            continue
        if not any("{file}" in word for word in words):
            words += _arguments(_name(words[0]))
        return [word.replace("{file}", file).replace("{line}", line) for word in words]
    return None


def is_usable(command: str) -> bool:
    """The command's program is there; an empty one stands for no choice."""
    words = _words(command)
    return not command.strip() or bool(words and shutil.which(words[0]))


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # an open quote
        return []


def _name(program: str) -> str:
    return PurePath(program).stem


def _arguments(name: str) -> list[str]:
    return list(next((arguments for names, arguments in _AT_LINE.items() if name in names), ("{file}",)))
