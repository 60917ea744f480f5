"""From one amount to another, step by step."""

from collections.abc import Iterable

import pandas as pd

from procure.plan.report.words import CENTS


def bridge(first: tuple[str, float], changes: Iterable[tuple[str, float]], last: tuple[str, float]) -> pd.DataFrame:
    """Return the steps of a bridge (a waterfall).

    Parameters
    ----------
    first, last
        Name and USD of where it starts and ends.
    changes
        Name and USD of each change on the way; what they do not explain becomes a step of its own.

    Returns
    -------
    ``step``, ``kind`` (total, more, less), ``usd`` (of the total or the change), ``from_usd`` and ``to_usd`` (where its
    bar begins and ends).
    """
    steps = [(name, usd) for name, usd in changes if abs(usd) > CENTS]
    rest = last[1] - first[1] - sum(usd for _, usd in steps)
    if abs(rest) > CENTS:
        steps.append(("not explained", rest))
    rows, level = [(first[0], "total", first[1], 0.0, first[1])], first[1]
    for name, usd in steps:
        rows.append((name, "more" if usd > 0 else "less", usd, level, level + usd))
        level += usd
    rows.append((last[0], "total", last[1], 0.0, last[1]))
    return pd.DataFrame(rows, columns=["step", "kind", "usd", "from_usd", "to_usd"])
