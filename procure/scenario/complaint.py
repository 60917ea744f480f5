"""What is wrong with the data: one complaint says where, which value, what was expected and the remedy."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Complaint:
    """One fault in the data.

    Parameters
    ----------
    path
        Keys and positions from the root of the document, such as ``("offers", 3, "region")``.
    value
        The offending value as text.
    expected, remedy
        What would have been right, and what to do.
    file, row
        Source file and line (or table row), where known.
    """

    path: tuple[str | int, ...]
    value: str
    expected: str
    remedy: str
    file: str | None = None
    row: int | None = None

    @property
    def field(self) -> str:
        """The path as text: ``offers[3].region``."""
        text = ""
        for part in self.path:
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
        return text or "(the whole file)"

    def at(self, file: str | None, row: int | None) -> "Complaint":
        """Return the complaint with its place in a file."""
        return replace(self, file=file, row=row)

    def __str__(self) -> str:
        place = self.file or "scenario"
        if self.row is not None:
            place += f":{self.row}"
        return f"{place}: {self.field} = {self.value}: {self.expected}. {self.remedy}"


class InvalidData(Exception):
    """Data that cannot be used; carries every complaint of the phase that found them."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        self.complaints = tuple(complaints)
        count = len(self.complaints)
        lines = "\n".join(f"  {complaint}" for complaint in self.complaints)
        super().__init__(f"{count} complaint{'' if count == 1 else 's'} about the data\n{lines}")


def show(value: object, limit: int = 60) -> str:
    """Return a value as short text for a message; an entry with an id by its id."""
    if isinstance(value, Mapping) and value.get("id"):
        return f"entry {value['id']!s:.{limit}}"
    text = f"{type(value).__name__} of {len(value)}" if isinstance(value, dict | list | tuple) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def near(name: object, known: Iterable[str], remedy: str = "Correct the name") -> str:
    """Return a remedy that names the near misses of an unknown name, or some of what is known."""
    names = sorted(set(known))
    close = get_close_matches(str(name), names, n=3, cutoff=0.6)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    some = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f"{remedy}; known: {some or 'none'}."
