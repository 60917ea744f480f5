"""The free MPS format.

Two traps of readers are met by writing every bound of an integer column, whose default upper bound is 1 for
some, and by writing the lower bound before a negative upper one. The objective's constant is minus the
right-hand side of the objective row, as HiGHS and CBC read it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from solvers.names import unique_names
from solvers.problem import Problem


def mps_lines(problem: Problem) -> Iterator[str]:
    """Lines of the file; a row without limits becomes a free row, which readers may drop."""
    rows = unique_names((problem.row_name(row) for row in range(problem.row_count)), _spaceless)
    columns = unique_names((problem.column_name(column) for column in range(problem.column_count)), _spaceless)
    objective = next(name for name in _objective_names() if name not in set(rows))
    yield "NAME model FREE\nROWS\n"
    yield f" N {objective}\n"
    yield from _row_types(problem, rows)
    yield "COLUMNS\n"
    yield from _columns(problem, [*rows, objective], columns)
    yield "RHS\n"
    if problem.offset:
        yield f" RHS {objective} {-problem.offset!r}\n"
    yield from _right_hand_sides(problem, rows)
    yield "BOUNDS\n"
    yield from _bounds(problem, columns)
    yield "ENDATA\n"


def _spaceless(name: str) -> str:
    """Name without the white space that separates fields."""
    return "_".join(name.split()) or "_"


def _objective_names() -> Iterator[str]:
    """Candidates for the name of the objective row."""
    yield "objective"
    number = 2
    while True:
        yield f"objective_{number}"
        number += 1


def _row_types(problem: Problem, names: list[str]) -> Iterator[str]:
    """Declare the rows; a range counts as L here."""
    for name, lower, upper in zip(names, problem.row_lower.tolist(), problem.row_upper.tolist(), strict=True):
        if lower == upper:
            kind = "E"
        elif upper < math.inf:
            kind = "L"
        else:
            kind = "G" if lower > -math.inf else "N"
        yield f" {kind} {name}\n"


def _columns(problem: Problem, rows: list[str], columns: list[str]) -> Iterator[str]:
    """Entries by column, the objective's first; a column without any gets a zero so that it exists."""
    empty = np.bincount(problem.columns, minlength=problem.column_count) == 0
    costed = np.flatnonzero((problem.objective != 0) | empty)
    entry_column = np.concatenate([costed, problem.columns])
    entry_row = np.concatenate([np.full(len(costed), len(rows) - 1), problem.row_of_nonzero()])
    entry_value = np.concatenate([problem.objective[costed], problem.coefficients])
    order = np.argsort(entry_column, kind="stable")
    entry_column, entry_row, entry_value = entry_column[order], entry_row[order], entry_value[order]
    switches = np.flatnonzero(np.diff(problem.integer, prepend=False))
    cuts = [*np.searchsorted(entry_column, switches).tolist(), len(entry_column)]
    triples = list(zip(entry_column.tolist(), entry_row.tolist(), entry_value.tolist(), strict=True))
    yield from (f" {columns[column]} {rows[row]} {value!r}\n" for column, row, value in triples[: cuts[0]])
    for number, (begin, end) in enumerate(itertools.pairwise(cuts)):
        yield f" MARKER{number} 'MARKER' '{'INTEND' if number % 2 else 'INTORG'}'\n"
        yield from (f" {columns[column]} {rows[row]} {value!r}\n" for column, row, value in triples[begin:end])
    if len(switches) % 2:
        yield f" MARKER{len(switches)} 'MARKER' 'INTEND'\n"


def _right_hand_sides(problem: Problem, names: list[str]) -> Iterator[str]:
    """Right-hand sides, then the widths of rows with two different limits."""
    ranges = []
    for name, lower, upper in zip(names, problem.row_lower.tolist(), problem.row_upper.tolist(), strict=True):
        limit = upper if upper < math.inf else lower
        if limit and math.isfinite(limit):
            yield f" RHS {name} {limit!r}\n"
        if -math.inf < lower < upper < math.inf:
            ranges.append(f" RANGE {name} {upper - lower!r}\n")
    if ranges:
        yield "RANGES\n"
        yield from ranges


def _bounds(problem: Problem, names: list[str]) -> Iterator[str]:
    """Bounds where they differ from 0 and infinity, and for every integer column."""
    for name, lower, upper, integer in zip(
        names,
        problem.column_lower.tolist(),
        problem.column_upper.tolist(),
        problem.integer.tolist(),
        strict=True,
    ):
        if lower == upper:
            yield f" FX BOUND {name} {lower!r}\n"
        elif lower == -math.inf and upper == math.inf:
            yield f" FR BOUND {name}\n"
        else:
            if lower == -math.inf:
                yield f" MI BOUND {name}\n"
            elif lower or integer or upper < 0:
                yield f" LO BOUND {name} {lower!r}\n"
            if upper < math.inf:
                yield f" UP BOUND {name} {upper!r}\n"
            elif integer:
                yield f" PL BOUND {name}\n"
