"""Targets are loaded, and each thing that can be wrong with one is one sentence with what to do next."""

from __future__ import annotations

import importlib
import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from torch import nn

from moduleview.errors import ModuleViewError, TargetError
from moduleview.introspect import loaders
from moduleview.introspect.loaders.base import Loader
from moduleview.introspect.loaders.resolve import load_target
from moduleview.introspect.loaders.target import ParsedTarget
from moduleview.registry import discover

Write = Callable[..., Path]

NET = """
from torch import nn
class Net(nn.Module):
    def __init__(self, width=3):
        super().__init__()
        self.layer = nn.Linear(width, 1)
"""


@dataclass
class Task:
    """Stands for ``TrainingTask``, which is a layer higher."""

    model: nn.Module


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str, name: str = "net.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def load(target: object, *accepts: type) -> object:
    return load_target(str(target), accepts or (nn.Module,))


def refusal(target: object, *accepts: type) -> TargetError:
    with pytest.raises(TargetError) as caught:
        load(target, *accepts)
    assert not caught.value.traceback or caught.value.__context__ is None, "it would keep their tensors alive"
    return caught.value


@pytest.mark.parametrize(
    "source",
    [
        NET,
        NET + "net = Net()",
        NET + "def anything() -> Net: return Net()",
        NET + "def anything() -> 'Net': return Net()",
        NET + "def make_model(): return Net()",
        NET + "class Block(nn.Module):\n    def __init__(self, width): super().__init__()",
        NET + "net = Net(); again = net; criterion = nn.MSELoss(); _hidden = Net()",
        NET + "import functools\n@functools.cache\ndef make_model(): return Net()",
        NET + "import functools\n@functools.lru_cache\ndef anything() -> Net: return Net()",
        NET + "import functools\nmake_model = functools.partial(Net, 2)",
        NET + "class Maker:\n    def __call__(self): return Net()\nmake_model = Maker()",
        NET + "def factory(width):\n    def inner(): return Net(width)\n    return inner\nmake_model = factory(2)",
        NET + "from typing import Any\ndef make_model() -> Any: return Net()\nclass Other(nn.Module): pass",
        NET + "def make_model() -> object: return Net()\nclass Other(nn.Module): pass",
        NET + "def anything() -> 'nn.Module | None': return Net()\nclass Other(nn.Module): pass",
        NET + "from typing import Optional\ndef anything() -> Optional[nn.Module]: return Net()",
        NET + "def anything() -> 'Optional[nn.Module]': return Net()\nclass Other(nn.Module): pass",
        NET + "def make_model() -> 'Missing': return Net()\nclass Other(nn.Module): pass",
        NET + "import functools\nnorm_layer = functools.partial(nn.LayerNorm, 3)",
        NET + "class Wrapper:\n    def __call__(self, x=1): return x\nnet = Wrapper()",
        "from __future__ import annotations\n" + NET + "def f(x: Missing) -> Net: ...\ndef g() -> Net: return Net()",
    ],
    ids=[
        "class",
        "instance",
        "annotated",
        "annotated as text",
        "by name",
        "block beside",
        "loss beside",
        "cached",
        "cached and annotated",
        "partial",
        "object",
        "made by a factory",
        "Any",
        "object as annotation",
        "or none as text",
        "optional",
        "optional, unresolved",
        "unresolved, by name",
        "layer partial",
        "wrapper",
        "unresolved",
    ],
)
def test_the_only_thing_that_can_be_meant_is_found(write: Write, source: str) -> None:
    assert type(load(write(source))).__name__ == "Net"


@pytest.mark.parametrize("name", ["Net", "net", "make", "make_partial", "holder.net"])
def test_a_named_thing_may_be_an_instance_a_class_or_a_function(write: Write, name: str) -> None:
    source = "import functools, types\ndef make(width=2): return Net(width)\nmake_partial = functools.partial(Net, 4)\n"
    path = write(NET + source + "net = Net()\nholder = types.SimpleNamespace(net=net)")
    assert type(load(f"{path}:{name}")).__name__ == "Net"


def test_a_task_goes_before_a_bare_model(write: Write) -> None:
    path = write(NET + "from test_loaders import Task\nnet = Net()\ndef task() -> Task: return Task(net)")
    assert isinstance(load(path, nn.Module, Task), Task)
    unannotated = write(NET + "from test_loaders import Task\nnet = Net()\ndef make_task(): return Task(net)")
    assert isinstance(load(unannotated, nn.Module, Task), Task)
    assert isinstance(load(unannotated, nn.Module), nn.Module)


