"""What differs between two scenarios, as changes by dotted path."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from procure.scenario.edit import ENTRIES
from procure.scenario.flow import flow
from procure.scenario.series import is_series

_NOUN_OF: Final = {"fleet": "fleet", "tranches": "tranche"}
_EMPTY_SAYS: Final = frozenset({"funding", "baseline", "covers"})
"""Mappings that say something when they are empty: no cash, nothing ordered, everything covered."""
_LONGEST: Final = 60


@dataclass(frozen=True)
class Change:
    """One value that differs.

    Parameters
    ----------
    path
        Dotted, as `set_path` takes it: entries by their id.
    before, after
        Values as they are stored; None: absent. A whole entry that is added or removed is one change.
    entry
        What it belongs to: an entry of a collection, such as ``limits.nvidia_share``, or a part, such as ``horizon``.
    """

    path: str
    before: Any
    after: Any
    entry: str

    @property
    def field(self) -> str:
        """The path inside its entry; empty for a whole entry."""
        return self.path[len(self.entry) + 1 :]

    def __str__(self) -> str:
        collection, _, name = self.entry.removeprefix("funding.").partition(".")
        noun = f"{_NOUN_OF.get(collection, collection.removesuffix('s'))} {name}" if name else collection
        noun = f"{noun}: {self.field}" if self.field else noun
        if self.before is None:
            return f"{noun} added" if _is_long(self.after) else f"{noun} set to {_short(self.after)}"
        if self.after is None:
            return f"{noun} removed" if _is_long(self.before) else f"{noun} {_short(self.before)} removed"
        if _is_long(self.before) and _is_long(self.after):
            return f"{noun} changed"
        return f"{noun} {_short(self.before)} → {_short(self.after)}"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return what changes between two scenarios, given as plain data that need not be valid.

    - entries of collections are compared by their ids: their order makes no difference;
    - lists and series are one change of the whole field; a list whose entries cannot be told by their ids is too;
    - a value that is absent, null or an empty list is the same.

    The changes made with `set_path`, in this order, turn `before` into `after`, up to the order of entries and to what
    is empty.
    """
    return tuple(_mapping("", "", before, after))


def _mapping(path: str, entry: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key in dict.fromkeys([*before, *after]):
        below = f"{path}.{key}" if path else str(key)
        old, new = (None if _empty(key, data.get(key)) else data[key] for data in (before, after))
        yield from _value(below, entry or below, old, new)


def _value(path: str, entry: str, old: Any, new: Any) -> Iterator[Change]:
    collection = path.rpartition(".")[2] in ENTRIES and path.removeprefix("funding.") in ENTRIES
    if _same(old, new):
        return
    lists = [[] if collection and value is None else value for value in (old, new)]
    if all(isinstance(value, list) for value in lists) and _named(*lists) and (collection or (old and new)):
        yield from _entries(path, "" if collection else entry, *lists)
    elif isinstance(old, dict) and isinstance(new, dict) and _open(old, new):
        yield from _mapping(path, entry, old, new)
    else:
        yield Change(path, old, new, entry)


def _entries(path: str, entry: str, before: list[Any], after: list[Any]) -> Iterator[Change]:
    old, new = ({one["id"]: one for one in entries} for entries in (before, after))
    for name in dict.fromkeys([*old, *new]):
        below = f"{path}.{name}"
        one, other = old.get(name), new.get(name)
        if _same(one, other):
            continue
        # where another id begins with this one and a dot, a path to a field of this one is a path to that one
        shadowed = any(longer.startswith(f"{name}.") for longer in (*old, *new))
        if one is None or other is None or shadowed:
            yield Change(below, one, other, entry or below)
        else:
            yield from _mapping(below, entry or below, one, other)


def _empty(key: str, value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, list | tuple) and not value)
        or (value == {} and key not in _EMPTY_SAYS and key not in ENTRIES)
    )


def _named(*lists: list[Any]) -> bool:
    """Whether all entries are told apart by ids that are text."""
    for entries in lists:
        ids = [entry.get("id") if isinstance(entry, dict) else None for entry in entries]
        if not all(isinstance(name, str) and name for name in ids) or len(set(ids)) < len(ids):
            return False
    return True


def _open(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether a path can lead inside two mappings: no key has a dot, and they are no series, which is one value."""
    return not (is_series(old) or is_series(new)) and all(isinstance(k, str) and "." not in k for k in (*old, *new))


def _same(old: Any, new: Any) -> bool:
    """Whether two values are equal, true not being 1."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(value, new[key]) for key, value in old.items())
    if isinstance(old, list | tuple) and isinstance(new, list | tuple):
        return len(old) == len(new) and all(map(_same, old, new))
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)


def _is_long(value: Any) -> bool:
    return isinstance(value, dict | list) and ("id" in value or len(flow(value)) > _LONGEST)


def _short(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,.12g}"
    text = flow(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
