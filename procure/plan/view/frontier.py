"""Points of a trade-off."""

from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from typing import Any, Final

import pandas as pd

MEASURES: Final = {
    "cost_usd": "Discounted cost (USD)", "vendor_share": "Largest vendor's share of spend (%)",
    "peak_power_mw": "Peak power (MW)", "carbon_t": "Carbon (t)", "served_value_usd": "Value of the work served (USD)",
}  # fmt: skip
"""What a point is measured by, and the title of its axis."""


def frontier(points: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the points of a trade-off in the order of what is varied.

    Parameters
    ----------
    points
        Each with ``point`` (its id), ``x`` (the value that is varied), ``y`` (what it leads to; none where there is no
        plan), ``state`` (such as done or infeasible) and ``gap`` (relative; none where unknown); and where known
        ``vendor`` (the largest), ``dominated`` (whether another is no worse in anything and better in something) and
        ``low`` (the least that y may be; else by the gap).

    Returns
    -------
    ``point``, ``label`` (the value varied, as text), ``x`` (as a number; none where it is not one), ``y``, ``low``,
    ``gap``, ``state``, ``vendor``, ``kind`` (efficient, dominated, no plan).
    """
    names = ["point", "x", "y", "state", "gap", "vendor", "dominated", "low"]
    frame = pd.DataFrame([dict(point) for point in points], columns=names, dtype=object)
    numbers = [value if isinstance(value, int | float) else None for value in frame["x"]]
    y, gap = frame["y"].astype(float), frame["gap"].astype(float)
    low = frame["low"].astype(float).fillna(y - y.abs() * gap.fillna(0.0))
    kinds = [
        "no plan" if isnan(value) else "dominated" if dominated is True else "efficient"
        for value, dominated in zip(y, frame["dominated"], strict=True)
    ]
    found = pd.DataFrame({
        "point": frame["point"].astype(str), "label": [_words(value) for value in frame["x"]],
        "x": pd.Series(numbers, index=frame.index, dtype=float), "y": y, "low": low, "gap": gap,
        "state": frame["state"], "vendor": frame["vendor"].fillna(""), "kind": kinds,
    })  # fmt: skip
    return found.sort_values("x", kind="stable", ignore_index=True)


def of_rows(
    rows: Mapping[str, Sequence[Any]], measure: str = "cost_usd", ids: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the points of the table of a frontier, as `frontier` does.

    Parameters
    ----------
    rows
        ``value``, ``cost_usd``, ``gap``, ``vendor``, ``vendor_share``, ``peak_power_mw``, ``carbon_t``,
        ``served_value_usd``, ``ending``, ``dominated``.
    measure
        Which of `MEASURES` is looked at.
    ids
        What each point is known by, such as the id of its plan; none: its number.
    """
    count = len(rows["value"])
    known = ids if ids is not None else [str(number) for number in range(count)]
    return frontier(
        {
            "point": known[row], "x": rows["value"][row], "y": rows[measure][row], "state": rows["ending"][row],
            "gap": rows["gap"][row], "vendor": rows["vendor"][row], "dominated": rows["dominated"][row],
            "low": None if measure == "cost_usd" else rows[measure][row],
        }
        for row in range(count)
    )  # fmt: skip


def _words(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
