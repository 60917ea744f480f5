"""Two engines on one problem, each checking the other.

The first to prove the gap ends the race. "Infeasible" and "unbounded" count only once the other engine has found no
plan against them: where it has one, that plan stands and the claim is named as wrong.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

from solvers.options import Options
from solvers.problem import Problem
from solvers.result import Ending, Result
from solvers.session import Session
from solvers.strategies.direct import direct
from solvers.strategies.together import Cancels, Entrant, Watch, joined, together

RIVALS = {"highs": "scip"}
"""Who races whom; any other engine races HiGHS. SCIP and HiGHS share no code and lead on different problems."""
CONFIRM_S, CONFIRM_SHARE = 10.0, 10.0
"""Seconds, and seconds for each of the claim's own, that the other engine has to find a plan against it."""


def rival(backend: str) -> str:
    """Return the engine that races a given one."""
    return RIVALS.get(backend, "highs")


def race(
    problem: Problem, options: Options, progress: Watch, cancels: Cancels, session: Session | None = None
) -> Result:
    """Solve with ``options.backend`` and its rival at once; the arguments are those of `direct`.

    Each runs on half of the threads, at least one: with ``threads=1`` two processes share the work of one.
    """
    began = time.monotonic()
    names = (options.backend, rival(options.backend))
    entrants = [_entrant(name, problem, options, session) for name in names]

    def settles(result: Result) -> bool:
        if result.ending in (Ending.INFEASIBLE, Ending.UNBOUNDED):  # the other may refute it, but not for ever
            return time.monotonic() - began > CONFIRM_S + CONFIRM_SHARE * result.seconds
        return result.ending is Ending.OPTIMAL

    results = together(entrants, options.gap, progress, cancels, began=began, settles=settles)
    seconds, cancelled = time.monotonic() - began, bool(cancels())
    return _verdict(results, options, seconds, cancelled=cancelled)


def _entrant(name: str, problem: Problem, options: Options, session: Session | None) -> Entrant:
    asked = replace(options, backend=name, threads=max(1, options.threads // 2))
    return Entrant(name, lambda watch, cancels: direct(problem, asked, watch, cancels, session))


def _verdict(results: list[Result], options: Options, seconds: float, *, cancelled: bool) -> Result:
    """Weigh two results against one another."""
    claims = [result for result in results if result.ending in (Ending.INFEASIBLE, Ending.UNBOUNDED)]
    plans = [result for result in results if result.has_solution]
    if plans:
        bounds = [result.bound for result in results if result.ending is not Ending.FAILED]
        best = joined(plans, bounds, options.gap, seconds, cancelled=cancelled)
        if best.bound == -math.inf and any(claim.ending is Ending.UNBOUNDED for claim in claims):
            return replace(claims[0], seconds=seconds)  # a plan alone does not speak against falling cost
        wrong = "".join(f"; {claim.backend} said {claim.ending}, which the other one refutes" for claim in claims)
        return replace(best, message=best.message + wrong)
    if {claim.ending for claim in claims} == {Ending.INFEASIBLE, Ending.UNBOUNDED}:
        message = " but ".join(f"{claim.backend} says {claim.ending}" for claim in claims)
        return replace(claims[0], ending=Ending.FAILED, message=f"the engines disagree: {message}", seconds=seconds)
    if claims:
        both = "both engines agree" if len(claims) > 1 else f"only {claims[0].backend} says so"
        return replace(claims[0], message=f"{claims[0].message}; {both}", seconds=seconds)
    some = next((result for result in results if result.ending is not Ending.FAILED), results[0])
    bound = max(result.bound for result in results)
    message = "; ".join(f"{result.backend}: {result.message}" for result in results)
    return replace(some, bound=bound, message=message, seconds=seconds)
