"""Throughput tables: benchmark profiles, and what was measured for each on each accelerator."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from procure.catalogue.table import Row, read_table, seeds_folder, table_path
from procure.scenario.complaint import Complaint, InvalidData, near
from procure.scenario.noun import Id, Sourced
from procure.scenario.units import Positive
from procure.scenario.workload import Kind

Figure = Literal["bf16_tflops", "fp8_tflops", "bandwidth_gb_s"]


class Profile(Sourced):
    """A kind of work whose throughput is known on some accelerators."""

    id: Id
    kind: Kind = Field(description="Kind of workload it is measured for")
    unit: str = Field(description="Name of the unit of work")
    rate_per: Literal["second", "hour"] = Field(description="Time unit of its throughput")
    scales_with: Figure = Field(description="Chip figure an estimate is proportional to")
    falls_back_to: Figure | None = Field(default=None, description="Figure used for a chip that lacks the first")


class Measured(Sourced):
    """Work per chip and second (or hour) of one profile on one accelerator."""

    profile: Id
    accelerator: Id
    value: Positive = Field(description="Median over the results")
    low: Positive = Field(description="Least of the results")
    high: Positive = Field(description="Most of the results")
    systems: Positive = Field(default=1.0, description="Number of results")

    @model_validator(mode="after")
    def _ordered(self) -> "Measured":
        if not self.low <= self.value <= self.high:
            raise ValueError("expected low ≤ value ≤ high: correct the three")
        return self


@dataclass(frozen=True)
class ThroughputTable:
    """Profiles by id, and for each the measured rows by accelerator."""

    profiles: dict[str, Profile]
    measured: dict[str, dict[str, Measured]]


def read_throughput(folder: str | os.PathLike[str] | None, accelerators: Collection[str]) -> ThroughputTable:
    """Read profiles and throughput of a catalogue folder; without one, the bundled tables.

    Parameters
    ----------
    accelerators
        Ids a row of the folder's own table may refer to.

    Raises
    ------
    InvalidData
        With every fault of both tables.
    """
    root = Path(folder) if folder is not None else seeds_folder() / "catalogue"
    complaints: list[Complaint] = []
    profiles: dict[str, Profile] = {}
    for number, row in enumerate(read_table(table_path(root, "profiles"), Profile, complaints)):
        if row.noun.id in profiles:
            complaints.append(_fault(("profiles", number, "id"), row, row.noun.id, "expected ids that differ"))
        profiles.setdefault(row.noun.id, row.noun)
    measured: dict[str, dict[str, Measured]] = {name: {} for name in profiles}
    for number, result in enumerate(read_table(table_path(root, "throughput"), Measured, complaints)):
        noun, path = result.noun, ("throughput", number)
        if noun.profile not in profiles:
            remedy = near(noun.profile, profiles, "Add it to profiles.csv")
            complaints.append(_fault((*path, "profile"), result, noun.profile, "unknown profile", remedy))
        elif noun.accelerator in measured[noun.profile]:
            complaints.append(_fault((*path, "accelerator"), result, noun.accelerator, "stated twice for this profile"))
        elif Path(result.file).parent == root and noun.accelerator not in accelerators:
            remedy = near(noun.accelerator, accelerators, "Add it to accelerators.csv")
            complaints.append(_fault((*path, "accelerator"), result, noun.accelerator, "unknown accelerator", remedy))
        else:
            measured[noun.profile][noun.accelerator] = noun
    if complaints:
        raise InvalidData(complaints)
    return ThroughputTable(profiles, measured)


def _fault(
    path: tuple[str | int, ...],
    row: Row[Profile] | Row[Measured],
    value: str,
    expected: str,
    remedy: str = "Remove one.",
) -> Complaint:
    return Complaint(path, value, expected, remedy, row.file, row.line)
