"""Conflicts and relaxations: hand-worked, brute force over all subsets, honest when the time runs out."""

from __future__ import annotations

import itertools
import math
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import solvers
from solvers import Ending, Options, Problem
from solvers.conflict import Conflict, Outcome, find_conflict
from solvers.groups import Group
from solvers.relaxation import cheapest_relaxation, relaxed

INF = math.inf
Make = Callable[..., Problem]
both_engines = pytest.mark.parametrize("backend", ["highs", "cbc"])

# name: (rows, lower, upper, column bounds, integer, groups, possible answers); groups name rows, or bounds.
HAND_WORKED: dict[str, tuple] = {  # type: ignore[type-arg]
    # x + y >= 3 with x <= 1 and y <= 1; x <= y + 5 plays no part.
    "three": (
        [[1, 1], [1, 0], [0, 1], [1, -1]], [3, -INF, -INF, -INF], [INF, 1, 1, 5], (0, 9), False,
        {"sum": [0], "x": [1], "y": [2], "idle": [3]}, [{"sum", "x", "y"}],
    ),
    # 1.2 <= x + y <= 1.8 has fractions only.
    "whole_only": (
        [[1, 1], [1, 1], [1, 0]], [1.2, -INF, -INF], [INF, 1.8, 3], (0, 9), True,
        {"low": [0], "high": [1], "idle": [2]}, [{"low", "high"}],
    ),
    # x - y = 2, 5 <= x + y <= 6, y >= 2.5: then x + y = 2 y + 2 >= 7. Any two can hold.
    "equality_and_range": (
        [[1, -1], [1, 1], [0, 1]], [2, 5, 2.5], [2, 6, INF], (0, 9), False,
        {"equal": [0], "range": [1], "floor": [2]}, [{"equal", "range", "floor"}],
    ),
    # x + y >= 5 with x <= 3 and y <= 1 as bounds; the lower bounds play no part.
    "bounds": (
        [[1, 1]], [5], [INF], ([0, 0], [3, 1]), True,
        {"sum": [0], "x": Group(upper_bounds=[0]), "y": Group(upper_bounds=[1]), "floor": Group(lower_bounds=[0, 1])},
        [{"sum", "x", "y"}],
    ),
    "two_apart": (
        [[1, 0], [1, 0], [0, 1], [0, 1]], [2, -INF, 2, -INF], [INF, 1, INF, 1], (0, 9), True,
        {"a": [0], "b": [1], "c": [2], "d": [3]}, [{"a", "b"}, {"c", "d"}],
    ),
    # 0.2 <= x <= 0.8 and x >= 1 exclude each other, but in whole numbers the first alone has no plan.
    "fractions_mislead": (
        [[1, 0], [1, 0]], [0.2, 1], [0.8, INF], (0, 9), True, {"between": [0], "least": [1]}, [{"between"}],
    ),
    # The same two in one group with a third row that is no trouble: the group goes or stays as one.
    "one_group": (
        [[1, 0], [1, 0], [0, 1]], [2, -INF, 1], [INF, 1, INF], (0, 9), False, {"both": [0, 1], "idle": [2]}, [{"both"}],
    ),
}  # fmt: skip


def prepared(make: Make, name: str) -> tuple[Problem, dict[str, Group | Sequence[int]], list[set[str]]]:
    rows, lower, upper, (low, high), integer, groups, answers = HAND_WORKED[name]
    low, high = np.broadcast_to(low, 2), np.broadcast_to(high, 2)
    return make([7, -3], rows, lower, upper, low, high, integer), groups, answers


@both_engines
@pytest.mark.parametrize("name", HAND_WORKED)
def test_hand_worked_conflict(backend: str, name: str, make: Make) -> None:
    """The conflict is the one worked by hand, proven minimal, and stretching what is proposed gives a plan."""
    problem, groups, answers = prepared(make, name)
    conflict = find_conflict(problem, groups, Options(backend=backend, gap=0.0))
    assert conflict.outcome is Outcome.CONFLICT
    assert set(conflict.groups) in answers
    assert conflict.minimal
    assert "without" in str(conflict)
    moved = relaxed(problem, conflict.relaxation.moves)
    assert conflict.relaxation.values is not None
    assert solvers.check(moved, conflict.relaxation.values).ok
    assert conflict.relaxation.ending is Ending.OPTIMAL


def test_the_cheapest_relaxation_follows_scales_and_weights(make: Make) -> None:
    """A limit counts in parts of itself, and a weight makes its group dearer."""
    problem, groups, _ = prepared(make, "three")
    # One missing of 3 costs 1/3; one more on a limit of 1 costs 1.
    plain = cheapest_relaxation(problem, groups, Options(gap=0.0))
    assert plain.amounts == pytest.approx({"sum": 1.0})
    assert (plain.cost, plain.bound) == pytest.approx((1 / 3, 1 / 3))
    assert str(plain) == "lower the limit of r0 by 1"
    # At ten times the weight the sum costs 10/3; raising x by one costs 1, y half of that.
    weighted = cheapest_relaxation(problem, groups, Options(gap=0.0), {"sum": 10, "y": 0.5})
    assert weighted.amounts == pytest.approx({"y": 1.0})
    assert weighted.cost == pytest.approx(0.5)


