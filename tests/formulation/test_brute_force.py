"""Random tiny scenarios against the best of all possible orders, priced by an arithmetic of its own.

There is one accelerator, so that capacity adds up and serving is trivial: what must be served comes first, then the
work that costs most when left undone.
"""

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procure.plan.solve import Infeasible, solve
from procure.scenario.scenario import build

HOURS_PER_YEAR = 8766.0
KW, PUE = 1000.0, (1.0, 1.25)
MOST_PER_PERIOD = 2
START = "2027-01-01T"
DEAR, SHORT = 1e8, 1e3
"""A price of a USD of cash that none is worth, and a cost of money from which on a plan lacks some."""


@dataclass
class Tiny:
    """A random scenario as plain numbers; periods are hours, two slices are half an hour each."""

    periods: int
    slices: int
    offers: list[dict[str, Any]]
    works: list[dict[str, Any]]
    limits: list[dict[str, Any]] = field(default_factory=list)
    projects: list[dict[str, Any]] = field(default_factory=list)
    agreements: list[dict[str, Any]] = field(default_factory=list)
    fleet: list[dict[str, Any]] = field(default_factory=list)
    funding: dict[str, Any] | None = None
    baseline: dict[str, Any] | None = None

    def data(self) -> dict[str, Any]:
        """Return it in the public format."""
        parts = [{"id": f"k{n}", "share": 1 / self.slices} for n in range(self.slices)] if self.slices > 1 else []
        return {
            "name": "tiny",
            "horizon": {"start": "2027-01-01", "periods": self.periods, "period": "hour", "slices": parts,
                        "discount_rate_per_year": 0},
            "accelerators": [{"id": "chip", "vendor": "v", "family": "f", "stack": "cuda"}],
            "regions": [
                {"id": f"r{n}", "provider": f"p{n}", "country": "US", "zone": "us", "pue": pue,
                 "electricity_usd_per_kwh": 0} for n, pue in enumerate(PUE)
            ],
            "offers": [
                {"id": f"o{n}", "accelerator": "chip", "kw_per_unit": KW, **offer, "region": f"r{offer['region']}"}
                for n, offer in enumerate(self.offers)
            ],
            "fleet": [{"id": "f", "accelerator": "chip", "kw_per_chip": KW, "region": f"r{entry['region']}",
                       **{key: value for key, value in entry.items() if key != "region"}} for entry in self.fleet],
            "workloads": [
                {"id": f"w{n}", "kind": "inference", "rate_per": "hour", "throughput": {"chip": 1}, **work}
                for n, work in enumerate(self.works)
            ],
            "limits": [
                {"id": f"limit{n}", **({"where": {"contract": "*"}} if limit["quantity"] == "committed_tail" else {}),
                 **limit} for n, limit in enumerate(self.limits)  # what offers owe, not what is owed on debt
            ],
            "projects": [
                {"id": f"p{n}", "kind": "onboard", "cost_usd": project["cost"], "must": project["must"],
                 "running_usd_per_year": project["hourly"] * HOURS_PER_YEAR, "delay": f"{project['delay']} periods",
                 "unlocks": [{"offers": {"region": f"r{region}"}} for region in project["unlocks"]],
                 "requires": ["p0"] if project["requires"] and n else [],
                 "excludes": ["p0"] if project["excludes"] and n else [],
                 **({"one_of": "either"} if project["either"] else {})}
                for n, project in enumerate(self.projects)
            ],
            "agreements": [
                {"id": f"a{n}", "counterparty": "c", "covers": {"region": f"r{a['region']}"}, "every": a["every"],
                 "must": a["must"], "fees": [{"usd": a["fee"]}], "rebate": a["rebate"],
                 "commitment": {"usd": a["usd"], "shortfall_price": a["price"], "roll_over": a["roll_over"]},
                 "tiers": [{"from_usd": a["tier"], "discount": 0.5}] if a["tier"] else [], "tier_kind": a["tier_kind"],
                 "unlocks": [{"region": f"r{a['region']}"}] if a["unlocks"] else [],
                 "milestones": [{"quantity": "chips", "min": 1, "steps": 2, "usd": a["milestone"]}],
                 **({"exit": {"from": f"{START}01", "usd": a["exit"]}} if a["exit"] is not None else {}),
                 "excludes": ["a0"] if a["excludes"] and n else [], "requires": ["a0"] if a["requires"] and n else []}
                for n, a in enumerate(self.agreements)
            ],
            **({} if self.funding is None else {"funding": {**self.funding, "tranches": [
                {"id": f"t{n}", "kind": kind, "usd": usd, "from": f"{START}0{first}", "fee": fee,
                 **({"dilution": price} if kind == "equity" else {"interest_per_year": price}),
                 **({"repay": f"{START}0{due}"} if due is not None else {})}
                for n, (kind, usd, first, fee, price, due) in enumerate(self.funding["tranches"])
            ]}}),
            **({"baseline": self.baseline_data()} if self.baseline else {}),
        }  # fmt: skip

    def baseline_data(self) -> dict[str, Any]:
        """Return the baseline in the public format."""
        assert self.baseline is not None
        return {
            "orders": [{"offer": f"o{n}", "period": f"{START}0{t}", "units": units}
                       for (n, t), units in self.baseline["orders"].items()],
            "starts": [{"project": f"p{n}", "period": f"{START}0{t}"} for n, t in self.baseline["starts"].items()],
            "fixed_until": f"{START}0{self.baseline['fixed']}",
            "switching_usd_per_chip": self.baseline["price"],
        }  # fmt: skip


