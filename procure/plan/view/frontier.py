"""Points of a trade-off."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd


def frontier(points: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the points of a trade-off in the order of what is varied.

    Parameters
    ----------
    points
        Each with ``point`` (its id), ``x`` (the value that is varied), ``y`` (what it leads to; none where there is no
        plan), ``state`` (such as done or infeasible) and ``gap`` (relative; none where unknown).

    Returns
    -------
    ``point``, ``x``, ``y``, ``state``, ``gap``, and ``low``, the least that y may be by its gap.
    """
    frame = pd.DataFrame(list(points), columns=["point", "x", "y", "state", "gap"])
    frame = frame.astype({"point": str, "x": float, "y": float, "gap": float}).sort_values("x", ignore_index=True)
    return frame.assign(low=frame["y"] - frame["y"].abs() * frame["gap"].fillna(0.0))
