"""Orders as a timeline."""

from typing import Final

import pandas as pd

from procure.plan.plan import Plan
from procure.plan.view.sources import sources
from procure.plan.view.times import times

MOST: Final = 32
"""Single orders shown; the others are joined by provider."""
_COLUMNS: Final = ["row", "offer", "accelerator", "vendor", "provider", "region", "contract", "period", "ordered",
                   "active_from", "active_until", "beyond", "orders", "units", "chips", "committed_usd"]  # fmt: skip


def orders(plan: Plan, most: int = MOST) -> pd.DataFrame:
    """Return the orders, those that commit to most one by one, the others joined by provider, earliest first.

    Parameters
    ----------
    most
        How many are shown one by one.

    Returns
    -------
    ``row`` (what it is called, unique), ``offer``, ``accelerator``, ``vendor``, ``provider``, ``region``, ``contract``,
    ``period`` (in which it is ordered, a label), ``ordered``, ``active_from`` and ``active_until`` (dates; between the
    first two it is on its way), ``beyond`` (whether it runs on after the horizon, at whose end ``active_until`` then
    lies), ``orders`` (how many are joined), ``units``, ``chips``, ``committed_usd``.
    """
    frame, when = plan.frame("orders"), times(plan)
    if frame.empty:
        return pd.DataFrame(columns=_COLUMNS)
    frame = frame.join(sources(plan).drop(columns="offer"), on="offer")
    beyond = frame["active_until"] == "beyond"
    until = frame["active_until"].mask(beyond, when.index[-1])
    frame = frame.assign(
        ordered=frame["period"].map(when["first"]),
        active_from=frame["active_from"].map(when["first"]),
        active_until=until.map(when["last"]),
        beyond=beyond,
        orders=1,
        row=frame["offer"] + " · " + frame["period"],
    ).sort_values("committed_usd", ascending=False, kind="stable")
    rest = frame.iloc[most:]
    alone = ~rest["provider"].duplicated(keep=False)  # a join of one is that one
    shown = pd.concat([frame.head(most), rest[alone], _joined(rest[~alone])], ignore_index=True)
    first = shown.groupby("offer")["ordered"].transform("min")
    return shown.assign(_first=first).sort_values(["_first", "offer", "ordered"], ignore_index=True)[_COLUMNS]


def _joined(rest: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each provider of the orders not shown one by one."""
    if rest.empty:
        return rest
    found = rest.groupby("provider", as_index=False).agg(
        period=("period", "min"), ordered=("ordered", "min"), active_from=("active_from", "min"),
        active_until=("active_until", "max"), beyond=("beyond", "any"), orders=("orders", "sum"),
        units=("units", "sum"), chips=("chips", "sum"), committed_usd=("committed_usd", "sum"),
        **{name: (name, _alike) for name in ("accelerator", "vendor", "region", "contract")},
    )  # fmt: skip
    name = "others at " + found["provider"] + " (" + found["orders"].astype(str) + ")"
    return found.assign(offer=name, row=name)


def _alike(values: "pd.Series[str]") -> str:
    names = values.unique()
    return str(names[0]) if len(names) == 1 else f"{len(names)} kinds"
