"""What modules are made of beside values: what a person's function did to it can be told, and taken back.

A function may register a parametrization (another class, another table of parameters), a hook or a parameter, or set
the mode. Remembered are the class of each module, its ``__dict__``, and the dicts, lists and sets that stand in it, all
tables of torch among them. What lies deeper, as an attribute of an object that an attribute holds, is not.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from operator import is_
from typing import Any

from torch import nn

from moduleview.introspect.module_attributes import attributes_of

Items = dict[Any, Any]
"""What a dict, list or set holds: by key, by place, or True for what is in the set."""
_TABLES = frozenset({dict, OrderedDict, defaultdict, list, set})
_MOST_ITEMS = 10_000  # a larger one is no table of torch's but somebody's data
_ABSENT = object()
_LABELS = {"_parameters": "parameter", "_buffers": "buffer", "_modules": "module"}
_TENSORS = ("_parameters", "_buffers")
_MOST_WORDS = 4


class Structure:
    """All of a subtree as it is when this is made. Training thread only; costs about 10 µs a module.

    Args:
        root: Of the subtree.
    """

    def __init__(self, root: nn.Module) -> None:
        self._modules = [_Remembered(module) for module in root.modules()]

    def changes(self) -> StructureChanges:
        """What is another one now."""
        kinds, tables = [], []
        for remembered in self._modules:
            module = remembered.module
            if type(module) is not remembered.kind:
                kinds.append(_KindChange(module, remembered.kind, type(module)))
            tables += list(remembered.changed_tables())
        return StructureChanges(kinds, tables)


class StructureChanges:
    """What was changed, until it is put back.

    Args:
        kinds: Classes that are others now.
        tables: Tables that hold something else now.
    """

    def __init__(self, kinds: list[_KindChange], tables: list[_TableChange]) -> None:
        self._kinds, self._tables = kinds, tables

    def __len__(self) -> int:
        """Modules that were changed."""
        return len({id(change.module) for change in self._kinds} | {id(change.module) for change in self._tables})

    def put_back(self) -> None:
        """Bring back what was there before; what somebody else has changed again since stays."""
        for table in self._tables:
            table.put_back()
        for kind in self._kinds:
            if type(kind.module) is kind.after:
                kind.module.__class__ = kind.before
        self._kinds, self._tables = [], []

    def take_over(self, earlier: StructureChanges) -> None:
        """Of what both have changed, this one knows from now on what was there before both; the other lets go of it."""
        tables = {id(change.table): change for change in earlier._tables}
        for mine in self._tables:
            if id(mine.table) in tables:
                mine.take_over(tables[id(mine.table)])
        kinds = {id(change.module): change for change in earlier._kinds}
        for kind in self._kinds:
            if id(kind.module) in kinds:
                kind.before = kinds[id(kind.module)].before
                earlier._kinds.remove(kinds[id(kind.module)])

    def words_of(self, module: nn.Module) -> str:
        """A few words each: ``becomes a ParametrizedLinear, parameter weight goes``; "" for nothing."""
        words = [f"becomes a {kind.after.__name__}" for kind in self._kinds if kind.module is module]
        words += [word for table in self._tables if table.module is module for word in table.words()]
        more = len(words) - _MOST_WORDS
        return ", ".join([*words[:_MOST_WORDS], *([f"and {more} more"] if more > 0 else [])])


@dataclass(eq=False)
class _KindChange:
    module: nn.Module
    before: type[nn.Module]
    after: type[nn.Module]


@dataclass(eq=False)
class _TableChange:
    """One table.

    Attributes:
        module, name: Where it stands; "" is the ``__dict__`` itself.
        table: Itself: what holds it may hold another one now.
        before, after: What it held, what it holds since.
    """

    module: nn.Module
    name: str
    table: Any
    before: Items
    after: Items

    def put_back(self) -> None:
        """Each entry that is still as it was left, and the order where all of them are."""
        is_left_so = _is_same(_items(self.table), self.after)
        if isinstance(self.table, list):
            if is_left_so:
                self.table[:] = self.before.values()
            return
        for key in self._changed_keys():
            self._put_back_one(key)
        if is_left_so and isinstance(self.table, dict):
            for key in self.before:
                self.table[key] = self.table.pop(key)

    def take_over(self, earlier: _TableChange) -> None:
        """See ``StructureChanges``."""
        for key in set(self._changed_keys()).intersection(earlier._changed_keys()):
            if key in earlier.before:
                self.before[key] = earlier.before[key]
            else:
                self.before.pop(key, None)
            earlier.before.pop(key, None)
            earlier.after.pop(key, None)

    def words(self) -> Iterator[str]:
        """What became of each entry."""
        comes = [key for key in self.after if key not in self.before]
        goes = [key for key in self.before if key not in self.after]
        others = [key for key in self._changed_keys() if key in self.before and key in self.after]
        if self.name and self.name not in _LABELS:
            yield f"{self.name}: {len(self.before)} → {len(self.after)} entries"
            return
        label = f"{_LABELS[self.name]} " if self.name else ""
        yield from (f"{label}{key} comes" for key in comes)
        yield from (f"{label}{key} goes" for key in goes)
        if self.name not in _TENSORS:  # another tensor in its place is said at the tensor
            yield from (f"{label}{key} {_short(self.before[key])} → {_short(self.after[key])}" for key in others)

    def _changed_keys(self) -> list[Any]:
        keys = dict.fromkeys((*self.before, *self.after))
        return [key for key in keys if self.before.get(key, _ABSENT) is not self.after.get(key, _ABSENT)]

    def _put_back_one(self, key: Any) -> None:
        if _items(self.table).get(key, _ABSENT) is not self.after.get(key, _ABSENT):
            return
        if isinstance(self.table, set):
            (self.table.add if key in self.before else self.table.discard)(key)
        elif key in self.before:
            self.table[key] = self.before[key]
        else:
            del self.table[key]


class _Remembered:
    """One module as it is now."""

    def __init__(self, module: nn.Module) -> None:
        self.module, self.kind = module, type(module)
        self._own = attributes_of(module)
        self._attributes = dict(self._own)
        self._tables: dict[str, Items] = {}  # without those that are empty, as most are
        self._left_alone: tuple[str, ...] = ()
        for name, value in self._attributes.items():
            if type(value) in _TABLES and value:
                if len(value) <= _MOST_ITEMS:
                    self._tables[name] = _items(value)
                else:
                    self._left_alone += (name,)

    def changed_tables(self) -> Iterator[_TableChange]:
        """Tables first, since the ``__dict__`` may lead to others."""
        for name, table in self._attributes.items():
            if type(table) not in _TABLES or not (table or name in self._tables) or name in self._left_alone:
                continue
            before, after = self._tables.get(name, {}), _items(table)
            if not _is_same(after, before):
                yield _TableChange(self.module, name, table, before, after)
        if not _is_same(self._own, self._attributes):
            yield _TableChange(self.module, "", self._own, self._attributes, dict(self._own))


def _items(table: Any) -> Items:
    if isinstance(table, dict):
        return dict(table)
    return dict(enumerate(table)) if isinstance(table, list) else dict.fromkeys(sorted(table, key=id), True)


def _is_same(one: Items, other: Items) -> bool:
    """The same things under the same keys in the same order; nothing is asked whether it is equal."""
    if len(one) != len(other) or not all(map(is_, one.values(), other.values())):
        return False
    return all(map(is_, one, other)) or all(map(_is_same_key, one, other))


def _is_same_key(one: Any, other: Any) -> bool:
    return one is other or (type(one) is int and one == other)  # places in a long list are no single objects


def _short(value: Any) -> str:
    return repr(value)[:20] if isinstance(value, (bool, int, float, str, type(None))) else f"a {type(value).__name__}"
