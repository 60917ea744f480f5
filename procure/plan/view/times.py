"""Periods as people look at them: joined to months, quarters or years where there are too many to tell apart."""

from typing import Final

import pandas as pd

from procure.plan.plan import Plan
from procure.scenario.horizon import Every

MOST: Final = 60
"""More columns than this are not told apart on a screen of 1280 px."""


def times(plan: Plan) -> pd.DataFrame:
    """Return each period with what it is shown as.

    Returns
    -------
    Indexed by the period's label: ``period`` (label of the span it is shown in), ``start`` and ``end`` of that span
    (dates), ``hours`` (of the period), ``year``, ``first`` and ``last`` (of the period itself, dates).
    """
    horizon = plan.scenario.horizon
    span_of, names = horizon.windows(_every(plan))
    edges = pd.to_datetime([edge.isoformat() for edge in horizon.edges])
    frame = pd.DataFrame(
        {
            "period": [names[span] for span in span_of],
            "first": edges[:-1],
            "last": edges[1:],
            "hours": horizon.hours,
            "year": [str(edge.year) for edge in horizon.edges[:-1]],
        },
        index=pd.Index(horizon.labels, name="label"),
    )
    of_span = frame.groupby("period", sort=False)
    return frame.assign(start=of_span["first"].transform("min"), end=of_span["last"].transform("max"))


def _every(plan: Plan) -> Every:
    horizon = plan.scenario.horizon
    steps: tuple[Every, ...] = ("period", "month", "quarter", "year")
    return next((every for every in steps if len(horizon.windows(every)[1]) <= MOST), "year")


def part_hours(plan: Plan) -> pd.DataFrame:
    """Return the hours of each slice of each period: columns ``label``, ``slice``, ``part_hours``."""
    horizon = plan.scenario.horizon
    rows = [
        (label, name, hours * share)
        for label, hours in zip(horizon.labels, horizon.hours.tolist(), strict=True)
        for name, share in zip(horizon.slice_ids, horizon.slice_shares.tolist(), strict=True)
    ]
    return pd.DataFrame(rows, columns=["label", "slice", "part_hours"])


def with_hours(plan: Plan, name: str) -> pd.DataFrame:
    """Return a table of figures by period and slice with ``part_hours``, in expectation where there are futures."""
    frame = plan.frame(name).rename(columns={"period": "label"})
    futures = max(frame["future"].nunique(), 1)
    frame = frame.merge(part_hours(plan), on=["label", "slice"], how="left")
    return frame.assign(part_hours=frame["part_hours"].astype(float) / futures)
