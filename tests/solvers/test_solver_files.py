"""Model files: what other programs read back is the problem that was written."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import solvers
from solvers import Options, Problem, write_model

INF = math.inf
Make = Callable[..., Problem]

# Reads a file with HiGHS and tells what is in it; in a child, since engines live in children only.
READER = """
import json, sys, highspy
engine = highspy.Highs()
engine.setOptionValue("output_flag", False)
assert engine.readModel(sys.argv[1]) == highspy.HighsStatus.kOk
lp = engine.getLp()
engine.setOptionValue("mip_rel_gap", 0.0)
engine.run()
print(json.dumps({
    "objective": engine.getObjectiveValue(), "status": engine.modelStatusToString(engine.getModelStatus()),
    "columns": list(lp.col_names_), "rows": list(lp.row_names_), "cost": list(lp.col_cost_),
    "lower": list(lp.col_lower_), "upper": list(lp.col_upper_), "row_lower": list(lp.row_lower_),
    "row_upper": list(lp.row_upper_), "values": sorted(lp.a_matrix_.value_), "offset": lp.offset_,
    "integer": [str(kind) == "HighsVarType.kInteger" for kind in lp.integrality_],
}))
"""


def read_back(path: Path) -> dict[str, object]:
    """Read a model file with HiGHS."""
    done = subprocess.run([sys.executable, "-c", READER, str(path)], capture_output=True, text=True, check=True)
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.fixture
def awkward(make: Make) -> Problem:
    """Every kind of bound and row, awkward numbers and awkward names."""
    problem = make(
        [1.5, -2, 0, 3, 1e-7, 0, -1],
        [
            [1, 1 / 3, -1e-5, 0, 0, 0, 0],
            [0, 1, 0, -0.1, 0, 0, 0],
            [1, 0, -2 / 3, 0, 0, 0, 0],
            [1, 0, 0, 1, 0, 0, 0],
            [1, 0, 0, 0, 0, 0, 1],
            [0, 0, 0, 0, 0, 0, 0],
        ],
        [-4, -INF, 3, 1.25, -INF, -1],
        [9.1, 8, 3, INF, INF, INF],
        [-INF, -3, -INF, 0, 0, 0, 0],
        [INF, INF, -2.5, INF, 0, 7, 1],
        [False, True, False, True, True, True, True],
        -7.25,
    )
    names = ["x[a,b]", "e1 2", "free", "x(a,b)", "0y", "größe", "x[a,b]"]
    return dataclasses.replace(problem, column_names=names.__getitem__, row_names=lambda row: f"row {row}")


OPTIMUM = -22.375  # HiGHS and CBC agree on the arrays themselves; see test_engines_agree_on_files


@pytest.mark.parametrize("suffix", [".mps", ".lp"])
def test_round_trip(suffix: str, awkward: Problem, tmp_path: Path) -> None:
    """Numbers come back to the last digit, and so does the optimum."""
    path = tmp_path / f"model{suffix}"
    write_model(awkward, path)
    seen = read_back(path)
    direct = solvers.solve(awkward, Options(gap=0.0))
    assert seen["objective"] == pytest.approx(direct.objective)
    assert seen["offset"] == -7.25
    kept = awkward.coefficients[awkward.row_of_nonzero() != 4]  # row 4 has no limits, a free row may be dropped
    if suffix == ".mps":
        assert seen["values"] == sorted(kept.tolist())
        assert seen["row_lower"] == [-4, -INF, 3, 1.25, -1]
        assert seen["row_upper"] == [9.1, 8, 3, INF, INF]
        assert seen["lower"] == awkward.column_lower.tolist()
        assert seen["upper"] == awkward.column_upper.tolist()
        assert seen["integer"] == awkward.integer.tolist()
        assert seen["columns"] == ["x[a,b]", "e1_2", "free", "x(a,b)", "0y", "größe", "x[a,b]_2"]
    assert len(seen["columns"]) == awkward.column_count  # type: ignore[arg-type]


def test_lp_names(awkward: Problem) -> None:
    """The LP format gets names it allows, kept apart, and not to be taken for numbers or words."""
    file = io.StringIO()
    write_model(awkward, file, ".lp")
    text = file.getvalue()
    for name in ("x(a,b)", "_e1_2", "_free", "x(a,b)_2", "_0y", "gr__e", "x(a,b)_3"):
        assert f" {name}" in text
    assert "\n row_0: -4.0 <= " in text


@pytest.mark.parametrize("name", ["lp", "no rows", "no columns", "zero cost"])
@pytest.mark.parametrize("suffix", [".mps", ".lp"])
def test_bare_problems(name: str, suffix: str, make: Make, tmp_path: Path) -> None:
    """Problems without rows, columns, costs or whole numbers can be written and read."""
    problem, optimum = {
        "lp": (make([-1, -2], [[1, 1]], [-INF], [3.5], [0, 0], [INF, 2], False, 10.0), 4.5),
        "no rows": (make([1, -1], [], [], [], [-2, 0], [2, 3], [True, False], 1.0), -4.0),
        "no columns": (make([], [[]], [-1], [1], [], [], False, 3.0), 3.0),
        "zero cost": (make([0, 0], [[1, 1]], [3], [3], [0, 0], [2, 2], True), 0.0),
    }[name]
    write_model(problem, tmp_path / f"model{suffix}")
    seen = read_back(tmp_path / f"model{suffix}")
    if seen["status"] == "Empty":
        assert seen["offset"] == optimum
    else:
        assert seen["objective"] == pytest.approx(optimum)


def test_engines_agree_on_files(awkward: Problem) -> None:
    """CBC, which is fed by such a file, and HiGHS, which is not, find the same optimum."""
    objectives = [solvers.solve(awkward, Options(backend=name, gap=0.0)).objective for name in ("highs", "cbc")]
    assert objectives == pytest.approx([OPTIMUM, OPTIMUM])


def test_failed_write_leaves_the_old_file(awkward: Problem, tmp_path: Path) -> None:
    """A write that fails half-way neither touches the file that was there nor leaves a part."""
    path = tmp_path / "model.mps"
    path.write_text("precious")

    def fail(column: int) -> str:
        raise RuntimeError(f"no name for {column}")

    with pytest.raises(RuntimeError):
        write_model(dataclasses.replace(awkward, column_names=fail), path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.mps"]
    assert path.read_text() == "precious"


def test_unknown_format(awkward: Problem, tmp_path: Path) -> None:
    """The format must be told by suffix or kind."""
    with pytest.raises(ValueError, match=r"expected one of \['.lp', '.mps'\]"):
        write_model(awkward, tmp_path / "model.txt")
    with pytest.raises(ValueError, match="expected one of"):
        write_model(awkward, io.StringIO())


def test_wide_numbers_survive_cbc(make: Make) -> None:
    """CBC reads seventeen digits as they stand: with x + y = s the optimum is exact."""
    total = 0.1 + 0.2
    problem = make([1, np.pi], [[1, 1]], [total], [total], [0, 0], [1, 1])
    result = solvers.solve(problem, Options(backend="cbc"))
    assert result.values is not None
    assert result.values.tolist() == [total, 0.0]
