"""How a solve went on."""

from collections.abc import Iterable

import pandas as pd


def trace(points: Iterable[tuple[float, float | None, float | None, float | None]]) -> pd.DataFrame:
    """Return the course of a solve.

    Parameters
    ----------
    points
        (seconds since the start, incumbent USD, bound USD, relative gap), in order; none where there is none yet.

    Returns
    -------
    ``seconds``, ``incumbent_usd``, ``bound_usd``, ``gap``; not a number where there is none, or it is infinite.
    """
    frame = pd.DataFrame(list(points), columns=["seconds", "incumbent_usd", "bound_usd", "gap"], dtype=object)
    frame = frame.astype(float)
    return frame.where(frame.abs() < float("inf"))
