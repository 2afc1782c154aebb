"""What holds for every test: no machine's settings are touched, nothing that a test started outlives it."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from coverage.collector import Collector

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# The same examples each time: what fails in CI fails here too. HYPOTHESIS_PROFILE=default looks for new ones.
hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
_PATIENCE_S = 5.0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Soak tests run only when asked for by ``-m soak``; gpu tests only where there is one."""
    if "soak" not in (config.option.markexpr or ""):
        kept = [item for item in items if item.get_closest_marker("soak") is None]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


@pytest.fixture(autouse=True, scope="session")
def coverage_takes_no_lock() -> Iterator[None]:
    """An exception that ends a person's code lands between any two lines, those of coverage's tracer too.

    There it left the lock of all tracers taken, and every thread that is measured waited for ever. What it is for, data
    that are cleared while a thread is measured, does not happen here.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Collector, "lock_data", lambda _: None)
        patch.setattr(Collector, "unlock_data", lambda _: None)
        yield


@pytest.fixture(autouse=True)
def settings_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, caches and session files of the program land in the test's folder."""
    for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))


@pytest.fixture(autouse=True)
def no_thread_left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A thread that a test started has ended when the test ends; else the line that started it is named."""
    started: dict[threading.Thread, str] = {}
    original = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        started[thread] = "".join(traceback.format_stack(sys._getframe(1), limit=6))
        original(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=_PATIENCE_S)
    left = [thread for thread in set(threading.enumerate()) - before if thread.is_alive()]
    assert not left, "\n".join(f"{thread.name} still runs; started at\n{started.get(thread, '?')}" for thread in left)


@pytest.fixture(autouse=True)
def no_file_left_open() -> Iterator[None]:
    """Files, sockets and pipes that a test opened are closed when it ends (fault row 79)."""
    before = _open_files()
    yield
    left = _open_files().items() - before.items()
    if left:
        gc.collect()  # a cycle may hold one
        left = _open_files().items() - before.items()
    named = sorted(target for _number, target in left if not _is_kept_by_a_library(target))
    assert not named, f"left open: {named}"


def _open_files() -> dict[int, str]:
    """What this process has open, by descriptor; nothing where the system does not tell."""
    found = {}
    for entry in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):  # the one that this very look opened
            found[int(entry.name)] = os.readlink(entry)
    return found


def _is_kept_by_a_library(target: str) -> bool:
    """Event loops, device files, fonts and what was imported stay open by design."""
    if target.startswith(("anon_inode:", "/dev/", "/memfd:", "/proc/")):
        return True
    return target.startswith("/") and not target.startswith(tempfile.gettempdir())


@pytest.fixture(autouse=True)
def no_hook_left_behind() -> Iterator[None]:
    """torch's process-wide hook tables are as they were: a hook that stays would fire in the next person's run."""
    yield
    torch = sys.modules.get("torch")
    if torch is None:
        return
    module = torch.nn.modules.module
    optimizer = sys.modules["torch.optim.optimizer"]  # torch.optim deletes its own attribute of that name
    tables = {
        "forward": module._global_forward_hooks,
        "forward_pre": module._global_forward_pre_hooks,
        "backward": module._global_backward_hooks,
        "backward_pre": module._global_backward_pre_hooks,
        "parameter registration": module._global_parameter_registration_hooks,
        "module registration": module._global_module_registration_hooks,
        "optimizer step pre": optimizer._global_optimizer_pre_hooks,
        "optimizer step post": optimizer._global_optimizer_post_hooks,
    }
    left = {name: list(table.values()) for name, table in tables.items() if table}
    for name in ("_engine_run_backward", "scale", "unscale_", "step"):
        owner = torch.autograd if name == "_engine_run_backward" else torch.amp.GradScaler
        if hasattr(getattr(owner, name), "__wrapped__"):
            left[f"tap of {name}"] = [getattr(owner, name)]
    for table in tables.values():
        table.clear()
    assert not left, f"global hooks left behind: {left}"


@pytest.fixture
def garbage_stays_collectable() -> Iterator[None]:
    """For tests that train in process, which switches the collector off meanwhile."""
    was_enabled = gc.isenabled()
    yield
    assert gc.isenabled() == was_enabled, "the garbage collector was left as training had set it"
