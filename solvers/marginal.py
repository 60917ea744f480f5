"""What one unit more of a limit is worth, around a plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solvers.check import check, rounded
from solvers.options import Options
from solvers.problem import Float, Problem
from solvers.result import Ending
from solvers.solve import solve

_DEFAULTS = Options()


def fixed_duals(problem: Problem, values: Float, options: Options = _DEFAULTS) -> Float | None:
    """Duals of the rows of the linear program with every integer fixed at a plan's value, float64[m].

    They tell what one unit more of a row's limit changes the cost by while all orders, openings and other integers stay
    as they are. An integer program itself has no such prices, and none are claimed.

    Parameters
    ----------
    values : float64[n]
        A plan that passes the check.
    options : Options
        Engine, one whose features tell of duals (``auto`` and ``highs`` do), and limits of the one solve.

    Returns
    -------
    float64[m] or None
        ``None`` when the linear program was not solved to its end.

    Raises
    ------
    ValueError
        When the plan does not pass the check.
    """
    verdict = check(problem, values)
    if not verdict.ok:
        raise ValueError(f"duals are those around a plan, and this is none: {verdict}")
    whole = rounded(problem, values)
    linear = replace(
        problem,
        column_lower=np.where(problem.integer, whole, problem.column_lower),
        column_upper=np.where(problem.integer, whole, problem.column_upper),
        integer=np.zeros(problem.column_count, dtype=bool),
    )
    result = solve(linear, replace(options, start=None, strategy="direct"))
    return result.row_duals if result.ending is Ending.OPTIMAL else None
