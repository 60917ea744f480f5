"""A table of figures against what it should be, row by row."""

from dataclasses import dataclass, field

import numpy as np

from procure.plan.audit.report import Findings, row_name
from procure.plan.audit.sums import SAME, BoolArray, FloatArray, IntArray
from procure.plan.audit.tables import Table

Key = tuple[str, ...]


@dataclass
class Expected:
    """What a table should be.

    Parameters
    ----------
    keys
        The key of each row.
    numbers
        For each column of numbers its values, NaN where one is absent; shape (rows,) each.
    tolerances
        For a column, by how much its values may differ; by default `SAME` of the values.
    texts
        For each column of text, what may stand in each row.
    optional
        Rows that need not be there, shape (rows,); by default none.
    """

    keys: list[Key]
    numbers: dict[str, FloatArray] = field(default_factory=dict)
    tolerances: dict[str, FloatArray] = field(default_factory=dict)
    texts: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    optional: BoolArray | None = None

    def tolerance(self, column: str) -> FloatArray:
        """Return by how much the values of a column may differ, shape (rows,)."""
        if column in self.tolerances:
            return self.tolerances[column]
        return np.asarray(SAME * np.abs(self.numbers[column]))


def compare(findings: Findings, table: Table, expected: Expected) -> None:
    """Find rows of a table that are missing, should not be there or differ, each by its key and column."""
    place = {key: row for row, key in enumerate(table.keys)}
    found = np.array([place.pop(key, -1) for key in expected.keys], dtype=np.int64)
    for key in place:
        findings.add(row_name(table.name, key), "should not be there: the decisions give no such row", "a row", "none")
    optional = np.zeros(found.size, dtype=bool) if expected.optional is None else expected.optional
    for row in np.flatnonzero((found < 0) & ~optional).tolist():
        findings.add(row_name(table.name, expected.keys[row]), "is missing", "none", "a row")
    rows = np.flatnonzero(found >= 0)
    for column, values in expected.numbers.items():
        _numbers(findings, table, expected, column, values, rows, found[rows])
    for column, allowed in expected.texts.items():
        stated = table.text[column]
        for row in rows.tolist():
            text = stated[found[row]]
            if text not in allowed[row]:
                name = row_name(table.name, expected.keys[row])
                findings.add(f"{name}.{column}", "is not what the decisions give", text, " or ".join(allowed[row]))


def _numbers(
    findings: Findings, table: Table, expected: Expected, column: str, values: FloatArray,
    rows: IntArray, found: IntArray,
) -> None:  # fmt: skip
    stated, right = table.numbers[column][found], values[rows]
    absent = np.isnan(stated) & np.isnan(right)
    differs = ~absent & ~(np.abs(stated - right) <= expected.tolerance(column)[rows])
    for number in np.flatnonzero(differs).tolist():
        name = row_name(table.name, expected.keys[rows[number]])
        shown = [None if np.isnan(value) else float(value) for value in (stated[number], right[number])]
        findings.add(f"{name}.{column}", "is not what the decisions give", *shown)
