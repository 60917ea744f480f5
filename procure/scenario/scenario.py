"""Everything one solve needs."""

import hashlib
import json
import warnings
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, Protocol

from pydantic import Field, model_validator

from procure.scenario.accelerator import Accelerator
from procure.scenario.agreement import Agreement
from procure.scenario.baseline import Baseline, baseline_of
from procure.scenario.chains import chains
from procure.scenario.complaint import InvalidData
from procure.scenario.consistency import references, selections, times
from procure.scenario.continuity import continuity
from procure.scenario.contracts import contracts
from procure.scenario.edit import COLLECTIONS, set_path
from procure.scenario.fleet import Fleet
from procure.scenario.funding import Funding, Tranche, tranche_faults
from procure.scenario.horizon import Horizon
from procure.scenario.limit import Limit
from procure.scenario.noun import Id, Noun
from procure.scenario.offer import Offer
from procure.scenario.project import Project
from procure.scenario.region import Region
from procure.scenario.selection import LEDGERS, SOURCE_LABELS, Labelled
from procure.scenario.validate import validate
from procure.scenario.workload import Workload

Objective = Literal["least_cost", "most_served_value"]


class Decided(Protocol):
    """Something with the decisions of a plan."""

    @property
    def decisions(self) -> Mapping[str, Mapping[str, Any]]:
        """Tables by name, among them ``orders`` and ``starts``."""


