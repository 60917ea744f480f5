"""Every installed engine does what its features say, and what it cannot do is refused before the solve."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import solvers
from solvers import Ending, Options, Problem
from solvers.backends import is_installed, load, require

INF = math.inf
INSTALLED = {name: features for name, features in solvers.backends().items() if is_installed(features)}
WHOLE = [name for name, features in INSTALLED.items() if features.integers]
LINEAR = [name for name, features in INSTALLED.items() if not features.integers]
HERE = Path(__file__).parent
Make = Callable[..., Problem]

WATCHED = """
import json, sys, tempfile, threading, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import conftest
from solvers import Options, check
from solvers.backends import load

class Report:
    folder = Path(tempfile.mkdtemp())
    costs, bounds = [], []
    def progress(self, phase, incumbent, bound, nodes):
        self.bounds.append(bound)
    def incumbent(self, values):
        verdict = check(problem, values)
        assert verdict.ok, verdict
        self.costs.append(verdict.objective)
    def stop_requested(self):
        return False

problem, report = conftest.build_knapsack(), Report()
answer = load(sys.argv[1]).solve(problem, Options(gap=0.0, time_limit_s=1.5), report)
bounds = [bound for bound in report.bounds if bound is not None]
Path(sys.argv[3]).write_text(json.dumps([report.costs, bounds, check(problem, answer.values).objective, answer.bound]))
"""


@pytest.mark.parametrize("backend", WHOLE)
def test_plans_and_bounds_come_while_it_runs(backend: str, tmp_path: Path) -> None:
    """An engine hands over plans and tells bounds while it runs exactly where its features say so, and rightly."""
    out = tmp_path / "seen.json"
    subprocess.run([sys.executable, "-c", WATCHED, backend, str(HERE), str(out)], check=True, cwd=HERE.parents[1])
    costs, bounds, cost, bound = json.loads(out.read_text())
    features = INSTALLED[backend]
    assert bool(costs) is features.incumbents
    assert bool(bounds) is features.bounds
    assert costs == sorted(costs, reverse=True)
    assert all(cost <= told + 1e-6 for told in costs)
    assert all(told <= cost for told in bounds)
    assert bound <= cost


@pytest.mark.parametrize("backend", [name for name in WHOLE if INSTALLED[name].cancel])
def test_cancel_is_heard(backend: str, knapsack: Problem) -> None:
    """A cancel in the middle of the search brings the best plan, from the engine's own hand."""
    cancel, timers = threading.Event(), list[threading.Timer]()

    def called(_progress: solvers.Progress) -> None:
        if not timers:
            timers.append(threading.Timer(0.7, cancel.set))
            timers[0].start()

    result = solvers.solve(knapsack, Options(backend=backend, gap=0.0, time_limit_s=30, grace_s=10), called, cancel)
    assert result.ending is Ending.CANCELLED, result.message
    assert result.has_solution
    assert result.bound < result.objective
    assert "killed" not in result.message


@pytest.mark.parametrize("backend", LINEAR)
def test_cancel_of_a_linear_program(backend: str) -> None:
    """A linear program is given up too when asked."""
    random = np.random.default_rng(1)
    rows, columns, each = 4000, 4000, 20
    problem = Problem(
        objective=random.uniform(1, 2, columns),
        column_lower=np.zeros(columns),
        column_upper=np.full(columns, INF),
        integer=np.zeros(columns, dtype=bool),
        row_lower=random.uniform(1, 2, rows),
        row_upper=np.full(rows, INF),
        starts=np.arange(0, rows * each + 1, each),
        columns=np.concatenate([random.choice(columns, each, replace=False) for _ in range(rows)]),
        coefficients=random.uniform(0.1, 1, rows * each),
    )
    cancel = threading.Event()
    seen = lambda _progress: threading.Timer(0.3, cancel.set).start()  # noqa: E731
    result = solvers.solve(problem, Options(backend=backend, grace_s=10), seen, cancel)
    assert result.ending in (Ending.CANCELLED_EMPTY, Ending.OPTIMAL), result.message
    assert "killed" not in result.message