def test_bounds_are_moved_as_bounds(make: Make) -> None:
    """A bound that gives way is named by its column; whole columns move by whole numbers."""
    problem, groups, _ = prepared(make, "bounds")
    relaxation = cheapest_relaxation(problem, groups, Options(gap=0.0), {"sum": 100, "y": 100})
    assert [str(move) for move in relaxation.moves] == ["raise the limit of c0 by 1"]
    assert relaxed(problem, relaxation.moves).column_upper.tolist() == [4, 1]


@pytest.mark.parametrize("integer", [False, True])
def test_nothing_in_conflict(make: Make, integer: bool) -> None:
    """Where everything can hold together that is the answer, with nothing to relax."""
    problem = make([1, 1], [[1, 1], [1, -1]], [1.5, -INF], [INF, 0], [0, 0], [9, 9], integer)
    conflict = find_conflict(problem, {"a": [0], "b": [1]}, Options())
    assert (conflict.outcome, conflict.groups, conflict.relaxation.moves) == (Outcome.FEASIBLE, (), ())
    assert not conflict.minimal


@both_engines
@pytest.mark.parametrize("limits", [(3, 2), (1.2, 1.8)], ids=["fractions", "whole"])
def test_conflict_in_the_background(backend: str, limits: tuple[float, float], make: Make) -> None:
    """Where what is in no group has no plan, no group is blamed."""
    problem = make([1, 1], [[1, 1], [1, 1], [1, 0]], [limits[0], -INF, 1], [INF, limits[1], 2], [0, 0], [9, 9], True)
    conflict = find_conflict(problem, {"idle": [2]}, Options(backend=backend))
    assert (conflict.outcome, conflict.groups) == (Outcome.BACKGROUND, ())
    assert conflict.relaxation.ending is Ending.INFEASIBLE


@st.composite
def tiny_rows(draw: st.DrawFn) -> tuple[list[list[int]], list[float], list[float]]:
    """Two to five rows over two columns that are 0, 1 or 2, many of them hard to satisfy."""
    count = draw(st.integers(2, 5))
    matrix = [draw(st.lists(st.integers(-3, 3), min_size=2, max_size=2)) for _ in range(count)]
    lower = [draw(st.sampled_from([-INF, 1.0, 2.0, 2.5, 4.0])) for _ in range(count)]
    upper = [low + draw(st.sampled_from([0.0, 0.5, INF])) if low > -INF else draw(st.integers(-3, 1)) for low in lower]
    return matrix, lower, upper


@both_engines
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(rows=tiny_rows())
def test_brute_force(backend: str, make: Make, rows: tuple[list[list[int]], list[float], list[float]]) -> None:
    """The set has no point, each set smaller by one has; the relaxation is the cheapest, and none of it is idle."""
    matrix, lower, upper = rows
    problem = make([0, 0], matrix, lower, upper, [0, 0], [2, 2], True)
    count = len(matrix)
    points = [np.array(point, dtype=float) for point in itertools.product(range(3), repeat=2)]

    def outside(row: int, point: np.ndarray, by: dict[int, float] | None = None) -> float:
        side, give = float(np.dot(matrix[row], point)), (by or {}).get(row, 0.0)
        return max(lower[row] - give - side, side - upper[row] - give, 0.0)

    def some(kept: Sequence[int], by: dict[int, float] | None = None) -> bool:
        return any(all(outside(row, point, by) <= 1e-6 for row in kept) for point in points)

    everyone = range(count)
    conflict = find_conflict(problem, {f"g{row}": [row] for row in everyone}, Options(backend=backend, gap=0.0))
    assert conflict.outcome is (Outcome.FEASIBLE if some(everyone) else Outcome.CONFLICT)
    members = [int(name[1:]) for name in conflict.groups]
    if members:
        assert conflict.minimal
        assert not some(members)
        assert all(some([other for other in members if other != row]) for row in members)
    amounts = {int(name[1:]): amount for name, amount in conflict.relaxation.amounts.items()}
    assert some(everyone, amounts)
    assert not any(some(everyone, {**amounts, row: 0.0}) for row in amounts)
    limits = [[abs(limit) for limit in (lower[row], upper[row]) if math.isfinite(limit)] for row in everyone]
    scales = [max(limits[row]) or max(map(abs, matrix[row])) or 1 for row in everyone]
    cheapest = min(sum(outside(row, point) / scales[row] for row in everyone) for point in points)
    assert conflict.relaxation.cost == pytest.approx(cheapest, abs=1e-6)


