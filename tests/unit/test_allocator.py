"""Memory that goes back to the system."""

import sys

import pytest

from moduleview.sources import allocator
from soak_memory import resident_mb


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks glibc")
def test_free_memory_goes_back_to_the_system():
    blocks = [bytearray(4096) for _ in range(25_000)]
    full_mb = resident_mb()
    del blocks[:-1]  # the last one keeps the heap from shrinking by itself
    assert full_mb - resident_mb() < 20.0
    assert allocator.give_back_memory()
    assert full_mb - resident_mb() > 60.0


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_are_left_alone(monkeypatch, platform):
    monkeypatch.setattr(sys, "platform", platform)
    assert not allocator.give_back_memory()


def test_c_library_without_the_call_is_left_alone(monkeypatch):
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _name: object())
    assert not allocator.give_back_memory()
