"""Names at the cursor are found in tables; no code of a person's runs for them."""

import time

import torch
from torch import nn

from moduleview.engine.console_completion import MAXIMUM_NAMES, names_for
from toy_tasks import toy_model


class Trapped(nn.Module):
    """Everything that could run when an attribute is asked for raises."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 2)
        self.plain = 3

    @property
    def costly(self):
        raise AssertionError("a property ran")

    def __getattr__(self, name):
        raise AssertionError(f"__getattr__ ran for {name}")

    def __dir__(self):
        raise AssertionError("__dir__ ran")


def test_attributes_of_a_module_are_its_tables_and_its_class():
    names = names_for("model.in", {"model": Trapped()})
    assert names == ("inner",)
    assert "costly" in names_for("model.", {"model": Trapped()})
    assert "weight" in names_for("model.inner.we", {"model": Trapped()})


def test_nothing_is_known_behind_a_property_and_nothing_ran():
    assert names_for("model.costly.", {"model": Trapped()}) == ()
    assert names_for("model.missing.", {"model": Trapped()}) == ()


def test_items_and_paths_are_followed():
    names = {"model": toy_model(), "parts": {"a": [nn.Linear(1, 1)]}}
    for line in (
        "model[0].wei",
        "model[-1].wei",
        'model.get_submodule("0").wei',
        "x = [model[0].wei",
        "f(model[0].wei",
        "parts['a'][0].wei",
    ):
        assert names_for(line, names) == ("weight",), line


def test_attributes_that_torch_keeps_in_c_are_followed():
    assert "numpy" in names_for("t.grad.num", {"t": _with_gradient()})
    assert "numel" in names_for("t.nume", {"t": _with_gradient()})


def _with_gradient():
    t = torch.ones(2, requires_grad=True)
    t.sum().backward()
    return t


def test_plain_names_are_globals_keywords_and_builtins():
    assert names_for("pri", {"private_thing": 1}) == ("print", "private_thing")
    assert "lambda" in names_for("x = lam", {})


def test_nothing_is_offered_in_numbers_calls_and_nonsense():
    for line in ("", "3.", "f().", "model[(.", "'text'."):
        assert names_for(line, {"model": toy_model(), "f": dict}) == (), line


def test_an_object_with_a_hundred_thousand_names_answers_within_milliseconds():
    thing = type("Thing", (), {})()
    thing.__dict__.update({f"name_{number}": number for number in range(100_000)})
    begin = time.thread_time()
    names = names_for("thing.name", {"thing": thing})
    assert len(names) == MAXIMUM_NAMES
    assert time.thread_time() - begin < 0.2