@pytest.mark.parametrize("backend", LINEAR)
def test_integers_are_refused_where_they_would_be_ignored(backend: str, make: Make) -> None:
    """An engine for linear programs refuses whole columns, naming one of them and engines that take them."""
    problem = replace(make([1, 1], [], [], [], [0, 0], [1, 1], [False, True]), column_names=lambda n: f"orders[{n}]")
    with pytest.raises(solvers.BackendUnavailable, match=r"orders\[1\].*highs, scip, cbc"):
        require(Options(backend=backend), problem)
    require(Options(backend=backend), replace(problem, integer=np.zeros(2, dtype=bool)))
    assert solvers.solve(replace(problem, integer=np.zeros(2, dtype=bool)), Options(backend=backend)).objective == 0.0


def test_what_a_backend_cannot_do_is_refused(make: Make) -> None:
    """Start solutions and threads are refused where they are not taken, and packages named that are missing."""
    with pytest.raises(solvers.BackendUnavailable, match=r"leave options\.start out"):
        require(Options(backend="glop", start=np.zeros(1)))
    with pytest.raises(solvers.BackendUnavailable, match="set it to 1"):
        require(Options(backend="scip", threads=2))
    for name in set(solvers.backends()) - set(INSTALLED):
        with pytest.raises(solvers.BackendUnavailable, match="pip install"):
            require(Options(backend=name))
    with pytest.raises(solvers.UnknownBackend, match="'gurobi'"):
        require(Options(backend="grobi"))


def test_engines_of_one_family_share_a_package() -> None:
    """What may share a process is told by the family: the packages of two families fail together in one."""
    families = {features.family for features in solvers.backends().values()}
    assert families == {"highs", "ortools", "pulp"}
    for name, features in solvers.backends().items():
        assert load(name).FEATURES is features
        assert (features.package == "ortools") is (features.family == "ortools")


@pytest.mark.usefixtures("fakes")
class TestBehindPulp:
    """What the commercial engines share, tried with an engine that needs no licence."""

    def solve(self, problem: Problem, **options: object) -> solvers.Result:
        """Solve with HiGHS behind PuLP."""
        return solvers.solve(problem, Options(backend="behind_pulp.highs", gap=0.0, **options))  # type: ignore[arg-type]

    def test_mixed_with_a_constant(self, make: Make) -> None:
        """Whole and fractional columns, in a number at which sorted names are out of order, and the constant."""
        # Cover 5.5 with columns of size 1 at cost 1 + i / 100; the last is fractional and cheapest: 5.5 of it, cost 7.
        columns = 12
        cost = [1 + i / 100 for i in range(columns - 1)] + [0.5]
        problem = make(cost, [[1] * columns], [5.5], [INF], [0] * columns, [9] * columns, [True] * 11 + [False], 4.25)
        result = self.solve(problem)
        assert (result.ending, result.objective) == (Ending.OPTIMAL, 7.0)
        assert result.values is not None
        assert result.values[-1] == 5.5
        # Without it, six of the cheapest: 6 + 4.25; 2 of it at most: 2 at 0.5 and 4 at 1 (3.5 rounded up).
        capped = replace(problem, column_upper=np.array([9.0] * 11 + [2.0]))
        assert self.solve(capped).objective == pytest.approx(4.25 + 4 + 1.5 * 0.5)

    def test_rows_with_two_sides(self, make: Make) -> None:
        """A range holds on both sides, and a row without columns is decided without the engine."""
        # -4 <= x - y <= -2, 0 <= y <= 5: x from -4 to 3.
        for sign, optimum in ((1, -4.0), (-1, -3.0)):
            assert self.solve(make([sign, 0], [[1, -1]], [-4], [-2], [-INF, 0], [INF, 5])).objective == optimum
        assert self.solve(make([1], [[0]], [1], [2], [-2], [2])).ending is Ending.INFEASIBLE
        assert self.solve(make([1], [[0]], [-1], [1], [-2], [2])).objective == -2.0

    def test_endings(self, make: Make) -> None:
        """Infeasible and unbounded are told apart."""
        assert self.solve(make([1], [[1]], [3], [INF], [0], [2], True)).ending is Ending.INFEASIBLE
        assert self.solve(make([-1], [[1]], [3], [INF], [0], [INF], True)).ending is Ending.UNBOUNDED

    def test_a_missing_licence_is_told_with_its_remedy(self, make: Make) -> None:
        """The engine's words and the remedy come in one line."""
        result = self.solve(make([1], [[1]], [3], [INF], [0], [9], True), seed=99)
        assert result.ending is Ending.FAILED
        assert "HiGHS behind PuLP: the License has expired; get a licence from the moon" in result.message
