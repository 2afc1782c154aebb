"""The command line, as a person and a script meet it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from moduleview import __version__, cli
from moduleview.errors import TaskError

NET = "from torch import nn\nnet = nn.Sequential(nn.Linear(2, 3), nn.ReLU())\n"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What would have been started, instead of starting it."""
    calls: list[tuple[object, ...]] = []

    def load(part: str) -> Callable[..., int]:
        return lambda *arguments, **options: calls.append((part, *arguments, *options.items())) or 0

    monkeypatch.setattr(cli, "_load", load)
    monkeypatch.setattr(cli, "display_problem", lambda: None)
    monkeypatch.setattr(cli, "missing_qt_libraries", lambda platform: [])
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    return calls


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.py"
    path.write_text(NET)
    return path


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_need_neither_qt_nor_torch(option: str) -> None:
    code = (
        "import sys\n"
        "from moduleview.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: status = end.code\n"
        "print([name for name in ('torch', 'PySide6', 'pyqtgraph', 'numpy') if name in sys.modules], status)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, option], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] 0"
    assert "moduleview" in done.stdout


def test_help_of_each_command_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("inspect", "check", "shot", "doctor"):
        with pytest.raises(SystemExit) as ended:
            cli.main([command, "--help"])
        assert ended.value.code == 0
        assert f"moduleview {command}" in capsys.readouterr().out


def test_the_package_starts_as_a_program() -> None:
    done = subprocess.run([sys.executable, "-m", "moduleview", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"moduleview {__version__}"


def test_a_target_opens_in_the_window_and_none_shows_the_welcome_page(started: list[tuple[object, ...]]) -> None:
    assert cli.main(["net.py:Net", "--device", "cpu"]) == 0
    assert cli.main([]) == 0
    rest = (("run_at_once", False), ("frame", 0))
    assert started == [("frame",), ("window", "net.py:Net", "cpu", *rest), ("frame",), ("window", None, None, *rest)]


def test_a_target_trains_at_once_when_asked_to(started: list[tuple[object, ...]]) -> None:
    assert cli.main(["net.py", "--run"]) == 0
    assert started[-1] == ("window", "net.py", None, ("run_at_once", True), ("frame", 0))


def test_a_shot_is_told_what_to_save(started: list[tuple[object, ...]]) -> None:
    options = ["--steps", "7", "-o", "w.png", "--theme", "light", "--size", "1280x800"]
    assert cli.main(["shot", "net.py", *options]) == 0
    assert started == [("shot", "net.py", 7, Path("w.png"), "light", (1280, 800))]
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"


def test_doctor_is_started(started: list[tuple[object, ...]]) -> None:
    assert cli.main(["doctor"]) == 0
    assert started == [("doctor",)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["shot", "net.py"],
        ["shot", "net.py", "-o", "w.png", "--steps", "-1"],
        ["shot", "net.py", "-o", "w.png", "--steps", "many"],
        ["shot", "net.py", "-o", "w.png", "--size", "0x10"],
        ["shot", "net.py", "-o", "w.png", "--size", "99999x10"],
        ["shot", "net.py", "-o", "w.png", "--theme", "pink"],
        ["inspect"],
        ["net.py", "other.py"],
        ["--unknown"],
        ["--run"],
        ["--device", "cpu"],
    ],
)
def test_a_wrong_option_is_refused_with_status_2(
    arguments: list[str], started: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert not started
    assert "usage:" in capsys.readouterr().err


def test_without_a_display_it_says_so_and_starts_nothing(
    started: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "display_problem", lambda: "There is no display. Use shot.")
    assert cli.main(["net.py"]) == 2
    assert capsys.readouterr().err == "moduleview: There is no display. Use shot.\n"
    assert not started


def test_inspect_prints_a_table(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", str(net)]) == 0
    shown = capsys.readouterr()
    assert "weight 3×2, bias 3" in shown.out
    assert "9 parameters: 9 trainable" in shown.out
    assert shown.err == ""


def test_inspect_json_is_json_whatever_the_target_prints(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net.write_text("print('loading')\n" + NET)
    assert cli.main(["inspect", str(net), "--json"]) == 0
    shown = capsys.readouterr()
    content = json.loads(shown.out)
    assert [module["fqn"] for module in content["modules"]] == ["", "0", "1"]
    assert content["totals"]["parameters"] == 9
    assert shown.err == "loading\n"


def test_inspect_takes_the_model_of_a_task(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net.write_text(NET + "from moduleview import TrainingTask\ndef task() -> TrainingTask: return TrainingTask(net)\n")
    assert cli.main(["inspect", str(net), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["parameters"] == 9


def test_inspect_refuses_a_task_whose_model_is_none(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net.write_text("from moduleview import TrainingTask\ndef task(): return TrainingTask([1, 2])\n")
    assert cli.main(["inspect", str(net)]) == 2
    assert "give an nn.Module" in capsys.readouterr().err


def test_a_mistake_is_one_sentence_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", "absent.py"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "moduleview: There is no file absent.py; check the name and the folder.\n"


def test_a_target_that_raises_shows_its_traceback_before_the_sentence(
    net: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net.write_text("1 / 0\n")
    assert cli.main(["inspect", str(net)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert "ZeroDivisionError: division by zero" in lines
    assert lines[-1].startswith("moduleview: Importing net.py raised ZeroDivisionError")


def test_a_package_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def import_module(name: str) -> object:
        raise ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")

    monkeypatch.setattr(cli.importlib, "import_module", import_module)
    assert cli.main(["inspect", "net.py"]) == 2
    assert "'torch' is not installed" in capsys.readouterr().err


def test_an_error_of_a_command_is_its_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(part: str) -> object:
        raise TaskError("The batches end at once; give some.")

    monkeypatch.setattr(cli, "_load", load)
    assert cli.main(["doctor"]) == 2
    assert capsys.readouterr().err == "moduleview: The batches end at once; give some.\n"


def test_a_reader_that_goes_away_is_no_error(net: Path) -> None:
    net.write_text("from torch import nn\nnet = nn.Sequential(*(nn.Linear(1, 1) for _ in range(3000)))\n")
    command = [sys.executable, "-m", "moduleview", "inspect", str(net)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("n_layers", [1, 3000], ids=["fails when flushed", "fails when written"])
def test_output_without_room_is_one_sentence(net: Path, n_layers: int) -> None:
    net.write_text(f"from torch import nn\nnet = nn.Sequential(*(nn.Linear(1, 1) for _ in range({n_layers})))\n")
    command = [sys.executable, "-m", "moduleview", "inspect", str(net)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("moduleview: The output cannot be written (No space left on device); ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["insepct", "net.py", "--json"], "moduleview inspect net.py --json"),
        (["docter"], "moduleview doctor"),
        (["shto", "net.py"], "moduleview shot net.py"),
    ],
)
def test_a_misspelt_command_is_answered_with_the_one_that_was_meant(
    typed: list[str], meant: str, started: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(typed) == 2
    assert f"did you mean '{meant}'?" in capsys.readouterr().err
    assert not started


@pytest.mark.parametrize("place", ["shots", "shots.py"])
def test_a_target_called_nearly_as_a_command_is_a_target(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[tuple[object, ...]]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / place).touch()
    for target in ("shots", "inspects.py", "inspects:Net", "inspects.layers"):
        assert cli.main([target]) == 0
        assert started[-1][:2] == ("window", target)


def test_a_terminal_without_the_letters_gets_them_written_out(net: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "moduleview", "inspect", str(net)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "3\\xd72" in done.stdout
