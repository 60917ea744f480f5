"""From plain data to a noun, with a complaint for every fault."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from procure.scenario.complaint import Complaint, InvalidData, near, show
from procure.scenario.noun import Noun

_N = TypeVar("_N", bound=Noun)
_PLAIN_WORDS: Final = {
    "tuple_type": "expected a list of entries",
    "model_type": "expected keys and values",
    "dict_type": "expected keys and values",
    "greater_than": "expected a number above 0",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "string_type": "expected text, in quotes if it looks like a number",
}
"""What pydantic says in words of Python, in words of a scenario file."""


def validate(kind: type[_N], data: Mapping[str, Any], at: tuple[str | int, ...] = ()) -> _N:
    """Return the noun of plain data, or raise InvalidData with a complaint for each fault pydantic finds."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        complaints = []
        for fault in error.errors(include_url=False):
            path = at + tuple(part for part in fault["loc"] if not str(part).startswith("function-"))
            complaints.append(_complaint(kind, path, fault, len(at)))
        raise InvalidData(complaints) from None


def _complaint(kind: type[Noun], path: tuple[str | int, ...], fault: Mapping[str, Any], skip: int) -> Complaint:
    value, message = show(fault["input"]), str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        known = _fields(kind, path[skip:-1])
        return Complaint(path, value, "unknown key", near(path[-1], known))
    if fault["type"] == "missing":
        return Complaint(path, "missing", "expected a value", f"Add {path[-1]}.")
    if fault["type"] == "literal_error":
        return Complaint(path, value, f"expected {fault['ctx']['expected']}", near(fault["input"], _words(fault)))
    message = _PLAIN_WORDS.get(fault["type"], message)
    expected, _, remedy = message.partition(": ") if fault["type"] == "value_error" else (message, "", "")
    expected, _, hint = (expected, "", remedy) if remedy else expected.partition(". ")
    text = hint or "Correct the value."
    return Complaint(path, value, expected, text[0].upper() + text[1:] + ("" if text[-1] in ".?" else "."))


def _words(fault: Mapping[str, Any]) -> list[str]:
    return [str(word) for word in re.findall("'([^']*)'", fault["ctx"]["expected"])]


def _fields(kind: type[Noun], path: Sequence[str | int]) -> list[str]:
    current: Any = kind
    for part in path:
        if isinstance(part, str) and hasattr(current, "model_fields") and part in current.model_fields:
            current = current.model_fields[part].annotation
            for argument in getattr(current, "__args__", ()):
                current = argument if isinstance(argument, type) and issubclass(argument, Noun) else current
    fields = getattr(current, "model_fields", {})
    return [info.alias or name for name, info in fields.items()]
