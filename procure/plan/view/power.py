"""Power against what is available."""

import pandas as pd

from procure.plan.plan import Plan
from procure.plan.view.times import times


def power(plan: Plan) -> pd.DataFrame:
    """Return the peak power at the meter by region and period.

    Returns
    -------
    ``region``, ``period`` (label), ``start`` (date), ``mw``, ``available_mw`` (none where nothing limits it), ``used``
    (share of what is available). Where periods are shown joined, the one in which least is left.
    """
    frame = plan.frame("power").rename(columns={"period": "label"})
    frame = frame.join(times(plan)[["period", "start"]], on="label")
    frame = frame.assign(mw=frame["mw"].astype(float), available_mw=frame["available_mw"].astype(float))
    used = (frame["mw"] / frame["available_mw"].where(frame["available_mw"] > 0)).fillna(frame["mw"])
    frame = frame.assign(_used=used).sort_values("_used", ascending=False, kind="stable")
    frame = frame.drop_duplicates(["region", "period"]).sort_values(["region", "start"], ignore_index=True)
    columns = ["region", "period", "start", "mw", "available_mw"]
    return frame[columns].assign(used=frame["mw"] / frame["available_mw"].where(frame["available_mw"] > 0))


def by_region(frame: pd.DataFrame) -> pd.DataFrame:
    """Return each region where power is drawn in its tightest period, the largest first: the columns of `power`."""
    rank = frame["used"].fillna(-1.0)
    peak = frame.assign(_rank=rank).sort_values(["_rank", "mw"], ascending=False).drop_duplicates("region")
    return peak.sort_values("mw", ascending=False, ignore_index=True).drop(columns="_rank")
