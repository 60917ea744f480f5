"""A health check: is each backend installed, what can it do, and does it solve a problem with a known answer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from solvers.backends import Features, backends, is_installed, remedy
from solvers.options import Options
from solvers.problem import Problem
from solvers.result import Ending
from solvers.solve import solve

TIME_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class BackendReport:
    """State of one backend; ``message`` tells what is wrong, or that nothing is."""

    name: str
    available: bool
    version: str
    features: Features
    solved: bool
    seconds: float
    message: str

    @property
    def can(self) -> list[str]:
        """Names of the features it has, in words."""
        named = [field.name for field in dataclasses.fields(Features) if getattr(self.features, field.name) is True]
        return [name.replace("_", " ") for name in named]


def doctor() -> list[BackendReport]:
    """Examine the listed backends, each in a child process of its own."""
    return [_examined(name, features) for name, features in backends().items()]


def _examined(name: str, features: Features) -> BackendReport:
    """Solve the known problem with one backend."""
    if not is_installed(features):
        return BackendReport(name, False, "", features, False, 0.0, f"not installed; {remedy(features)}")
    problem, optimum = _known_problem(features.integers)
    result = solve(problem, Options(backend=name, gap=0.0, time_limit_s=TIME_LIMIT_S))
    solved = result.ending is Ending.OPTIMAL and abs(result.objective - optimum) <= 1e-6
    message = "works" if solved else f"expected {optimum}, got {result.objective}: {result.message}"
    return BackendReport(name, True, result.version, features, solved, result.seconds, message)


def _known_problem(integers: bool) -> tuple[Problem, float]:
    """Maximise 5 a + 4 b + 1.5 c: 6 a + 4 b <= 9, a + 2 b <= 4, c <= 1, a, b and c whole, or fractions all three.

    In fractions a = 0.25, b = 1.875 is worth 8.75. Of the whole points (1, 0) is worth 5, (0, 2) worth 8; c adds 1.5.
    """
    problem = Problem(
        objective=np.array([-5.0, -4.0, -1.5]),
        column_lower=np.zeros(3),
        column_upper=np.array([np.inf, np.inf, 1.0]),
        integer=np.full(3, integers),
        row_lower=np.full(2, -np.inf),
        row_upper=np.array([9.0, 4.0]),
        starts=np.array([0, 2, 4]),
        columns=np.array([0, 1, 0, 1]),
        coefficients=np.array([6.0, 4.0, 1.0, 2.0]),
    )
    return problem, -9.5 if integers else -10.25
