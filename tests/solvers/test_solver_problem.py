"""Problem and options: what is accepted, what is refused and how."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from solvers import Options, Problem, ProblemError

Make = Callable[..., Problem]
INF = math.inf


@pytest.fixture
def arrays() -> dict[str, Any]:
    """Two columns, three rows, of which the second is empty: x + 2 y, nothing, 3 y."""
    return {
        "objective": np.array([1.0, 2.0]),
        "column_lower": np.zeros(2),
        "column_upper": np.full(2, INF),
        "integer": np.array([True, False]),
        "row_lower": np.full(3, -INF),
        "row_upper": np.ones(3),
        "starts": np.array([0, 2, 2, 3]),
        "columns": np.array([0, 1, 1]),
        "coefficients": np.array([1.0, 2.0, 3.0]),
    }


def test_counts_ranges_and_names(arrays: dict[str, Any]) -> None:
    """The small questions a problem answers."""
    problem = Problem(**arrays, column_names=lambda column: f"x[{column}]")
    assert (problem.column_count, problem.row_count, problem.nonzero_count, problem.is_mip) == (2, 3, 3, True)
    assert problem.coefficient_range() == (1.0, 3.0)
    assert (problem.column_name(1), problem.row_name(2)) == ("x[1]", "r2")


def test_activity_with_empty_rows(arrays: dict[str, Any]) -> None:
    """An empty row has activity 0, also at the end."""
    problem = Problem(**arrays)
    assert problem.activity(np.array([5.0, 7.0])).tolist() == [19.0, 0.0, 21.0]
    arrays["starts"] = np.array([0, 2, 3, 3])
    assert Problem(**arrays).activity(np.array([5.0, 7.0])).tolist() == [19.0, 21.0, 0.0]


def test_arrays_cannot_be_written(arrays: dict[str, Any]) -> None:
    """The problem is frozen; the caller's own array is not made so."""
    problem = Problem(**arrays)
    with pytest.raises(ValueError, match="read-only"):
        problem.objective[0] = 3
    arrays["objective"][0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.offset = 1.0  # type: ignore[misc]


BAD = {
    "shape": ({"column_upper": np.ones(3)}, "column_upper has 3 entries; expected 2"),
    "dimensions": ({"objective": np.ones((2, 1))}, r"objective has shape \(2, 1\)"),
    "ragged": ({"objective": [[1], [1, 2]]}, "objective is not an array"),
    "type": ({"columns": np.array([0.5, 1.0, 1.0])}, "columns has type float64; expected int32"),
    "whole flags": ({"integer": np.array([1, 0])}, "integer has type int64; expected bool"),
    "overflow": ({"columns": np.array([0, 1, 2**40])}, "columns holds values outside"),
    "starts end": ({"starts": np.array([0, 2, 2, 2])}, "starts runs from 0 to 2; expected 0 to 3"),
    "starts fall": ({"starts": np.array([0, 3, 2, 3])}, "starts falls after row 1"),
    "column": ({"columns": np.array([0, 1, 2])}, r"columns\[2\] is 2 \(1 such\)"),
    "twice": ({"columns": np.array([1, 1, 1])}, "1 duplicate entries, first in row r0, column c1"),
    "nan": ({"coefficients": np.array([1, np.nan, INF])}, r"coefficients of nonzero 1 is nan \(2 such\)"),
    "cost": ({"objective": np.array([1, INF])}, "objective of c1 is inf"),
    "offset": ({"offset": math.nan}, "offset is nan"),
    "crossed": ({"column_lower": np.array([0.0, INF])}, "column c1 has bounds inf..inf"),
    "nan bound": ({"row_upper": np.array([1, np.nan, 1])}, "row r1 has bounds -inf..nan"),
    "rows crossed": ({"row_lower": np.array([2.0, 0, 0])}, "row r0 has bounds 2.0..1.0"),
    "stage": ({"stage": np.array([0, 2])}, "stage holds values other"),
}


@pytest.mark.parametrize("case", BAD)
def test_refused(case: str, arrays: dict[str, Any]) -> None:
    """Each kind of bad data is named with place and value."""
    change, words = BAD[case]
    with pytest.raises(ProblemError, match=words):
        Problem(**{**arrays, **change})


def test_all_complaints_at_once(arrays: dict[str, Any]) -> None:
    """One error lists everything."""
    arrays |= {
        "objective": np.array([1, np.nan]),
        "row_lower": np.full(3, 2.0),
        "columns": np.array([1, 1, 0]),
    }
    with pytest.raises(ProblemError) as caught:
        Problem(**arrays)
    assert str(caught.value).count("\n  - ") == 3


def test_unsorted_columns_are_fine(arrays: dict[str, Any]) -> None:
    """Columns of a row may come in any order."""
    arrays["columns"] = np.array([1, 0, 1])
    assert Problem(**arrays).activity(np.array([5.0, 7.0]))[0] == 17.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gap": -1}, "gap is -1; expected a fraction"),
        ({"gap": math.nan}, "gap is nan"),
        ({"time_limit_s": 0}, "time_limit_s is 0; expected seconds above 0"),
        ({"time_limit_s": "9"}, "time_limit_s is '9'"),
        ({"threads": 0}, "threads is 0"),
        ({"threads": True}, "threads is True"),
        ({"seed": 2**31}, "seed is 2147483648"),
        ({"memory_limit_mb": 1.5}, "memory_limit_mb is 1.5"),
        ({"backend": ""}, "backend is ''"),
        ({"grace_s": -1}, "grace_s is -1"),
        ({"start": [1.0, math.nan]}, "start is not a row of finite numbers"),
        ({"gap": 2, "seed": -1}, "(?s)gap is 2.*seed is -1"),
    ],
)
def test_options_refused(change: dict[str, Any], words: str) -> None:
    """A bad option is named with its value and what was expected."""
    with pytest.raises(ValueError, match=words):
        Options(**change)


def test_start_of_wrong_length(make: Make) -> None:
    """A start must have one value for each column."""
    import solvers

    with pytest.raises(ValueError, match="start has 2 values; expected 1"):
        solvers.solve(make([1], [], [], [], [0], [1]), Options(start=np.zeros(2)))
