"""What to write in Python instead of what IPython and notebooks take besides it."""

from __future__ import annotations

import re

_COMMAND = re.compile(r"\s*(?:[\w.,\s]+=\s*)?(?P<mark>%{1,2}|!{1,2})(?P<word>[\w.]*)\s*(?P<rest>.*?)\s*$", re.DOTALL)
_HELP = re.compile(r"\s*(?:\?{1,2}(?P<after>[\w.]+)|(?P<before>[\w.]+(?:\[[^\]]*\])?)\?{1,2})\s*$")
_PROMPT = re.compile(r"\s*(?:>>>|\.\.\.)(?:\s|$)")
_INSTALLS = "Install it in a terminal, and open the model again."
_MAGICS = {
    "timeit": "Write: import timeit; timeit.timeit(lambda: {rest}, number=100) / 100",
    "time": "Write: import time; begin = time.perf_counter(); {rest}; time.perf_counter() - begin",
    "pip": _INSTALLS,
    "conda": _INSTALLS,
    "matplotlib": 'Write: import matplotlib; matplotlib.use("Agg"), and save the figures: no window opens here.',
    "run": "Write: import runpy; globals().update(runpy.run_path({rest!r}))",
    "env": "Write: import os; os.environ",
    "cd": "A cell's working folder is put back when it ends. Write: import os; os.chdir({rest!r})",
    "pwd": "Write: import os; os.getcwd()",
    "who": "Write: [name for name in globals() if not name.startswith('_')]",
    "whos": "Write: [name for name in globals() if not name.startswith('_')]",
    "debug": "There is no keyboard for a debugger here: print what you want to see.",
    "pdb": "There is no keyboard for a debugger here: print what you want to see.",
}
_LONGEST = 200  # characters of the person's own in a hint


def hint_for(error: SyntaxError) -> str:
    """A sentence on what to write instead; "" where nothing is known."""
    if "outside" in (error.msg or "") and ("await" in error.msg or "async" in error.msg):
        return (
            "A cell cannot wait by itself. Put it into a function and run that: "
            "async def main(): ..., and then: import asyncio; asyncio.run(main())"
        )
    line = (error.text or "")[:_LONGEST]
    if _PROMPT.match(line):
        return "Leave out the prompts >>> and ...; pasted code loses them by itself."
    if found := _HELP.match(line):
        return f"Write: help({found['after'] or found['before']})"
    if found := _COMMAND.match(line):
        return _instead_of(found["mark"], found["word"], found["rest"])
    return ""


def _instead_of(mark: str, word: str, rest: str) -> str:
    command = f"{mark}{word}"
    if mark[0] == "!":
        if word in ("pip", "pip3", "conda", "uv"):
            return f"{command} is a line for a terminal, not Python. {_INSTALLS}"
        shell = f"{word} {rest}".strip()
        return (
            f"{command} is a line for a terminal, not Python. Write: import subprocess; "
            f"print(subprocess.getoutput({shell!r}))"
        )
    hint = _MAGICS.get(word, "Write what it does in Python, or leave it out.")
    return f"{command} is a command of IPython, not Python. {hint.format(rest=rest or '...')}"
