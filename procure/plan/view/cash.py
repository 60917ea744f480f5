"""Cash by ledger and period."""

import pandas as pd

from procure.plan.plan import Plan
from procure.plan.view.times import times


def cash(plan: Plan) -> pd.DataFrame:
    """Return undiscounted cash: columns ``period`` (label), ``start`` (date), ``ledger``, ``item``, ``usd``."""
    frame = plan.frame("cash").rename(columns={"period": "label"})
    frame = frame.join(times(plan)[["period", "start"]], on="label").astype({"usd": float})
    return frame.groupby(["period", "start", "ledger", "item"], sort=False)[["usd"]].sum().reset_index()


def cumulative(plan: Plan) -> pd.DataFrame:
    """Return cash up to the end of each period: columns ``period``, ``start``, ``usd`` (of it), ``total_usd``."""
    spent = cash(plan).groupby("period")["usd"].sum()
    found = times(plan).drop_duplicates("period")[["period", "start"]].reset_index(drop=True)
    found["usd"] = found["period"].map(spent).fillna(0.0).astype(float)
    return found.assign(total_usd=found["usd"].cumsum())


def by_year(plan: Plan) -> pd.DataFrame:
    """Return cash by ledger and item, USD: a column for each year, and ``total``."""
    frame = plan.frame("cash").join(times(plan)["year"], on="period").astype({"usd": float})
    found = frame.pivot_table(index=["ledger", "item"], columns="year", values="usd", aggfunc="sum", fill_value=0.0)
    found.columns = [str(year) for year in found.columns]
    found = found.assign(total=found.sum(axis=1)).sort_values(["ledger", "total"], ascending=[False, False])
    return found.reset_index()
