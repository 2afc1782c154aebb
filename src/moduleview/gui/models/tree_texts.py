"""What the tree says in words: headers, tooltips, and the texts that stand in place of a number."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject

from moduleview.gui.look.number_format import exact_count, gradient
from moduleview.gui.models.fire_words import fires_and_cost
from moduleview.gui.models.hook_states import CellState, HookStates
from moduleview.gui.models.node_marks import Mark
from moduleview.gui.models.tree_columns import Column
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.hooks import HookEntry, HookKind
from moduleview.telemetry.records import Finding
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot, ModuleTrait

_TOOLTIP_DIGITS = 4


class TreeTexts(QObject):
    """The tree's sentences, translated. GUI thread only."""

    def header(self, column: Column) -> str:
        """What stands over a column."""
        return {
            Column.NAME: self.tr("Name"),
            Column.TYPE: self.tr("Type"),
            Column.PARAMETERS: self.tr("Params"),
            Column.FORWARD_PRE: self.tr("pF"),
            Column.FORWARD: self.tr("F"),
            Column.BACKWARD_PRE: self.tr("pB"),
            Column.BACKWARD: self.tr("B"),
            Column.GRADIENT: self.tr("Gradient norm"),
            Column.STATE: "",
        }[column]

    def column_name(self, column: Column) -> str:
        """The same in full: for menus, tooltips and screen readers."""
        return {
            Column.NAME: self.tr("Name"),
            Column.TYPE: self.tr("Type"),
            Column.PARAMETERS: self.tr("Parameters of the subtree, each counted once"),
            Column.FORWARD_PRE: self.tr("Forward-pre hook: what goes into the module"),
            Column.FORWARD: self.tr("Forward hook: what comes out of the module"),
            Column.BACKWARD_PRE: self.tr(
                "Backward-pre hook: gradient at the output, as torch's own module hook sees it"
            ),
            Column.BACKWARD: self.tr("Backward hook: gradient at the output"),
            Column.GRADIENT: self.tr("Gradient norm of the subtree's parameters, last 240 steps"),
            Column.STATE: self.tr("State"),
        }[column]

    def spoken_name(self, name: str, depth: int, is_open: bool | None) -> str:
        """A name for a screen reader, which sees neither indentation nor arrow; ``is_open`` is None for a leaf."""
        text = self.tr("{0}, level {1}").format(name, depth + 1)
        if is_open is None:
            return text
        return (self.tr("{0}, expanded") if is_open else self.tr("{0}, collapsed")).format(text)

    def hook(self, states: HookStates, snapshot: ModelSnapshot, node: int, kind: HookKind) -> str:
        """Why a hook cell looks as it does."""
        entry = states.entry(node, kind)
        reason = displayable(entry.reason) if entry is not None else ""
        match states.state(node, kind):
            case CellState.OFF:
                text = self.off(kind)
            case CellState.REQUESTED:
                text = self.tr("Applies at the next safe point")
            case CellState.PARTIAL:
                n_ticked, n_fireable = states.counts(node, kind)
                text = self.tr("{0} of {1} below").format(exact_count(n_ticked), exact_count(n_fireable))
            case CellState.CANNOT_FIRE:
                text = reason or self.cannot_fire(snapshot, node)
            case CellState.FAILED:
                text = self.tr("{0}\nSwitched off, training went on").format(reason)
            case CellState.ACTIVE:
                text = self._fires(entry)
        return text

    def _fires(self, entry: HookEntry | None) -> str:
        if entry is None or not entry.n_fires:
            return self.tr("On; it has not fired yet")
        lines = [fires_and_cost(entry), displayable(entry.seen)]
        if entry.every > 1:
            lines.append(self.tr("Looks at 1 step in {0}").format(exact_count(entry.every)))
        lines.append(displayable(entry.reason))
        return "\n".join(line for line in lines if line)

    def off(self, kind: HookKind) -> str:
        """What a tick would measure, and its cost, as measured on a CPU."""
        match kind:
            case HookKind.FORWARD_PRE:
                return self.tr("Tick: mean, std, largest, zeros and non-finite values of the inputs; a few µs a call")
            case HookKind.FORWARD:
                return self.tr(
                    "Tick: mean, std, largest, zeros and non-finite values of the output; about 15 µs a call"
                )
            case HookKind.BACKWARD:
                return self.tr("Tick: the same of the gradient at the output; about 25 µs a call, in-place safe")
            case _:
                return self.tr(
                    "Tick: the gradient at the output by torch's own module hook; about 50 µs a call, "
                    "and in-place operations after it raise"
                )

    def cannot_fire(self, snapshot: ModelSnapshot, node: int) -> str:
        """Why no hook can look at this module."""
        match snapshot.traits[node]:
            case ModuleTrait.SCRIPT:
                return self.tr("A ScriptModule refuses hooks; its parameters can still be watched")
            case ModuleTrait.COMPILED:
                return self.tr(
                    "Inside a compiled region module hooks are skipped; parameters can still be watched, and the "
                    "Inspector's Hooks tab can run some steps uncompiled"
                )
            case ModuleTrait.CONTAINER:
                return self.tr("A container is never called itself, and nothing below it can be hooked")
            case _:
                return self.tr("A hook cannot fire here")

    def link(self, snapshot: ModelSnapshot, node: int, partner: int) -> str:
        """``tied to embed``, ``shared with layers.0``; "" without a partner."""
        if partner == NO_NODE:
            return ""
        name = displayable(snapshot.fqns[partner] or snapshot.names[partner])
        is_shared = snapshot.alias_of[node] != NO_NODE or snapshot.alias_of[partner] == node
        return (self.tr("shared with {0}") if is_shared else self.tr("tied to {0}")).format(name)

    def mark(self, mark: Mark, snapshot: ModelSnapshot, node: int, partner: int) -> str:
        """What a state mark means; findings have their own text."""
        if mark is Mark.CANNOT_FIRE:
            return self.cannot_fire(snapshot, node)
        if mark is Mark.LINKED:
            link = self.link(snapshot, node, partner)
            return self.tr("{0}; click to go there").format(link[:1].upper() + link[1:])
        return {
            Mark.OBSERVED: self.tr("Ran when calls were last counted: in the first step and in one of 256"),
            Mark.NOT_EXECUTED: self.tr("Did not run when calls were last counted: in the first step and in one of 256"),
            Mark.BYPASSED: self.tr("Bypassed: its parameters are used, but the module itself is never called"),
            Mark.LAZY: self.tr("Waits for its first input: shapes and parameters are not known yet"),
        }.get(mark, "")

    def sampled(self, every: int) -> str:
        """What the mark of a module means whose hooks do not look at every step."""
        return self.tr("Observed, sampled: its hooks look at 1 step in {0}, to keep within the budget").format(
            exact_count(every)
        )

    def findings(self, findings: list[Finding]) -> str:
        """The first findings of a subtree, a line each."""
        lines = [f"{displayable(f'{f.id} {f.title}')}: {displayable(f.fqn)}" for f in findings[:5]]
        if len(findings) > len(lines):
            lines.append(self.tr("and {0} more").format(exact_count(len(findings) - len(lines))))
        return "\n".join(lines)

    def gradient(self, value: float | None) -> str:
        """The number of a gradient cell with four digits."""
        if value is None:
            return self.tr("No gradient was measured yet")
        if not math.isfinite(value):
            return self.tr("The gradient is not finite: {0}").format(gradient(value))
        return self.tr("Gradient norm {0}").format(gradient(value, _TOOLTIP_DIGITS))
