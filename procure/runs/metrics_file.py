"""The figures of a batch as files for other programs: CSV, Parquet, and the text format of Prometheus."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from procure.plan.export import safe_cell
from procure.runs.morning import Morning
from procure.runs.outcomes import Outcome

FIXED: Final = ("batch", "unit", "scenario", "state", "ending", "reused", "seconds", "cost_usd", "gap",
                "before_state", "before_usd", "change_usd", "change_share")  # fmt: skip
"""Columns of every metrics file: text, and from ``seconds`` on numbers, but for ``before_state``."""
_NUMBERS: Final = frozenset({"seconds", "cost_usd", "gap", "before_usd", "change_usd", "change_share"})


def columns(found: Morning) -> dict[str, list[Any]]:
    """Return a row for each unit, as columns; None where there is nothing.

    After the fixed columns come ``vary.PATH`` for whatever is varied, numbers or text (factors as ``× 1.2``), and
    ``total.NAME`` for the totals of the plans, money in USD.
    """
    rows = [one.to_data() | {"batch": found.batch.id} for one in found.outcomes]
    out: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in FIXED}
    for path in dict.fromkeys(path for one in found.outcomes for path in one.variation):
        out[f"vary.{path}"] = _varied([one.variation.get(path) for one in found.outcomes])
    for name in dict.fromkeys(name for one in found.outcomes for name in one.totals):
        out[f"total.{name}"] = [one.totals.get(name) for one in found.outcomes]
    return out


def _varied(values: list[Any]) -> list[Any]:
    """Return values of one kind: numbers, or else text."""
    if all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values):
        return [None if value is None else float(value) for value in values]
    return [
        value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values
    ]


def csv_bytes(found: Morning) -> bytes:
    """Return the figures as CSV; no cell is taken for a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    table = columns(found)
    writer.writerow([safe_cell(name) for name in table])
    cells = [["" if value is None else safe_cell(value) for value in column] for column in table.values()]
    writer.writerows(zip(*cells, strict=True))
    return stream.getvalue().encode(errors="replace")


def parquet_bytes(found: Morning) -> bytes:
    """Return the figures as Parquet: numbers are doubles, ``reused`` is true or false, all else is text."""
    import pyarrow as pa
    import pyarrow.parquet

    def typed(name: str, column: list[Any]) -> Any:
        if name == "reused":
            return pa.array(column, pa.bool_())
        number = name in _NUMBERS or (name not in FIXED and all(not isinstance(value, str) for value in column))
        if number:
            return pa.array(column, pa.float64())
        text = [None if value is None else value.encode(errors="replace").decode() for value in column]
        return pa.array(text, pa.string())

    table = columns(found)
    stream = io.BytesIO()
    arrays = [typed(name, column) for name, column in table.items()]
    pyarrow.parquet.write_table(pa.Table.from_arrays(arrays, names=list(table)), stream)
    return stream.getvalue()


def prometheus_bytes(found: Morning) -> bytes:
    """Return the figures that are watched in the text format of Prometheus (exposition format 0.0.4)."""
    return ("\n".join(_lines(found)) + "\n").encode(errors="replace")


def _lines(found: Morning) -> Iterator[str]:
    name = {"batch": found.batch.name}
    yield from _head("batch_done", "Whether the last batch was done rather than interrupted.")
    yield _line("batch_done", name, float(found.batch.state == "done"))
    yield from _head("batch_began_timestamp_seconds", "When the last batch began, seconds since 1970.")
    yield _line("batch_began_timestamp_seconds", name, found.batch.created_at.timestamp())
    if found.seconds is not None:
        yield from _head("batch_seconds", "How long the last batch took.")
        yield _line("batch_seconds", name, found.seconds)
    yield from _head("batch_units", "Units of the last batch by state.")
    yield from (_line("batch_units", name | {"state": state}, number) for state, number in found.counts.items())
    yield from _head("batch_alerts", "Alerts of the last batch.")
    yield _line("batch_alerts", name, len(found.alerts))
    for metric, (help_text, read) in _OF_UNITS.items():
        values = [(one, value) for one in found.outcomes if (value := read(one)) is not None]
        if values:
            yield from _head(metric, help_text)
        yield from (
            _line(metric, name | {"scenario": one.scenario, "unit": one.name}, value) for one, value in values
        )  # fmt: skip


_OF_UNITS: Final[Mapping[str, tuple[str, Any]]] = {
    "unit_planned": ("Whether the unit has a plan.", lambda one: float(one.now.cost_usd is not None)),
    "unit_cost_usd": ("Discounted cost of the plan, USD.", lambda one: one.now.cost_usd),
    "unit_cost_change_usd": ("Rise of the cost since the batch before, USD.", lambda one: one.change_usd),
    "unit_gap_ratio": ("Proven distance from the best possible, relative.", lambda one: one.now.gap),
    "unit_solve_seconds": ("Duration of the solve.", lambda one: None if _unsolved(one) else one.now.seconds),
}


def _unsolved(one: Outcome) -> bool:
    return one.now.state in ("invalid", "queued", "running")


def _head(metric: str, help_text: str) -> tuple[str, str]:
    return f"# HELP procure_{metric} {help_text}", f"# TYPE procure_{metric} gauge"


def _line(metric: str, labels: Mapping[str, str], value: float) -> str:
    told = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
    return f"procure_{metric}{{{told}}} {value!r}"


def _escaped(text: str) -> str:
    """Return the value of a label as it is written between quotes."""
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
