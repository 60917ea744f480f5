"""From the cost of one plan to that of another, step by step."""

from collections.abc import Mapping
from typing import Any

import pandas as pd


def bridge(data: Mapping[str, Any], names: tuple[str, str] = ("before", "after")) -> pd.DataFrame:
    """Return the steps of a bridge (a waterfall).

    Parameters
    ----------
    data
        ``costs`` (USD, of the first plan, of those between and of the last) and ``steps`` (a table with ``label``,
        ``usd``, ``least_usd``, ``most_usd`` and ``within_proof``), as a bridge's plain data has them.
    names
        What the first and the last plan are called.

    Returns
    -------
    ``step``, ``kind`` (total, more, less, not proven), ``usd`` (of the total or the change), ``from_usd`` and
    ``to_usd`` (where its bar begins and ends), ``least_usd`` and ``most_usd`` (between which the proofs place the
    change; none where there is none).
    """
    steps, costs = data["steps"], [float(cost) for cost in data["costs"]]
    rows: list[tuple[Any, ...]] = [(names[0], "total", costs[0], 0.0, costs[0], None, None)]
    columns = (steps[name] for name in ("label", "usd", "least_usd", "most_usd", "within_proof"))
    for (label, usd, least, most, loose), start, end in zip(
        zip(*columns, strict=True), costs[:-1], costs[1:], strict=True
    ):
        kind = "not proven" if loose else "more" if usd > 0 else "less"
        rows.append((label, kind, usd, start, end, least, most))
    rows.append((names[1], "total", costs[-1], 0.0, costs[-1], None, None))
    names_of = ["step", "kind", "usd", "from_usd", "to_usd", "least_usd", "most_usd"]
    return pd.DataFrame(rows, columns=names_of).astype(dict.fromkeys(names_of[2:], float))
