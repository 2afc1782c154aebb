import json
import subprocess
import sys

import pytest

from moduleview import doctor
from moduleview.doctor import Check, Verdict


def answer(monkeypatch, **facts):
    """torch's process says this, without the seconds that it takes."""
    facts = {"version": "2.13.0+cpu", "cuda_build": "", "cuda_devices": [], "mps": False, "threads": 2, **facts}

    def run(command, **_):
        return subprocess.CompletedProcess(command, 0, stdout="a warning\n" + json.dumps(facts) + "\n")

    monkeypatch.setattr(doctor.subprocess, "run", run)


def test_devices_are_listed_by_the_name_torch_takes(monkeypatch):
    answer(monkeypatch, cuda_build="13.0", cuda_devices=["NVIDIA H200", "NVIDIA H200"])
    devices = list(doctor.check_torch())[1]
    assert devices.verdict is Verdict.OK
    assert devices.text == "cpu, cuda:0 (NVIDIA H200), cuda:1 (NVIDIA H200)"


def test_cuda_build_without_a_device_is_a_note(monkeypatch):
    answer(monkeypatch, cuda_build="13.0")
    devices = list(doctor.check_torch())[1]
    assert devices.verdict is Verdict.NOTE
    assert "nvidia-smi" in devices.remedy


@pytest.mark.parametrize(("threads", "words"), [(1, ", 1 thread"), (2, ", 2 threads")])
def test_threads_are_counted_in_words(monkeypatch, threads, words):
    answer(monkeypatch, threads=threads)
    assert next(iter(doctor.check_torch())).text.endswith(words)


def test_too_old_torch_is_lacking(monkeypatch):
    answer(monkeypatch, version="2.3.1")
    assert next(iter(doctor.check_torch())).verdict is Verdict.LACKS


def test_torch_that_crashes_is_an_answer(monkeypatch):
    def crash(command, **_):
        raise subprocess.CalledProcessError(-11, command, stderr="")

    monkeypatch.setattr(doctor.subprocess, "run", crash)
    (check,) = doctor.check_torch()
    assert check.verdict is Verdict.LACKS
    assert "-11" in check.text


def test_missing_package_says_how_to_get_it():
    check = doctor.check_package("no-such-distribution", (1, 0), (2, 0))
    assert check.verdict is Verdict.LACKS
    assert "pip install" in check.remedy


@pytest.mark.parametrize(("verdict", "status"), [(Verdict.OK, 0), (Verdict.NOTE, 0), (Verdict.LACKS, 1)])
def test_exit_status_is_the_worst_line(monkeypatch, capsys, verdict, status):
    found = [Check("first", verdict, "here", "do this"), Check("last", Verdict.OK, "fine")]
    monkeypatch.setattr(doctor, "checks", lambda: iter(found))
    assert doctor.run_doctor() == status
    printed = capsys.readouterr().out
    assert "do this" in printed
    assert "first" in printed


def test_doctor_imports_neither_torch_nor_qt():
    code = "import sys, moduleview.doctor; print([m for m in ('torch', 'PySide6', 'numpy') if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
