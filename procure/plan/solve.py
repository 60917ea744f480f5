"""From a scenario to an audited plan."""

import contextlib
import math
import platform
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from procure.formulation.build import build
from procure.formulation.eligibility import eligible
from procure.formulation.index import Index
from procure.formulation.ledger import discounted_cost
from procure.formulation.model import Formulation
from procure.plan.decisions import read_decisions
from procure.plan.kept import Answer, Stages, alone, continued
from procure.plan.plan import Plan, check_audit
from procure.plan.warm_start import WarmStart
from procure.scenario.scenario import Scenario
from solvers import Cone, Ending, Options, Problem, Progress, Result, Session, solve_with_cones
from solvers import solve as solve_problem

CONE_TOLERANCE = 2e-7
"""Of the length of the vector of amounts; an index is then right to 1e-6."""


class NoPlan(Exception):
    """The solve ended without a plan; `result` says how."""

    def __init__(self, message: str, result: Result) -> None:
        super().__init__(message)
        self.result = result


class Infeasible(NoPlan):
    """No plan satisfies the scenario."""


class LimitReached(NoPlan):
    """A limit was reached, or the solve was stopped, before the first plan."""


class SolverFailed(NoPlan):
    """The engine failed and left no plan."""


def solve(
    scenario: Scenario,
    *,
    gap: float = 5e-3,
    time_limit_s: float | None = None,
    backend: str = "auto",
    threads: int = 1,
    seed: int = 0,
    aggregate: bool = True,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    previous: Plan | None = None,
    session: Session | None = None,
) -> Plan:
    """Return the audited plan of a scenario.

    Parameters
    ----------
    gap
        Stop when the plan is proven to be within this relative distance of the best possible. A baseline is kept
        unless a change saves more than that, so that a kept plan may be twice as far from the best possible.
    time_limit_s
        Stop after this many seconds with the best plan so far.
    backend, threads, seed
        Engine (`auto` chooses by the size of the problem) and its settings; the same settings give the same plan with
        one thread.
    aggregate
        Join sources and workloads that nothing tells apart (exact); False is for comparison.
    progress
        Called with the incumbent (USD), bound (USD) and gap while the engine works.
    cancel
        Set it to stop with the best plan so far.
    previous
        A plan of this scenario before an edit, solved in this process: its orders and basis are the start.
    session
        Engines kept running between solves (`solvers.Session`); by default they are started anew.

    Raises
    ------
    InvalidData
        When data that the scenario's rules need is missing.
    Infeasible, LimitReached, SolverFailed
        When there is no plan; each says what to do next.
    AuditFailed
        When the answer does not hold when recomputed: an error of the engine or of this program.
    """
    if not isinstance(scenario, Scenario):
        raise TypeError(f"expected a Scenario, not {scenario!r}: read one with procure.load(name or path)")
    formulation = build(scenario, aggregate=aggregate)
    warm = None if previous is None else previous.warm_start
    start, basis = (None, None) if warm is None else warm.onto(formulation.problem)
    options = Options(
        backend=backend, time_limit_s=time_limit_s, gap=gap, threads=threads, seed=seed, start=start, basis=basis
    )
    report = _in_usd(progress, formulation.objective_usd)
    stages = Stages(
        lambda problem, asked: _solve(
            problem,
            formulation.model.cones,
            asked,
            report if problem is formulation.problem else _without_bound(report),
            cancel,
            session,
        ),
        None if scenario.objective == "least_cost" else partial(_cheapest, formulation, cancel, session),
    )
    answer = (alone if scenario.baseline is None else continued)(formulation, options, stages)
    _raise_without_plan(scenario, answer.result)
    assert answer.values is not None
    left_behind = WarmStart(formulation.problem, answer.values, answer.result.basis)
    decisions = read_decisions(formulation, answer.values)
    plan = Plan(scenario, decisions, {}, _provenance(scenario, options, answer.result), left_behind)
    object.__setattr__(plan, "result", _result(plan, formulation, answer))
    check_audit(plan.to_data())
    return plan


def _solve(
    problem: Problem, cones: Sequence[Cone], options: Options, report: Callable[[Progress], None] | None,
    cancel: threading.Event | None, session: Session | None,
) -> Result:  # fmt: skip
    """Solve with the cones, if there are any."""
    if not cones:
        return solve_problem(problem, options, report, cancel, session)
    with contextlib.ExitStack() as opened:
        kept = session or opened.enter_context(Session())
        inner = partial(solve_problem, session=kept)
        return solve_with_cones(
            problem, cones, replace(options, basis=None), CONE_TOLERANCE, report, cancel, solve=inner
        ).result


def _cheapest(
    formulation: Formulation, cancel: threading.Event | None, session: Session | None,
    problem: Problem, first: Result, options: Options,
) -> Result | None:  # fmt: skip
    """Return the least costly answer, USD, of a problem among those that serve as much value, None without the time."""
    limit_s = options.time_limit_s
    if first.ending is Ending.CANCELLED or (limit_s is not None and limit_s < 1.0):
        return None
    cheap, _, usd = formulation.model.builder.problem(discounted_cost(formulation.model.ledger))
    cheap = replace(cheap, column_lower=problem.column_lower, column_upper=problem.column_upper)
    bounded = _keep_value(cheap, problem, first.objective)
    found = _solve(bounded, formulation.model.cones, options, None, cancel, session)
    return replace(found, objective=found.objective * usd, bound=found.bound * usd)


