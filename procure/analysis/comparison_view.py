"""What pages show of two plans side by side, as DataFrames."""

from dataclasses import dataclass

import pandas as pd

from procure.analysis.compare import Comparison
from procure.plan.plan import Plan
from procure.plan.report.words import amount, usd
from procure.plan.view.headline import headline
from procure.plan.view.limits import limits


@dataclass(frozen=True)
class Delta:
    """A number of the top row in both plans.

    Parameters
    ----------
    name, label, help
        As in `procure.plan.view.headline.Number`.
    first, second
        The number with its unit, as text; a dash where a plan has none.
    change
        Second less first with its sign; empty where they are not amounts.
    """

    name: str
    label: str
    first: str
    second: str
    change: str
    help: str


def deltas(found: Comparison) -> list[Delta]:
    """Return the numbers of the top row of both plans, and by how much they differ."""
    sides = [{number.name: number for number in headline(plan)} for plan in (found.first, found.second)]
    names = dict.fromkeys([*sides[0], *sides[1]])
    rows = []
    for name in names:
        one, other = (side.get(name) for side in sides)
        known = other or one
        assert known is not None
        if one is not None and other is not None and one.label != other.label:  # of different vendors
            texts = [f"{number.label.partition(': ')[2]} {number.value}" for number in (one, other)]
            label = known.label.partition(": ")[0]
        else:
            texts, label = ["–" if number is None else number.value for number in (one, other)], known.label
        rows.append(Delta(name, label, texts[0], texts[1], _change(found, name), known.help))
    return rows


def _change(found: Comparison, name: str) -> str:
    units = {"discounted_cost": "USD", "cost": "USD", "peak_chips": "", "peak_power": "MW"}
    if name not in units:
        return ""
    before, after = found.first.totals[name], found.second.totals[name]
    change, unit = after - before, units[name]
    if abs(change) <= 1e-6 * max(abs(before), abs(after)):
        return "none"
    share = f" ({change / abs(before):+.1%})" if before else ""
    text = usd(change) if unit == "USD" else amount(change)
    return f"{'+' if change > 0 else ''}{text} {unit}".rstrip() + share


def moved_orders(found: Comparison) -> pd.DataFrame:
    """Return what is ordered otherwise, the largest change first.

    Returns
    -------
    ``name`` (offer), ``first_units``, ``second_units``, ``first``, ``second`` and ``change`` (USD committed to).
    """
    names = {"offer": "name", "first_committed_usd": "first", "second_committed_usd": "second"}
    frame = pd.DataFrame(found.orders).rename(columns=names)
    return frame[["name", "first_units", "second_units", "first", "second", "change"]]


def limits_changed(found: Comparison) -> pd.DataFrame:
    """Return the limits that bind in one plan only, or are broken in one only.

    Returns
    -------
    ``name``, ``change`` (binds now, no longer binds, broken now, no longer broken; new or removed where that is why),
    ``first`` and ``second`` (value of limit, as text; empty where there is none), ``quantity`` and ``unit``.
    """
    sides = [_states(plan) for plan in (found.first, found.second)]
    rows = []
    for name in dict.fromkeys([*sides[1], *sides[0]]):
        one, other = (side.get(name) for side in sides)
        change = _moved(one, other)
        if change:
            known = other or one
            assert known is not None
            texts = ["" if row is None else f"{row['value_text']} of {row['limit_text']}" for row in (one, other)]
            rows.append((name, change, *texts, known["quantity"], known["unit"]))
    return pd.DataFrame(rows, columns=["name", "change", "first", "second", "quantity", "unit"])


def _states(plan: Plan) -> dict[str, dict[str, str]]:
    return {str(row["name"]): {str(key): str(row[key]) for key in row} for row in limits(plan).to_dict("records")}


def _moved(one: dict[str, str] | None, other: dict[str, str] | None) -> str:
    """Return in words how the state of a limit changes, or nothing when it stays or never mattered."""
    before, after = (None if row is None else row["state"] for row in (one, other))
    if before == after or (before in (None, "slack") and after in (None, "slack")):
        return ""
    if after == "slack" or after is None:
        words = "no longer binds" if before == "binding" else "no longer broken"
        return words if after else f"{words}: removed"
    words = "binds now" if after == "binding" else "broken now"
    return words if before else f"{words}: new"
