"""Code copied from another console is pasted without its prompts and without its answers."""

import pytest

from moduleview.gui.console.prompts import without_prompts


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        (">>> model.eval()\nSequential(\n  (0): Linear()\n)\n>>> 1 + 1\n2\n", "model.eval()\n1 + 1"),
        (">>> for i in x:\n...     print(i)\n...\n1\n2\n", "for i in x:\n    print(i)"),
        ("    >>> a = 1\n    >>> b = 2", "a = 1\nb = 2"),
        ("In [1]: a = 1\n\nIn [12]: a + 1\nOut[12]: 2\n", "a = 1\na + 1"),
        ("In [3]: def f():\n   ...:     return 1\n   ...: \n\nIn [4]: f()\nOut[4]: 1", "def f():\n    return 1\n\nf()"),
        (">>> x[...]", "x[...]"),
        ("\r\n>>> a\r\n>>> b\r\n", "a\nb"),
    ],
)
def test_prompts_and_answers_are_left_out(pasted, code):
    assert without_prompts(pasted) == code


@pytest.mark.parametrize(
    "pasted", ["a = 1\n>>> b", "x >>= 2", "def f():\n    ...\n", "... ", "", "\n", ">>>x", "In [1]", ">" * 9]
)
def test_code_without_a_prompt_at_its_beginning_stays_as_it_is(pasted):
    assert without_prompts(pasted) == pasted
