"""A health check: is each backend installed, and does it solve a problem with a known answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.backends import Features, backends, is_installed
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


def doctor() -> list[BackendReport]:
    """Examine the listed backends, each in a child process of its own."""
    return [_examined(name, features) for name, features in backends().items()]


def _examined(name: str, features: Features) -> BackendReport:
    """Solve the known problem with one backend."""
    if not is_installed(features):
        remedy = f"not installed; pip install {features.package}"
        return BackendReport(name, False, "", features, False, 0.0, remedy)
    result = solve(_known_problem(), Options(backend=name, gap=0.0, time_limit_s=TIME_LIMIT_S))
    solved = result.ending is Ending.OPTIMAL and abs(result.objective - _KNOWN_OPTIMUM) <= 1e-6
    message = "works" if solved else f"expected {_KNOWN_OPTIMUM}, got {result.objective}: {result.message}"
    return BackendReport(name, True, result.version, features, solved, result.seconds, message)


_KNOWN_OPTIMUM = -9.5


def _known_problem() -> Problem:
    """Maximise 5 a + 4 b + 1.5 c: 6 a + 4 b <= 9, a + 2 b <= 4, c <= 1, a and b whole.

    The relaxation takes a = 0.5, b = 1.5. Of the whole points (1, 0) is worth 5, (0, 2) worth 8; c adds 1.5.
    """
    return Problem(
        objective=np.array([-5.0, -4.0, -1.5]),
        column_lower=np.zeros(3),
        column_upper=np.array([np.inf, np.inf, 1.0]),
        integer=np.array([True, True, False]),
        row_lower=np.full(2, -np.inf),
        row_upper=np.array([9.0, 4.0]),
        starts=np.array([0, 2, 4]),
        columns=np.array([0, 1, 0, 1]),
        coefficients=np.array([6.0, 4.0, 1.0, 2.0]),
    )
