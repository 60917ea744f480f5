"""What is measured of one instance: build, solve, plan, audit and memory."""

import math
import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, Final, TypeVar

from procure.formulation.model import Family, Formulation
from procure.scenario.scenario import Scenario
from solvers import Options, Result, backends
from solvers import solve as solve_problem
from tests.benchmarks.instance import Instance

REPEATS: Final = 5
PATIENCE_S: Final = 10.0
"""A build is repeated up to `REPEATS` times, while all of them take less than this."""
_T = TypeVar("_T")


@dataclass(frozen=True)
class Task:
    """An instance with how to solve it."""

    instance: Instance
    backends: tuple[str, ...]
    time_limit_s: float
    gap: float

    @classmethod
    def of(cls, data: dict[str, Any]) -> "Task":
        """Return the task of plain data."""
        return cls(Instance(**data["instance"]), tuple(data["backends"]), data["time_limit_s"], data["gap"])

    def data(self) -> dict[str, Any]:
        """Return the task as plain data."""
        return asdict(self)


def measure(task: Task, note: Callable[[dict[str, Any]], None]) -> None:
    """Measure one instance; `note` takes each group of figures as soon as it is known.

    Seconds are of the wall clock, memory in MB of 10^6 bytes: the peak of this process after each step, and
    that of the largest process it started, which is never below what this one had when it started it.
    """
    scenario, seconds = timed(task.instance.scenario)
    note({"scenario_s": seconds, "sources": scenario.sources.size, "workloads": len(scenario.workloads)})
    formulation, figures = build(scenario, aggregate=True)
    note(
        {
            "build": figures,
            "build_phases": phases(scenario, figures["nonzeros"]),
            "memory_built_mb": peak_mb(),
        }
    )
    best: Result | None = None
    for backend in task.backends:
        result, figures = solve(formulation, backend, task)
        note({"solve": {backend: figures}, "memory_engines_mb": peak_mb(children=True)})
        if result is not None and result.has_solution and (best is None or result.objective < best.objective):
            best = result
    if best is not None:
        note(plan(scenario, formulation, best))
    note({"memory_mb": peak_mb()})
    del formulation
    note({"unaggregated": build(scenario, aggregate=False)[1], "memory_unaggregated_mb": peak_mb()})


def timed(work: Callable[[], _T]) -> tuple[_T, float]:
    """Return the result of a call, and its seconds."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def peak_mb(*, children: bool = False) -> float:
    """Return the peak memory of this process, or of the largest of those it started and saw end."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF)
    return usage.ru_maxrss * 1024 / 1e6


def build(scenario: Scenario, *, aggregate: bool) -> tuple[Formulation, dict[str, Any]]:
    """Return the formulation of a scenario, its size, and the seconds of the fastest of several builds."""
    from procure.formulation.build import build as build_formulation

    seconds: list[float] = []
    while not seconds or (len(seconds) < REPEATS and sum(seconds) + seconds[0] < PATIENCE_S):
        formulation, spent = timed(lambda: build_formulation(scenario, aggregate=aggregate))
        seconds.append(spent)
    problem, classes = formulation.problem, formulation.model.classes
    structure = int((problem.integer & (problem.stage == 0)).sum()) if problem.stage is not None else 0
    return formulation, {
        "seconds": min(seconds),
        "seconds_first": seconds[0],
        "seconds_per_million_nonzeros": min(seconds) / max(problem.nonzero_count, 1) * 1e6,
        "columns": problem.column_count,
        "rows": problem.row_count,
        "nonzeros": problem.nonzero_count,
        "integers": int(problem.integer.sum()),
        "structure": structure,
        "capacity_classes": len(classes.source),
        "demand_classes": len(classes.workload),
    }


def phases(scenario: Scenario, nonzeros: int) -> dict[str, float]:
    """Return the seconds per million nonzeros of a build by family and hook, the longest first."""
    module: Any = import_module("procure.formulation.build")
    builder: Any = import_module("procure.formulation.builder").Builder
    spent: dict[str, float] = {}
    families, assemble = module.FAMILIES, builder.problem
    module.FAMILIES = tuple(_Stopwatch(family, spent) for family in families)
    builder.problem = lambda *arguments: _noted(spent, "assembly", lambda: assemble(*arguments))
    try:
        _, total = timed(lambda: module.build(scenario))
    finally:
        module.FAMILIES, builder.problem = families, assemble
    spent["index and classes"] = total - sum(spent.values())
    return {name: s / max(nonzeros, 1) * 1e6 for name, s in sorted(spent.items(), key=lambda entry: -entry[1])}


def _noted(spent: dict[str, float], name: str, work: Callable[[], _T]) -> _T:
    result, seconds = timed(work)
    spent[name] = spent.get(name, 0.0) + seconds
    return result


class _Stopwatch:
    """A family whose hooks note their seconds."""

    def __init__(self, family: Family, spent: dict[str, float]) -> None:
        self._family, self._spent = family, spent

    def __getattr__(self, hook: str) -> Callable[..., Any]:
        name = f"{type(self._family).__name__}.{hook}"

        def run(*arguments: Any) -> Any:
            return _noted(self._spent, name, lambda: _kept(getattr(self._family, hook)(*arguments)))

        return run


def _kept(result: Any) -> Any:
    # complaints come from generators, whose work is done when they are read
    return result if result is None else list(result)


def solve(formulation: Formulation, backend: str, task: Task) -> tuple[Result | None, dict[str, Any]]:
    """Return an engine's result and its figures; an engine that is not there is one of the figures."""
    if backend not in backends():
        return None, {"ending": "not available"}
    options = Options(backend=backend, time_limit_s=task.time_limit_s, gap=task.gap)
    result, seconds = timed(lambda: solve_problem(formulation.problem, options))
    usd = formulation.objective_usd
    return result, {
        "seconds": seconds,
        "ending": str(result.ending),
        "gap": _finite(result.gap),
        "objective_usd": _finite(result.objective * usd),
        "bound_usd": _finite(result.bound * usd),
        "nodes": result.nodes,
        "message": result.message,
        "version": result.version,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def plan(scenario: Scenario, formulation: Formulation, result: Result) -> dict[str, Any]:
    """Return the seconds of an answer's plan, figures and audit, and what the audit found."""
    from procure.plan.audit import audit
    from procure.plan.decisions import read_decisions
    from procure.plan.plan import Plan

    assert result.values is not None
    values = result.values
    decisions, read_s = timed(lambda: read_decisions(formulation, values))
    made = Plan(scenario, decisions, {}, {"scenario_hash": scenario.content_hash})
    computed, ledger_s = timed(lambda: made.computed)
    _, figures_s = timed(lambda: made.figures)
    objective = computed.objective
    bound = min(result.bound * formulation.objective_usd, objective)
    made.result.update(
        ending=str(result.ending), objective=objective, bound=bound, seconds=result.seconds,
        gap=abs(objective - bound) / max(abs(objective), 1e-9),
    )  # fmt: skip
    report, audit_s = timed(lambda: audit(made.to_data()))
    return {
        "plan": {"decisions_s": read_s, "ledger_s": ledger_s, "figures_s": figures_s, "audit_s": audit_s},
        "plan_s": read_s + ledger_s + figures_s,
        "audit_s": audit_s,
        "audit_findings": len(report.findings),
        "audit_first": [str(finding) for finding in report.findings[:3]],
    }
