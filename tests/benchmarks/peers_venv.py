"""Makes an environment in which moduleview stands beside other loggers; none of them is a dependency.

    python tests/benchmarks/peers_venv.py

It lies in ``.venv-peers`` at the root of the repository, or where the environment variable ``MODULEVIEW_PEERS`` says.
A peer that cannot be installed is said, and left out. TorchExplorer calls Graphviz's ``dot``: where there is none, a
script of that name asks the copy that comes with pygraphviz.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

PLACE = "MODULEVIEW_PEERS"
_ROOT = Path(__file__).resolve().parents[2]
_NEEDED = (("torch==2.13.0",), ("numpy>=1.26", "msgspec>=0.19"))  # torch first: others would bring its CUDA build
_PEERS = ("wandb==0.31.0", "tensorboard==2.21.0", "torchexplorer==1.1.2")
_READY = ".ready"
_DOT = """#!{python}
import os, sys
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # fontconfig warns, and TorchExplorer takes that for a failure
import pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.read())
sys.stdout.buffer.write(graph.draw(format=sys.argv[1].removeprefix("-T"), prog="dot"))
"""


def folder() -> Path:
    """Where the environment is, or will be."""
    return Path(os.environ.get(PLACE) or _ROOT / ".venv-peers")


def python() -> Path:
    """The environment's interpreter; it may not be there."""
    return folder() / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make() -> bool:
    """Make the environment unless it is there; False where it cannot be made."""
    if (folder() / _READY).exists():
        return True
    print(f"making an environment for the peers ({', '.join(_PEERS)})", flush=True)
    try:
        venv.create(folder(), with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no environment for the peers: {error}")
        return False
    if not all(_installed(packages) for packages in _NEEDED):
        return False
    for peer in _PEERS:
        _installed((peer,))
    _make_dot()
    (folder() / _READY).touch()
    return True


def _make_dot() -> None:
    if shutil.which("dot") is None and os.name != "nt":
        script = python().with_name("dot")
        script.write_text(_DOT.format(python=python()))
        script.chmod(0o755)


def _installed(packages: tuple[str, ...]) -> bool:
    done = subprocess.run(
        [python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reasons = done.stderr.strip().splitlines() or ["no reason given"]
        print(f"not installed: {' '.join(packages)}: {reasons[-1]}")
    return not done.returncode


if __name__ == "__main__":
    sys.exit(0 if make() else 1)