class Scenario(Noun):
    """Everything one solve needs.

    Horizon, accelerators, regions, offers, workloads, projects, agreements, limits, the fleet in place, what pays for
    it all, and a baseline.
    A scenario is frozen. `with_`, `with_limit` and `with_baseline` return changed copies, checked like the original.

    Raises
    ------
    InvalidData
        When references, selections, dates or values do not fit together; it carries every complaint.
    """

    name: Id
    description: str = ""
    objective: Objective = Field(
        default="least_cost",
        description="least_cost: discounted cost, unmet work priced; "
        "most_served_value: value served within the limits, then least cost",
    )
    horizon: Horizon
    accelerators: tuple[Accelerator, ...]
    regions: tuple[Region, ...]
    offers: tuple[Offer, ...] = ()
    workloads: tuple[Workload, ...]
    projects: tuple[Project, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    limits: tuple[Limit, ...] = ()
    fleet: tuple[Fleet, ...] = ()
    funding: Funding | None = Field(default=None, description="The buyer's cash; none: it is not a concern")
    baseline: Baseline | None = Field(default=None, description="The plan as it stands, which is kept or changed")

    @model_validator(mode="after")
    def _fits_together(self) -> "Scenario":
        complaints = [*references(self), *chains(self), *times(self), *continuity(self)]
        if self.funding is not None:
            complaints += tranche_faults(self.funding, self.horizon)
        if not complaints:
            complaints = list(selections(self)) or list(contracts(self))
        if complaints:
            raise InvalidData(complaints)
        return self

    @property
    def capacity(self) -> tuple[Offer | Fleet, ...]:
        """Everything that has capacity, the sources: the offers, then the fleet."""
        return (*self.offers, *self.fleet)

    @property
    def tranches(self) -> tuple[Tranche, ...]:
        """The debt and equity that may be drawn, none without funding."""
        return self.funding.tranches if self.funding is not None else ()

    @cached_property
    def sources(self) -> Labelled:
        """Labels of the sources."""
        chip = {accelerator.id: accelerator for accelerator in self.accelerators}
        place = {region.id: region for region in self.regions}
        columns: dict[str, list[str]] = {label: [] for label in SOURCE_LABELS}
        for source in self.capacity:
            accelerator, region = chip[source.accelerator], place[source.region]
            row = {
                "accelerator": accelerator.id, "vendor": accelerator.vendor, "stack": accelerator.stack,
                "family": accelerator.family, "provider": region.provider, "region": region.id,
                "country": region.country, "zone": region.zone, "contract": source.contract, "offer": source.id,
                "status": source.status if isinstance(source, Offer) else "fleet",
            }  # fmt: skip
            for label, value in row.items():
                columns[label].append(value)
        return Labelled(columns)

    @cached_property
    def works(self) -> Labelled:
        """Labels of the workloads; one without a codebase is its own."""
        return Labelled({
            "workload": [work.id for work in self.workloads],
            "kind": [work.kind for work in self.workloads],
            "codebase": [work.codebase or work.id for work in self.workloads],
        })  # fmt: skip

    @cached_property
    def times(self) -> Labelled:
        """Labels of the periods."""
        years = [str(edge.year) for edge in self.horizon.edges[:-1]]
        return Labelled({"period": self.horizon.labels, "year": years})

    def label_values(self) -> dict[str, tuple[str, ...]]:
        """Return the values that each label has here, those of chips and regions without offers included."""
        known = {**self.sources.values, **self.works.values, **self.times.values, "ledger": LEDGERS}
        known["project"] = tuple(project.id for project in self.projects)
        known["agreement"] = tuple(agreement.id for agreement in self.agreements)
        known["tranche"] = tuple(tranche.id for tranche in self.tranches)
        for nouns, own, labels in (
            (self.accelerators, "accelerator", ("vendor", "stack", "family")),
            (self.regions, "region", ("provider", "country", "zone")),
        ):
            for label in (own, *labels):
                values = [getattr(noun, "id" if label == own else label) for noun in nouns]
                known[label] = tuple(dict.fromkeys([*known[label], *values]))
        return known

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the scenario's content, 64 hexadecimal digits: equal content, equal hash."""
        text = json.dumps(self.data(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def with_(self, changes: Mapping[str, Any] | None = None, **fields: Any) -> "Scenario":
        """Return a changed copy.

        Parameters
        ----------
        changes
            Values by dotted path, such as ``{"limits.nvidia_share.max_share": 0.5, "horizon.periods": 8}``; entries of
            a list are named by their id; ``None`` takes a value, or a whole entry, away.
        fields
            Whole fields by name, such as ``offers=[...]``.

        Raises
        ------
        InvalidData
            When a path leads nowhere, or the result does not fit together.
        """
        data = self.data()
        for name, value in fields.items():
            data[name] = [n.data() if isinstance(n, Noun) else n for n in value] if name in COLLECTIONS else value
            if isinstance(value, Noun):
                data[name] = value.data()
        for path, value in (changes or {}).items():
            set_path(data, path, value)
        return build(data)

    def with_limit(self, limit: Limit | None = None, **fields: Any) -> "Scenario":
        """Return a copy with one more limit, or with the limit of the same id replaced."""
        new = limit or validate(Limit, fields, ("limits",))
        return self.with_(limits=[*(old for old in self.limits if old.id != new.id), new])

    def without_vendor_money(self) -> "Scenario":
        """Return a copy whose agreements bring in nothing: no rebates, receipts or milestones."""
        off = {"rebate": 0.0, "receipts": (), "milestones": ()}
        return self.with_(agreements=[agreement.model_copy(update=off) for agreement in self.agreements])

    def with_baseline(
        self, plan: Decided, *, fixed_until: str | None = None, switching_usd_per_chip: float = 0.0
    ) -> "Scenario":
        """Return a copy that continues from a plan.

        Parameters
        ----------
        plan
            Its orders and starts become the baseline. A warning names those outside the horizon, which do not.
        fixed_until
            Everything that the plan decides in periods before this date is placed.
        switching_usd_per_chip
            Paid for each chip ordered more or fewer than in the plan.

        Raises
        ------
        InvalidData
            When the plan has orders of unknown offers, or starts of unknown projects.
        """
        baseline, outside = baseline_of(plan.decisions, self.horizon)
        for what in outside:
            warnings.warn(f"{what} is outside the horizon of {self.name} and left out", stacklevel=2)
        more = {"fixed_until": fixed_until, "switching_usd_per_chip": switching_usd_per_chip}
        return self.with_(baseline={**baseline.data(), **more})


def build(data: Mapping[str, Any]) -> Scenario:
    """Return the scenario of plain data, or raise InvalidData with every complaint."""
    return validate(Scenario, data)
