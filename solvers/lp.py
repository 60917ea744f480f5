"""The CPLEX LP format.

A row with two different limits becomes ``-5 <= x + y <= 8``. Names keep letters, digits and ``_ . , ( )``;
square brackets turn round, everything else becomes ``_``.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator

import numpy as np

from solvers.names import unique_names
from solvers.problem import Problem

_TERMS_A_LINE = 6
_LONGEST_NAME = 240  # the format allows 255; the rest is for a number that keeps names apart
_FORBIDDEN = re.compile(r"[^A-Za-z0-9_.,()]")
_LIKE_A_NUMBER = re.compile(r"[0-9.]|[eE][0-9]|[,()]")
_WORDS = re.compile(
    r"free|inf(inity)?|st|s\.t\.|st\.|subject|such|to|that|bounds?|bin(ary|aries)?|gen(erals?)?|int(egers?)?"
    r"|semi(s|-continuous)?|sos[12]?|sec|end|(max|min)(imi[sz]e|imum)?",
    re.IGNORECASE,
)


def lp_lines(problem: Problem) -> Iterator[str]:
    """Lines of the file; a row without limits is left out, since the format cannot say it."""
    columns = unique_names((problem.column_name(column) for column in range(problem.column_count)), _allowed)
    rows = unique_names((problem.row_name(row) for row in range(problem.row_count)), _allowed)
    nothing = columns[0] if columns else "none"  # a row or objective needs a column, if only with coefficient 0
    yield "Minimize\n objective:"
    empty = np.bincount(problem.columns, minlength=problem.column_count) == 0  # named here, or it would not exist
    costed = np.flatnonzero((problem.objective != 0) | empty).tolist()
    yield from _terms([columns[column] for column in costed], problem.objective[costed].tolist(), nothing)
    if problem.offset:
        yield f" {'-' if problem.offset < 0 else '+'} {abs(problem.offset)!r}"
    yield "\nSubject To\n"
    yield from _rows(problem, rows, columns, nothing)
    yield "Bounds\n"
    yield from _bounds(problem, columns)
    if not columns:
        yield f" {nothing} = 0\n"
    yield from _integers(problem, columns)
    yield "End\n"


def _allowed(name: str) -> str:
    """Name in the characters of the format, not to be taken for a number or a word of it."""
    plain = _FORBIDDEN.sub("_", name.replace("[", "(").replace("]", ")"))[:_LONGEST_NAME]
    return f"_{plain}" if not plain or _LIKE_A_NUMBER.match(plain) or _WORDS.fullmatch(plain) else plain


def _terms(names: list[str], coefficients: list[float], nothing: str) -> Iterator[str]:
    """Yield a sum, a few terms a line."""
    if not names:
        yield f" 0 {nothing}"
    for begin in range(0, len(names), _TERMS_A_LINE):
        if begin:
            yield "\n  "
        end = begin + _TERMS_A_LINE
        yield "".join(
            f" - {-value!r} {name}" if value < 0 else f" + {value!r} {name}"
            for name, value in zip(names[begin:end], coefficients[begin:end], strict=True)
        )


def _rows(problem: Problem, rows: list[str], columns: list[str], nothing: str) -> Iterator[str]:
    """Rows with at least one limit."""
    entry_columns, entry_values = problem.columns.tolist(), problem.coefficients.tolist()
    spans = itertools.pairwise(problem.starts.tolist())
    limits = zip(problem.row_lower.tolist(), problem.row_upper.tolist(), strict=True)
    for row, (begin, end), (lower, upper) in zip(rows, spans, limits, strict=True):
        if lower == -math.inf and upper == math.inf:
            continue
        yield f" {row}:"
        if -math.inf < lower < upper < math.inf:
            yield f" {lower!r} <="
        yield from _terms([columns[column] for column in entry_columns[begin:end]], entry_values[begin:end], nothing)
        if lower == upper:
            yield f" = {upper!r}\n"
        else:
            yield f" <= {upper!r}\n" if upper < math.inf else f" >= {lower!r}\n"


def _bounds(problem: Problem, names: list[str]) -> Iterator[str]:
    """Bounds where they differ from 0 and infinity."""
    for name, lower, upper in zip(names, problem.column_lower.tolist(), problem.column_upper.tolist(), strict=True):
        if lower == upper:
            yield f" {name} = {lower!r}\n"
        elif lower == -math.inf and upper == math.inf:
            yield f" {name} free\n"
        elif upper < math.inf:
            yield f" {'-inf' if lower == -math.inf else repr(lower)} <= {name} <= {upper!r}\n"
        elif lower:
            yield f" {name} >= {lower!r}\n"


def _integers(problem: Problem, names: list[str]) -> Iterator[str]:
    """Integer columns; those between 0 and 1 as binaries, which sets their bounds."""
    binary = problem.integer & (problem.column_lower == 0) & (problem.column_upper == 1)
    for title, chosen in (("Generals", problem.integer & ~binary), ("Binaries", binary)):
        numbers = chosen.nonzero()[0].tolist()
        if numbers:
            yield f"{title}\n"
            yield from (f" {names[number]}\n" for number in numbers)
