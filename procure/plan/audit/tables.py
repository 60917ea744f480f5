"""The tables of a plan: their columns, and how they are read from plain data without trusting it."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from procure.plan.audit.report import Findings, row_name
from procure.plan.audit.sums import BoolArray, FloatArray

LARGEST: Final = 1e30
"""A computed figure beyond this is nonsense: inputs are far smaller."""


@dataclass(frozen=True)
class Schema:
    """Columns of a table: the text that names a row, numbers, other text, and numbers that may be absent."""

    keys: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns."""
        return (*self.keys, *self.numbers, *self.texts, *self.optional)


_CELL: Final = ("period", "slice", "future")
DECISIONS: Final = {
    "orders": Schema(("offer", "period"), ("units",)),
    "rents": Schema(("offer", *_CELL), ("units",)),
    "serving": Schema(("workload", "source", *_CELL), ("rate",)),
    "unmet": Schema(("workload", *_CELL), ("amount",)),
    "starts": Schema(("project", "period"), ("started",)),
    "signs": Schema(("agreement",), ("signed",)),
    "exits": Schema(("agreement", "period"), ("exited",)),
    "rolled": Schema(("agreement", "period", "future"), ("usd",)),
    "sales": Schema(("offer", "ordered", "period"), ("units",)),
    "retirements": Schema(("fleet", "period"), ("chips",)),
    "sublets": Schema(("source", *_CELL), ("chips",)),
    "draws": Schema(("tranche", "period"), ("usd",)),
}
FIGURES: Final = {
    "totals": Schema(("name",), ("value",)),
    "orders": Schema(
        ("offer", "period"),
        ("units", "chips", "price_usd_per_unit_hour", "upfront_usd", "committed_usd"),
        ("active_from", "active_until"),
    ),
    "changes": Schema(("offer", "period"), ("baseline_units", "units", "change_chips", "switching_usd")),
    "capacity": Schema(
        ("source", *_CELL),
        ("units", "chips", "working_chips", "used_chips", "sublet_chips", "idle_chips", "utilisation"),
    ),
    "fleet_life": Schema(("action", "source", "ordered", "period"), ("chips", "usd")),
    "serving": Schema(("workload", "source", *_CELL), ("rate", "work", "chips")),
    "cash": Schema(("period", "ledger", "item"), ("usd",)),
    "power": Schema(("region", "period"), ("mw",), (), ("available_mw",)),
    "shares": Schema(("quantity", "label", "value", "year"), ("amount", "share")),
    "hhi": Schema(("quantity", "label", "year"), ("hhi",)),
    "unmet": Schema(("workload", "period"), ("demand", "served", "unmet")),
    "tail": Schema(("offer", "project", "agreement", "tranche"), ("usd",)),
    "projects": Schema(("project", "period"), ("one_off_usd", "running_usd", "after_horizon_usd"), ("kind", "ready")),
    "agreements": Schema(
        ("agreement",),
        (
            "committed_usd", "drawn_usd", "shortfall_usd", "discount_usd", "fees_usd", "exit_usd", "inflow_usd",
            "dilution_usd",
        ),
        ("counterparty", "active_from", "active_until"),
    ),
    "windows": Schema(
        ("agreement", "period", "future"),
        (
            "committed_usd", "rolled_in_usd", "spend_usd", "drawn_usd", "rolled_usd", "shortfall_usd", "tier",
            "discount_usd", "rebate_usd",
        ),
    ),
    "vendor_money": Schema(("agreement", "source", "period"), ("usd", "dilution_usd")),
    "counterparties": Schema(
        ("counterparty",),
        ("purchases_usd", "discount_usd", "inflow_usd", "dilution_usd", "net_usd", "effective_discount"),
    ),
    "limits": Schema(("limit", "group", "window"), ("value", "limit_value", "slack", "violation"), ("bound",)),
    "unused": Schema(("offer",), (), ("reason", "detail")),
    "funding": Schema(
        ("period",), ("income_usd", "paid_usd", "inflow_usd", "drawn_usd", "repaid_usd", "cash_usd", "floor_usd"),
    ),
    "tranches": Schema(
        ("tranche",), ("drawn_usd", "fee_usd", "interest_usd", "dilution_usd", "outstanding_usd"), ("kind",)
    ),
}  # fmt: skip
"""In ``limits``, ``limit`` is the limit's id and ``limit_value`` the value of its bound."""


