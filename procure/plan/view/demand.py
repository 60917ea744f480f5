"""What is asked of each workload, and what is served."""

import pandas as pd

from procure.plan.plan import Plan
from procure.plan.view.sources import sources
from procure.plan.view.times import times, with_hours


def demand(plan: Plan) -> pd.DataFrame:
    """Return demand and work by workload and period, in the workload's own unit.

    Returns
    -------
    ``workload``, ``kind``, ``unit`` (name of the unit of work), ``period`` (label), ``start`` (date), ``demand``,
    ``served`` and ``unmet`` (work in that period), ``unmet_share`` (0 to 1).
    """
    frame = plan.frame("unmet").rename(columns={"period": "label"})
    frame = frame.join(times(plan)[["period", "start"]], on="label")
    keys = ["workload", "period", "start"]
    numbers = frame.astype(dict.fromkeys(("demand", "served", "unmet"), float))
    found = numbers.groupby(keys, sort=False)[["demand", "served", "unmet"]].sum().reset_index()
    about = {work.id: (work.kind, work.unit) for work in plan.scenario.workloads}
    found.insert(1, "kind", [about[name][0] for name in found["workload"]])
    found.insert(2, "unit", [about[name][1] for name in found["workload"]])
    return found.assign(unmet_share=found["unmet"] / found["demand"])


def by_workload(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what `demand` returns summed over the horizon, the largest share left undone first.

    Returns
    -------
    ``workload``, ``kind``, ``unit``, ``demand``, ``served``, ``unmet`` (work), ``unmet_share`` (0 to 1).
    """
    found = frame.groupby(["workload", "kind", "unit"], sort=False)[["demand", "served", "unmet"]].sum().reset_index()
    found = found.assign(unmet_share=found["unmet"] / found["demand"])
    return found.sort_values("unmet_share", ascending=False, kind="stable", ignore_index=True)


def chips(plan: Plan) -> pd.DataFrame:
    """Return the chips that work, by accelerator and period, on average over its hours.

    Returns
    -------
    ``accelerator``, ``vendor``, ``period`` (label), ``start`` (date), ``chips``, ``used_chips``, ``sublet_chips``,
    ``idle_chips`` (working ones; chips that fail at times are the rest).
    """
    columns = ["chips", "used_chips", "sublet_chips", "idle_chips"]
    when, labels = times(plan), ["accelerator", "vendor"]
    frame = with_capacity(plan, columns).join(when[["period", "start"]], on="label")
    hours = when.groupby("period", sort=False)["hours"].sum()
    found = frame.groupby([*labels, "period", "start"], sort=False)[columns].sum().reset_index()
    return found.assign(**{name: found[name] / found["period"].map(hours) for name in columns})


def with_capacity(plan: Plan, columns: list[str]) -> pd.DataFrame:
    """Return the table of capacity with the labels of its sources; `columns` are in chip-hours, none below zero."""
    frame = with_hours(plan, "capacity").join(sources(plan), on="source")
    hours = {name: frame[name].astype(float).clip(lower=0.0) * frame["part_hours"] for name in columns}
    return frame.assign(**hours)
