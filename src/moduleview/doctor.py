"""What this machine has and lacks for moduleview: ``moduleview doctor``.

It is what somebody runs when nothing else works, so it imports neither torch nor Qt: torch is asked in a process of
its own, whose crash is an answer too.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform as machine
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import moduleview
from moduleview.installed import installed_version
from moduleview.qt_libraries import (
    bad_pair,
    chosen_platform,
    display_problem,
    install_command,
    is_linux,
    missing_qt_libraries,
    version_numbers,
)
from moduleview.resources import resource_path
from moduleview.user_folders import settings_file

_TORCH_TIMEOUT_S = 120.0
_TORCH_QUESTION = """
import json, torch
cuda, mps = torch.cuda, torch.backends.mps
print(json.dumps({
    "version": torch.__version__,
    "cuda_build": torch.version.cuda or torch.version.hip or "",
    "cuda_devices": [cuda.get_device_name(i) for i in range(cuda.device_count())] if cuda.is_available() else [],
    "mps": mps.is_available(),
    "threads": torch.get_num_threads(),
}))
"""
_MINIMUM_PYTHON, _MINIMUM_TORCH = (3, 11), (2, 4)


class Verdict(StrEnum):
    """What a line of the report means."""

    OK = "ok"
    NOTE = "note"  # works, with less
    LACKS = "lacks"  # the window or training cannot work


@dataclass(frozen=True)
class Check:
    """One line of the report.

    Attributes:
        name: What was looked at, in one or two words.
        text: What is there.
        remedy: What to do, where there is something to do.
    """

    name: str
    verdict: Verdict
    text: str
    remedy: str = ""


def run_doctor() -> int:
    """Print what this machine has and lacks.

    Returns:
        0 when models can be opened and trained here, with a window or without; 1 when something for that is missing.
    """
    print(f"moduleview {moduleview.__version__}")
    worst = Verdict.OK
    for check in checks():
        print(f"  {check.verdict:5}  {check.name:10}  {check.text}", flush=True)
        if check.remedy:
            print(f"  {'':5}  {'':10}  {check.remedy}")
        if check.verdict is Verdict.LACKS or worst is Verdict.OK:
            worst = check.verdict
    print(
        {
            Verdict.OK: "Everything is here.",
            Verdict.NOTE: "moduleview works here; the notes say what is not there.",
            Verdict.LACKS: "Something is missing: see the lines that begin with lacks.",
        }[worst]
    )
    return 1 if worst is Verdict.LACKS else 0


def checks() -> Iterator[Check]:
    """Look at one thing after the other; torch takes a few seconds."""
    yield check_python()
    yield from check_torch()
    yield check_pyside()
    yield check_package("pyqtgraph", (0, 14), (0, 15))
    yield from _check_libraries()
    yield _check_display()
    yield _check_resources()
    yield _check_settings()
    yield _check_cores()


def check_python() -> Check:
    """Whether this Python is new enough."""
    text = f"{machine.python_version()} ({sys.executable}), {machine.platform()}"
    if sys.version_info[:2] < _MINIMUM_PYTHON:
        return Check("python", Verdict.LACKS, text, "moduleview needs Python 3.11 or newer.")
    return Check("python", Verdict.OK, text)


def check_torch() -> Iterator[Check]:
    """Version and devices of torch, asked in a process of its own."""
    if importlib.util.find_spec("torch") is None:
        yield Check("torch", Verdict.LACKS, "not installed", 'Install it with: pip install "torch>=2.4"')
        return
    try:
        answer = subprocess.run(
            [sys.executable, "-c", _TORCH_QUESTION],
            capture_output=True,
            text=True,
            timeout=_TORCH_TIMEOUT_S,
            check=True,
        )
        facts = json.loads(answer.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        yield Check("torch", Verdict.LACKS, f"import torch takes longer than {_TORCH_TIMEOUT_S:.0f} s")
        return
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip().splitlines() or [f"exit status {error.returncode}"])[-1]
        yield Check("torch", Verdict.LACKS, f"cannot be imported: {reason}", "Install torch again.")
        return
    if version_numbers(facts["version"]) < _MINIMUM_TORCH:
        yield Check("torch", Verdict.LACKS, facts["version"], 'Too old: pip install "torch>=2.4"')
    else:
        threads = "1 thread" if facts["threads"] == 1 else f"{facts['threads']} threads"
        yield Check("torch", Verdict.OK, f"{facts['version']}, {threads}")
    yield _check_devices(facts["cuda_build"], facts["cuda_devices"], facts["mps"])


def _check_devices(cuda_build: str, cuda_devices: Sequence[str], has_mps: bool) -> Check:
    devices = ["cpu", *(f"cuda:{i} ({name})" for i, name in enumerate(cuda_devices)), *(["mps"] if has_mps else [])]
    if cuda_build and not cuda_devices:
        return Check(
            "devices",
            Verdict.NOTE,
            f"cpu; torch was built for CUDA {cuda_build}, but no device answers",
            'Look at "nvidia-smi": a driver may be missing or too old.',
        )
    return Check("devices", Verdict.OK, ", ".join(devices))


def check_pyside() -> Check:
    """PySide6's version, and whether it is known to fail."""
    found = installed_version("PySide6-Essentials")
    if found is None:
        return Check("PySide6", Verdict.LACKS, "not installed", "Install it with: pip install PySide6-Essentials")
    problem = bad_pair(found, sys.version_info[:2])
    if problem:
        return Check("PySide6", Verdict.LACKS, found, problem)
    return Check("PySide6", Verdict.OK, found)


