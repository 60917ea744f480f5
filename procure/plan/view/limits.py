"""Every limit with its slack."""

from typing import Final

import pandas as pd

from procure.plan.plan import Plan
from procure.plan.report.rules import BINDING, BROKEN, limit_text, tightness
from procure.scenario.limit import UNITS

POWER: Final = "power_mw"
"""What the power that regions have is called among the limits."""
_COLUMNS: Final = ["name", "limit", "group", "quantity", "unit", "bound", "window", "value", "limit_value", "slack",
                   "used", "state", "windows", "binding_windows", "value_text", "limit_text", "slack_text"]  # fmt: skip


def limits(plan: Plan) -> pd.DataFrame:
    """Return each limit in its tightest window, those that are broken or bind first.

    Returns
    -------
    ``name`` (limit and group), ``limit``, ``group``, ``quantity``, ``unit``, ``bound`` (min, max, min_share, …),
    ``window``, ``value``, ``limit_value`` and ``slack`` (in that unit; shares and indices 0 to 1; counts), ``used``
    (value over limit; none where the limit is 0), ``state`` (broken, binding, slack), ``windows`` (how many there are),
    ``binding_windows``, and the three numbers as text.
    """
    frame = plan.frame("limits")
    if frame.empty:
        return pd.DataFrame(columns=_COLUMNS)
    numbers = ("value", "limit_value", "slack")
    frame = frame.astype(dict.fromkeys(numbers, float))
    frame["tightness"] = [
        tightness({"limit_value": limit, "slack": slack})
        for limit, slack in zip(frame["limit_value"], frame["slack"], strict=True)
    ]
    keys = ["limit", "group"]
    frame["binds"] = frame["tightness"] < BINDING
    of_limit = frame.groupby(keys, sort=False)
    frame["windows"], frame["binding_windows"] = of_limit["binds"].transform("size"), of_limit["binds"].transform("sum")
    found = frame.sort_values("tightness", kind="stable").drop_duplicates(keys).reset_index(drop=True)
    quantity = {limit.id: str(limit.quantity) for limit in plan.scenario.limits} | {POWER: "power"}
    found["quantity"] = found["limit"].map(quantity)
    found["unit"] = [_unit(*pair) for pair in zip(found["quantity"], found["bound"], strict=True)]
    found["name"] = found["limit"] + (" · " + found["group"]).where(found["group"] != "", "")
    found["slack"] = found["slack"].where(found["tightness"] != 0, 0.0)
    found["used"] = found["value"] / found["limit_value"].where(found["limit_value"] != 0)
    broken = found["tightness"] < -BROKEN
    found["state"] = pd.Series("slack", index=found.index).mask(found["binds"], "binding").mask(broken, "broken")
    for name in numbers:
        words = zip(found[name], found["bound"], found["quantity"].map(UNITS), strict=True)
        found[f"{name.removesuffix('_value')}_text"] = [limit_text(*each) for each in words]
    return found[_COLUMNS]


def _unit(quantity: str, bound: str) -> str:
    if bound.endswith("share"):
        return f"share of {quantity}"
    return "values" if bound.endswith("count") else "index" if bound.endswith("hhi") else UNITS[quantity]
