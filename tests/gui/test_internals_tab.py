"""The Internals and Modules tabs, and what containers look like, as a person sees them."""

from __future__ import annotations

import pytest
import torch
from inspector_parts import Bench, shown_inspector
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QLabel
from torch import nn

from moduleview.gui.interventions.change_form import ChangeForm
from moduleview.gui.models.container_words import ContainerWords
from moduleview.gui.models.module_tree_model import ModuleTreeModel
from moduleview.gui.models.private_tables import PrivateTables
from moduleview.gui.models.tree_columns import Column
from moduleview.interventions.register_buffer import RegisterBuffer
from moduleview.interventions.register_parameter import RegisterParameter
from moduleview.introspect.module_dict import TABLES, attributes_in
from moduleview.introspect.tree import snapshot_model
from moduleview.telemetry.changes_messages import ChangesOffered, PrepareChange
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.internals_messages import (
    Attribute,
    AttributeKind,
    Comparison,
    InternalsReport,
    LazyMaterialised,
    LazyState,
    LeftOut,
    LeftOutReason,
    Recomputed,
    RequestDocumentation,
    RequestInternals,
    SavedEntry,
    SavedKind,
    SavedState,
)


class Held(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 2), nn.ReLU()])
        self.acts = nn.ModuleDict({"relu": nn.ReLU()})
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(2)) for _ in range(3)])
        self.shifts = nn.ParameterDict({"low": nn.Parameter(torch.ones(2))})
        self.stem = nn.Sequential()
        self.stem.add_module("norm", nn.LayerNorm(2))
        self.stem.add_module("drop", nn.Dropout())


class OwnOrder(nn.Sequential):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self[0](x)


@pytest.fixture
def bench(qapp):
    return Bench(snapshot=snapshot_model(Held()))


@pytest.fixture
def panel(qtbot, bench):
    return shown_inspector(qtbot, bench)


def texts(panel):
    return [label.text().replace("\u00a0", " ") for label in panel.findChildren(QLabel) if label.isVisible()]


def column(table, which=0):
    return [table.model.index(row, which).data() for row in range(table.model.rowCount())]


# -- containers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "short", "explanation"),
    [
        ("layers", "2 by index", "not called itself"),
        ("acts", "1 by key", "not called itself"),
        ("scales", "3 parameters by index", "not called itself"),
        ("shifts", "1 parameters by key", "not called itself"),
        ("stem", "2 in order", "the output of each is the input of the next"),
    ],
)
def test_containers_say_what_they_are_in_tree_and_inspector(panel, bench, name, short, explanation) -> None:
    snapshot = bench.store.model
    model = ModuleTreeModel(snapshot)
    node = snapshot.node_of(name)
    tip = model.data(model.index(model.rows.row_of(node), Column.NAME), Qt.ItemDataRole.ToolTipRole)
    assert explanation in tip
    spoken = model.data(model.index(model.rows.row_of(node), Column.NAME), Qt.ItemDataRole.AccessibleTextRole)
    assert short in spoken
    bench.selection.select(name)
    assert any(short in text for text in texts(panel))
    is_called = name == "stem"
    assert any("not called itself" in text for text in texts(panel)) is not is_called


def test_what_a_container_holds_is_named_as_python_would(bench) -> None:
    snapshot, words = bench.store.model, ContainerWords()
    held = {fqn: words.around(snapshot, snapshot.node_of(fqn)) for fqn in snapshot.fqns}
    assert held["layers.0"] == ("[", "]")
    assert held["acts.relu"] == ('["', '"]')
    assert held["stem.drop"] == ("1 ", "")
    assert held["layers"] == ("", "")
    rows = [words.tensor_name(snapshot, row, 0) for row in range(len(snapshot.tensors))]
    assert "scales[2]" in rows
    assert 'shifts["low"]' in rows
    assert "stem.norm.weight" in rows


def test_a_sequential_with_a_forward_of_its_own_claims_no_order() -> None:
    snapshot = snapshot_model(OwnOrder(nn.ReLU()))
    assert ContainerWords().short(snapshot, 0) == ""


def test_parameters_of_a_list_stand_by_index_in_the_inspector(panel, bench) -> None:
    bench.selection.select("scales")
    model = panel.parameters.model
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == ["[0]", "[1]", "[2]"]


# -- modules -----------------------------------------------------------------------------------------------------------


def test_subtree_switch_turns_named_modules_into_named_children(panel, bench) -> None:
    bench.selection.select("")
    (switch,) = panel.title_controls()
    assert column(panel.modules) == [name for name, _module in Held().named_modules() if name]
    switch.click()
    assert column(panel.modules) == [name for name, _module in Held().named_children()]
    for call in ("named_children", "named_modules", "parameters(recurse=False)"):
        assert call in switch.toolTip()


