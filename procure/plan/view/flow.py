"""What runs where: from workloads over accelerators to providers."""

from itertools import pairwise
from typing import Final

import pandas as pd

from procure.plan.plan import Plan
from procure.plan.view.sources import sources
from procure.plan.view.times import with_hours

MOST: Final = 12
"""Names shown at each stage; the others are joined."""
STAGES: Final = ("workload", "accelerator", "provider")


def flow(plan: Plan, most: int = MOST) -> pd.DataFrame:
    """Return the links workload → accelerator and accelerator → provider.

    Parameters
    ----------
    most
        Names at each stage; those with fewest chip-hours are joined as ``other …``.

    Returns
    -------
    ``source_stage``, ``source``, ``target_stage``, ``target``, ``chip_hours`` (of busy chips), ``share`` (of all
    chip-hours), ``vendor`` (of the accelerator; empty where several are joined), the largest first.
    """
    frame = with_hours(plan, "serving").join(sources(plan)[["accelerator", "provider"]], on="source")
    frame = frame.assign(chip_hours=frame["chips"].astype(float) * frame["part_hours"])
    vendor_of = {chip.id: chip.vendor for chip in plan.scenario.accelerators}
    frame = frame.groupby(list(STAGES))[["chip_hours"]].sum().reset_index()
    total = float(frame["chip_hours"].sum())
    for stage in STAGES:
        frame[stage] = _largest(frame, stage, most)
    links = []
    for one, other in pairwise(STAGES):
        found = frame.groupby([one, other])[["chip_hours"]].sum().reset_index()
        chip = found["accelerator"]
        links.append(pd.DataFrame({
            "source_stage": one, "source": found[one], "target_stage": other, "target": found[other],
            "chip_hours": found["chip_hours"], "share": found["chip_hours"] / total,
            "vendor": [vendor_of.get(str(name), "") for name in chip],
        }))  # fmt: skip
    return pd.concat(links).sort_values("chip_hours", ascending=False, ignore_index=True)


def _largest(frame: pd.DataFrame, stage: str, most: int) -> "pd.Series[str]":
    sums = frame.groupby(stage)["chip_hours"].sum().sort_values(ascending=False)
    if len(sums) <= most:
        return frame[stage]
    kept = set(sums.index[: most - 1])
    return frame[stage].where(frame[stage].isin(kept), f"other {stage}s ({len(sums) - most + 1})")
