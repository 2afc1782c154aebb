"""What the Internals tab says in words."""

from __future__ import annotations

from PySide6.QtCore import QObject

from moduleview.gui.look.number_format import exact_count, n_bytes
from moduleview.gui.models.private_tables import PrivateTables
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.internals_messages import (
    Attribute,
    AttributeKind,
    Comparison,
    LazyMaterialised,
    LazyState,
    LeftOut,
    LeftOutReason,
    Recomputed,
    SavedEntry,
    SavedKind,
    SavedState,
)

_LONGEST = 400


class InternalsWords(QObject):
    """Sentences, translated. GUI thread only."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tables = PrivateTables(self)

    def attribute(self, entry: Attribute) -> str:
        """All that is known of one entry of ``__dict__``."""
        what = displayable(f"{entry.name}: {entry.type_name}", _LONGEST)
        explanation = self._kind(entry) or self._tables.explanation(entry)
        lines = [what, explanation, displayable(entry.note, _LONGEST), displayable(entry.value, _LONGEST)]
        shown = [f"  {displayable(line, _LONGEST)}" for line in entry.entries]
        if entry.n_entries is not None and entry.entries and entry.n_entries > len(entry.entries):
            shown.append("  " + self.tr("... and {0} more").format(exact_count(entry.n_entries - len(entry.entries))))
        return "\n".join(line for line in (*lines, *shown) if line)

    def kind(self, kind: AttributeKind) -> str:
        """In two words, "" for what is nothing special."""
        return {
            AttributeKind.TENSOR: self.tr("plain tensor"),
            AttributeKind.MODULES: self.tr("not registered"),
            AttributeKind.TENSORS: self.tr("plain tensors"),
        }.get(kind, "")

    def _kind(self, entry: Attribute) -> str:
        name = displayable(entry.name)
        return {
            AttributeKind.TENSOR: self.tr(
                "Neither parameter nor buffer: .to() does not move it and state_dict() leaves it out. "
                'self.register_buffer("{0}", ...) makes a buffer of it.'
            ).format(name),
            AttributeKind.MODULES: self.tr(
                "Modules that are not registered: parameters(), .to(), train() and state_dict() do not see them. "
                "nn.ModuleList or nn.ModuleDict registers them."
            ),
            AttributeKind.TENSORS: self.tr(
                "Tensors in a container of Python's: .to() does not move them and state_dict() leaves them out. "
                "nn.ParameterList and nn.ParameterDict hold parameters; register_buffer each of the others."
            ),
        }.get(entry.kind, "")

    def saved(self, entry: SavedEntry) -> str:
        """All that is known of one key of ``state_dict()``."""
        text = displayable(f"{entry.key}: {entry.kind.value}, {entry.what}", _LONGEST)
        if entry.kind is SavedKind.ADDED:
            text += "\n" + self.tr("In none of torch's tables: a hook or a method of its class puts it in.")
        if entry.shares_with:
            line = self.tr("In the same memory as {0}; counted there.").format(displayable(entry.shares_with))
            return f"{text}\n{line}"
        return text

    def reason(self, reason: LeftOutReason) -> str:
        """In two or three words."""
        return {
            LeftOutReason.NON_PERSISTENT: self.tr("persistent=False"),
            LeftOutReason.PLAIN_TENSOR: self.tr("plain tensor"),
            LeftOutReason.UNREGISTERED_MODULE: self.tr("not registered"),
            LeftOutReason.TENSORS_IN_CONTAINER: self.tr("plain tensors"),
            LeftOutReason.NONE: self.tr("is None"),
            LeftOutReason.REMOVED_BY_HOOK: self.tr("taken out"),
            LeftOutReason.COMPUTED: self.tr("computed"),
        }[reason]

    def left_out(self, entry: LeftOut) -> str:
        """Why something is not saved, and what would save it."""
        why = {
            LeftOutReason.NON_PERSISTENT: self.tr(
                "A buffer that was registered with persistent=False: it is made anew, not loaded."
            ),
            LeftOutReason.PLAIN_TENSOR: self.tr(
                "A plain tensor, neither parameter nor buffer. register_buffer would save it."
            ),
            LeftOutReason.UNREGISTERED_MODULE: self.tr(
                "Not in _modules: it hides in an attribute. nn.ModuleList or nn.ModuleDict would save it."
            ),
            LeftOutReason.TENSORS_IN_CONTAINER: self.tr(
                "Tensors in a list or dict of Python's. nn.ParameterList, nn.ParameterDict or register_buffer save "
                "them."
            ),
            LeftOutReason.NONE: self.tr("Registered as None: there is nothing to save (bias=False, for example)."),
            LeftOutReason.REMOVED_BY_HOOK: self.tr(
                "It is in torch's tables, but a hook or a method of the module takes it out of state_dict()."
            ),
            LeftOutReason.COMPUTED: self.tr(
                "A hook computes it before each call from tensors that are saved: see Computed of its module."
            ),
        }[entry.reason]
        what = f", {displayable(entry.what)}" if entry.what else ""
        return f"{displayable(entry.name, _LONGEST)}{what}\n{why}"

    def saved_summary(self, saved: SavedState) -> str:
        """How much is saved, and whether ``state_dict()`` says the same."""
        n_keys = self.tr("1 key") if saved.n_entries == 1 else self.tr("{0} keys").format(exact_count(saved.n_entries))
        facts = [n_keys, n_bytes(saved.n_bytes)]
        if saved.n_file_bytes > saved.n_bytes:
            facts.append(self.tr("{0} in a file: views save their whole storage").format(n_bytes(saved.n_file_bytes)))
        if saved.n_left_out:
            facts.append(self.tr("{0} left out").format(exact_count(saved.n_left_out)))
        if saved.added:
            facts.append(self.tr("{0} put in by its own code").format(exact_count(len(saved.added))))
        return f"{', '.join(facts)}. {self._comparison(saved)}".strip()

    def _comparison(self, saved: SavedState) -> str:
        return {
            Comparison.SAME: self.tr("state_dict() has the same keys."),
            Comparison.DIFFERENT: self.tr("state_dict() has other keys than torch's tables."),
            Comparison.USERS_CODE: self.tr("Not compared with state_dict(): hooks or methods of its own run in it."),
            Comparison.TOO_LARGE: "",
            Comparison.RAISED: self.tr("state_dict() raised {0}").format(displayable(saved.error)),
        }[saved.comparison]

    def hooks(self, saved: SavedState) -> str:
        """What can change the keys, a line each."""
        lines = [displayable(hook, _LONGEST) for hook in saved.hooks]
        return "\n".join((self.tr("What can change the keys:"), *lines)) if lines else ""

    def recomputed(self, entry: Recomputed) -> str:
        """What a computed tensor is made from."""
        lines = [self.tr("{0} is computed by {1}").format(displayable(entry.name), entry.how)]
        lines += [f"  {self.tr('from')} {displayable(original, _LONGEST)}" for original in entry.originals]
        if entry.steps:
            lines.append(f"  {self.tr('by')} {displayable(' → '.join(entry.steps), _LONGEST)}")
        if entry.kept_share is not None:
            about = "≈ " if entry.is_estimate else ""
            lines.append("  " + self.tr("{0}{1:.3g} % of it is kept").format(about, 100 * entry.kept_share))
        return "\n".join(lines)

    def lazy(self, state: LazyState) -> str:
        """What a lazy module waits for."""
        sentence = self.tr("Waits for its first input: {0} have no shape yet.").format(", ".join(state.waiting))
        if state.finds_out:
            sentence += " " + self.tr("It reads {0}.").format(state.finds_out)
        return f"{sentence} {self.tr('Then it is a {0}.').format(state.becomes)}" if state.becomes else sentence

    def materialised(self, told: LazyMaterialised) -> str:
        """What became of a lazy module."""
        tensors = displayable(", ".join(told.tensors), _LONGEST)
        when = self.tr("in step {0}").format(exact_count(told.step)) if told.step is not None else self.tr("at once")
        return self.tr("Was {0}; materialised {1} to {2}: {3}").format(
            displayable(told.was), when, displayable(told.now), tensors
        )