@st.composite
def offers(draw: st.DrawFn, periods: int) -> dict[str, Any]:
    """Draw an offer of any contract."""
    contract = draw(st.sampled_from(["reserved", "on_demand", "reserved", "owned", "capacity_block"]))
    offer: dict[str, Any] = {
        "contract": contract,
        "region": draw(st.integers(0, 1)),
        "chips_per_unit": draw(st.integers(1, 2)),
        "availability": draw(st.sampled_from([1.0, 1.0, 0.5])),
        "price_usd_per_unit_hour": draw(st.integers(1, 6)),
        "price_path": draw(st.lists(st.sampled_from([1.0, 0.5, 1.5]), min_size=periods, max_size=periods)),
        "supply_per_period": draw(st.integers(1, MOST_PER_PERIOD)),
    }
    if contract == "on_demand":
        return offer
    offer["supply_total"] = draw(st.integers(1, 3))
    offer["term"] = f"{draw(st.integers(1, 3))} periods"
    offer["lead"] = f"{draw(st.integers(0, 1))} periods"
    offer["fixed_usd_per_order"] = draw(st.sampled_from([0, 0, 1, 5]))
    offer["min_order"] = draw(st.sampled_from([0, 0, 2]))
    offer["upfront_usd_per_unit"] = draw(st.integers(0, 4))
    if contract == "owned":
        offer["salvage_share"] = draw(st.sampled_from([0, 0.5]))
    return offer


