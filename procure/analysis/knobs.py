"""What a planner can turn: the bounds of limits, each with a range that makes sense for it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from procure.plan.report.words import amount, percent, usd
from procure.scenario.complaint import InvalidData
from procure.scenario.limit import UNITS, Limit
from procure.scenario.validate import validate

_STEPS: Final = 100


@dataclass(frozen=True)
class Knob:
    """The bound of one limit.

    Parameters
    ----------
    limit
        Its id.
    path
        Dotted path of the bound, as `Scenario.with_` takes it.
    sentence
        The limit in words, without its value.
    share
        Whether the value is a share, from 0 to 1.
    value
        The bound; None where it is no single number (a value for each period).
    text
        The bound as a person writes it: ``60 %``, ``42 m``, ``{2027: 1}``.
    unit
        Unit of the value: USD, MW, t, chips, … ; empty for shares, counts and indices.
    least, most, step
        A range to choose from; it does not depend on the value while a planner moves it.
    """

    limit: str
    path: str
    sentence: str
    share: bool
    value: float | None
    text: str
    unit: str
    least: float
    most: float
    step: float


def knobs(data: Mapping[str, Any], saved: Mapping[str, Any] | None = None) -> tuple[Knob, ...]:
    """Return the knobs of plain scenario data; entries that are not valid have none.

    Parameters
    ----------
    saved
        The data the ranges are taken from, by default the same: what is saved, while a draft is moved about.
    """
    ranges = {limit.id: limit for limit in _limits(saved if saved is not None else data)}
    return tuple(_knob(limit, ranges.get(limit.id, limit)) for limit in _limits(data))


def off(data: Mapping[str, Any], saved: Mapping[str, Any]) -> tuple[Knob, ...]:
    """Return the knobs of limits that are saved but not in the data: those that were switched off."""
    here = {limit.id for limit in _limits(data)}
    return tuple(_knob(limit, limit) for limit in _limits(saved) if limit.id not in here)


def turned(data: Mapping[str, Any], knob: Knob, value: object) -> dict[str, Any]:
    """Return data with the bound of a limit set to a number or to text as a person writes it; None removes the limit.

    Raises
    ------
    InvalidData
        When the value is none for this limit.
    """
    entries, bound = list(data.get("limits", ())), knob.path.rpartition(".")[2]
    place = next(number for number, entry in enumerate(entries) if _id(entry) == knob.limit)
    if value is None:
        del entries[place]
    else:
        from procure.scenario.document import read_value

        plain = read_value(value) if isinstance(value, str) else value
        entries[place] = validate(Limit, {**entries[place], bound: plain}, ("limits", place)).data()
    return {**data, "limits": entries}


def restored(data: Mapping[str, Any], saved: Mapping[str, Any], limit: str) -> dict[str, Any]:
    """Return data with a limit as it is saved, at its place among those that are there."""
    order = [_id(entry) for entry in saved.get("limits", ())]
    mine = next(entry for entry in saved["limits"] if _id(entry) == limit)
    kept = [entry for entry in data.get("limits", ()) if _id(entry) != limit]
    before = set(order[: order.index(limit)])
    place = next((number + 1 for number in reversed(range(len(kept))) if _id(kept[number]) in before), 0)
    return {**data, "limits": [*kept[:place], mine, *kept[place:]]}


def _id(entry: Any) -> str:
    return str(validate(Limit, entry).id) if isinstance(entry, Mapping) and not entry.get("id") else str(entry["id"])


def _limits(data: Mapping[str, Any]) -> list[Limit]:
    found = []
    entries = data.get("limits")
    for entry in entries if isinstance(entries, Sequence) else ():
        try:
            found.append(validate(Limit, entry))
        except InvalidData:
            continue
    return found


def _knob(limit: Limit, saved: Limit) -> Knob:
    bound = limit.bound
    one = bound.endswith(("share", "hhi"))
    value, base = _number(limit), _number(saved) if saved.bound == bound else _number(limit)
    unit = "" if one or bound.endswith("count") else UNITS[limit.quantity]
    step = 0.01 if one else 1.0 if bound.endswith("count") else _round(2 * (base or 1.0) / _STEPS)
    most = 1.0 if one else max(2 * (base or 0.0), 10 * step)
    return Knob(
        limit=limit.id, path=f"limits.{limit.id}.{bound}", sentence=sentence(limit), share=bound.endswith("share"),
        value=value, text=_text(limit, value), unit=unit, least=0.0,
        most=max(most, value or 0.0), step=step,
    )  # fmt: skip


def _number(limit: Limit) -> float | None:
    plain = limit.data()[limit.bound]
    return float(plain) if isinstance(plain, int | float) else None


def _round(step: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return float(next(power * part for part in (1, 2, 5, 10) if power * part >= step * (1 - 1e-9)))


def _text(limit: Limit, value: float | None) -> str:
    if value is None:
        from procure.scenario.document import write_value

        return write_value(limit.data()[limit.bound])
    if limit.bound.endswith("share"):
        return percent(value)
    if limit.bound.endswith(("count", "hhi")):
        return f"{value:g}"
    return usd(value) if UNITS[limit.quantity] == "USD" else amount(value)


_WORDS: Final = {
    "min": "at least", "max": "at most", "min_share": "at least a share of", "max_share": "at most a share of",
    "min_count": "at least, in number,", "max_count": "at most, in number,", "max_hhi": "concentration (HHI) at most",
}  # fmt: skip


def sentence(limit: Limit) -> str:
    """Return a limit in words, without its value: ``Spend, vendor nvidia, each year: at most a share of``."""
    parts = [limit.quantity.replace("_", " ").capitalize()]
    parts += [f"{label} {_values(values)}" for label, values in limit.where.items()]
    parts += [f"out of {label} {_values(values)}" for label, values in limit.of.items()]
    parts += [f"for each {limit.per}"] if limit.per else []
    parts += [f"each {limit.every}"] if limit.every not in (None, "horizon") else []
    parts += [f"from {limit.start}"] if limit.start else []
    parts += [f"until {limit.until}"] if limit.until else []
    parts += [f"if {limit.if_signed} is signed"] if limit.if_signed else []
    return f"{', '.join(parts)}: {_WORDS[limit.bound]}"


def _values(values: Sequence[str]) -> str:
    names = [values] if isinstance(values, str) else list(values)
    return " or ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
