"""What is read of a hook's code without running it."""

from __future__ import annotations

import ast
import math

import msgspec
import pytest

from moduleview.telemetry.user_hook_arguments import kept_argument, python_words, value_of
from moduleview.telemetry.user_hook_code import MAXIMUM_CODE, read_hook_code
from moduleview.telemetry.user_hook_templates import signature_of, template_of
from moduleview.telemetry.user_hooks_messages import Argument, PythonLiteral, UserHookKind


def test_last_function_at_the_top_level_is_the_hook() -> None:
    read = read_hook_code("def one(): pass\ndef two(grad):\n    def three(): pass\nx = 1")
    assert (read.function, read.positional, read.problem) == ("two", ("grad",), None)


def test_keyword_only_parameters_with_literal_defaults_are_fields() -> None:
    code = (
        "def f(m, *, a=1, b=0.5, c=True, d='x', e: Literal['p', 'q'] = 'q', g: typing.Literal[1, 2] = 2, "
        "h: float = 3, i=None, j=torch.float32, k, l=-2, p=[1, 2], n=(1,), o={'a': 1}): pass"
    )
    fields = {field.name: (field.default, field.choices) for field in read_hook_code(code).fields}
    assert fields == {
        "a": (1, ()),
        "b": (0.5, ()),
        "c": (True, ()),
        "d": ("x", ()),
        "e": ("q", ("p", "q")),
        "g": (2, (1, 2)),
        "h": (3.0, ()),
        "i": (PythonLiteral("None"), ()),
        "l": (-2, ()),
        "p": (PythonLiteral("[1, 2]"), ()),
        "n": (PythonLiteral("(1,)"), ()),
        "o": (PythonLiteral("{'a': 1}"), ()),
    }
    assert type(fields["h"][0]) is float


def test_field_takes_values_of_its_type_only() -> None:
    number, switch, choice = read_hook_code("def f(*, a=1.0, b=True, c: Literal['p', 'q']='p'): pass").fields
    assert number.fits(2)
    assert not number.fits(True)
    assert not number.fits("2")
    assert switch.fits(False)
    assert not switch.fits(0)
    assert choice.fits("q")
    assert not choice.fits("z")


def test_field_of_a_literal_takes_what_is_of_its_type_and_that_of_none_takes_anything() -> None:
    pairs, anything = read_hook_code("def f(*, a=[1, 2], b=None): pass").fields
    assert pairs.fits(PythonLiteral("[3]"))
    for wrong in ("(3,)", "[", "[x]", "__import__('os')", "1", "[" * 9_999, "0" * 20_000):
        assert not pairs.fits(PythonLiteral(wrong))
    assert not pairs.fits(1)
    for right in (1, "a", PythonLiteral("None"), PythonLiteral("{'a': [1, 2]}")):
        assert anything.fits(right)
    assert not anything.fits(PythonLiteral("torch"))


@pytest.mark.parametrize(
    ("code", "positional", "fields"),
    [
        ("hook = lambda module, args, *, k=2: None", ("module", "args"), {"k": 2}),
        ("def f(m, a, k=1, *, on=True): pass\nhook = partial(f, k=2)", ("m", "a"), {"on": True, "k": 2}),
        ("def f(by, grad, *, on=True): pass\nx = functools.partial(f, 3, on=False)", ("grad",), {"on": False}),
        ("def f(g, *, k=[1]): pass\nhook = partial(f, k=torch.float32)", ("g",), {}),
        ("hook = partial(torch.clamp, min=-1.0, max=1.0)", (), {"min": -1.0, "max": 1.0}),
        ("def f(g, *, k=1): pass\nhook = f", ("g",), {"k": 1}),
        ("class Clip: pass\nhook = Clip()", (), {}),
        ("def f(g): pass\nx = Clip()", ("g",), {}),
    ],
)
def test_lambda_and_partial_are_hooks_with_fields(
    code: str, positional: tuple[str, ...], fields: dict[str, object]
) -> None:
    read = read_hook_code(code)
    assert read.problem is None
    assert read.positional == positional
    assert {field.name: field.default for field in read.fields} == fields


@pytest.mark.parametrize("value", [1, True, "a", 0.5, math.inf, -math.inf, 2**200, PythonLiteral("[1]")])
def test_value_of_a_field_survives_being_kept(value: Argument) -> None:
    kept = kept_argument(value)
    again = msgspec.json.decode(msgspec.json.encode(kept), type=Argument)
    assert value_of(again) == value_of(value)


def test_number_of_very_many_digits_is_kept_and_written() -> None:
    number = -(10**5_000)
    kept = kept_argument(number)
    assert kept is not None
    assert value_of(kept) == number
    assert int(python_words(number), 16) == number


def test_nan_is_not_kept() -> None:
    assert kept_argument(math.nan) is None


@pytest.mark.parametrize(
    ("code", "line", "words"),
    [
        ("def f(:\n  pass", 1, "SyntaxError"),
        ("def f(x):\nreturn x", 2, "IndentationError"),
        ("def f(x):\n    pass\nreturn 1", 3, "outside function"),
        ("x = 1", None, "Write a function"),
        ("", None, "Write a function"),
        ("x = 1\nlambda grad: None", 2, "hook = lambda"),
        ("async def f(x): pass", 1, "async"),
        ("x = '\0'", None, "null byte"),
        ("(" * 5000, None, ""),
        ("#" * (MAXIMUM_CODE + 1), None, "at most"),
    ],
)
def test_what_cannot_be_a_hook_is_a_sentence_at_its_line(code: str, line: int | None, words: str) -> None:
    problem = read_hook_code(code).problem
    assert problem is not None
    assert words in problem.message
    if line is not None:
        assert problem.line == line


def test_reading_runs_nothing() -> None:
    assert read_hook_code("raise SystemExit\ndef f(x=1/0): pass").problem is None


@pytest.mark.parametrize("with_kwargs", [False, True])
@pytest.mark.parametrize("kind", list(UserHookKind))
def test_template_shows_the_signature_and_what_returning_does(kind: UserHookKind, with_kwargs: bool) -> None:
    code = template_of(kind, with_kwargs=with_kwargs)
    read = read_hook_code(code)
    assert read.problem is None
    assert ", ".join(read.positional) == signature_of(kind, with_kwargs=with_kwargs)
    docstring = ast.get_docstring(ast.parse(code).body[0]) or ""
    assert "return" in docstring.lower()
    assert all(len(line) <= 100 for line in code.splitlines())