@pytest.mark.parametrize("integer", [False, True])
def test_hundreds_of_groups_take_few_solves(make: Make, integer: bool) -> None:
    """Three of 300 limits exclude each other; the number of solves does not grow with the groups."""
    columns = 100
    random = np.random.default_rng(3)
    rows = random.integers(0, 3, (300, columns)) * (random.random((300, columns)) < 0.1)
    lower, upper = np.full(300, -INF), rows.sum(axis=1) * 4.0
    for row, (entries, low, high) in {  # x0 + x1 >= 11, x0 <= 5, x1 <= 5.5: in fractions 10.5 at most
        57: ({0: 1, 1: 1}, 11, INF), 171: ({0: 1}, -INF, 5), 290: ({1: 1}, -INF, 5.5)
    }.items():  # fmt: skip
        rows[row] = [entries.get(column, 0) for column in range(columns)]
        lower[row], upper[row] = low, high
    problem = make([1] * columns, rows, lower, upper, [0] * columns, [9] * columns, integer)
    conflict = find_conflict(problem, {f"g{row}": [row] for row in range(300)}, Options())
    assert conflict.groups == ("g57", "g171", "g290")
    assert conflict.minimal
    assert conflict.solves <= 25


def test_time_runs_out_honestly(market_split: Problem, make: Make) -> None:
    """A member whose removal cannot be tested in time stays, and is named as not proven."""
    # A market split takes hours; on top of it the first column must be 1 and must be 0.
    columns, rows = market_split.column_count, market_split.row_count
    matrix = np.zeros((rows + 2, columns))
    matrix[market_split.row_of_nonzero(), market_split.columns] = market_split.coefficients
    matrix[rows:, 0] = 1
    lower, upper = np.append(market_split.row_lower, [1, -INF]), np.append(market_split.row_upper, [INF, 0])
    problem = make([0] * columns, matrix, lower, upper, [0] * columns, [1] * columns, True)
    conflict = find_conflict(problem, {"on": [rows], "off": [rows + 1]}, Options(), time_limit_s=3.0)
    assert (conflict.outcome, conflict.groups, conflict.unproven) == (Outcome.CONFLICT, ("on", "off"), ("on", "off"))
    assert not conflict.minimal
    assert "not proven that on, off are needed" in str(conflict)
    assert conflict.seconds < 6
    hopeless = find_conflict(market_split, {"all": np.arange(rows)}, Options(), time_limit_s=1.0)
    assert (hopeless.outcome, hopeless.groups) == (Outcome.UNDECIDED, ())


def test_cancel_and_progress(make: Make) -> None:
    """Each solve is announced; a cancel keeps the conflict found so far and claims no more than was proven."""
    problem, groups, _ = prepared(make, "three")
    phases: list[str] = []
    cancel = threading.Event()

    def watch(event: solvers.Progress) -> None:
        phases.append(event.phase)
        if "cheapest" in event.phase:
            cancel.set()

    whole = replace(problem, integer=np.ones(2, dtype=bool))
    conflict = find_conflict(whole, groups, Options(), progress=watch, cancel=cancel)
    assert phases[0].startswith("looking for suspects")
    assert conflict.groups == ("sum", "x", "y")
    nothing = find_conflict(whole, groups, Options(), cancel=cancel)
    assert (nothing.outcome, nothing.solves) == (Outcome.UNDECIDED, 0)


def test_refused(make: Make) -> None:
    """Numbers out of range, limits with two owners, missing bounds and unknown weights are named at once."""
    problem = make([1], [[1]], [0], [1], [0], [INF])
    groups = {"a": [0], "b": [0, 7], "c": [0], "d": Group(upper_bounds=[0]), "e": [0.5]}
    with pytest.raises(
        ValueError, match=r"(?s)holds 7; expected 0\.\.0.*'c' holds 0, which 'a' owns.*float64.*c0 has no"
    ):
        find_conflict(problem, groups, Options())
    with pytest.raises(ValueError, match="no group z; 'a': 0; expected a number above 0"):
        find_conflict(problem, {"a": [0]}, Options(), {"z": 1, "a": 0})


def test_a_real_plan_with_one_limit_made_impossible() -> None:
    """In a bundled scenario the limit that was made impossible is found, alone, and named among what to relax."""
    import procure
    from procure.formulation.build import build

    scenario = procure.load("enterprise").with_limit(
        id="nvidia_share", quantity="spend", where={"vendor": "nvidia"}, every="year", max_share=0.001
    )
    problem = build(scenario).problem
    rows: dict[str, list[int]] = defaultdict(list)
    for row in range(problem.row_count):
        kind, _, labels = problem.row_name(row).partition("[")
        if kind in ("limit", "demand"):
            rows[labels.split(",")[0].rstrip("]") if kind == "limit" else kind].append(row)
    conflict = find_conflict(problem, rows, Options(gap=0.02), time_limit_s=40)
    assert (conflict.groups, conflict.minimal) == (("nvidia_share",), True)
    assert "nvidia_share" in conflict.relaxation.amounts
    assert isinstance(conflict, Conflict)
