"""What can be read about a module, whatever its author did."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from moduleview.errors import ModuleViewError
from moduleview.introspect import class_documentation, module_report
from moduleview.introspect.class_documentation import document_class
from moduleview.introspect.lookup import module_at
from moduleview.introspect.module_report import MAXIMUM_SUMMARY, describe_module


class Documented(nn.Module):
    """Doubles.

    Example:
        indented
    """

    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.layer = nn.Linear(width, 2 * width)

    def forward(self, x: object, *, scale: float = 1.0) -> object:
        return x

    def extra_repr(self) -> str:
        return "twice=True"


class Broken(nn.Module):
    def extra_repr(self) -> str:
        raise RuntimeError("no repr today")


def test_a_report_says_what_the_author_wrote() -> None:
    report = describe_module(nn.Sequential(Documented()), "0")
    assert (report.fqn, report.type_name) == ("0", "Documented")
    assert "twice=True" in report.summary
    assert "(layer): Linear(in_features=3" in report.summary
    assert report.docstring == "Doubles.\n\nExample:\n    indented"
    assert "forward(self, x: object, *, scale: float = 1.0)" in report.signatures.replace("'", "")
    assert report.source.startswith("class Documented(nn.Module):")
    file, _, line = report.location.rpartition(":")
    with open(file, encoding="utf-8") as source:
        assert source.readlines()[int(line) - 1].startswith("class Documented")
    assert report.found_hooks == ()


def test_a_class_without_docstring_does_not_show_that_of_its_parent() -> None:
    assert describe_module(Broken(), "").docstring == ""


def test_what_raises_becomes_a_sentence_in_its_place() -> None:
    report = describe_module(Broken(), "")
    assert "RuntimeError" in report.summary
    assert "no repr today" in report.summary
    assert report.source


class Endless(nn.Linear):
    def extra_repr(self) -> str:
        while True:
            pass


class Enormous(nn.Module):
    def __repr__(self) -> str:
        return "x" * 10_000_000

    def extra_repr(self) -> str:
        return "y\n" * 1_000_000


class EndlessNames(type):
    def __dir__(cls):
        while True:
            pass


class HardToDescribe(nn.Module, metaclass=EndlessNames):
    """Words."""


def test_a_repr_without_end_is_ended_and_what_follows_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_report, "LONGEST_S", 0.05)
    report = describe_module(Endless(2, 2), "", with_source=False)
    assert report.summary == "The repr cannot be shown: it took longer than 0.05 s."
    assert report.extra_repr == "The extra_repr was not asked for: what was asked before it took too long."


def test_an_enormous_repr_is_cut() -> None:
    report = describe_module(Enormous(), "", with_source=False)
    for text in (report.summary, report.extra_repr):
        assert text.endswith("... cut at 20,000 characters")
        assert len(text) < 20_100


def test_help_of_a_class_whose_names_have_no_end_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_documentation, "LONGEST_S", 0.05)
    told = document_class("", HardToDescribe)
    assert told.docstring == "Words."
    assert told.help_text == "The help cannot be shown: it took longer than 0.05 s."


def test_a_class_made_at_run_time_has_no_source_and_says_so() -> None:
    cls = type("Made", (nn.Module,), {"__module__": "nowhere"})
    report = describe_module(cls(), "")
    assert "not available" in report.source
    assert report.location == ""


def test_a_parametrised_layer_shows_the_class_that_was_written() -> None:
    report = describe_module(weight_norm(nn.Linear(2, 2)), "")
    assert report.type_name == "ParametrizedLinear"
    assert report.source.startswith("class Linear(Module):")


@pytest.mark.parametrize("deep", [False, True])
def test_the_repr_of_a_huge_model_is_cut(deep: bool) -> None:
    model: nn.Module = nn.Linear(1, 1)
    if deep:
        for _ in range(900):
            model = nn.Sequential(model)
    else:
        model = nn.Sequential(*(nn.Linear(1, 1) for _ in range(5000)))
    summary = describe_module(model, "").summary
    assert summary.startswith("Sequential(\n  (0): ")
    assert len(summary) <= MAXIMUM_SUMMARY + 100
    assert "cut at" in summary


def test_the_outline_reads_as_torchs_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Sequential(
        nn.Linear(1, 2), nn.Sequential(nn.ReLU(), nn.Dropout(0.1)), nn.ModuleDict({"a": nn.Identity()})
    )
    monkeypatch.setattr("moduleview.introspect.module_report._MODULES_FOR_REPR", 0)
    assert describe_module(model, "").summary == repr(model)


def test_a_module_that_contains_itself_is_described() -> None:
    model = nn.Sequential(nn.ReLU())
    model._modules["loop"] = model
    assert "ReLU" in describe_module(model, "").summary


def test_a_module_that_is_gone_is_named() -> None:
    with pytest.raises(ModuleViewError, match=r"no module called 'a\.b'"):
        describe_module(nn.Sequential(), "a.b")


def test_modules_are_found_by_name_without_asking_them() -> None:
    class Trapped(nn.Module):
        def __getattr__(self, name: str) -> object:
            raise AssertionError(name)

    trapped = Trapped()
    trapped._modules["a.b"] = nn.Sequential(nn.ReLU())
    model = nn.Sequential(trapped)
    assert module_at(model, "") is model
    assert module_at(model, "0") is trapped
    assert isinstance(module_at(model, "0.a.b.0"), nn.ReLU)
    assert module_at(model, "0.a") is None
    assert module_at(model, "0.a.b.0.x") is None


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_modules_inside_a_scripted_one_are_found() -> None:
    model = nn.Sequential(torch.jit.script(nn.Sequential(nn.Linear(2, 2), nn.ReLU())))
    assert describe_module(model, "0.1").type_name == "RecursiveScriptModule"
    assert module_at(model, "0.2") is None