@st.composite
def lives(draw: st.DrawFn, periods: int, some_offers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Let offers be sold and let, in place, and draw a fleet that may be retired and let."""
    if some_offers[0]["contract"] != "on_demand":
        some_offers[0] |= {"contract": "owned", "salvage_share": 0, "term": "3 periods", "lead": "0 periods"}
    for offer in some_offers:
        if offer["contract"] == "owned":
            offer["resale_share"] = draw(st.sampled_from([0.25, 0.75, 1.0]))
            offer["upfront_usd_per_unit"] *= draw(st.sampled_from([1, 3]))
        if offer["contract"] != "on_demand" and draw(st.booleans()):
            offer["sublet_usd_per_unit_hour"] = 0.45  # less than any price is at its lowest
            offer["sublet_share"] = draw(st.sampled_from([0.5, 1.0]))
    fleet: dict[str, Any] = {
        "region": draw(st.integers(0, 1)), "chips": 2, "price_usd_per_chip_hour": draw(st.integers(0, 3)),
        "until": f"{START}0{periods}", "availability": draw(st.sampled_from([1.0, 0.5])),
        "contract": draw(st.sampled_from(["owned", "owned", "reserved"])),
    }  # fmt: skip
    if fleet["contract"] == "owned":
        fleet["retire_from"] = f"{START}0{draw(st.integers(0, periods - 1))}"
        fleet["resale_usd_per_chip"] = draw(st.lists(st.integers(0, 4), min_size=periods, max_size=periods))
        fleet["retirement_usd_per_chip"] = draw(st.sampled_from([0, 0.5]))
    if draw(st.booleans()):
        fleet["sublet_usd_per_chip_hour"] = draw(st.integers(0, 6))
        fleet["sublet_share"] = draw(st.sampled_from([0.5, 1.0]))
    return [fleet]


@st.composite
def works(draw: st.DrawFn, periods: int, slices: int) -> dict[str, Any]:
    """Draw a workload, with or without a price for what is not served."""
    work: dict[str, Any] = {"demand": draw(st.lists(st.integers(0, 3), min_size=periods, max_size=periods))}
    if slices > 1:
        work["load"] = {"k0": draw(st.sampled_from([0.0, 0.5, 1.0]))}
    if draw(st.integers(0, 4)):
        work["unmet_usd_per_unit"] = draw(st.integers(1, 12))
        work["essential_share"] = draw(st.sampled_from([0, 0, 0.5]))
    return work


@st.composite
def limits(draw: st.DrawFn, periods: int) -> dict[str, Any]:
    """Draw a limit, hard or soft."""
    limit: dict[str, Any] = draw(st.sampled_from([
        {"quantity": "spend", "max": draw(st.integers(4, 20))},
        {"quantity": "spend", "every": "period", "max": draw(st.integers(2, 10))},
        {"quantity": "spend", "every": "period", "max": draw(st.integers(2, 6)), "carry_over": 0.5},
        {"quantity": "spend", "where": {"region": "r0"}, "max_share": 0.5},
        {"quantity": "power", "per": "region", "max": draw(st.sampled_from([1.0, 2.5]))},
        {"quantity": "chips", "where": {"region": "r1"}, "max_share": 0.5},
        {"quantity": "chips", "where": {"region": "r0"}, "min_share": 0.5, "every": "horizon"},
        {"quantity": "units", "per": "region", "max_count": 1},
        {"quantity": "units", "per": "region", "min_count": 2, "count_from": 0.5},
        {"quantity": "units", "where": {"region": "r0"}, "min": 1, "from": f"{START}0{periods - 1}"},
        {"quantity": "committed_tail", "max": draw(st.integers(0, 3))},
        {"quantity": "chips", "per": "region", "max_hhi": draw(st.sampled_from([0.5, 0.7])), "every": "horizon"},
        {"quantity": "spend", "per": "region", "max_hhi": 0.6},
    ]))  # fmt: skip
    if "max_hhi" in limit:
        return limit
    soft = draw(st.sampled_from([None, None, 1, 3]))
    return limit if soft is None else {**limit, "soft": soft}


@st.composite
def projects(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a project that unlocks the offers of some regions."""
    link = draw(st.sampled_from(["", "", "requires", "excludes", "either"]))
    return {
        "cost": draw(st.integers(0, 6)), "hourly": draw(st.integers(0, 1)), "delay": draw(st.integers(0, 1)),
        "unlocks": draw(st.sampled_from([(0,), (1,), (0, 1), ()])), "must": draw(st.sampled_from([False, False, True])),
        **{name: link == name for name in ("requires", "excludes", "either")},
    }  # fmt: skip


@st.composite
def agreements(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an agreement over the offers of a region, in windows of a period or as long as it lasts."""
    link = draw(st.sampled_from(["", "", "requires", "excludes"]))
    every = draw(st.sampled_from(["period", "period", "term"]))
    return {
        "region": draw(st.integers(0, 1)), "every": every, "must": draw(st.sampled_from([False, False, True])),
        "fee": draw(st.integers(0, 3)), "rebate": draw(st.sampled_from([0, 0, 0.25])),
        "usd": draw(st.integers(0, 9)), "price": draw(st.sampled_from([0.5, 1, 2])),
        "roll_over": draw(st.sampled_from([0, 0.5])), "tier": draw(st.sampled_from([0, 4, 9])),
        "tier_kind": draw(st.sampled_from(["all_units", "incremental"])), "unlocks": draw(st.booleans()),
        "milestone": draw(st.sampled_from([0, 2])),
        "exit": draw(st.sampled_from([None, 0, 2])) if every == "period" else None,
        **{name: link == name for name in ("requires", "excludes")},
    }  # fmt: skip


@st.composite
def baselines(draw: st.DrawFn, periods: int, some: list[dict[str, Any]], project_count: int) -> dict[str, Any]:
    """Draw orders, where they are fixed such as the offer allows, starts, and a price of switching."""
    fixed = draw(st.integers(0, periods - 1))
    orders = {}
    for number, offer in enumerate(some):
        for period in range(periods) if offer["contract"] != "on_demand" else ():
            most = min(offer["supply_per_period"], offer["supply_total"])
            fits = period + int(offer["lead"][0]) < periods and max(offer["min_order"], 1) <= most
            low, high = (max(offer["min_order"], 1), most) if period < fixed else (1, 3)
            if draw(st.booleans()) and (fits or period >= fixed):
                orders[number, period] = draw(st.integers(low, high))
    starts = {number: draw(st.integers(0, periods - 1)) for number in range(project_count) if draw(st.booleans())}
    return {"orders": orders, "starts": starts, "fixed": fixed, "price": draw(st.sampled_from([0, 1, 3]))}


@st.composite
def continued(draw: st.DrawFn, limit_count: int, project_count: int, agreement_count: int) -> Tiny:
    """Draw a scenario with a baseline, and a limit on change or none."""
    tiny = draw(tinies(limit_count, project_count, agreement_count))
    tiny.baseline = draw(baselines(tiny.periods, tiny.offers, project_count))
    limit: dict[str, Any] | None = draw(st.sampled_from([
        None,
        {"quantity": "change", "max": draw(st.integers(0, 4))},
        {"quantity": "change", "every": "period", "max": draw(st.integers(0, 2))},
        {"quantity": "change", "per": "region", "max_share": 0.5},
        {"quantity": "change", "every": "period", "where": {"region": "r0"}, "max_share": 0.5},
    ]))  # fmt: skip
    if limit is not None:
        soft = draw(st.sampled_from([None, 1, 3]))
        tiny.limits.append(limit if soft is None else {**limit, "soft": soft})
    return tiny


@st.composite
def fundings(draw: st.DrawFn, periods: int) -> dict[str, Any]:
    """Draw the buyer's cash and tranches: kind, size, first period, fee, interest or dilution, period of repayment."""

    def tranche() -> tuple[Any, ...]:
        kind, first = draw(st.sampled_from(["debt", "debt", "equity"])), draw(st.sampled_from([0, 0, periods - 1]))
        due = draw(st.sampled_from([*range(first + 1, periods + 1), None])) if kind == "debt" else None
        price = st.sampled_from([0.0, 0.5, 1.0] if kind == "debt" else [0.125, 0.25, 0.5])
        return kind, draw(st.integers(2, 20)), first, draw(st.sampled_from([0.0, 0.25])), draw(price), due

    def each(low: int, high: int) -> list[int]:
        return draw(st.lists(st.integers(low, high), min_size=periods, max_size=periods))

    return {"opening_usd": draw(st.integers(0, 4)), "income_usd": each(0, 5), "floor_usd": each(0, 2),
            "tranches": [tranche() for _ in range(draw(st.integers(1, 2)))]}  # fmt: skip


@st.composite
def tinies(
    draw: st.DrawFn, limit_count: int, project_count: int = 0, agreement_count: int = 0, *, life: bool = False,
    funded: bool = False,
) -> Tiny:  # fmt: skip
    """Draw a scenario with two or three offers and one or two workloads; two, and a fleet, where they have a life."""
    periods, slices = draw(st.sampled_from([(2, 1), (3, 1), (2, 2)]))
    some_offers = draw(st.lists(offers(periods), min_size=2, max_size=2 if life else 3))
    some_offers[0]["region"], some_offers[1]["region"] = 0, 1  # limits name both
    some_works = draw(st.lists(works(periods, slices), min_size=1, max_size=2))
    some_limits = [draw(limits(periods)) for _ in range(limit_count)]
    if all(not any(work["demand"]) for work in some_works):
        some_works[0]["demand"][-1] = 2
    some_projects = [draw(projects()) for _ in range(project_count)]
    if (
        len(some_projects) > 1
        and some_projects[0]["must"]
        and (some_projects[1]["excludes"] or both_either(some_projects))
    ):
        some_projects[1]["must"] = False  # a contradiction is refused before any solve
    some_agreements = [draw(agreements()) for _ in range(agreement_count)]
    if len(some_agreements) > 1 and some_agreements[1]["excludes"]:
        some_agreements[1]["must"] = False
    if agreement_count:
        some_offers = some_offers[:2]  # the plans are many
    fleet = draw(lives(periods, some_offers)) if life else []
    funding = draw(fundings(periods)) if funded else None
    return Tiny(periods, slices, some_offers, some_works, some_limits, some_projects, some_agreements, fleet, funding)


def both_either(some: list[dict[str, Any]]) -> bool:
    """Whether the first two projects are alternatives to one another."""
    return bool(some[0]["either"] and some[1]["either"])


def drawable(
    kind: str, _: int, first: int, fee: float, price: float, due: int | None, periods: int
) -> list[tuple[np.ndarray, float]]:
    """Return what a USD drawn in each period that it may be drawn in does to the cash of each, and what it costs."""
    end = periods if due is None else due
    hourly = price / HOURS_PER_YEAR if kind == "debt" else 0.0
    some = []
    for drawn in range(first, end):
        paid = np.array([max(min(t + 1, end) - drawn, 0) for t in range(periods)]) * hourly
        side = np.array([(1 - fee) * (t >= drawn) - (t >= end) for t in range(periods)]) - paid
        some.append((side, fee + paid[-1] + (price if kind == "equity" else 0.0)))
    return some


class Enumeration:
    """Every plan of a tiny scenario at once: arrays over plans, then offers, periods and slices."""

    def __init__(self, tiny: Tiny) -> None:
        self.tiny = tiny
        self.hours = 1 / tiny.slices
        spans = [
            (number, period, part)
            for number, offer in enumerate(tiny.offers)
            for period in range(tiny.periods)
            for part in range(tiny.slices if offer["contract"] == "on_demand" else 1)
        ]
        choices = [self._amounts(number, period) for number, period, _ in spans]
        choices += [[(start,) for start in range(tiny.periods + 1)] for _ in tiny.projects]  # its period, or never
        # not signed, signed, or left at a period
        choices += [[(n,) for n in range(2 if a["exit"] is None else tiny.periods + 1)] for a in tiny.agreements]
        choices += [self._retired(entry) for entry in tiny.fleet]
        grids = np.meshgrid(*(np.arange(len(some)) for some in choices), indexing="ij")
        plans = [np.array(some, dtype=float)[grid.ravel()] for some, grid in zip(choices, grids, strict=True)]
        self.sources = [*tiny.offers, *({**entry, "chips_per_unit": 1} for entry in tiny.fleet)]
        count = len(plans[0])
        shape = (count, len(self.sources), tiny.periods, tiny.slices)
        self.units, self.cash = np.zeros(shape), np.zeros(shape[:3])
        self.tail, self.salvage, self.earned = np.zeros(shape[:2]), np.zeros(count), np.zeros(count)
        self.allowed = np.ones(count, dtype=bool)
        self.bought = np.zeros(shape[:3])  # by period of the order, or of use
        self.changed = np.zeros(shape[:3])
        for chosen, (number, period, part) in zip(plans, spans, strict=False):
            if tiny.offers[number]["contract"] == "on_demand":
                self._rent(number, period, part, chosen[:, 0])
            else:
                self._order(number, period, chosen[:, 0])
                self._sell(number, period, chosen[:, 1:])
        for number, entry in enumerate(tiny.fleet, start=len(tiny.offers)):
            self._keep(number, entry, plans[number - len(self.sources)])
        for number, offer in enumerate(tiny.offers):
            if "supply_total" in offer:
                self.allowed &= self.units[:, number].max(axis=(1, 2)) <= offer["supply_total"]
        self.paid_for_projects = np.zeros((count, tiny.periods))
        before = len(spans) + len(tiny.projects)
        starts = np.concatenate([np.zeros((count, 0)), *plans[len(spans) : before]], axis=1)
        self._projects(starts)
        if tiny.baseline is not None:
            self._continue(tiny.baseline, starts)
        self.paid_for_agreements = np.zeros((count, tiny.periods))
        signed = plans[before : before + len(tiny.agreements)]
        chosen = np.concatenate([np.zeros((count, 0)), *signed], axis=1)
        self.opened: dict[int, list[np.ndarray]] = {0: [], 1: []}
        for number, agreement in enumerate(tiny.agreements):
            self._agreement(agreement, chosen[:, number])
            if number and agreement["requires"]:
                self.allowed &= (chosen[:, number] == 0) | (chosen[:, 0] > 0)
            if number and agreement["excludes"]:
                self.allowed &= (chosen[:, number] == 0) | (chosen[:, 0] == 0)
        for region, forces in self.opened.items():
            if forces:  # any of those that unlock it will do
                here = np.array([offer["region"] == region for offer in self.sources])
                shut = ~np.any(forces, axis=0)
                self.allowed &= ~((self.bought[:, here] > 0).any(axis=1) & shut).any(axis=1)

    def _agreement(self, agreement: dict[str, Any], chosen: np.ndarray) -> None:
        tiny = self.tiny
        periods = np.arange(tiny.periods)
        end = np.where(chosen > 1, chosen - 1, np.where(chosen == 1, tiny.periods, 0))
        force = periods[None, :] < end[:, None]
        if agreement["must"]:
            self.allowed &= chosen > 0
        here = np.array([offer["region"] == agreement["region"] for offer in self.sources])
        if agreement["unlocks"]:
            self.opened[agreement["region"]].append(force)
        paid = float(agreement["exit"] or 0) * ((chosen[:, None] > 1) & (periods == end[:, None]))
        paid[:, 0] += np.where(chosen > 0, agreement["fee"], 0.0)
        spent = self.cash[:, here].sum(axis=1)
        windows = [[t] for t in periods] if agreement["every"] == "period" else [list(periods)]
        rolled = np.zeros(len(chosen))
        for number, window in enumerate(windows):
            spend, held = spent[:, window].sum(axis=1), force[:, window[0]]
            due = agreement["usd"] * held + rolled
            following = force[:, window[-1] + 1] if number < len(windows) - 1 else np.zeros(len(held), bool)
            most = agreement["roll_over"] * agreement["usd"] * following
            # at one price, and without interest, it is never worse to pay later
            rolled = np.minimum(most, np.maximum(due - spend, 0))
            last = window[-1]
            paid[:, last] += agreement["price"] * np.maximum(due - spend - rolled, 0)
            paid[:, last] -= agreement["rebate"] * spend * held
            if agreement["tier"]:
                base = 0 if agreement["tier_kind"] == "all_units" else agreement["tier"]
                paid[:, last] -= np.where(held & (spend >= agreement["tier"] - 1e-9), 0.5 * (spend - base), 0.0)
        sizes = np.array([offer["chips_per_unit"] for offer in self.sources])
        chips = (self.units[:, here].mean(axis=3) * sizes[here][None, :, None]).sum(axis=1)
        for least in (1, 2):
            met = (chips >= least - 1e-9) & force
            paid -= agreement["milestone"] * (met & (np.cumsum(met, axis=1) == 1))  # the first time
        self.paid_for_agreements += paid

    def _sale_dates(self, number: int, period: int) -> range:
        offer = self.tiny.offers[number]
        if "resale_share" not in offer:
            return range(0)
        begin = period + int(offer["lead"][0])
        return range(begin + 1, min(begin + int(offer["term"][0]), self.tiny.periods))

    def _amounts(self, number: int, period: int) -> list[tuple[int, ...]]:
        """Return the units that may be ordered in a period, each with what may be sold of them, date by date."""
        each = range(self.tiny.offers[number]["supply_per_period"] + 1)
        sales = list(itertools.product(each, repeat=len(self._sale_dates(number, period))))
        return [(units, *sold) for units in each for sold in sales if sum(sold) <= units]

    def _retired(self, entry: dict[str, Any]) -> list[tuple[int, ...]]:
        """Return what may be retired of a fleet in each period."""
        first = int(entry["retire_from"][-2:]) if "retire_from" in entry else self.tiny.periods
        each = [range(entry["chips"] + 1) if period >= first else (0,) for period in range(self.tiny.periods)]
        return [gone for gone in itertools.product(*each) if sum(gone) <= entry["chips"]]

    def _sell(self, number: int, period: int, sold: np.ndarray) -> None:
        """Take what is sold away: its units, running price and salvage value; it brings a share of its book value."""
        offer, last = self.tiny.offers[number], self.tiny.periods
        begin, term = period + int(offer.get("lead", "0")[0]), int(offer.get("term", "0")[0])
        factor = offer["price_path"][period]
        for column, date in enumerate(self._sale_dates(number, period)):
            units, upfront = sold[:, column], offer["upfront_usd_per_unit"] * factor
            self.units[:, number, date : begin + term] -= units[:, None, None]
            self.cash[:, number, date : begin + term] -= units[:, None] * offer["price_usd_per_unit_hour"] * factor
            lost = 1 - offer["salvage_share"]
            self.salvage -= units * upfront * (1 - lost * min(last - begin, term) / term)
            self.earned += units * offer["resale_share"] * upfront * (1 - lost * (date - begin) / term)

    def _keep(self, number: int, entry: dict[str, Any], gone: np.ndarray) -> None:
        chips = entry["chips"] - np.cumsum(gone, axis=1)
        self.units[:, number] += chips[:, :, None]
        self.cash[:, number] += chips * entry["price_usd_per_chip_hour"]
        if "retire_from" in entry:
            self.earned += gone @ (np.array(entry["resale_usd_per_chip"]) - entry["retirement_usd_per_chip"])

    def _continue(self, baseline: dict[str, Any], start: np.ndarray) -> None:
        fixed = baseline["fixed"]
        for number, offer in enumerate(self.tiny.offers):
            for period in range(self.tiny.periods) if offer["contract"] != "on_demand" else ():
                ordered, before = self.bought[:, number, period], baseline["orders"].get((number, period), 0)
                if period < fixed:
                    self.allowed &= ordered == before
                else:
                    self.changed[:, number, period] = offer["chips_per_unit"] * abs(ordered - before)
        for number in range(len(self.tiny.projects)):
            before = baseline["starts"].get(number, self.tiny.periods)
            self.allowed &= start[:, number] == before if before < fixed else start[:, number] >= fixed

    def _projects(self, start: np.ndarray) -> None:
        tiny, period = self.tiny, np.arange(self.tiny.periods)
        started = start < tiny.periods
        ready = np.array([project["delay"] for project in tiny.projects]) + start
        for number, project in enumerate(tiny.projects):
            active = (period[None, :] >= ready[:, number, None]) & started[:, number, None]
            self.paid_for_projects += project["cost"] * (period == start[:, number, None]) + project["hourly"] * active
            self.allowed &= started[:, number] | (not project["must"])
            if number and project["requires"]:
                self.allowed &= ~started[:, number] | (started[:, 0] & (ready[:, 0] <= start[:, number]))
            if number and project["excludes"]:
                self.allowed &= ~(started[:, number] & started[:, 0])
        either = np.array([project["either"] for project in tiny.projects], dtype=bool)
        self.allowed &= started[:, either].sum(axis=1) <= 1
        for region in (0, 1):
            here = [number for number, offer in enumerate(tiny.offers) if offer["region"] == region]
            wants = np.array([region in project["unlocks"] for project in tiny.projects], dtype=bool)
            open_ = (period[None, None, :] >= ready[:, :, None]) & started[:, :, None]
            for group in [wants & either, *(wants & ~either & (np.arange(len(wants)) == n) for n in range(len(wants)))]:
                if group.any():
                    shut = ~open_[:, group].any(axis=1)
                    self.allowed &= ~(self.units[:, here].any(axis=(1, 3)) & shut).any(axis=1)

    def _rent(self, number: int, period: int, part: int, count: np.ndarray) -> None:
        offer = self.tiny.offers[number]
        self.bought[:, number, period] += count
        self.units[:, number, period, part] += count
        self.cash[:, number, period] += (
            count * offer["price_usd_per_unit_hour"] * offer["price_path"][period] * self.hours
        )

    def _order(self, number: int, period: int, count: np.ndarray) -> None:
        offer, last = self.tiny.offers[number], self.tiny.periods
        begin, term = period + int(offer["lead"][0]), int(offer["term"][0])
        factor, contract = offer["price_path"][period], offer["contract"]
        self.bought[:, number, period] += count
        if begin >= last:
            self.allowed &= count == 0
        self.allowed &= (count == 0) | (count >= offer["min_order"])
        self.units[:, number, begin : begin + term] += count[:, None, None]
        hourly = count * offer["price_usd_per_unit_hour"] * factor
        upfront = count * offer["upfront_usd_per_unit"] * factor
        self.cash[:, number, period] += upfront + offer["fixed_usd_per_order"] * (count > 0)
        if contract == "capacity_block":
            self.cash[:, number, period] += hourly * term
        else:
            self.cash[:, number, begin : begin + term] += hourly[:, None]
        if contract == "reserved":
            self.tail[:, number] += hourly * max(begin + term - last, 0)
        if contract == "owned":
            age = min(last - begin, term)
            self.salvage += upfront * (1 - (1 - offer["salvage_share"]) * age / term)

    def unserved(self) -> np.ndarray:
        """Return what is lost with the work that the capacity leaves undone; not allowed where it must be done.

        What is let is work like any other, which is lost when it is not done: less all of that which might be let.
        """
        working = np.array([source["chips_per_unit"] * source["availability"] for source in self.sources])
        lost = np.zeros(len(self.allowed))
        for period, part in np.ndindex(self.tiny.periods, self.tiny.slices):
            chips = self.units[:, :, period, part] @ working
            asked = []
            for work in self.tiny.works:
                load = work.get("load", {}).get(f"k{part}", 1.0)
                price = work.get("unmet_usd_per_unit", np.inf)
                essential = 1.0 if price == np.inf else work["essential_share"]
                demand = work["demand"][period] * load
                asked += [(np.inf, demand * essential), (price, demand * (1 - essential))]
            for number, source in enumerate(self.sources):
                usd = source.get("sublet_usd_per_chip_hour", source.get("sublet_usd_per_unit_hour"))
                if usd is not None:
                    most = source["sublet_share"] * working[number] * self.units[:, number, period, part]
                    asked.append((usd / source["chips_per_unit"], most))
                    lost -= usd / source["chips_per_unit"] * most * self.hours
            for price, amount in sorted(asked, key=lambda entry: -entry[0]):
                done = np.minimum(chips, amount)
                chips, left = chips - done, amount - done
                if price == np.inf:
                    self.allowed &= left < 1e-9
                else:
                    lost += price * left * self.hours
        return lost

    def broken(self, limit: dict[str, Any]) -> np.ndarray:
        """Return by how much each plan breaks a limit, summed over its rows."""
        region = np.array([source["region"] for source in self.sources])
        kind = limit["quantity"]
        if kind == "spend":
            amount = self.cash
        elif kind == "change":
            amount = self.changed
        elif kind == "committed_tail":
            amount = self.tail[:, :, None]
        else:
            factor = {
                "units": np.ones(len(region)),
                "chips": np.array([source["chips_per_unit"] for source in self.sources]),
                "power": KW / 1000 * np.array(PUE)[region],
            }[kind]
            amount = (self.units * factor[None, :, None, None]).reshape(len(self.units), len(region), -1)
        if "from" in limit:
            amount = amount[:, :, -self.tiny.slices :]
        if "count" in "".join(limit):
            return self._miscounted(limit, amount, region)
        if "max_hhi" in limit:
            return self._too_concentrated(limit["max_hhi"], amount, region)
        flow = kind in ("spend", "committed_tail", "change") or limit.get("every") == "horizon"
        if flow and limit.get("every") != "period":
            amount = amount.sum(axis=2, keepdims=True)
        wanted = [region == int(limit["where"]["region"][1])] if "where" in limit else [region >= 0]
        wanted = [region == 0, region == 1] if limit.get("per") == "region" else wanted
        over = np.zeros(len(amount))
        for chosen in wanted:
            part, whole = amount[:, chosen].sum(axis=1), amount.sum(axis=1)
            whole = self._before(part.shape[1]) if kind == "change" else whole
            if "carry_over" in limit:
                left, excess = np.zeros(len(part)), np.zeros_like(part)
                for period in range(part.shape[1]):
                    left = limit["max"] + 0.5 * np.maximum(left, 0) - part[:, period]
                    excess[:, period] = -left
            elif "max" in limit:
                excess = part - limit["max"]
            elif "min" in limit:
                excess = limit["min"] - part
            elif "max_share" in limit:
                excess = part - limit["max_share"] * whole
            else:
                excess = limit["min_share"] * whole - part
                if kind == "chips" and limit.get("every") == "horizon":
                    excess = excess / (self.tiny.periods * self.tiny.slices)  # chips on average, not chip-hours
            over += np.maximum(excess, 0).sum(axis=1)
        return over

    def _before(self, windows: int) -> np.ndarray:
        """Return the chips of the baseline, in each period or over all."""
        assert self.tiny.baseline is not None
        chips = np.zeros(self.tiny.periods)
        for (number, period), units in self.tiny.baseline["orders"].items():
            chips[period] += units * self.tiny.offers[number]["chips_per_unit"]
        return chips[None, :] if windows > 1 else chips.sum(keepdims=True)[None, :]

    def _too_concentrated(self, most: float, amount: np.ndarray, region: np.ndarray) -> np.ndarray:
        first, second = (amount[:, region == n].sum(axis=(1, 2)) for n in (0, 1))
        whole = np.maximum(first + second, 1e-12)
        return np.maximum((first / whole) ** 2 + (second / whole) ** 2 - most - 1e-7, 0)

    def _miscounted(self, limit: dict[str, Any], amount: np.ndarray, region: np.ndarray) -> np.ndarray:
        average = [amount[:, region == n].sum(axis=1).mean(axis=1) for n in (0, 1)]
        if "max_count" in limit:
            return np.maximum(sum((part > 0).astype(float) for part in average) - limit["max_count"], 0)
        reached = sum((part >= limit["count_from"] - 1e-9).astype(float) for part in average)
        return np.maximum(limit["min_count"] - reached, 0)

    def raised(self, funding: dict[str, Any]) -> np.ndarray:
        """Return the least cost of the money that each allowed plan needs; beyond `SHORT` where there is too little.

        By duality: USD of cash at the end of the periods have prices y from 0 to `DEAR`. They are worth
        y · need, less what the tranches gain on them, size · max(0, cash that a USD drawn brings · y - its cost); the
        largest difference is the cost of the money. It lies where as many of the bends meet as there are periods.
        """
        periods = self.tiny.periods
        paid = (self.cash.sum(axis=1) + self.paid_for_projects + self.paid_for_agreements)[self.allowed]
        own = funding["opening_usd"] + np.cumsum(np.array(funding["income_usd"]) - paid, axis=1)
        need, place = np.unique(np.array(funding["floor_usd"]) - own, axis=0, return_inverse=True)
        draws = [drawable(*tranche, periods) for tranche in funding["tranches"]]
        bends = [(row, offset) for row in np.eye(periods) for offset in (0.0, DEAR)]
        for some in draws:
            bends += some + [(a - b, c - d) for (a, c), (b, d) in itertools.combinations(some, 2)]
        price = []
        for chosen in itertools.combinations(bends, periods):
            sides = np.array([side for side, _ in chosen])
            if abs(np.linalg.det(sides)) > 1e-12:
                price.append(np.linalg.solve(sides, np.array([offset for _, offset in chosen])))
        y = np.array([row for row in price if (row > -1e-9).all() and (row < DEAR * (1 + 1e-9)).all()])
        gain = np.zeros(len(y))
        for (_, size, *_), some in zip(funding["tranches"], draws, strict=True):
            gain += size * np.maximum(np.max([y @ side - offset for side, offset in some], axis=0), 0)
        least = np.array([np.max(y @ row - gain) for row in need])
        return np.asarray(least[place.reshape(-1)])

    def optimum(self) -> float | None:
        """Return the least cost of all plans, None where none is allowed."""
        cost = self.cash.sum(axis=(1, 2)) - self.salvage - self.earned + self.unserved()
        cost = cost + (self.paid_for_projects + self.paid_for_agreements).sum(axis=1)
        if self.tiny.baseline is not None:
            cost = cost + self.tiny.baseline["price"] * self.changed.sum(axis=(1, 2))
        for limit in self.tiny.limits:
            over = self.broken(limit)
            if "soft" in limit:
                cost = cost + limit["soft"] * over
            else:
                self.allowed &= over < 1e-9
        if self.tiny.funding is not None:
            cost[self.allowed] += (raised := self.raised(self.tiny.funding))
            self.allowed[self.allowed] = raised < SHORT
        return float(cost[self.allowed].min()) if self.allowed.any() else None


def agree(tiny: Tiny) -> None:
    """Check that the optimum is that of the best of all plans, or that there is none in either."""
    expected = Enumeration(tiny).optimum()
    try:
        found = solve(build(tiny.data()), gap=1e-7).result["objective"]
    except Infeasible:
        found = None
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-6, abs=1e-6)), tiny.data()