def _keep_value(cheap: Problem, best: Problem, objective: float) -> Problem:
    columns = np.flatnonzero(best.objective)
    room = objective - best.offset + 1e-7 * max(1.0, abs(objective))
    return replace(
        cheap,
        row_lower=np.append(cheap.row_lower, -np.inf),
        row_upper=np.append(cheap.row_upper, room),
        starts=np.append(cheap.starts, cheap.starts[-1] + len(columns)),
        columns=np.append(cheap.columns, columns.astype(np.int32)),
        coefficients=np.append(cheap.coefficients, best.objective[columns]),
        row_names=None,
    )


def _in_usd(progress: Callable[[Progress], None] | None, usd: float) -> Callable[[Progress], None] | None:
    if progress is None:
        return None

    def report(event: Progress) -> None:
        incumbent = None if event.incumbent is None else event.incumbent * usd
        progress(replace(event, incumbent=incumbent, bound=None if event.bound is None else event.bound * usd))

    return report


def _without_bound(progress: Callable[[Progress], None] | None) -> Callable[[Progress], None] | None:
    """Report the plans of a part of the problem; its bound is not one of the whole."""
    return None if progress is None else lambda event: progress(replace(event, bound=None, gap=math.inf))


def _raise_without_plan(scenario: Scenario, result: Result) -> None:
    if result.has_solution:
        return
    if result.ending is Ending.INFEASIBLE:
        reach = [bool(row.any()) for row in eligible(Index(scenario))]
        alone = [work.id for work, may in zip(scenario.workloads, reach, strict=True) if not may]
        hard = [limit.id for limit in scenario.limits if limit.soft is None]
        hard += [f"power of {region.id}" for region in scenario.regions if region.power_mw is not None]
        hard += [f"agreement {entry.id}" for entry in scenario.agreements if entry.must]
        hard += [f"project {entry.id}" for entry in scenario.projects if entry.must]
        hard += ["cash floor"] if scenario.funding is not None else []
        if scenario.baseline is not None and scenario.baseline.fixed_until is not None:
            hard.append(f"the baseline, fixed until {scenario.baseline.fixed_until}")
        must = [work.id for work in scenario.workloads if work.unmet_usd_per_unit is None or work.essential_share]
        more = "lower the cash floor or add a tranche, " if scenario.funding is not None else ""
        message = (
            f"no plan satisfies {scenario.name}: its hard limits ({', '.join(hard) or 'none'}), supply, lead times and "
            f"the work that must be served ({', '.join(must) or 'none'}) contradict one another. "
            + (f"No offer may run {', '.join(alone)}. " if alone else "")
            + f"Loosen a limit, give it a soft price, {more}or give the work an unmet_usd_per_unit."
        )
        raise Infeasible(message, result)
    if result.ending in (Ending.LIMIT_EMPTY, Ending.CANCELLED_EMPTY):
        if result.ending is Ending.CANCELLED_EMPTY:
            raise LimitReached(f"stopped after {result.seconds:.1f} s, before the first plan", result)
        message = f"the time limit was reached after {result.seconds:.1f} s, before the first plan. Give it more time."
        raise LimitReached(message, result)
    raise SolverFailed(f"{result.backend} ended without a plan: {result.ending}. {result.message}", result)


def _result(plan: Plan, formulation: Formulation, answer: Answer) -> dict[str, Any]:
    objective, result, cost = plan.computed.objective, answer.result, answer.cost
    bound = min(result.bound * formulation.objective_usd, objective)
    gap = abs(objective - bound) / max(abs(objective), 1e-9) if math.isfinite(bound) else math.inf
    return {
        "ending": str(result.ending),
        "objective": objective,
        "bound": bound if math.isfinite(bound) else None,
        "gap": gap,
        "seconds": result.seconds,
        "columns": len(formulation.problem.objective),
        "rows": len(formulation.problem.row_lower),
        "nonzeros": len(formulation.problem.coefficients),
        "message": result.message,
        **answer.told,
        **({} if plan.scenario.objective == "least_cost" else _proven(cost)),
    }


def _proven(cost: Result | None) -> dict[str, float | None]:
    """Return how far the cost of a plan of most served value is proven."""
    if cost is None or not cost.has_solution or not math.isfinite(cost.bound):
        return {"cost_bound": None, "cost_gap": None}
    return {"cost_bound": cost.bound, "cost_gap": cost.gap}


def _provenance(scenario: Scenario, options: Options, result: Result) -> dict[str, Any]:
    libraries = {
        name: found for name in ("numpy", "pydantic", "highspy", "ortools", "pulp") if (found := _version(name))
    }
    return {
        "scenario_hash": scenario.content_hash,
        "procure": _version("procure") or "source",
        "backend": result.backend,
        "backend_version": result.version,
        "gap_asked": options.gap,
        "time_limit_s": options.time_limit_s,
        "threads": options.threads,
        "seed": options.seed,
        "python": platform.python_version(),
        "libraries": libraries,
    }


@cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