@dataclass(frozen=True)
class Table:
    """A table that could be read: columns of text and of numbers (absent ones are NaN)."""

    name: str
    schema: Schema
    text: dict[str, list[str]]
    numbers: dict[str, FloatArray]

    @property
    def keys(self) -> list[tuple[str, ...]]:
        """The key of each row."""
        return list(zip(*(self.text[name] for name in self.schema.keys), strict=True))

    def keep(self, rows: BoolArray) -> "Table":
        """Return the table with some of its rows."""
        chosen = rows.tolist()
        text = {
            name: [value for value, kept in zip(column, chosen, strict=True) if kept]
            for name, column in self.text.items()
        }
        return Table(self.name, self.schema, text, {name: column[rows] for name, column in self.numbers.items()})


def read_tables(findings: Findings, part: str, data: object, schemas: Mapping[str, Schema]) -> dict[str, Table]:
    """Return the tables that can be read; what cannot is a finding, and its rows are left out."""
    if not isinstance(data, Mapping):
        findings.add(part, "is missing or not a mapping of tables", type(data).__name__, ", ".join(schemas))
        return {}
    for name in data:
        if name not in schemas:
            findings.add(f"{part}.{name}", "is not a table of a plan", name, ", ".join(schemas))
    tables = {}
    for name, schema in schemas.items():
        table = _read(findings, f"{part}.{name}", data.get(name), schema)
        if table is not None:
            tables[name] = table
    return tables


def _read(findings: Findings, name: str, data: object, schema: Schema) -> Table | None:
    columns = _columns(findings, name, data, schema)
    if columns is None:
        return None
    size = len(columns[schema.keys[0]])
    good = np.ones(size, dtype=bool)
    text = {column: _texts(findings, name, column, columns[column], good) for column in (*schema.keys, *schema.texts)}
    numbers = {
        column: _numbers(findings, name, column, columns[column], good, optional=column in schema.optional)
        for column in (*schema.numbers, *schema.optional)
    }
    table = Table(name, schema, text, numbers)
    if not good.all():
        table = table.keep(good)
    findings.count(name, size)
    return _without_duplicates(findings, table)


def _columns(findings: Findings, name: str, data: object, schema: Schema) -> dict[str, Sequence[Any]] | None:
    if not isinstance(data, Mapping):
        findings.add(name, "is missing or not a table", type(data).__name__, ", ".join(schema.columns))
        return None
    missing = [column for column in schema.columns if not isinstance(data.get(column), list | tuple)]
    for column in missing:
        found = type(data.get(column)).__name__
        findings.add(name, f"has no column {column}, or it is not a list", found, ", ".join(schema.columns))
    for column in data:
        if column not in schema.columns:
            findings.add(name, "has a column that is not part of the table", column, ", ".join(schema.columns))
    if missing:
        return None
    columns: dict[str, Sequence[Any]] = {column: data[column] for column in schema.columns}
    lengths = {column: len(values) for column, values in columns.items()}
    if len(set(lengths.values())) > 1:
        text = ", ".join(f"{column} {length}" for column, length in lengths.items())
        findings.add(name, "has columns of unequal length", text, "one value for each row")
        return None
    return columns


def _texts(findings: Findings, name: str, column: str, values: Sequence[Any], good: BoolArray) -> list[str]:
    if set(map(type, values)) <= {str}:
        return list(values)
    for number, value in enumerate(values):
        if not isinstance(value, str):
            findings.add(f"{name}[row {number}].{column}", "is not text", repr(value), "text")
            good[number] = False
    return [value if isinstance(value, str) else "" for value in values]


def _numbers(
    findings: Findings, name: str, column: str, values: Sequence[Any], good: BoolArray, *, optional: bool
) -> FloatArray:
    if set(map(type, values)) <= {float} and all(map(math.isfinite, values)):
        numbers = np.array(values, dtype=np.float64)
        if not numbers.size or np.abs(numbers).max() <= LARGEST:
            return numbers
    numbers = np.full(len(values), np.nan)
    for number, value in enumerate(values):
        if optional and value is None:
            continue
        if is_number(value):
            numbers[number] = value
        else:
            expected = f"a finite number of at most {LARGEST:g} in size"
            findings.add(f"{name}[row {number}].{column}", "is not a number that can be read", repr(value), expected)
            good[number] = False
    return numbers


def is_number(value: object) -> bool:
    """Whether a value is a finite number that no sum of this field can carry beyond what a float holds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def _without_duplicates(findings: Findings, table: Table) -> Table:
    keys = table.keys
    if len(set(keys)) == len(keys):
        return table
    counts = Counter(keys)
    for key, count in counts.items():
        if count > 1:
            findings.add(row_name(table.name, key), "is stated more than once", count, 1)
    return table.keep(np.array([counts[key] == 1 for key in keys], dtype=bool))