SETTINGS = settings(max_examples=12, derandomize=True, deadline=None, database=None,
                    suppress_health_check=list(HealthCheck))  # fmt: skip


@pytest.mark.parametrize(
    ("limit_count", "project_count", "agreement_count", "more"),
    [
        *((count, 0, 0, "") for count in range(4)),
        *((0, 2, 0, ""), (1, 2, 0, ""), (0, 0, 1, ""), (0, 0, 2, ""), (1, 0, 1, "")),
        *((0, 0, 0, "life"), (1, 0, 0, "life"), (0, 0, 1, "life")),
        *((0, 0, 0, "funded"), (1, 1, 0, "funded"), (0, 0, 1, "funded")),
    ],
)
def test_no_plan_is_better_than_the_solvers(
    limit_count: int, project_count: int, agreement_count: int, more: str
) -> None:
    """The optimum equals the best of all plans, or there is none in either."""
    drawn = tinies(limit_count, project_count, agreement_count, life=more == "life", funded=more == "funded")
    SETTINGS(given(drawn)(agree))()


@pytest.mark.parametrize(
    ("limit_count", "project_count", "agreement_count"), [(0, 0, 0), (1, 0, 0), (0, 2, 0), (0, 0, 1)]
)
def test_no_plan_is_better_than_the_solvers_after_a_baseline(
    limit_count: int, project_count: int, agreement_count: int
) -> None:
    """So it does with orders and starts that are fixed, with a price of switching and limits on change."""
    SETTINGS(given(continued(limit_count, project_count, agreement_count))(agree))()