def test_what_a_file_imports_is_not_its_own(write: Write) -> None:
    write(NET + "other = Net()", "elsewhere.py")
    path = write(
        NET + "from elsewhere import other\nfrom torch.nn import Linear, Identity\nfrom elsewhere import Net as N"
    )
    assert type(load(path)).__name__ == "Net"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = = 1", "not valid Python (line 1)"),
        ("x = '\0'", "not valid Python"),
        ("", "net.py holds no model"),
        ("from torch import nn\nx = nn", "net.py holds no model"),
        ("import torch.nn as nn\na = nn.Linear(1, 1)\nb = nn.Linear(1, 1)", "several models: a, b"),
        (NET + "class Other(nn.Module): pass", "several models: Net, Other"),
        ("from torch import nn\ndef make_model(width, depth): ...", "wants arguments (width, depth)"),
        ("def make_model() -> int: ...", "net.py:name."),
        (
            "def first(): ...\ndef _no(): ...\ndef main(): ...\ndef plot(x): ...\ndef f() -> int: ...",
            "one: net.py:first.",
        ),
        ("a = b = c = d = e = f = lambda: 0", "net.py:d, net.py:e."),
        ("from models import *\nx = 1", "net.py:name."),
        ("def make_model() -> tuple[int, int]: return 1, 2", "gives a tuple"),
        ("def make_model(): return [1]", "gives a list, not an nn.Module"),
        ("def make_model(): pass", "gives None, not an nn.Module"),
        ("async def make_model(): pass", "gives a coroutine, not an nn.Module; make it a plain 'def', without async"),
        ("class Maker:\n    def make(self): ...\nmake_model = Maker.make", "return Maker(...).make()"),
        ("raise ValueError('boom')", "Importing net.py raised ValueError: boom"),
        ("def make_model(): raise OSError('no disk')", "net.py:make_model() raised OSError: no disk"),
        ("raise ValueError('signal only works in main thread')", "put what sets signal handlers"),
        ("import sys; sys.exit(3)", "asked Python to exit (3)"),
        ("raise KeyboardInterrupt", "was interrupted"),
        ("class Odd(BaseException): pass\nraise Odd('x')", "raised Odd: x"),
        ("import not_installed_anywhere", "no module 'not_installed_anywhere'"),
        ("from . import sibling", "package.module:name"),
        ("raise ValueError('a; b\\nc')", "raised ValueError: a, b; correct"),
    ],
)
def test_a_file_that_cannot_be_opened_says_why_and_what_to_do(write: Write, source: str, sentence: str) -> None:
    write("def make_model(): ...\ndef other(): ...", "models.py")
    error = refusal(write(source))
    assert sentence in str(error)
    assert "; " in str(error), "the second half says what to do next"
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("absent", "has nothing called 'absent'"),
        ("Nte", "did you mean net.py:Net?"),
        ("number", "number is an int, not an nn.Module"),
        ("Plain", "Plain is a class, not an nn.Module"),
        ("Wide", "such as 'def make_model(): return Wide(width=...)'"),
        ("Net.narrow", "such as 'def make_model(): return Net(...).narrow()'"),
        ("Net.cut", "such as 'def make_model(): return Net(...).cut(...)'"),
        ("Net.of", "such as 'def make_model(): return Net.of(width=...)'"),
    ],
)
def test_a_name_that_does_not_do_is_answered(write: Write, name: str, sentence: str) -> None:
    source = (
        "    def narrow(self): ...\n    def cut(self, width): ...\n    @staticmethod\n    def of(width): ...\n"
        "number = 3\nclass Plain: pass\nclass Wide(nn.Module):\n    def __init__(self, width): super().__init__()\n"
    )
    assert sentence in str(refusal(f"{write(NET + source)}:{name}"))


def test_the_traceback_of_an_import_shows_the_users_frames_only(write: Write) -> None:
    write("def fall():\n    raise ValueError('boom')", "deep.py")
    error = refusal(write("import deep\ndeep.fall()"))
    assert error.traceback.count("  File ") == 2
    assert 'deep.py", line 2, in fall' in error.traceback
    assert "importlib" not in error.traceback
    assert f"moduleview{os.sep}introspect" not in error.traceback
    assert error.traceback.endswith("ValueError: boom")


def test_files_that_are_no_python_files_are_refused_before_they_are_read(tmp_path: Path) -> None:
    assert "There is no file" in str(refusal(tmp_path / "absent.py"))
    (tmp_path / "weights.pt").write_bytes(b"PK")
    assert "not a Python file" in str(refusal(tmp_path / "weights.pt"))
    (tmp_path / "net.py").touch()
    assert "is a folder" in str(refusal(tmp_path))
    assert "net.py" in str(refusal(tmp_path))
    os.mkfifo(tmp_path / "pipe.py")
    assert "not a regular file" in str(refusal(tmp_path / "pipe.py"))
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    assert "loop.py" in str(refusal(tmp_path / "loop.py"))


