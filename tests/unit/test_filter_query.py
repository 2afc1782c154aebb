"""What is typed over the tree finds what a person means."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import SMALL, snapshot_of
from moduleview.telemetry.filter_query import FilterSubject, parse
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.name_index import NameIndex
from moduleview.telemetry.snapshot import ModelSnapshot, ModuleTrait, NodeCoverage

EVERYTHING = {fqn for fqn, _type, _own in SMALL}


def subject_of(snapshot: ModelSnapshot, **gradients: float) -> FilterSubject:
    """``gradients`` by FQN with ``_`` for ``.``; forward hooks are ticked on ``head``."""
    names = [fqn.replace(".", "_") for fqn in snapshot.fqns]
    values = np.array([gradients.get(name, np.nan) for name in names], dtype=np.float32)
    measured = np.array([name in gradients for name in names])
    ticked = np.array([fqn == "head" for fqn in snapshot.fqns])
    return FilterSubject(
        snapshot,
        NameIndex(snapshot),
        np.full(len(snapshot), NodeCoverage.EXECUTED, dtype=np.uint8),
        lambda: (values, measured),
        lambda kind: ticked & (kind is HookKind.FORWARD),
    )


def found(text: str, subject: FilterSubject | None = None) -> set[str]:
    subject = subject_of(snapshot_of()) if subject is None else subject
    matches = parse(text).matches(subject)
    return {subject.snapshot.fqns[node] for node in np.flatnonzero(matches)}


@pytest.mark.parametrize(
    ("text", "fqns"),
    [
        ("", EVERYTHING),
        ("lin", {"blocks.0.lin", "blocks.1.lin", "head"}),  # head is a Linear
        ("LIN", {"blocks.0.lin", "blocks.1.lin", "head"}),
        ("type:Linear", {"blocks.0.lin", "blocks.1.lin", "head"}),
        ("type:relu", {"blocks.0.act"}),
        ("name~lin", {"blocks.0.lin", "blocks.1.lin"}),
        ("name:0", {"blocks.0"}),
        ("blocks.1", {"blocks.1"}),
        ("cks.0.l", {"blocks.0.lin"}),
        ("blocks.", {"blocks.0", "blocks.1"}),
        ("Net.blocks", set()),  # the root's name is no part of an FQN
        ("type:Linear !name~lin", {"head"}),
        ("/^blocks\\.\\d\\.lin$/", {"blocks.0.lin", "blocks.1.lin"}),
        ("/^blocks/ type:relu", {"blocks.0.act"}),
        ("!/blocks|^$/", {"embed", "head"}),
        ("/head", {"head"}),  # not closed yet
        ("/Head/", set()),  # with a capital case matters
        ("hook:fwd", {"head"}),
        ("hook:any !type:linear", set()),
        ("hook:bwd", set()),
        ("is:container", {"blocks"}),
        ("nosuchthing", set()),
    ],
)
def test_query_finds_what_is_meant(text: str, fqns: set[str]) -> None:
    assert found(text) == fqns


def test_gradient_is_compared_where_it_was_measured() -> None:
    subject = subject_of(snapshot_of(), embed=0.5, head=3.0, blocks=float("nan"))
    assert found("grad>1", subject) == {"head"}
    assert found("grad<=0.5", subject) == {"embed"}
    assert found("nan", subject) == {"blocks"}
    assert found("grad>1e-3 !type:linear", subject) == {"embed"}


def test_frozen_module_has_parameters_and_trains_none() -> None:
    snapshot = snapshot_of()
    trains = snapshot.tensors.requires_grad.copy()
    trains[[snapshot.tensor_row_of("blocks.0.lin.weight"), snapshot.tensor_row_of("blocks.0.lin.bias")]] = False
    trains[snapshot.tensor_row_of("blocks.1.lin.bias")] = False
    snapshot = replace(snapshot, tensors=replace(snapshot.tensors, requires_grad=trains))
    assert found("frozen", subject_of(snapshot)) == {"blocks.0", "blocks.0.lin"}
    assert "blocks.0.act" in found("!frozen", subject_of(snapshot))


def test_properties_are_found_at_both_places_of_a_tie() -> None:
    snapshot = snapshot_of()
    aliases = snapshot.tensors.alias_of.copy()
    aliases[snapshot.tensor_row_of("head.weight")] = snapshot.tensor_row_of("embed.weight")
    traits = snapshot.traits.copy()
    traits[snapshot.node_of("blocks.1.lin")] = ModuleTrait.LAZY
    shared = snapshot.alias_of.copy()
    shared[snapshot.node_of("blocks.1")] = snapshot.node_of("blocks.0")
    snapshot = replace(snapshot, alias_of=shared, traits=traits, tensors=replace(snapshot.tensors, alias_of=aliases))
    subject = subject_of(snapshot)
    subject.coverage[snapshot.node_of("embed")] = NodeCoverage.NOT_EXECUTED
    assert found("is:tied", subject) == {"embed", "head"}
    assert found("is:shared", subject) == {"blocks.0", "blocks.1"}
    assert found("is:lazy", subject) == {"blocks.1.lin"}
    assert found("is:unused", subject) == {"embed"}


@pytest.mark.parametrize("half_typed", ["grad>", "grad>1e", "type:", "name~", "hook:f", "is:", "!", "/"])
def test_half_a_term_hides_nothing_yet(half_typed: str) -> None:
    assert found(half_typed) == EVERYTHING
    assert parse(half_typed).ignored == (half_typed,)


def test_broken_regex_is_said_and_hides_nothing() -> None:
    query = parse("/(/ head")
    assert query.broken_regex
    assert found("/(/") == EVERYTHING


def test_names_with_line_breaks_and_foreign_letters_keep_their_rows() -> None:
    snapshot = snapshot_of((("", "Net", ()), ("a\nb", "X", ()), ("straße", "Y", ()), ("last", "Z", ())))
    subject = subject_of(snapshot)
    assert found("last", subject) == {"last"}
    assert found("STRASSE", subject) == set()
    assert found("straß", subject) == {"straße"}
    assert found("/^last$/", subject) == {"last"}


@given(st.lists(st.text("ab01_", min_size=1, max_size=4), min_size=1, max_size=30), st.text("ab01_", min_size=1))
def test_search_agrees_with_python(names: list[str], text: str) -> None:
    spec = [("", "Net", ()), *((name, "T", ()) for name in dict.fromkeys(names))]
    index = NameIndex(snapshot_of(spec))
    assert index.name_contains(text).tolist() == [text in (name or "net") for name, _t, _o in spec]
    assert index.name_is(text).tolist() == [text == (name or "net") for name, _t, _o in spec]


@given(st.data())
def test_patterns_of_mere_text_find_what_python_finds(data: st.DataObject) -> None:
    fqns = [""]
    for name in data.draw(st.lists(st.text("abC", min_size=1, max_size=3), max_size=12)):
        above = data.draw(st.sampled_from(fqns))
        fqns.append(f"{above}.{name}".lstrip("."))
    spec = [(fqn, "T", ()) for fqn in sorted(set(fqns), key=lambda fqn: fqn.split("."))]
    text = re.escape(data.draw(st.text("ab.", min_size=1, max_size=4)))
    pattern = data.draw(st.sampled_from(["", "^"])) + text + data.draw(st.sampled_from(["", "$"]))
    matches = NameIndex(snapshot_of(spec)).fqn_matches(re.compile(pattern, re.MULTILINE))
    assert matches.tolist() == [re.search(pattern, fqn.lower()) is not None for fqn, _t, _o in spec]


@given(st.text(max_size=30))
def test_no_text_raises(text: str) -> None:
    subject = subject_of(snapshot_of())
    assert parse(text).matches(subject).shape == (len(SMALL),)
