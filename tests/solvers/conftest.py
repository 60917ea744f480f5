"""Shared instances and the path to the misbehaving backends."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

import solvers

FAKES = Path(__file__).with_name("fakes")
HOME = Path(solvers.__file__).resolve().parents[1]


def build(  # the order in which a small problem is written down
    cost: Sequence[float],
    rows: Sequence[Sequence[float]],
    row_lower: Sequence[float],
    row_upper: Sequence[float],
    lower: Sequence[float],
    upper: Sequence[float],
    integer: Sequence[bool] | bool = False,
    offset: float = 0.0,
) -> solvers.Problem:
    """Build a problem from a dense matrix."""
    columns = len(cost)
    matrix = np.asarray(rows, dtype=float).reshape(-1, columns) if columns else np.zeros((len(rows), 0))
    filled = matrix != 0
    return solvers.Problem(
        objective=np.array(cost, dtype=float),
        column_lower=np.array(lower, dtype=float),
        column_upper=np.array(upper, dtype=float),
        integer=np.broadcast_to(np.array(integer, dtype=bool), (columns,)),
        row_lower=np.array(row_lower, dtype=float),
        row_upper=np.array(row_upper, dtype=float),
        starts=np.concatenate([[0], np.cumsum(filled.sum(axis=1))]).astype(np.int64),
        columns=np.nonzero(filled)[1].astype(np.int32),
        coefficients=matrix[filled],
        offset=offset,
    )


def build_knapsack(items: int = 400, limits: int = 30) -> solvers.Problem:
    """Build a multi-dimensional knapsack: plans at once, the last per mille not for hours."""
    random = np.random.default_rng(2)
    weights = random.integers(5, 60, (limits, items))
    worth = random.integers(10, 100, items) + 0.5
    return build(-worth, weights, [-np.inf] * limits, weights.sum(axis=1) * 0.4, [0] * items, [1] * items, True)


def build_market_split(columns: int = 40, rows: int = 5) -> solvers.Problem:
    """Build a market split (Cornuejols and Dawande 1998): engines find and prove nothing for long."""
    random = np.random.default_rng(2)
    shares = random.integers(0, 100, (rows, columns))
    half = shares.sum(axis=1) // 2
    return build([0] * columns, shares, half, half, [0] * columns, [1] * columns, True)


@pytest.fixture(scope="session")
def make() -> Callable[..., solvers.Problem]:
    """Return the builder of small problems."""
    return build


@pytest.fixture(scope="session")
def knapsack() -> solvers.Problem:
    """Return a problem with easy plans and a hard proof."""
    return build_knapsack()


@pytest.fixture(scope="session")
def market_split() -> solvers.Problem:
    """Return a problem on which engines find nothing for a long time."""
    return build_market_split()


@pytest.fixture(scope="module")
def warm() -> Iterator[solvers.Session]:
    """Return engines that keep running, for many small problems; what is about their processes starts its own."""
    with solvers.Session() as session:
        yield session


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the backends under ``misbehaving.`` importable here and in children."""
    monkeypatch.syspath_prepend(str(FAKES))
    inherited = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(FAKES), inherited])))


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a temporary-files folder with a space in its name, empty at the start."""
    folder = tmp_path / "with a space"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def home() -> Path:
    """Return the folder that holds the package."""
    return HOME
