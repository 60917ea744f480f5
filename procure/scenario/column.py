"""A field of a noun as the column of a table: its kind, unit, range and choices, as the noun itself states them."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import WithJsonSchema
from pydantic.fields import FieldInfo

from procure.scenario.noun import Noun
from procure.scenario.series import SeriesOf
from procure.scenario.units import LARGEST, Unit

Kind = Literal["text", "number", "whole", "flag", "choice", "yaml"]

_UNITS: Final = {
    "usd": "USD", "kw": "kW", "mw": "MW", "w": "W", "gb": "GB", "tflops": "TFLOP/s", "g": "g", "hours": "hours",
}  # fmt: skip
_COUNTED: Final = frozenset({"chips", "units"})
_LETTERS: Final = {
    **_UNITS, "kwh": "kWh", "s": "s", "pue": "PUE", "tdp": "TDP", "bf16": "BF16", "fp8": "FP8", "hhi": "HHI",
}  # fmt: skip
_NO_UNIT: Final = frozenset({"number", ""})


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name
        Key as in a scenario file; dotted where it lies deeper, such as ``horizon.periods``.
    title
        Words for people, without the unit.
    kind
        ``text``, ``number`` (which may be text with a unit, such as 2.5 bn), ``whole``, ``flag``, ``choice``, or
        ``yaml``: a value on one line of YAML, for lists, mappings and series.
    unit
        Of the number; empty where there is none.
    help
        What it is, and how it is written.
    choices
        What a choice may be.
    least, most
        Range of a number; None: unbounded.
    required
        An entry without it is not valid.
    free
        Any text: kept to the last blank.
    """

    name: str
    title: str
    kind: Kind
    unit: str = ""
    help: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    required: bool = False
    free: bool = False


_LAST: Final = frozenset({"source", "as_of", "confidence", "note"})
"""Where figures come from stands behind the figures."""


def columns_of(noun: type[Noun], prefix: str = "", leave: frozenset[str] = frozenset()) -> Iterator[Column]:
    """Yield a column for each field of a noun, but for those left out, its id first."""
    fields = {info.alias or name: info for name, info in noun.model_fields.items()}
    for name in sorted(fields, key=lambda name: (name != "id", name in _LAST)):
        if name not in leave:
            yield column(f"{prefix}{name}", fields[name])


def column(name: str, info: FieldInfo) -> Column:
    """Return the column of a field."""
    base, marks = _unwrapped(info.annotation, list(info.metadata))
    number = next((mark for mark in marks if isinstance(mark, Unit | SeriesOf)), None)
    least, most = _range(marks)
    hint = next((mark.json_schema or {} for mark in marks if isinstance(mark, WithJsonSchema)), {})
    form = hint.get("description", "") if base is str else ""
    return Column(
        name=name,
        title=_title(name.rpartition(".")[2]),
        kind=_kind(base, number),
        unit=_unit(name.rpartition(".")[2], number.unit if number else "") if number else "",
        help="; ".join(filter(None, (info.description or "", form))),
        choices=tuple(map(str, get_args(base))) if get_origin(base) is Literal else (),
        least=least,
        most=most,
        required=info.is_required(),
        free=base is str and not any(callable(getattr(mark, "func", None)) for mark in marks),
    )


def _unwrapped(annotation: Any, marks: list[Any]) -> tuple[Any, list[Any]]:
    """Return the type inside Annotated and Optional, and what marks it."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _unwrapped(inner, [*more, *marks])
    if get_origin(annotation) in (Union, UnionType):
        (inner,) = (part for part in get_args(annotation) if part is not type(None))
        return _unwrapped(inner, marks)
    return annotation, marks


def _kind(base: Any, number: Unit | SeriesOf | None) -> Kind:
    if isinstance(number, Unit):
        return "number"
    if get_origin(base) is Literal:
        return "choice"
    kinds: dict[Any, Kind] = {bool: "flag", int: "whole", str: "text"}
    return kinds.get(base, "yaml")


def _range(marks: list[Any]) -> tuple[float | None, float | None]:
    least: float | None = None
    most: float | None = None
    for mark in marks:
        if isinstance(mark, Unit):
            least, most = mark.low, None if mark.high == LARGEST else mark.high
        # of whole numbers, the first above a bound is one more
        least = mark.ge if hasattr(mark, "ge") else mark.gt + 1 if hasattr(mark, "gt") else least
        most = mark.le if hasattr(mark, "le") else mark.lt - 1 if hasattr(mark, "lt") else most
    return least, most


def _unit(name: str, stated: str) -> str:
    """Return the unit that the noun states, made exact by the name: price_usd_per_unit_hour is USD per unit-hour."""
    words = name.split("_")
    first = next((n for n, word in enumerate(words) if word in _UNITS or word in _COUNTED), None)
    if stated not in _NO_UNIT and stated != _UNITS.get(words[first] if first is not None else ""):
        return stated
    if first is None:
        return "" if stated in _NO_UNIT else stated
    of = words[first + 1 :]
    unit = _UNITS.get(words[first], words[first])
    if of[:1] == ["per"]:
        return f"{unit} per {'-'.join(_LETTERS.get(word, word) for word in of[1:])}"
    return f"{unit}/s" if of == ["s"] else unit


def _title(name: str) -> str:
    words = name.split("_")
    first = next((n for n, word in enumerate(words) if word in _UNITS), len(words))
    text = " ".join(_LETTERS.get(word, word) for word in words[: first or len(words)])
    return text if words[0] in _UNITS else text[0].upper() + text[1:]
