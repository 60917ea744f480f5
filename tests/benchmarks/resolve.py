"""A re-solve after one edited limit: from scratch, and from the plan there was before."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from procure.plan.warm_start import WarmStart
from solvers import Options, Problem, Result, check, solve
from tests.benchmarks.arrays import problem_hash
from tests.benchmarks.contestants import Settings, version_of
from tests.benchmarks.instance import Instance
from tests.benchmarks.results import Results, write
from tests.benchmarks.summary import geometric_mean
from tests.benchmarks.table import table

if TYPE_CHECKING:
    from procure.scenario.scenario import Scenario

TIGHTER: Final = 0.9
"""What a share is multiplied with: 0.5 becomes 0.45."""
RUNS: Final = 3
SHORT_S: Final = 5.0


def resolve(instances: Sequence[Instance], settings: Settings, out: Path, head: Sequence[str], *, again: bool) -> str:
    """Measure the instances that have a share to tighten, one after the other; write and return the report."""
    results, found = Results(out / "resolve.json"), dict[str, dict[str, Any]]()
    for instance in instances:
        edit = edited(instance.scenario())
        if edit is None:
            sys.stderr.write(f"{instance.name} has no share to tighten\n")
            continue
        before, after = _problem(instance.scenario()), _problem(edit[1])
        what = {**asdict(settings), "before": problem_hash(before), "after": problem_hash(after)}
        key = f"{instance.name} | resolve | {what} | {version_of('procure')}"
        known = None if again else results[key]
        if known is None:
            known = {"edit": edit[0], **measure(before, after, settings)}
            results[key] = known
        found[instance.name] = known
        write(out / "resolve.md", markdown(found, head))
    return markdown(found, head)


def edited(scenario: "Scenario") -> "tuple[str, Scenario] | None":
    """Return a scenario whose first share is a tenth lower, and the edit in words; None where there is no share."""
    for limit in scenario.limits:
        share = limit.max_share
        if share:
            new = round(TIGHTER * share, 4)
            changed = scenario.with_({f"limits.{limit.id}.max_share": new})
            return f"{limit.id} {share:g} to {new:g}", changed
    return None


def measure(before: Problem, after: Problem, settings: Settings) -> dict[str, Any]:
    """Return the seconds of both ways, medians of three runs where they are short."""
    options = Options(backend="auto", time_limit_s=settings.time_limit_s, gap=settings.gap, threads=settings.threads)
    first = solve(before, options)
    start, basis = (None, None) if first.values is None else WarmStart(before, first.values, first.basis).onto(after)
    warm = replace(options, start=start, basis=basis)
    colds, warms = [solve(after, options)], [solve(after, warm)]
    while len(colds) < RUNS and max(colds[0].seconds, warms[0].seconds) < SHORT_S:
        colds.append(solve(after, options))
        warms.append(solve(after, warm))
    return {
        "start_fits": start is not None and check(after, start).ok,
        "cold": _figures(colds),
        "warm": _figures(warms),
    }


def markdown(found: dict[str, dict[str, Any]], head: Sequence[str]) -> str:
    """Return the report."""
    lines, ratios = [], []
    for name, figures in found.items():
        ratios.append(figures["warm"]["seconds"] / figures["cold"]["seconds"])
        start = "fits" if figures["start_fits"] else "to be repaired"
        cells = [_cell(figures["cold"]), _cell(figures["warm"]), f"{ratios[-1]:.2f}"]
        lines.append([name, figures["edit"], start, *cells])
    lines.append(["geometric mean", "", "", "", "", f"{geometric_mean(ratios):.2f}"])
    heads = ["instance", "edit", "plan before", "cold s", "from the plan before s", "ratio"]
    note = "Seconds of a solve of the edited problem, from the call; in brackets the gap left at the limit."
    return "\n\n".join(["# Re-solve after one edited limit", *head, note, table(heads, lines)]) + "\n"


def _cell(figures: dict[str, Any]) -> str:
    gap = figures["gap"]
    left = "" if figures["ending"] == "optimal" else " (no plan)" if gap is None else f" ({100 * gap:.2f} %)"
    return f"{figures['seconds']:.2f}{left}"


def _figures(results: Sequence[Result]) -> dict[str, Any]:
    last = results[-1]
    return {
        "seconds": median(result.seconds for result in results),
        "ending": str(last.ending),
        "gap": last.gap if np.isfinite(last.gap) else None,
        "objective": last.objective if np.isfinite(last.objective) else None,
        "message": last.message,
    }


def _problem(scenario: "Scenario") -> Problem:
    from procure.formulation.build import build

    return build(scenario).problem
