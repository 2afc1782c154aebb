"""Objects that nobody named are found, and no other thread comes to harm by the looking."""

import gc
import sys
import threading

import pytest
import torch
from torch.optim import Optimizer

from moduleview.engine.living_optimizers import living_optimizers
from moduleview.introspect.living import holders_of, instances_of


class Plain:
    def __init__(self, held):
        self.held = held


class Slotted:
    __slots__ = ("held",)

    def __init__(self, held):
        self.held = held


class OwnOptimizer(torch.optim.SGD):
    pass


def model_and_optimizers():
    model = torch.nn.Linear(2, 2)
    return model, [torch.optim.Adam(model.parameters()), OwnOptimizer(model.parameters(), lr=0.1)]


def test_instances_are_found_those_of_derived_classes_too():
    _, made = model_and_optimizers()
    found = instances_of(Optimizer)
    assert all(any(one is other for other in found) for one in made)
    assert not any(isinstance(one, type) for one in found)
    assert [one for one in instances_of(OwnOptimizer) if one is made[1]] == [made[1]]


def test_holders_are_found_however_they_keep_their_attributes():
    value = Plain(None)
    holders = [Plain(value), Slotted(value), Plain(value)]
    assert vars(holders[2])["held"] is value  # from here on it has a dict of its own
    found = holders_of(value)
    assert all(any(one is holder for one in found) for holder in holders)
    assert holders_of() == []


@pytest.fixture
def tuples_made_elsewhere():
    """A thread that makes tuples of what has no length, as anybody's code does; what it raised."""
    raised, is_over, interval = [], threading.Event(), sys.getswitchinterval()

    def make():
        while not is_over.is_set():
            try:
                tuple(number for number in range(30))
            except SystemError as error:
                raised.append(error)

    thread = threading.Thread(target=make)
    sys.setswitchinterval(1e-5)
    thread.start()
    yield raised
    is_over.set()
    thread.join()
    sys.setswitchinterval(interval)


def test_other_threads_go_on_making_tuples_while_we_look(tuples_made_elsewhere):
    model, made = model_and_optimizers()
    for _ in range(60):
        assert len(living_optimizers(model, ())) == 2
        holders_of(*made)
    assert tuples_made_elsewhere == []


def test_the_list_of_all_objects_would_do_harm(tuples_made_elsewhere):
    """Why it is not asked for; where this no longer holds, ``gc.get_objects`` may be used again."""
    for _ in range(1000):
        everything = gc.get_objects()
        if tuples_made_elsewhere or not everything:
            break
        del everything
    assert tuples_made_elsewhere
