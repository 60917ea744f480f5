"""Shares of spend, compute and chips, with the caps that limits put on them."""

from typing import Final

import pandas as pd

from procure.plan.plan import Plan
from procure.plan.view.demand import with_capacity
from procure.plan.view.times import times
from procure.scenario.limit import Limit
from procure.scenario.selection import SOURCE_LABELS

REPORTED: Final = ("vendor", "provider")
_COLUMNS: Final = ["value", "year", "amount", "share"]
_CAPS: Final = ["limit", "value", "year", "bound", "limit_share", "share", "slack"]


def choices(plan: Plan) -> list[tuple[str, str]]:
    """Return the (quantity, label) pairs of which there are shares, those that a limit caps first."""
    known = [(quantity, label) for quantity in ("spend", "compute", "chips") for label in REPORTED]
    known += [("chips", label) for label in SOURCE_LABELS if label not in REPORTED and label != "offer"]
    return sorted(known, key=lambda pair: not any(_of_label(limit, *pair) for limit in plan.scenario.limits))


def shares(plan: Plan, quantity: str = "spend", label: str = "vendor") -> pd.DataFrame:
    """Return the share of each value of a label in a quantity, year by year, the largest first.

    Parameters
    ----------
    quantity
        ``spend`` (USD), ``compute`` (PFLOP/s on average), ``chips`` (on average over the year).
    label
        ``vendor`` or ``provider``; of chips any label of an offer.

    Returns
    -------
    ``value``, ``year``, ``amount`` (in the quantity's unit), ``share`` (0 to 1).

    Raises
    ------
    ValueError
        When there are no shares of this quantity by this label.
    """
    if (quantity, label) not in choices(plan):
        raise ValueError(f"no shares of {quantity} by {label}: expected one of {choices(plan)}")
    if label in REPORTED:
        frame = plan.frame("shares")
        frame = frame[(frame["quantity"] == quantity) & (frame["label"] == label)]
        found = frame.astype({"amount": float, "share": float})
    else:
        found = _of_chips(plan, label)
    rank = found.groupby("value")["amount"].sum().sort_values(ascending=False)
    order = {name: place for place, name in enumerate(rank.index)}
    place = found["value"].map(order)
    return found.assign(_place=place).sort_values(["year", "_place"], ignore_index=True)[_COLUMNS]


def _of_chips(plan: Plan, label: str) -> pd.DataFrame:
    when = times(plan)
    frame = with_capacity(plan, ["chips"]).join(when["year"], on="label")
    hours = when.groupby("year")["hours"].sum()
    found = frame.groupby([label, "year"])[["chips"]].sum().reset_index().rename(columns={label: "value"})
    found = found.assign(amount=found["chips"].astype(float) / found["year"].map(hours).astype(float))
    return found.assign(share=found["amount"] / found.groupby("year")["amount"].transform("sum"))


def caps(plan: Plan, quantity: str = "spend", label: str = "vendor") -> pd.DataFrame:
    """Return the limits on such shares, year by year, as the plan meets them.

    Returns
    -------
    ``limit``, ``value`` (of the label; several are joined by a comma), ``year``, ``bound`` (max_share or min_share),
    ``limit_share``, ``share`` and ``slack`` (0 to 1); where a limit's windows are shorter than a year, the tightest.
    Limits on part of the quantity only are left out.
    """
    mine = {limit.id: limit for limit in plan.scenario.limits if _of_label(limit, quantity, label)}
    frame = plan.frame("limits")
    frame = frame[frame["limit"].isin(mine)]
    if frame.empty:
        return pd.DataFrame(columns=_CAPS)
    selected = [", ".join(mine[str(name)].where.get(label, ())) for name in frame["limit"]]
    frame = frame.rename(columns={"value": "share", "limit_value": "limit_share"})
    frame["value"] = frame["group"].where(frame["group"] != "", pd.Series(selected, index=frame.index))
    frame["year"] = frame["window"].str[:4]
    years = list(dict.fromkeys(times(plan)["year"]))
    of_all = frame["window"] == "horizon"
    spread = frame[of_all].drop(columns="year").merge(pd.DataFrame({"year": years}), how="cross")
    frame = pd.concat([frame[~of_all], spread]).sort_values("slack", kind="stable")
    found = frame.drop_duplicates(["limit", "value", "year"]).sort_values(["limit", "value", "year"])
    return found[_CAPS].reset_index(drop=True)


def _of_label(limit: Limit, quantity: str, label: str) -> bool:
    """Whether a limit is about shares of all of a quantity by one label, and nothing else."""
    about = set(limit.where) | ({limit.per} if limit.per else set())
    return limit.quantity == quantity and limit.bound.endswith("share") and not limit.of and about == {label}
