"""Throughput of an accelerator: the measured row where there is one, else a roofline estimate with its error band."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from procure.scenario.accelerator import Accelerator
from procure.scenario.complaint import Complaint, InvalidData, near
from procure.scenario.noun import Confidence
from procure.scenario.units import SECONDS_PER_HOUR, parse_plain
from procure.throughput.table import Profile, ThroughputTable


@dataclass(frozen=True, slots=True)
class Throughput:
    """Work per chip and second (or hour, as the profile says), with the band it lies in and where it comes from."""

    value: float
    low: float
    high: float
    confidence: Confidence
    source: str


def throughput(
    table: ThroughputTable, profile: str, accelerator: Accelerator, known: Mapping[str, Accelerator]
) -> Throughput | None:
    """Return the throughput of a profile on an accelerator, or None when nothing supports a figure.

    An estimate is ``median(measured / figure) * figure``, the median over the measured accelerators and ``figure`` the
    peak that bounds the work (`Profile.scales_with`); its band takes the least and the greatest ratio instead.

    Parameters
    ----------
    known
        Accelerators by id, whose figures the measured rows are divided by.
    """
    measured = table.measured[profile]
    if accelerator.id in measured:
        row = measured[accelerator.id]
        return Throughput(row.value, row.low, row.high, row.confidence, row.source)
    own = _figure(table.profiles[profile], accelerator)
    ratios = [
        row.value / figure
        for name, row in measured.items()
        if name in known and (figure := _figure(table.profiles[profile], known[name])) is not None
    ]
    if own is None or not ratios:
        return None
    source = f"estimated from {table.profiles[profile].scales_with} of {len(ratios)} measured accelerators"
    return Throughput(median(ratios) * own, min(ratios) * own, max(ratios) * own, "estimated", source)


def _figure(profile: Profile, accelerator: Accelerator) -> float | None:
    """Return the chip's figure the profile scales with; a chip without it works at the one it falls back to."""
    figure: float | None = getattr(accelerator, profile.scales_with)
    if figure is None and profile.falls_back_to is not None:
        figure = getattr(accelerator, profile.falls_back_to)
    return figure


def fill(
    workloads: Iterable[Any],
    accelerators: Iterable[Accelerator],
    known: Mapping[str, Accelerator],
    table: ThroughputTable,
) -> list[Any]:
    """Return plain workload data with the throughput of each ``throughput_profile`` filled in.

    Accelerators that a workload lists itself are left as they are, so that filling twice changes nothing; those with
    neither a measured row nor an estimate stay out.

    Raises
    ------
    InvalidData
        When a workload names a profile that the table lacks, and lists no throughput of its own.
    """
    chips = list(accelerators)
    filled, complaints = [], []
    for number, work in enumerate(workloads):
        profile = work.get("throughput_profile") if isinstance(work, dict) else None
        if profile is None:
            filled.append(work)
        elif profile in table.profiles:
            filled.append(_filled(work, table, chips, known))
        else:
            filled.append(work)
            if not work.get("throughput"):
                path = ("workloads", number, "throughput_profile")
                remedy = near(profile, table.profiles)
                complaints.append(Complaint(path, str(profile), "no profile of this name in the catalogue", remedy))
    if complaints:
        raise InvalidData(complaints)
    return filled


def _filled(
    work: dict[str, Any], table: ThroughputTable, chips: list[Accelerator], known: Mapping[str, Accelerator]
) -> dict[str, Any]:
    profile = table.profiles[work["throughput_profile"]]
    own = work.get("throughput") or {}
    try:
        factor = parse_plain(work.get("throughput_scale", 1.0))
    except ValueError:
        return work  # The scenario's own validation words this complaint.
    if not isinstance(own, dict):
        return work
    rate_per = work.get("rate_per", "second")
    if rate_per != profile.rate_per:
        factor *= SECONDS_PER_HOUR if rate_per == "hour" else 1 / SECONDS_PER_HOUR
    rates = dict(own)
    for chip in chips:
        if chip.id not in rates and (row := throughput(table, profile.id, chip, known)) is not None:
            rates[chip.id] = row.value * factor
    return {**work, "throughput": rates}
