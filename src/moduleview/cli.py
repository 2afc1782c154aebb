"""The command line. Imports neither Qt nor torch: ``--help`` is there at once; what a command needs starts with it."""

from __future__ import annotations

import argparse
import difflib
import errno
import importlib
import io
import os
import re
import shlex
import sys
from collections.abc import Callable, Collection, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from moduleview import __version__
from moduleview.errors import DisplayError, ModuleViewError
from moduleview.qt_libraries import display_problem, install_command, missing_qt_libraries

_HEAVY = {
    "frame": "moduleview.gui.first_frame:show_frame",
    "window": "moduleview.gui.app:run_window",
    "shot": "moduleview.gui.shot:save_shot",
    "doctor": "moduleview.doctor:run_doctor",
    "inspect": "moduleview.engine.inspect_command:run_inspect",
    "check": "moduleview.engine.check_command:run_check",
}
"""Where the parts that import torch or Qt are; one of the two places that load lazily."""

_EXIT_ERROR = 2
_EXIT_INTERRUPTED = 130
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
_LEAST_LIKENESS = 0.75
_LARGEST_SIDE = 16_384  # pixels

_TARGET_HELP = (
    "file.py, file.py:name, package.module:name or sample:name; name is an nn.Module or a TrainingTask, or a function "
    "or class that makes one without arguments"
)
_EPILOG = f"""\
TARGET is {_TARGET_HELP}.
Without TARGET the window opens with its welcome page.

other commands:
  moduleview inspect TARGET [--json]                  print the modules, parameters and buffers
  moduleview check TARGET                             look for faults of structure, for a person or a build server
  moduleview shot TARGET --steps N -o window.png      train N steps and save a picture of the window
  moduleview doctor                                   say what this machine has and lacks
Each has its own --help.
"""