def check_package(name: str, first: tuple[int, int], below: tuple[int, int]) -> Check:
    """Whether a package is there in a version from ``first`` up to, not including, ``below``."""
    wanted = f"{name}>={first[0]}.{first[1]},<{below[0]}.{below[1]}"
    found = installed_version(name)
    if found is None:
        return Check(name, Verdict.LACKS, "not installed", f'Install it with: pip install "{wanted}"')
    if not first <= version_numbers(found)[:2] < below:
        return Check(name, Verdict.NOTE, f"{found} was not tried", f'Tried with: pip install "{wanted}"')
    return Check(name, Verdict.OK, found)


def _check_libraries() -> Iterator[Check]:
    if not is_linux():
        return
    platform = chosen_platform()
    missing = missing_qt_libraries("offscreen")
    if missing:
        yield Check("libraries", Verdict.LACKS, f"Qt lacks {', '.join(missing)}", install_command(missing))
        return
    for_window = missing_qt_libraries(platform or "xcb")
    if for_window:
        yield Check("libraries", Verdict.NOTE, f"a window needs {', '.join(for_window)}", install_command(for_window))
    else:
        yield Check("libraries", Verdict.OK, "all shared libraries that Qt needs")


def _check_display() -> Check:
    problem = display_problem()
    if problem:
        text, _, remedy = problem.partition(". ")
        return Check("display", Verdict.NOTE, text, remedy)
    return Check("display", Verdict.OK, chosen_platform() or "native")


def _check_resources() -> Check:
    try:
        samples = sorted(path.stem for path in resource_path("samples").glob("*.py"))
    except FileNotFoundError as error:
        return Check("samples", Verdict.LACKS, "not found", str(error))
    return Check("samples", Verdict.OK, ", ".join(samples))


def _check_settings() -> Check:
    file = settings_file()
    folder = next(parent for parent in file.parents if parent.exists())
    if not os.access(file if file.exists() else folder, os.W_OK):
        return Check("settings", Verdict.NOTE, f"{file} cannot be written", "Nothing is remembered between two starts.")
    return Check("settings", Verdict.OK, str(file))


def _check_cores() -> Check:
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS")
    text = f"{available} of {os.cpu_count()} cores may be used" + (f", OMP_NUM_THREADS={asked}" if asked else "")
    if available == 1:
        return Check("cores", Verdict.NOTE, text, "Training and the window share one core: both will be slow.")
    return Check("cores", Verdict.OK, text)


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m moduleview.doctor", description=run_doctor.__doc__)
    parser.add_argument(
        "--missing-packages",
        nargs="?",
        const="",
        metavar="PLATFORM",
        help="print only the missing Debian packages that Qt needs: for PLATFORM (offscreen, xcb, wayland), "
        "or for what this session has",
    )
    arguments = parser.parse_args()
    if arguments.missing_packages is None:
        return run_doctor()
    print(*missing_qt_libraries(arguments.missing_packages or chosen_platform() or "offscreen"))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
