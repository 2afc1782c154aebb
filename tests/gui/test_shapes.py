import pytest

from moduleview.errors import TaskError
from moduleview.gui.opening.shapes import read_shapes, write_shapes


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("32 × 3 × 28 × 28", ((32, 3, 28, 28),)),
        ("32x3x28x28", ((32, 3, 28, 28),)),
        ("32 3 28 28", ((32, 3, 28, 28),)),
        ("32, 3, 28, 28", ((32, 3, 28, 28),)),
        ("(32, 3, 28, 28)", ((32, 3, 28, 28),)),
        ("32 × 16, 32 × 8", ((32, 16), (32, 8))),
        ("(32, 16), (32,)", ((32, 16), (32,))),
        ("[32, 16]; [4]", ((32, 16), (4,))),
        ("32 × 16; 4", ((32, 16), (4,))),
        ("7", ((7,),)),
        ("", ()),
        ("-1 × 4", ((-1, 4),)),
    ],
)
def test_shapes_are_read_as_people_write_them(text, shapes):
    assert read_shapes(text) == shapes


@pytest.mark.parametrize("text", ["a", "3 × b", "3.5 × 2", "1e3", "9" * 400])
def test_what_is_no_whole_number_is_named(text):
    with pytest.raises(TaskError, match="whole number"):
        read_shapes(text)


def test_written_shapes_are_read_again():
    shapes = ((32, 3, 28, 28), (32, 5))
    assert read_shapes(write_shapes(shapes)) == shapes