def test_enter_on_a_module_goes_there(qtbot, panel, bench) -> None:
    bench.selection.select("")
    panel.tabs.setCurrentWidget(panel.modules)
    panel.modules.table.setCurrentIndex(panel.modules.model.index(column(panel.modules).index("stem.norm"), 0))
    qtbot.keyClick(panel.modules.table, Qt.Key.Key_Return)
    assert bench.selection.fqn == "stem.norm"


def test_a_module_without_children_says_so(panel, bench) -> None:
    bench.selection.select("stem.drop")
    panel.tabs.setCurrentWidget(panel.modules)
    assert "No modules below" in texts(panel)


# -- internals ---------------------------------------------------------------------------------------------------------


def loose() -> nn.Module:
    module = nn.Linear(2, 2)
    module.mean = torch.zeros(3)
    return module


def report(fqn: str = "stem.norm", **changes: object) -> InternalsReport:
    attributes, n_attributes = attributes_in(loose())
    saved = SavedState(
        entries=(
            SavedEntry("weight", SavedKind.PARAMETER, "2 float32", 8),
            SavedEntry("tied", SavedKind.PARAMETER, "2 float32", 8, "weight"),
        ),
        n_entries=2,
        n_bytes=8,
        n_file_bytes=800,
        left_out=(LeftOut("mean", LeftOutReason.PLAIN_TENSOR, "3 float32", 12),),
        n_left_out=1,
        hooks=("_state_dict_hooks of 0: train.rename",),
        comparison=Comparison.USERS_CODE,
    )
    fields = {"attributes": attributes, "n_attributes": n_attributes, "saved": saved, **changes}
    return InternalsReport(fqn, 3, **fields)


def show(panel, bench, page, **changes):
    bench.selection.select("stem.norm")
    panel.tabs.setCurrentWidget(panel.internals)
    panel.internals.bar.choose(page)
    bench.store.apply(report(**changes))
    panel.refresh(bench.store)


def explained(module: nn.Module) -> dict[str, str]:
    words = PrivateTables(QObject())
    return {entry.name: words.explanation(entry) for entry in attributes_in(module)[0]}


def test_every_private_table_of_torch_has_an_explanation_of_its_own(qapp) -> None:
    words = PrivateTables(QObject())
    told = {words.explanation(Attribute(name, "dict", AttributeKind.TABLE, "")) for name in TABLES}
    unknown = words.explanation(Attribute("_of_tomorrow", "dict", AttributeKind.TABLE, ""))
    assert len(told) == len(TABLES)
    assert min(map(len, told)) > 20
    assert unknown.startswith("A table of this torch's nn.Module that is not explained")
    assert unknown not in told


def test_a_private_name_says_whose_it_is_and_where_nobody_names_it_that_other_code_put_it_there(qapp) -> None:
    rnn = nn.LSTM(2, 2)
    rnn._is_hf_initialized = True
    told = explained(rnn)
    assert "Private to torch.nn.modules.rnn.RNNBase, whose own code uses it" in told["_flat_weights"]
    assert "so other code has put it there" in told["_is_hf_initialized"]
    assert told["hidden_size"] == ""


def test_the_inside_is_asked_for_only_while_somebody_looks(panel, bench) -> None:
    bench.selection.select("stem.norm")
    panel.refresh(bench.store)
    assert bench.sent_of(RequestInternals) == []
    assert bench.sent_of(RequestDocumentation) == []
    panel.tabs.setCurrentWidget(panel.internals)
    panel.refresh(bench.store)
    panel.refresh(bench.store)
    assert bench.sent_of(RequestInternals) == [RequestInternals("stem.norm")]
    assert "Nothing read yet" in texts(panel)


def test_a_source_that_runs_no_model_is_not_asked(panel, bench) -> None:
    bench.capabilities = Capability.NONE
    bench.selection.select("stem.norm")
    panel.tabs.setCurrentWidget(panel.internals)
    panel.refresh(bench.store)
    assert bench.sent_of(RequestInternals) == []


def test_plain_tensors_stand_first_and_say_what_would_register_them(panel, bench) -> None:
    show(panel, bench, 0)
    tab = panel.internals.attributes
    assert column(tab)[0] == "mean"
    assert column(tab, 1)[0] == "plain tensor: 3 float32"
    assert 'self.register_buffer("mean", ...)' in tab.detail.code()
    tab.table.setCurrentIndex(tab.model.index(column(tab).index("_parameters"), 0))
    assert "The module's own parameters by name" in tab.detail.code()
    assert "weight: 2 × 2 float32" in tab.detail.code()


