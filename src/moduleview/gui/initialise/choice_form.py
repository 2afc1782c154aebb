"""What is to be initialised, and how: the fields that make a ``Choice``."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, QStringListModel, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QCompleter, QFormLayout, QHBoxLayout, QLineEdit, QSpinBox, QWidget

from moduleview.gui.initialise.argument_fields import ArgumentFields
from moduleview.gui.initialise.words import InitialiserWords
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.code_editor import CodeEditor
from moduleview.gui.widgets.plain_tip import plain_tip
from moduleview.telemetry.initialising_messages import FUNCTION, Choice, Initialiser, Part
from moduleview.telemetry.snapshot import ModelSnapshot

FIRST_CHOICE = "kaiming_normal_"
_EDITOR_PX = 132
_LARGEST_SEED = 2**31 - 1
_EXAMPLE = """def init(module):
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
"""


class ChoiceForm(QWidget):
    """The fields. The subtree follows the selection until a person writes another one."""

    edited = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._words = InitialiserWords(self)
        self._initialisers: dict[str, Initialiser] = {}
        self._places = QStringListModel(self)
        self._type_names = QStringListModel(self)
        self._make_place_fields()
        self._make_how_fields()
        self._lay_out()
        self._connect()
        self.show_initialisers(())

    def show_initialisers(self, initialisers: Sequence[Initialiser]) -> None:
        """Offer these; what was chosen stays."""
        chosen = self.initialiser.currentData() or FIRST_CHOICE
        self._initialisers = {one.name: one for one in initialisers}
        with QSignalBlocker(self.initialiser):
            self.initialiser.clear()
            for one in initialisers:
                self.initialiser.addItem(self._words.title(one.name), one.name)
                tip = plain_tip(self._words.tip(one))
                self.initialiser.setItemData(self.initialiser.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
            self.initialiser.setCurrentIndex(max(self.initialiser.findData(chosen), 0))
        self._on_initialiser_changed()

    def show_model(self, model: ModelSnapshot) -> None:
        """Complete its names and types."""
        self._places.setStringList([*model.fqns[1:], *model.tensor_fqns])
        self._type_names.setStringList(sorted(set(model.type_names)))

    def set_place(self, fqn: str) -> None:
        """Mean this subtree or parameter; "" is the whole model."""
        self.place.setText(fqn)

    def add_beside_place(self, button: QWidget) -> None:
        """Put a button behind the subtree."""
        self._place_row.addWidget(button)

    def choice(self) -> Choice | None:
        """What the fields say; None while they do not say it."""
        initialiser = self._initialisers.get(str(self.initialiser.currentData()))
        if initialiser is None or self.problem:
            return None
        fills = not initialiser.works_on_modules
        return Choice(
            fqn=self.place.text().strip(),
            initialiser=initialiser.name,
            arguments=self.arguments.values(),
            seed=self.seed.value(),
            takes_gain_from_activation=self.follows_activation.isChecked() and _has_gain(initialiser),
            types=tuple(name.strip() for name in self.types.text().split(",") if name.strip()),
            pattern=self.pattern.text().strip(),
            is_regex=self.is_regex.isChecked(),
            part=Part(self.part.currentData()) if fills else Part.ALL,
            source=self.editor.code() if initialiser.name == FUNCTION else "",
            clears_optimizer_state=self.clears_state.isChecked(),
        )

    @property
    def problem(self) -> str:
        """A sentence on what is missing, "" for nothing."""
        return self.arguments.problem

    def say_state(self, words: str) -> None:
        """What the optimizer remembers of the chosen parameters, as a preview has found it."""
        reason = self.tr(
            "Momentum and second moments belong to the old values: kept, the first steps go on in their direction "
            "with their step size. Undo brings them back."
        )
        found = self.tr("It remembers {0}.").format(words) if words else ""
        self.clears_state.setToolTip(plain_tip(f"{reason} {found}".strip()))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _make_place_fields(self) -> None:
        self.place = self._line(self.tr("Subtree or parameter"), self.tr("the whole model"), self._places)
        self.types = self._line(self.tr("Module types"), self.tr("all types"), self._type_names)
        self.types.setToolTip(self.tr("Class names, with a comma between: Linear, Conv2d; derived classes count too"))
        self.pattern = self._line(self.tr("Names"), self.tr("all names"), None)
        self.pattern.setToolTip(self.tr("A pattern for whole names, as *.attn.*.weight; or a regular expression"))
        self.is_regex = QCheckBox(self.tr("regex"), self)
        self.is_regex.setToolTip(self.tr("The pattern is a regular expression that is searched for in the name"))
        self.part = QComboBox(self)
        self.part.setAccessibleName(self.tr("Weights or biases"))
        for part in Part:
            self.part.addItem(self._words.part(part), part.value)

    def _make_how_fields(self) -> None:
        self.initialiser = QComboBox(self)
        self.initialiser.setAccessibleName(self.tr("Initialiser"))
        self.arguments = ArgumentFields(self._theme, self._words, self)
        self.follows_activation = QCheckBox(self.tr("gain of the activation that follows"), self)
        self.follows_activation.setToolTip(
            self.tr("Each module gets the gain of the column at the right, where an activation is known")
        )
        self.seed = QSpinBox(self)
        self.seed.setRange(0, _LARGEST_SEED)
        self.seed.setAccessibleName(self.tr("Seed"))
        self.seed.setToolTip(self.tr("Of a generator of its own: the random numbers of the run are not touched"))
        self.clears_state = QCheckBox(self.tr("clear the optimizer's state of them"), self)
        self.say_state("")
        self.editor = CodeEditor(self._theme, None, self)
        self.editor.setAccessibleName(self.tr("Function that is called with each module"))
        self.editor.set_code(_EXAMPLE)
        self.editor.setFixedHeight(self._theme.px(_EDITOR_PX))

    def _line(self, name: str, placeholder: str, names: QStringListModel | None) -> QLineEdit:
        line = QLineEdit(self)
        line.setAccessibleName(name)
        line.setPlaceholderText(placeholder)
        line.setFont(self._theme.mono_font())
        if names is not None:
            completer = QCompleter(names, line)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            line.setCompleter(completer)
        return line

    def _lay_out(self) -> None:
        px = self._theme.px
        self._form = QFormLayout(self)
        self._form.setContentsMargins(px(8), px(8), px(8), px(8))
        self._form.setHorizontalSpacing(px(8))
        self._form.setVerticalSpacing(px(4))
        names = QWidget(self)
        row = QHBoxLayout(names)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(px(8))
        row.addWidget(self.pattern, 1)
        row.addWidget(self.is_regex)
        where = QWidget(self)
        self._place_row = QHBoxLayout(where)
        self._place_row.setContentsMargins(0, 0, 0, 0)
        self._place_row.setSpacing(px(4))
        self._place_row.addWidget(self.place, 1)
        self._form.addRow(self.tr("Where"), where)
        self._form.addRow(self.tr("With"), self.initialiser)
        self._form.addRow("", self.arguments)
        self._form.addRow("", self.follows_activation)
        self._form.addRow(self.editor)
        self._form.addRow(self.tr("Types"), self.types)
        self._form.addRow(self.tr("Names"), names)
        self._form.addRow(self.tr("Which"), self.part)
        self._form.addRow(self.tr("Seed"), self.seed)
        self._form.addRow("", self.clears_state)

    def _connect(self) -> None:
        self.initialiser.currentIndexChanged.connect(self._on_initialiser_changed)
        self.arguments.edited.connect(self.edited)
        self.follows_activation.toggled.connect(self._on_gain_toggled)
        for line in (self.place, self.types, self.pattern):
            line.textChanged.connect(self.edited)
        for tick in (self.is_regex, self.clears_state):
            tick.toggled.connect(self.edited)
        self.part.currentIndexChanged.connect(self.edited)
        self.seed.valueChanged.connect(self.edited)
        self.editor.textChanged.connect(self.edited)

    def _on_initialiser_changed(self) -> None:
        chosen = self._initialisers.get(str(self.initialiser.currentData()))
        is_function = chosen is not None and chosen.name == FUNCTION
        self._form.setRowVisible(self.editor, is_function)
        self._form.setRowVisible(self.follows_activation, chosen is not None and _has_gain(chosen))
        self._form.setRowVisible(self.part, chosen is None or not chosen.works_on_modules)
        self._form.setRowVisible(self.seed, chosen is None or chosen.is_random)
        self._form.setRowVisible(self.arguments, chosen is not None and bool(chosen.arguments))
        if chosen is not None:
            self.arguments.show_arguments(chosen)
            self.initialiser.setToolTip(plain_tip(self._words.tip(chosen)))
            self._on_gain_toggled()

    def _on_gain_toggled(self) -> None:
        locked = frozenset({"gain", "nonlinearity", "a"}) if self._takes_gain() else frozenset()
        self.arguments.set_locked(locked)
        self.edited.emit()

    def _takes_gain(self) -> bool:
        chosen = self._initialisers.get(str(self.initialiser.currentData()))
        return chosen is not None and _has_gain(chosen) and self.follows_activation.isChecked()


def _has_gain(initialiser: Initialiser) -> bool:
    return any(argument.name in ("gain", "nonlinearity") for argument in initialiser.arguments)