def test_a_loader_of_one_kind_of_file_is_asked_before_that_of_all_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ZippedLoader(Loader):
        def can_load(self, target: ParsedTarget) -> bool:
            return target.path is not None and target.path.suffix == ".zipped"

        def load(self, target: ParsedTarget, accepts: tuple[type, ...]) -> object:
            return nn.Identity()

    found = (*discover(loaders, Loader), ZippedLoader)
    monkeypatch.setattr("moduleview.introspect.loaders.resolve.discover", lambda package, base: found)
    assert isinstance(load_target(str(tmp_path / "net.zipped"), (nn.Module,)), nn.Identity)


def test_a_module_that_is_not_there_is_named() -> None:
    assert "neither a file nor a module called 'nowhere.net'" in str(refusal("nowhere.net:Net"))
    assert "no module called 'torch.nowhere'; check" in str(refusal("torch.nowhere:Net"))


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("net.Net", "net:Net"),
        ("net.Net:layer", "net:Net.layer"),
        ("net.pyc", "net.py"),
        ("./net.Net", "net.py:Net"),
        ("./net.pyc", "net.py"),
        ("net.npy", "net.py"),
        ("torch.nn.Identity", "torch.nn:Identity"),
    ],
)
def test_a_dot_for_a_colon_is_answered_with_what_was_meant(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, meant: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(NET)
    write("", "net.npy")
    assert str(refusal(target)).endswith(f"; did you mean {meant}?")


def test_a_module_that_imports_what_is_not_there_is_not_taken_for_missing(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write("import not_installed_anywhere", "parts/net.py")
    assert "no module 'not_installed_anywhere'; install" in str(refusal("parts.net"))


def test_an_installed_module_is_loaded_as_python_has_it() -> None:
    assert isinstance(load("torch.nn:Identity"), nn.Identity)
    assert sys.modules["torch.nn"] is nn


def test_a_module_of_the_current_folder_is_found_and_loaded_anew(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(NET, "parts/net.py")
    assert "Linear" in repr(load("parts.net:Net"))
    write(NET.replace("nn.Linear(width, 1)", "nn.ReLU()"), "parts/net.py")
    assert "ReLU" in repr(load("parts.net:Net"))


def test_a_reload_sees_changed_code_of_file_and_sibling(write: Write) -> None:
    write("WIDTH = 5", "sibling.py")
    path = write("import sibling\nfrom torch import nn\nnet = nn.Linear(sibling.WIDTH, 1)")
    assert load(path).in_features == 5
    write("WIDTH = 6", "sibling.py")  # of the same size within the same second: bytecode would be stale
    path.write_text(path.read_text().replace(", 1)", ", 2)"))
    net = load(path)
    assert (net.in_features, net.out_features) == (6, 2)


def test_siblings_of_two_folders_with_one_name_do_not_meet(write: Write) -> None:
    for folder, width in (("one", 5), ("two", 6)):
        write(f"WIDTH = {width}", f"{folder}/sibling.py")
        path = write("import sibling\nfrom torch import nn\nnet = nn.Linear(sibling.WIDTH, 1)", f"{folder}/net.py")
        assert load(path).in_features == width


@pytest.mark.parametrize("way", ["from .blocks import Block", "from .. import outer", "from outer.blocks import Block"])
def test_a_file_of_a_package_is_imported_from_there(write: Write, way: str) -> None:
    write("", "outer/__init__.py")
    write("Block = 1", "outer/blocks.py")
    write("", "outer/inner/__init__.py")
    folder = "outer/inner" if ".." in way else "outer"
    path = write(NET + way.replace(".. import outer", "..blocks import Block"), f"{folder}/net.py")
    assert type(load(path)).__module__ == folder.replace("/", ".") + ".net"
    assert type(load(f"{path}:Net")).__name__ == "Net"
    net = load(path)
    assert type(pickle.loads(pickle.dumps(net))) is type(net)


def test_a_reload_sees_changed_code_of_a_package(write: Write) -> None:
    write("", "outer/__init__.py")
    path = write("from .blocks import net as inside\nnet = inside", "outer/net.py")
    for width in (5, 6):
        write(f"from torch import nn\nnet = nn.Linear({width}, 1)", "outer/blocks.py")
        assert load(f"{path}:net").in_features == width


def test_two_packages_of_one_name_do_not_meet(write: Write) -> None:
    for folder, width in (("one", 5), ("two", 6)):
        write("", f"{folder}/outer/__init__.py")
        write(f"WIDTH = {width}", f"{folder}/outer/blocks.py")
        path = write(
            "from .blocks import WIDTH\nfrom torch import nn\nnet = nn.Linear(WIDTH, 1)", f"{folder}/outer/net.py"
        )
        assert load(path).in_features == width


def test_a_package_opens_by_its_own_file(write: Write) -> None:
    write(NET, "outer/net.py")
    assert type(load(f"{write('from .net import Net', 'outer/__init__.py')}:Net")).__name__ == "Net"


def test_a_script_beside_an_init_file_finds_its_siblings_by_their_names(write: Write) -> None:
    write("raise RuntimeError('this is not needed')", "outer/__init__.py")
    write("WIDTH = 5", "outer/sibling.py")
    path = write("import sibling\nfrom torch import nn\nnet = nn.Linear(sibling.WIDTH, 1)", "outer/net.py")
    assert load(path).in_features == 5


def test_a_package_called_as_one_of_python_s_own_says_so(write: Write) -> None:
    write("", "json/__init__.py")
    assert "rename the folder json" in str(refusal(write("from .blocks import Block", "json/net.py")))


def test_a_package_whose_import_raises_is_answered_and_forgotten(write: Write) -> None:
    write("raise ValueError('boom')", "outer/__init__.py")
    error = refusal(write("from .blocks import Block", "outer/net.py"))
    assert "Importing net.py raised ValueError: boom" in str(error)
    assert error.traceback.count("  File ") == 1
    assert "outer" not in sys.modules


def test_after_a_failed_import_what_was_open_still_pickles(write: Write) -> None:
    net = load(write(NET, "good.py"))
    refusal(write("import json\nraise ValueError", "bad.py"))
    assert type(pickle.loads(pickle.dumps(net))) is type(net)


def test_classes_of_a_target_know_their_module(write: Write) -> None:
    path = write(
        NET + "from dataclasses import dataclass\n@dataclass(slots=True)\nclass C:\n    x: int = 1\nnet = Net(C().x)"
    )
    net = load(path)
    assert type(pickle.loads(pickle.dumps(net))) is type(net)
    assert sys.modules[type(net).__module__].__file__ == str(path)


def test_a_sibling_may_be_imported_when_the_model_runs(write: Write, tmp_path: Path) -> None:
    lazy = NET + "    def forward(self, x):\n        import sibling, random\n        return sibling.LAYERS\n"
    write("LAYERS = 1", "one/sibling.py")
    one = load(write(lazy, "one/net.py"))
    assert one(None) == 1
    write("LAYERS = 22", "one/sibling.py")
    assert load(tmp_path / "one/net.py")(None) == 22, "a reload sees what was imported late anew too"
    write("LAYERS = 333", "two/sibling.py")
    assert load(write(lazy, "two/net.py"))(None) == 333
    assert sys.path.count(str(tmp_path / "one")) == 0
    assert sys.path.count(str(tmp_path / "two")) == 1


def test_after_a_failed_import_what_is_open_may_still_import_its_sibling(write: Write) -> None:
    write("LAYERS = 1", "one/sibling.py")
    net = load(write(NET + "    def forward(self, x):\n        import sibling\n        return 1\n", "one/net.py"))
    path = list(sys.path)
    refusal(write("raise RuntimeError('no')", "two/net.py"))
    assert sys.path == path
    assert net(None) == 1


def test_a_spawned_process_is_given_plain_folders(write: Write) -> None:
    load(write(NET))
    assert type(pickle.loads(pickle.dumps(sys.path))[0]) is str


def test_loading_leaves_path_arguments_and_folder_as_they_were(write: Write, tmp_path: Path) -> None:
    write("X = 1", "sibling.py")
    seen = "import sys, sibling\nfrom torch import nn\nnet = nn.Identity()\nnet.argv = list(sys.argv)\n"
    load(write(NET, "earlier/net.py"))
    path, arguments = list(sys.path), list(sys.argv)
    (tmp_path / "earlier/net.py").unlink()
    (tmp_path / "earlier").rmdir()
    net = load(write(seen + "sys.argv.append('x')"))
    assert net.argv == [str(tmp_path / "net.py")]
    assert sys.path == [str(tmp_path), *path[1:]], "the target's folder in the place of the last one's"
    assert sys.argv == arguments
    assert sorted(item.name for item in tmp_path.iterdir()) == ["net.py", "sibling.py"], "no __pycache__ left behind"


def test_the_main_part_of_a_script_does_not_run(write: Write) -> None:
    assert load(write(NET + "if __name__ == '__main__': raise SystemExit(1)"))


def test_our_own_modules_survive_a_target_that_imports_them(write: Write) -> None:
    before = importlib.import_module("moduleview.introspect.tree")
    for _ in range(2):
        load(write("import moduleview\nfrom moduleview.introspect import tree\n" + NET))
    assert sys.modules["moduleview.introspect.tree"] is before


def test_an_error_of_ours_inside_the_users_code_passes_as_it_is(write: Write) -> None:
    path = write("from moduleview.errors import TaskError\ndef make_model(): raise TaskError('no batches; give some')")
    with pytest.raises(ModuleViewError, match="no batches; give some"):
        load(path)


def test_an_unknown_sample_lists_those_there_are() -> None:
    assert "digits" in str(refusal("sample:nothing"))
