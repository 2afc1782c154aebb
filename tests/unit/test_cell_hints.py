"""What a notebook takes and Python does not is answered by what to write instead."""

import pytest

from moduleview.engine.cell_code import compile_cell
from moduleview.engine.cell_hints import hint_for


def hint_of(code):
    with pytest.raises(SyntaxError) as caught:
        compile_cell(1, code, 0)
    return hint_for(caught.value)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("%timeit model(x)", "timeit.timeit(lambda: model(x), number=100)"),
        ("%%timeit\nmodel(x)", "%%timeit is a command of IPython"),
        ("x = 1\n%matplotlib inline", "Agg"),
        ("%load_ext autoreload", "leave it out"),
        ("t = %time f()", "time.perf_counter()"),
        ("!ls -l '{x}'", "subprocess.getoutput(\"ls -l '{x}'\")"),
        ("files = !ls", "subprocess.getoutput('ls')"),
        ("!pip install einops", "in a terminal"),
        ("%pip install einops", "in a terminal"),
        ("model.fc?", "help(model.fc)"),
        ("?model", "help(model)"),
        (">>> model", "Leave out the prompts"),
        ("await f()", "asyncio.run(main())"),
        ("async with f() as x: pass", "asyncio.run(main())"),
        ("for i in range(3):\n    %time f(i)", "%time is a command"),
        ("%run my file {0}.py", "runpy.run_path('my file {0}.py')"),
    ],
)
def test_it_is_said_what_to_write_instead(code, said):
    assert said in hint_of(code)


@pytest.mark.parametrize(
    "code", ["1 +", "x = = 2", "print 3", "return 5", "a b", "5 %", "if True:\nx", "%" * 3_000, "?"]
)
def test_nothing_is_said_of_what_is_merely_wrong(code):
    assert "Write: help" not in hint_of(code)
    assert len(hint_of(code)) < 500
