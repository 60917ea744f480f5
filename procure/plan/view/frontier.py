"""Points of a trade-off."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

MEASURES: Final = {
    "cost_usd": "Discounted cost (USD)", "vendor_share": "Largest vendor's share of spend (%)",
    "peak_power_mw": "Peak power (MW)", "carbon_t": "Carbon (t)", "served_value_usd": "Value of the work served (USD)",
}  # fmt: skip
"""What a point is measured by, and the title of its axis."""


def frontier(
    rows: Mapping[str, Sequence[Any]], measure: str = "cost_usd", ids: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the points of a trade-off, in the order of what is varied.

    Parameters
    ----------
    rows
        The table of a frontier: ``value``, ``cost_usd``, ``gap``, ``vendor``, ``vendor_share``, ``peak_power_mw``,
        ``carbon_t``, ``served_value_usd``, ``ending``, ``dominated``.
    measure
        Which of `MEASURES` is looked at.
    ids
        What each point is known by, such as the id of its plan; none: its number.

    Returns
    -------
    ``point`` (its id), ``label`` (the value varied, as text), ``x`` (the same as a number, none where it is not one),
    ``y`` (the measure; none without a plan), ``low`` (the least that the cost may be by its gap, else ``y``), ``gap``,
    ``vendor``, ``ending``, ``state`` (efficient, dominated, no plan).
    """
    frame = pd.DataFrame(dict(rows), dtype=object)
    known = ids if ids is not None else [str(number) for number in range(len(frame))]
    numbers = [value if isinstance(value, int | float) else None for value in frame["value"]]
    y, gap = frame[measure].astype(float), frame["gap"].astype(float)
    lower = y - y.abs() * gap.fillna(0.0) if measure == "cost_usd" else y
    state = [
        "no plan" if cost is None else "dominated" if dominated else "efficient"
        for cost, dominated in zip(frame["cost_usd"], frame["dominated"], strict=True)
    ]
    found = pd.DataFrame({
        "point": list(known), "label": [f"{value}" for value in frame["value"]],
        "x": pd.Series(numbers, index=frame.index, dtype=float), "y": y, "low": lower, "gap": gap,
        "vendor": frame["vendor"].fillna(""), "ending": frame["ending"], "state": state,
    })  # fmt: skip
    return found.sort_values("x", kind="stable", ignore_index=True)
