"""The Initialise panel: typed fields, what would change in the order of apply, the depth, apply and take back."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from plot_builders import make_bench, run_store, show
from PySide6.QtCore import QObject, QPointF
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QSpinBox
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from moduleview.gui.initialise.preview_model import CHANGE_ROLE, PreviewColumn, PreviewModel, rows_of
from moduleview.gui.models.cell_look import COPY_ROLE
from moduleview.gui.panels.initialise import InitialisePanel
from moduleview.telemetry.changes_messages import ChangeJournaled, EntryState, TakeBack
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.initialising_book import InitialisingBook
from moduleview.telemetry.initialising_messages import (
    FUNCTION,
    N_BINS,
    RESET,
    Choice,
    DepthPoint,
    InitialisationAnswered,
    Initialise,
    Initialiser,
    InitialiserArgument,
    InitialisersListed,
    Part,
    PreviewBegun,
    PreviewEnded,
    PreviewGrew,
    PreviewInitialisation,
    RequestInitialisers,
    Spread,
    Suggestion,
    TensorChange,
    Visit,
)
from moduleview.telemetry.store import SeriesStore

SLOPE = InitialiserArgument("a", "float", 0.0)
GAIN = InitialiserArgument("gain", "float", 1.0)
INITIALISERS = (
    Initialiser(
        "kaiming_normal_",
        (SLOPE, InitialiserArgument("nonlinearity", "choice", "leaky_relu", ("relu", "leaky_relu"))),
        True,
        False,
        "Kaiming.",
    ),
    Initialiser("orthogonal_", (GAIN,), True, False, "Orthogonal."),
    Initialiser("constant_", (InitialiserArgument("val", "float", None),), False, False, "Constant."),
    Initialiser("dirac_", (InitialiserArgument("groups", "int", 1),), False, False, "Dirac."),
    Initialiser("flagged_", (InitialiserArgument("on", "bool", False),), False, False, "Flag."),
    Initialiser(RESET, (), True, True, "Own."),
    Initialiser(FUNCTION, (), True, True, "Yours."),
)
RELU = Suggestion("relu", "relu", None, 2**0.5, "relu follows, seen")


def spread(mean: float, at: int) -> Spread:
    shares = np.zeros(N_BINS, dtype=np.float32)
    shares[at] = 1.0
    return Spread(mean, 0.25, mean - 1, mean + 1, shares)


def change(visit: int, fqn: str, **changes: object) -> TensorChange:
    made = TensorChange(visit, fqn, (8, 4), "float32", spread(0.5, 3), spread(-0.125, 30), -1, 1, n_bytes=128)
    return msgspec.structs.replace(made, **changes)


VISITS = (
    Visit(1, "blocks.0", "Linear"),
    Visit(2, "blocks.1", "ReLU", "has no parameters of its own"),
    Visit(3, "", "Net"),
)
WEIGHT = change(1, "blocks.0.weight")
REFUSED = change(1, "blocks.0.bias", after=None, note="xavier_normal_ cannot take shape 8.", failed=True)
ENDED = PreviewEnded(
    1,
    2048,
    "",
    "exp_avg of 1 parameter",
    (DepthPoint("blocks.0", 1, 0.5, 2.0), DepthPoint("blocks.1", 1, 0.25, np.nan)),
    "the batch of step 3",
    (12.0, 40.0),
)


class Bench:
    def __init__(self, qapp: QObject, store: SeriesStore | None = None) -> None:
        self.commands: list[object] = []
        self.store = run_store(3) if store is None else store
        self.context = make_bench(QObject(qapp), self.store).context
        capabilities = Capability.CONTROL | Capability.INTERVENE
        for name, value in {"send": self.commands.append, "capabilities": lambda: capabilities}.items():
            object.__setattr__(self.context, name, value)

    def panel(self, qtbot: QtBot, width: int = 1200, height: int = 400) -> InitialisePanel:
        panel = InitialisePanel(self.context)
        for control in panel.title_controls():
            qtbot.addWidget(control)
        show(qtbot, panel, width, height)
        return panel


@pytest.fixture
def bench(qapp: QObject) -> Bench:
    return Bench(qapp)


@pytest.fixture
def panel(bench: Bench, qtbot: QtBot) -> InitialisePanel:
    panel = bench.panel(qtbot)
    say(panel, InitialisersListed(INITIALISERS))
    return panel


def say(panel: InitialisePanel, *records: object) -> None:
    for record in records:
        panel.context.store.apply(record)  # type: ignore[attr-defined]
    panel.refresh(panel.context.store)


def choose(panel: InitialisePanel, name: str) -> None:
    box = panel.form.initialiser
    box.setCurrentIndex(box.findData(name))


def previewed(panel: InitialisePanel, bench: Bench) -> None:
    panel.side.preview.click()
    say(panel, PreviewBegun(1, 3, VISITS), PreviewGrew(1, (), (WEIGHT, REFUSED)), ENDED)


def last_choice(bench: Bench) -> Choice:
    sent = bench.commands[-1]
    assert isinstance(sent, PreviewInitialisation | Initialise)
    return sent.choice


def texts(panel: InitialisePanel, row: int) -> list[str]:
    return [panel.model.index(row, column).data() for column in PreviewColumn]


def test_initialisers_are_asked_for_once_when_a_model_is_there(bench: Bench, qtbot: QtBot) -> None:
    panel = bench.panel(qtbot)
    panel.refresh(bench.store)
    assert bench.commands == [RequestInitialisers()]


def test_without_a_model_the_panel_says_what_to_do(qapp: QObject, qtbot: QtBot) -> None:
    panel = Bench(qapp, SeriesStore()).panel(qtbot)
    assert any("Open a model" in label.text() for label in panel.findChildren(QLabel) if label.isVisible())
    assert not panel.side.isVisible()


@pytest.mark.parametrize(
    ("name", "argument", "kind"),
    [
        ("kaiming_normal_", "a", QLineEdit),
        ("kaiming_normal_", "nonlinearity", QComboBox),
        ("dirac_", "groups", QSpinBox),
        ("flagged_", "on", QCheckBox),
    ],
)
def test_each_argument_has_a_field_of_its_type(panel: InitialisePanel, name: str, argument: str, kind: type) -> None:
    choose(panel, name)
    assert isinstance(panel.form.arguments.fields[argument], kind)


def test_preview_sends_what_the_fields_say(panel: InitialisePanel, bench: Bench) -> None:
    form = panel.form
    form.set_place("blocks.0")
    form.types.setText("Linear, Conv2d")
    form.pattern.setText("*.weight")
    form.part.setCurrentIndex(form.part.findData(Part.WEIGHTS.value))
    form.seed.setValue(5)
    form.clears_state.setChecked(True)
    slope = form.arguments.fields["a"]
    assert isinstance(slope, QLineEdit)
    slope.setText("0.2")
    panel.side.preview.click()
    assert last_choice(bench) == Choice(
        "blocks.0",
        "kaiming_normal_",
        (("a", 0.2), ("nonlinearity", "leaky_relu")),
        5,
        types=("Linear", "Conv2d"),
        pattern="*.weight",
        part=Part.WEIGHTS,
        clears_optimizer_state=True,
    )


def test_argument_without_a_default_must_be_said_first(panel: InitialisePanel, bench: Bench) -> None:
    choose(panel, "constant_")
    assert not panel.side.preview.isEnabled()
    assert not panel.side.apply.isEnabled()
    assert panel.side.said == "Give a number for val."
    value = panel.form.arguments.fields["val"]
    assert isinstance(value, QLineEdit)
    value.setText("0.5")
    panel.side.preview.click()
    assert last_choice(bench).arguments == (("val", 0.5),)


def test_gain_of_the_activation_locks_the_fields_that_it_gives(panel: InitialisePanel, bench: Bench) -> None:
    choose(panel, "orthogonal_")
    panel.form.follows_activation.setChecked(True)
    assert not panel.form.arguments.fields["gain"].isEnabled()
    panel.side.preview.click()
    assert last_choice(bench).takes_gain_from_activation
    choose(panel, "dirac_")
    assert not panel.form.follows_activation.isVisible()
    panel.side.preview.click()
    assert not last_choice(bench).takes_gain_from_activation


def test_function_is_written_in_an_editor_and_a_wrong_line_is_marked(panel: InitialisePanel, bench: Bench) -> None:
    choose(panel, FUNCTION)
    assert panel.form.editor.isVisible()
    assert not panel.form.part.isVisible()
    panel.form.editor.set_code("def init(module):\n    1 +\n")
    panel.side.preview.click()
    assert last_choice(bench).source == "def init(module):\n    1 +\n"
    say(panel, PreviewBegun(1, 3, (), "Line 2: invalid syntax.", 2))
    assert panel.form.editor.marked == (2, "Line 2: invalid syntax.")
    assert not panel.side.apply.isEnabled()
    assert panel.side.said == "Line 2: invalid syntax."


def test_subtree_follows_the_selection_until_another_is_written(panel: InitialisePanel) -> None:
    selection = panel.context.selection
    model = panel.context.store.model
    assert model is not None
    first, second = model.fqns[1], model.fqns[2]
    selection.select(first)
    assert panel.form.place.text() == first
    panel.form.place.setText("head")
    selection.select(second)
    assert panel.form.place.text() == "head"
    panel.side.follow.click()
    assert panel.form.place.text() == second
    panel.context.handovers.initialise(first)
    assert panel.form.place.text() == first


def test_rows_are_the_visits_in_order_with_their_tensors_below(panel: InitialisePanel, bench: Bench) -> None:
    previewed(panel, bench)
    assert texts(panel, 0)[:3] == ["1", "blocks.0", "Linear"]
    assert texts(panel, 1)[1:5] == ["    weight", "8 × 4", "5.0e-1 → \u22121.2e-1", "2.5e-1 → 2.5e-1"]
    assert texts(panel, 2)[-1] == "xavier_normal_ cannot take shape 8."
    assert texts(panel, 3)[:3] == ["2", "blocks.1", "ReLU"]
    assert texts(panel, 4)[1] == "the whole model"
    assert panel.model.index(1, PreviewColumn.VALUES).data(CHANGE_ROLE) is WEIGHT
    assert panel.model.index(1, PreviewColumn.MEAN).data(COPY_ROLE) == "0.5 -0.125"


def test_only_what_changes_is_shown_where_asked(panel: InitialisePanel, bench: Bench) -> None:
    previewed(panel, bench)
    panel.only_changes.setChecked(True)
    assert [panel.model.row(at).fqn for at in range(panel.model.rowCount())] == [
        "blocks.0",
        "blocks.0.weight",
        "blocks.0.bias",
    ]


def test_suggested_gain_stands_at_the_module_with_where_it_comes_from(panel: InitialisePanel, bench: Bench) -> None:
    previewed(panel, bench)
    say(panel, PreviewGrew(1, (msgspec.structs.replace(VISITS[0], suggestion=RELU),), ()))
    assert texts(panel, 0)[PreviewColumn.GAIN] == "1.414"
    assert texts(panel, 0)[PreviewColumn.NOTE] == "relu follows, gain 1.414"
    gelu = Suggestion("gelu", "relu", None, 2**0.5, "gelu follows, seen; torch has no gain for it, relu stands in")
    say(panel, PreviewGrew(1, (msgspec.structs.replace(VISITS[0], suggestion=gelu),), ()))
    assert texts(panel, 0)[PreviewColumn.NOTE] == "gelu follows, gain 1.414 of relu"


def test_what_would_be_kept_and_how_long_the_run_was_held_is_said(panel: InitialisePanel, bench: Bench) -> None:
    previewed(panel, bench)
    said = "1 tensor would change; undo keeps 2 KiB. The run was held 40 ms in all, at most 12 ms at a time."
    assert panel.side.said == said
    assert "exp_avg of 1 parameter" in panel.form.clears_state.toolTip()
    panel.form.seed.setValue(9)
    assert panel.side.said == "The preview is of another choice."


def test_what_cannot_be_applied_says_why(panel: InitialisePanel, bench: Bench) -> None:
    panel.side.preview.click()
    say(panel, PreviewBegun(1, 3, VISITS), msgspec.structs.replace(ENDED, undo_refusal="5.0 GiB of old values ..."))
    assert not panel.side.apply.isEnabled()
    assert panel.side.said == "5.0 GiB of old values ..."


def test_answer_to_an_older_preview_is_left(panel: InitialisePanel) -> None:
    panel.side.preview.click()
    panel.form.seed.setValue(1)
    panel.side.preview.click()
    say(panel, PreviewBegun(2, 3, VISITS), PreviewGrew(1, (), (WEIGHT,)), ENDED)
    assert panel.model.rowCount() == 3
    assert panel.context.store.books.initialising.ended is None


def test_apply_waits_for_the_safe_point_and_undo_takes_the_entry_back(panel: InitialisePanel, bench: Bench) -> None:
    panel.side.apply.click()
    sent = bench.commands[-1]
    assert isinstance(sent, Initialise)
    assert panel.side.said == "Applies at the next safe point."
    assert not panel.side.apply.isEnabled()
    entry = ChangeJournaled(4, 3, "Initialised head", "...")
    say(panel, entry, InitialisationAnswered(sent.request, 4, "Initialised head", kept_bytes=4096))
    assert panel.side.said == "Initialised head. The old values take 4 KiB until it is taken back."
    panel.side.undo.click()
    assert bench.commands[-1] == TakeBack(4)
    say(panel, msgspec.structs.replace(entry, state=EntryState.TAKEN_BACK))
    assert not panel.side.undo.isEnabled()


def test_refused_change_says_why(panel: InitialisePanel, bench: Bench) -> None:
    panel.side.apply.click()
    sent = bench.commands[-1]
    assert isinstance(sent, Initialise)
    say(panel, InitialisationAnswered(sent.request, 0, refusal="No parameter is meant."))
    assert panel.side.said == "No parameter is meant."
    assert panel.side.apply.isEnabled()


def test_depth_is_two_lines_over_the_order_of_calls(panel: InitialisePanel, bench: Bench, qtbot: QtBot) -> None:
    previewed(panel, bench)
    assert panel.chart.isVisible()
    assert panel.chart.reading(0) == "blocks.0: 5.0e-1 → 2.0e+0"
    assert panel.chart.reading(1) == "blocks.1: 2.5e-1 → NaN"
    with qtbot.waitSignal(panel.chart.call_clicked) as clicked:
        panel.chart.clicked.emit(QPointF(panel.chart.x_px(1), panel.chart.area.center().y()))
    assert clicked.args == ["blocks.0"]


def test_without_a_batch_the_depth_says_to_make_a_step(panel: InitialisePanel) -> None:
    panel.side.preview.click()
    words = "There is no batch yet: make one step first."
    say(panel, PreviewBegun(1, 0, VISITS), msgspec.structs.replace(ENDED, points=(), depth_words=words))
    assert panel._right.currentWidget() is panel._no_depth


def test_narrow_panel_shows_the_table_until_the_depth_is_asked_for(bench: Bench, qtbot: QtBot) -> None:
    panel = bench.panel(qtbot, 700)
    say(panel, InitialisersListed(INITIALISERS))
    previewed(panel, bench)
    assert (panel.table.isVisible(), panel.chart.isVisible()) == (True, False)
    panel.depth_toggle.click()
    assert (panel.table.isVisible(), panel.chart.isVisible()) == (False, True)
    panel.depth_toggle.click()
    assert (panel.table.isVisible(), panel.chart.isVisible()) == (True, False)
    panel.depth_toggle.click()
    panel.resize(1200, 400)
    assert (panel.table.isVisible(), panel.chart.isVisible()) == (True, True)


def test_more_than_values_is_counted_in_the_outcome(panel: InitialisePanel, bench: Bench) -> None:
    previewed(panel, bench)
    note = "training True → False"
    say(panel, PreviewGrew(1, (msgspec.structs.replace(VISITS[1], note=note, changes=True),), ()))
    panel.only_changes.setChecked(True)
    assert "blocks.1" in [panel.model.row(at).fqn for at in range(panel.model.rowCount())]
    assert panel.side.said.startswith("1 tensor would change, and more than values of 1 module; undo keeps 2 KiB.")


def test_row_that_is_clicked_is_selected_and_the_subtree_stays(panel: InitialisePanel, bench: Bench) -> None:
    model = panel.context.store.model
    assert model is not None
    fqn = model.fqns[2]
    panel.form.set_place("blocks.0")
    panel.side.preview.click()
    say(panel, PreviewBegun(1, 3, (Visit(1, fqn, "Linear"),)))
    panel.table.clicked.emit(panel.model.index(0, 1))
    assert panel.context.selection.fqn == fqn
    assert panel.form.place.text() == "blocks.0"


def test_rows_that_grow_keep_what_is_there(qtmodeltester: ModelTester) -> None:
    model, book = PreviewModel(), InitialisingBook()
    qtmodeltester.check(model, force_py=True)
    resets: list[None] = []
    model.modelReset.connect(lambda: resets.append(None))
    book.take(PreviewBegun(1, 3, VISITS))
    model.show_rows(rows_of(book, only_changes=False))
    later = change(3, "scale")
    for grown in (later, WEIGHT, REFUSED):
        book.take(PreviewGrew(1, (), (grown,)))
        model.show_rows(rows_of(book, only_changes=False))
    assert [model.row(at).fqn for at in range(model.rowCount())] == [
        "blocks.0",
        "blocks.0.weight",
        "blocks.0.bias",
        "blocks.1",
        "",
        "scale",
    ]
    assert not resets
    book.take(PreviewBegun(2, 3, VISITS[1:]))
    model.show_rows(rows_of(book, only_changes=False))
    assert model.rowCount() == 2


def test_larger_text_makes_a_larger_picture(panel: InitialisePanel, bench: Bench) -> None:
    previewed(panel, bench)
    pictures = []
    for zoom in (1.0, 1.5):
        panel.context.theme.set_zoom(zoom)
        pictures.append(panel.grab().toImage())
    assert pictures[0] != pictures[1]
