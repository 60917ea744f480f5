"""The starts of projects: when each is ready, and what it is paid."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from procure.plan.audit.facts import Facts
from procure.plan.audit.sums import FloatArray, IntArray, active_periods
from procure.scenario.units import DAYS_PER_YEAR, HOURS_PER_DAY

NEVER: Final = np.iinfo(np.int64).max
"""The period in which a project is ready that is not started: no period of a horizon."""


@dataclass(frozen=True)
class Starts:
    """Starts of projects; arrays of shape (starts,), but for ``first_ready`` of shape (P,).

    ``ready`` is start + delay, which may lie beyond the horizon; ``first_ready`` is that of each project of the
    scenario, `NEVER` where it is not started.
    """

    project: IntArray
    period: IntArray
    started: FloatArray
    ready: IntArray
    first_ready: IntArray


@dataclass(frozen=True)
class Payments:
    """What starts are paid; arrays of one length. ``row`` is the number of the start; USD, not discounted."""

    row: IntArray
    period: IntArray
    usd: FloatArray


def starts_of(facts: Facts, project: IntArray, period: IntArray, started: FloatArray) -> Starts:
    """Return the starts of projects in periods, with when they are ready."""
    first_ready = np.full(len(facts.projects), NEVER, dtype=np.int64)
    if not facts.projects:
        return Starts(project, period, started, period, first_ready)
    ready = period + facts.delays[project]
    np.minimum.at(first_ready, project, ready)
    return Starts(project, period, started, ready, first_ready)


def one_off(facts: Facts, starts: Starts) -> Payments:
    """Return the cost at the start and the payments after it, those beyond the horizon too."""
    rows = [
        (row, period + after, usd)
        for row, (project, period) in enumerate(zip(starts.project.tolist(), starts.period.tolist(), strict=True))
        for after, usd in facts.project_payments[project]
    ]
    row, period, usd = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.zeros(0),) * 3
    return Payments(row.astype(np.int64), period.astype(np.int64), usd.astype(np.float64))


def running(facts: Facts, starts: Starts) -> Payments:
    """Return the running cost, usd_per_year · hours / (365.25 · 24) in each period from ready to the end."""
    ready = np.minimum(starts.ready, facts.periods)
    row, period = active_periods(ready, np.full_like(ready, facts.periods))
    yearly = np.array([project.running_usd_per_year for project in facts.projects], dtype=np.float64)
    years = facts.horizon.hours[period] / (HOURS_PER_DAY * DAYS_PER_YEAR)
    return Payments(row, period, yearly[starts.project[row]] * years)