_CHECK_EPILOG = """\
exit status:
  0  nothing was found but information
  1  a fact was found that is an error or a warning
  2  there is no answer: no such target, or a training step raised and nothing was found

Facts only: what is reported is true. Information (tied weights, a frozen parameter in the optimizer, an expert that was
not called in these steps) is true as well, but often meant: it is listed, and the status stays 0, so that a build does
not fail for what is in order. Some checks need training steps: --steps 0 leaves them out. The target's code runs here,
with what torch.compile made bypassed; what it prints goes to stderr.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give the exit status: 0, or 2 with a sentence on stderr; 1 where ``check`` found faults.

    Args:
        argv: Without the program's name; ``sys.argv`` when None.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    commands: dict[str, Callable[[list[str]], int]] = {
        "inspect": _inspect,
        "check": _check,
        "shot": _shot,
        "doctor": _doctor,
    }
    command = commands.get(arguments[0]) if arguments else None
    _let_names_through()
    try:
        if command is None and arguments:
            _refuse_misspelt(arguments, commands)
        status = _window(arguments) if command is None else command(arguments[1:])
        sys.stdout.flush()
    except ModuleViewError as error:
        return _complain(error)
    except BrokenPipeError:  # the reader of our output has gone: moduleview inspect ... | head
        _give_up_stdout()
        return 0
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        _give_up_stdout()
        return _complain(
            ModuleViewError(f"The output cannot be written ({error.strerror}); make room, or send it elsewhere.")
        )
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED
    return status


def _refuse_misspelt(arguments: list[str], commands: Collection[str]) -> None:
    """A first word that is nearly a command, and no target: ``moduleview insepct net.py``.

    Raises:
        ModuleViewError: With the command that was meant.
    """
    word = arguments[0]
    close = difflib.get_close_matches(word, commands, n=1, cutoff=_LEAST_LIKENESS) if word.isalpha() else []
    if not close or Path(word).exists() or Path(f"{word}.py").exists() or find_spec(word) is not None:
        return
    line = shlex.join(["moduleview", close[0], *arguments[1:]])
    raise ModuleViewError(f"There is no command {word!r}; did you mean {line!r}?")


def _window(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="moduleview",
        usage="moduleview [TARGET] [--run] [--device DEVICE]",
        description="See inside a PyTorch model while it trains: modules, hooks and gradients, live.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", nargs="?", metavar="TARGET", help="what to open; see below")
    parser.add_argument("--device", help="where to train: cpu, cuda, cuda:1, mps (where the model is, by default)")
    parser.add_argument("--run", action="store_true", help="train as soon as it is open")
    parser.add_argument("--version", action="version", version=f"moduleview {__version__}")
    chosen = parser.parse_args(arguments)
    if chosen.run and chosen.target is None:
        parser.error("--run needs a TARGET to train")
    if chosen.device is not None and chosen.target is None:
        parser.error("--device needs a TARGET to move there")
    problem = display_problem()
    if problem:
        raise DisplayError(problem)
    frame = _load("frame")()  # on the screen before the rest is imported
    return int(_load("window")(chosen.target, chosen.device, run_at_once=chosen.run, frame=frame))


def _inspect(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="moduleview inspect", description="Print the modules, parameters and buffers of a model."
    )
    parser.add_argument("target", metavar="TARGET", help=_TARGET_HELP)
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    chosen = parser.parse_args(arguments)
    return int(_load("inspect")(chosen.target, as_json=chosen.json))


def _check(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="moduleview check",
        description="Look for faults of structure: what is not registered, not trained, not saved or never called.",
        epilog=_CHECK_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", metavar="TARGET", help=_TARGET_HELP)
    parser.add_argument(
        "--steps", type=_count, metavar="N", help="training steps to look at (3 where the target can train, else 0)"
    )
    form = parser.add_mutually_exclusive_group()
    for name, words in (("json", "JSON"), ("sarif", "SARIF 2.1.0"), ("junit", "JUnit XML")):
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=f"{words} instead of text")
    chosen = parser.parse_args(arguments)
    return int(_load("check")(chosen.target, chosen.steps, chosen.form or "text"))


def _shot(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="moduleview shot", description="Train some steps without a display and save a picture of the window."
    )
    parser.add_argument("target", metavar="TARGET", help=_TARGET_HELP)
    parser.add_argument("--steps", type=_count, default=100, metavar="N", help="steps to train first (100)")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="PNG", help="the picture to write")
    parser.add_argument("--theme", choices=("light", "dark"), default="light", help="colours (light)")
    parser.add_argument("--size", type=_size, default=(1600, 1000), metavar="WxH", help="pixels (1600x1000)")
    chosen = parser.parse_args(arguments)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"  # read by Qt when it starts: a picture needs no display
    missing = missing_qt_libraries("offscreen")
    if missing:
        raise DisplayError(f"Shared libraries of Qt are missing; install them with: {install_command(missing)}")
    return int(_load("shot")(chosen.target, chosen.steps, chosen.output, chosen.theme, chosen.size))


def _doctor(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="moduleview doctor", description="Say what this machine has and lacks.")
    parser.parse_args(arguments)
    return int(_load("doctor")())


def _load(part: str) -> Any:
    module, _, name = _HEAVY[part].partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == __package__:
            raise
        top = error.name.partition(".")[0]
        raise ModuleViewError(
            f"The package {top!r} is not installed in this Python; run 'moduleview doctor' to see what is missing."
        ) from None


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of steps; give one such as 100")
    return int(text)


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", text, re.ASCII | re.IGNORECASE)
    width, height = (int(side) for side in match.groups()) if match else (0, 0)
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; give width and height, such as 1600x1000")
    return width, height


def _let_names_through() -> None:
    """A name that the terminal's encoding lacks is written out instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _give_up_stdout() -> None:
    """What is left to be written would fail again when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(error: ModuleViewError) -> int:
    if error.traceback:
        print(error.traceback, end="\n\n", file=sys.stderr)
    print(f"moduleview: {error}", file=sys.stderr)
    return _EXIT_ERROR