def test_a_plain_tensor_is_made_a_buffer_or_parameter_from_its_entry(qtbot, panel, bench) -> None:
    bench.capabilities |= Capability.INTERVENE
    bench.store.apply(ChangesOffered((RegisterBuffer.offer(), RegisterParameter.offer())))
    show(panel, bench, 0)
    tab, offer = panel.internals.attributes, panel.internals.registering
    for button, kind in ((offer.button, "register_buffer"), (offer.parameter, "register_parameter")):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        (form,) = panel.findChildren(ChangeForm)
        assert bench.sent_of(PrepareChange)[-1] == PrepareChange(kind, "stem.norm")
        assert form.fields[0].field.name == "attribute"
        form.close()
        qtbot.waitUntil(lambda: not panel.findChildren(ChangeForm))
    tab.table.setCurrentIndex(tab.model.index(column(tab).index("_parameters"), 0))
    assert not offer.isVisible()


def test_integers_can_be_a_buffer_only_and_a_source_that_changes_nothing_offers_nothing(panel, bench) -> None:
    entry = Attribute("ids", "Tensor", AttributeKind.TENSOR, "3 int64")
    offer = panel.internals.registering
    offer.show_for("stem", entry)
    assert offer.isHidden()
    bench.capabilities |= Capability.INTERVENE
    offer.show_for("stem", entry)
    assert not offer.isHidden()
    assert offer.button.isEnabled()
    assert not offer.parameter.isEnabled()
    assert "floating-point" in offer.parameter.toolTip()


def test_what_is_saved_and_left_out_stands_with_its_size_and_reason(panel, bench) -> None:
    show(panel, bench, 1)
    tab = panel.internals.saved
    assert column(tab) == ["mean", "weight", "tied"]
    assert column(tab, 1) == ["plain tensor", "2 float32", "shared"]
    assert "register_buffer would save it" in tab.detail.code()
    assert "What can change the keys:\n_state_dict_hooks of 0: train.rename" in tab.detail.code()
    (summary,) = [text for text in texts(panel) if "keys" in text]
    assert summary.startswith("2 keys, 8 B, 800 B in a file: views save their whole storage, 1 left out.")
    tab.table.setCurrentIndex(tab.model.index(2, 0))
    assert "In the same memory as weight" in tab.detail.code()


def test_state_dict_is_called_when_a_person_asks(qtbot, panel, bench) -> None:
    show(panel, bench, 1)
    qtbot.mouseClick(panel.internals.compare, Qt.MouseButton.LeftButton)
    assert bench.sent_of(RequestInternals)[-1] == RequestInternals("stem.norm", calls_state_dict=True)
    show(panel, bench, 1, saved=SavedState(comparison=Comparison.SAME))
    assert not panel.internals.compare.isVisible()
    assert any("state_dict() has the same keys." in text for text in texts(panel))


def test_computed_tensors_say_from_what(panel, bench) -> None:
    found = Recomputed("weight", "torch.nn.utils.prune", ("weight_orig: parameter, 4",), ("L1Unstructured",), 0.75)
    show(panel, bench, 2, recomputed=(found,))
    told = panel.internals.computed.code()
    assert told.splitlines()[0] == "weight is computed by torch.nn.utils.prune"
    assert "75 % of it is kept" in told
    show(panel, bench, 2)
    assert panel.internals.computed.code().startswith("Nothing is computed in this module itself")


def test_lazy_modules_say_what_they_wait_for_and_what_became_of_them(panel, bench) -> None:
    show(panel, bench, 0, lazy=LazyState(("weight",), "Linear", "in_features: the last dimension of the input"))
    assert any(text.startswith("Waits for its first input: weight have no shape yet.") for text in texts(panel))
    bench.store.apply(LazyMaterialised("stem.norm", 4, "LazyLinear", "Linear", ("weight 2 × 2 float32",)))
    show(panel, bench, 0)
    assert "Was LazyLinear; materialised in step 4 to Linear: weight 2 × 2 float32" in texts(panel)
    bench.selection.select("")
    bench.selection.select("stem.norm")
    assert any("was LazyLinear before its first input" in text for text in texts(panel))


@pytest.mark.parametrize("width", [240, 280, 346, 700])
def test_buttons_of_the_pages_are_whole_at_every_width(qtbot, panel, bench, width) -> None:
    show(panel, bench, 1)
    panel.resize(width, 600)

    def is_whole():
        bar = panel.internals.bar
        buttons = [button for button in bar.children() if hasattr(button, "isChecked")]
        return len(buttons) == 3 and all(
            button.width() >= button.fontMetrics().horizontalAdvance(button.text()) + 4
            and button.geometry().right() <= bar.width()
            for button in buttons
        )

    qtbot.waitUntil(is_whole)
