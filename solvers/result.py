"""How a solve ended, in words that cannot be misread."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from solvers.check import Check
from solvers.problem import Basis, Float

ABSOLUTE_GAP = 1e-6  # a difference this small counts as proved whatever the relative gap: engines' own default


class Ending(StrEnum):
    """What is known at the end of a solve."""

    OPTIMAL = "optimal"  # a checked plan, proved within the gap asked for
    LIMIT = "limit"  # stopped early, with a checked plan
    LIMIT_EMPTY = "limit_empty"  # stopped early, without a plan
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    CANCELLED = "cancelled"  # cancelled, with a checked plan
    CANCELLED_EMPTY = "cancelled_empty"  # cancelled, without a plan
    FAILED = "failed"  # no plan, and no statement about the problem; the message tells why


class Claim(StrEnum):
    """What an engine says; input to ``decide``, never an ending by itself."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    INFEASIBLE_OR_UNBOUNDED = "infeasible_or_unbounded"
    STOPPED = "stopped"  # a limit or a request to stop
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """A sign of life: ``seconds`` since the solve began, objectives as the engine tells them, if known."""

    seconds: float
    incumbent: float | None
    bound: float | None
    gap: float
    phase: str
    nodes: int


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """The answer to one solve.

    Parameters
    ----------
    ending : Ending
        How it ended.
    values : float64[n] or None
        The best plan found that passed the check, integers exactly whole.
    objective, bound : float
        Cost of the plan (``inf`` without one) and proved lower limit of the cost (``-inf`` when unknown).
    gap : float
        ``|objective - bound| / max(|objective|, 1e-9)``, ``inf`` when unknown.
    seconds : float
        Wall time of the whole solve.
    backend, version : str
        The engine's name here, and what it says about its version ("" when it never said).
    message : str
        The ending in a sentence.
    nodes : int
        Search nodes explored.
    check : Check or None
        The check of ``values``.
    row_duals : float64[m] or None
        Of a linear program solved to its end, where the engine gives them: what one unit more of a row's limit changes
        the objective by. A problem with integers has none; `solvers.marginal` fixes them first.
    basis : Basis or None
        Of the relaxation, where the engine gives it: a start for a problem with the same columns and rows.
    """

    ending: Ending
    values: Float | None
    objective: float
    bound: float
    gap: float
    seconds: float
    backend: str
    version: str
    message: str
    nodes: int
    check: Check | None
    row_duals: Float | None = None
    basis: Basis | None = None

    @property
    def has_solution(self) -> bool:
        """Whether there is a plan."""
        return self.values is not None


def relative_gap(objective: float | None, bound: float | None) -> float:
    """``|objective - bound| / max(|objective|, 1e-9)``, ``inf`` when either is unknown."""
    if objective is None or bound is None or not (math.isfinite(objective) and math.isfinite(bound)):
        return math.inf
    return abs(objective - bound) / max(abs(objective), 1e-9)


def trusted_bound(objective: float, bound: float) -> float:
    """Bound made consistent with a checked plan of cost ``objective``.

    A proved lower limit cannot lie above the cost of a feasible point. Within the rounding of both it is the
    cost itself; further above it is a mistake of the engine, and nothing is known (``-inf``).
    """
    if math.isnan(bound):
        return -math.inf
    if bound <= objective:
        return bound
    return objective if bound - objective <= ABSOLUTE_GAP * max(1.0, abs(objective)) else -math.inf


def decide(claim: Claim, *, objective: float | None, bound: float, gap: float, cancelled: bool) -> Ending:
    """Decide the ending from what was checked; the engine's claim counts only where nothing can be checked.

    Parameters
    ----------
    claim : Claim
        What the engine says.
    objective : float or None
        Cost of the best checked plan, ``None`` without one.
    bound : float
        Lower limit of the cost as given by ``trusted_bound``, ``-inf`` when unknown.
    gap : float
        Relative gap asked for.
    cancelled : bool
        Whether the caller asked to stop.
    """
    if claim is Claim.UNBOUNDED:
        return Ending.UNBOUNDED
    if objective is not None:
        if objective - bound <= max(gap * abs(objective) * (1 + 1e-9), ABSOLUTE_GAP, 1e-9 * abs(objective)):
            return Ending.OPTIMAL
        return Ending.CANCELLED if cancelled else Ending.LIMIT
    if claim is Claim.INFEASIBLE:
        return Ending.INFEASIBLE
    if cancelled:
        return Ending.CANCELLED_EMPTY
    return Ending.LIMIT_EMPTY if claim in (Claim.STOPPED, Claim.INFEASIBLE_OR_UNBOUNDED) else Ending.FAILED
