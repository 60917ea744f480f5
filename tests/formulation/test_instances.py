"""Hand-worked instances: classical problems and one per family, stated as scenario files, solved by two engines."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from procure.plan.solve import Infeasible, solve
from procure.scenario.document import read_document
from procure.scenario.scenario import Scenario, build

INSTANCES = Path(__file__).parents[1] / "instances"
GAP = 1e-6


@dataclass(frozen=True)
class Case:
    """An instance, what is changed in it, and its optimum as worked by hand in the file or in the comment."""

    file: str
    optimum: float | None
    changes: dict[str, Any] = field(default_factory=dict)
    limits: tuple[dict[str, Any], ...] = ()

    def scenario(self) -> Scenario:
        """Read the file and make the changes."""
        scenario = build(read_document(INSTANCES / f"{self.file}.yaml").data).with_(self.changes)
        for limit in self.limits:
            scenario = scenario.with_limit(**limit)
        return scenario


def limited(optimum: float | None, *limits: dict[str, Any]) -> Case:
    """Return a case of `limits.yaml`: ten chips for two hours from green at 2, amber at 3, grey at 5."""
    return Case("limits", optimum, limits=limits)


# discount.yaml: 8760 hours in 2027 and 8784 in 2028, discounted in the middle of each, in years of 365.25 days
FIRST, SECOND = 1.1 ** -(182.5 / 365.25), 1.1 ** -(548 / 365.25)
GREEN = {"quantity": "units", "where": {"vendor": "green"}, "max": 6}

LATE = {"projects.port.payments": [{"after": "5 hours", "usd": 10}]}
STAFF = {"kind": "onboard", "cost_usd": 4, "delay": "1 hour"}
TPU = [{"offers": {"stack": "xla"}, "workloads": {"codebase": "code"}}]
FAST = {"kind": "port", "cost_usd": 12, "one_of": "ports", "unlocks": TPU}
FAR = {"accelerator": "gpu", "region": "there", "contract": "on_demand", "price_usd_per_unit_hour": 2}
RESERVED = {**FAR, "contract": "reserved", "lead": "1 hour", "term": "3 hours"}
ONBOARD = {"kind": "onboard", "cost_usd": 8, "unlocks": [{"offers": {"provider": "q"}}]}

DEAL = {"offers": {"offer": "deal"}}
REACH = {"quantity": "units", "min": 3, "usd": 5}
VOLUME = {"quantity": "units", "where": {"offer": "deal"}, "every": "period", "if_signed": "deal"}
EXTRA = {
    "agreements.deal.unlocks": None,
    "agreements.deal.extra_supply": [{**DEAL, "units_per_period": 1}],
    "offers.deal.supply_per_period": 1,
}
FREE = {"counterparty": "p", "covers": {"provider": "p"}}
UNPRICED = {"baseline.switching_usd_per_chip": 0}
HOURS = tuple(f"2027-01-01T0{hour}" for hour in range(4))
BEGUN = {"starts": [{"project": "port", "period": HOURS[1]}], "fixed_until": HOURS[2]}

# funding.yaml: what half a K drawn in hour 0 takes with an hour of interest at 100 %, in hours of a USD
K, GROSS = 8766, 8766 / 8765
LOAN = {"kind": "debt", "usd": "10 k", "interest_per_year": "100 %"}
BRIDGE = {**LOAN, "repay": "2027-01-01T01"}
SHARES = {"kind": "equity", "usd": "10 k", "dilution": 0.001}
LEND, BUY = {"funding.tranches.loan": LOAN}, {"funding.tranches.shares": SHARES}
# half of what is needed at 50 %, an eighth of a USD an hour, and the rest dear
HALF = {**LEND, "funding.tranches.cheap": {**LOAN, "usd": K / 4, "interest_per_year": 0.5}}
REST = (K / 4 + 0.125) * GROSS

BUDGET = {"quantity": "spend", "every": "period", "max": 15}
GONE = {"quantity": "chips", "where": {"status": "fleet"}, "per": "region", "max_count": 0, "from": "2027-01-01T02"}
CAPITAL = {"quantity": "cost", "where": {"ledger": "capex"}}
LET = {"accelerator": "chip", "region": "r", "chips": 1, "contract": "reserved", "price_usd_per_chip_hour": 2,
       "sublet_usd_per_chip_hour": 8}  # fmt: skip
INDEX = {"quantity": "units", "per": "vendor", "every": "horizon", "max_hhi": 0.5}

CASES = [
    Case("facility", 30),
    Case("facility", 29, {"workloads.east.single_source": False, "workloads.west.single_source": False}),
    Case("knapsack", 24),
    Case("knapsack", 23, {"limits.power.max": 8}),
    Case("lotsizing", 28),
    Case("lotsizing", 30, limits=({"quantity": "committed_tail", "max": 0},)),
    Case("fixed_charge", 62),
    Case("fixed_charge", 66, {"offers.z": None}),
    Case("fixed_charge", 58, {"offers.y.min_order": 0}),
    Case("mix", 213),
    Case("mix", 208.4, {"offers.on-demand.price_usd_per_unit_hour": 2.3}),
    # never idle: two reserved, 48, and the other 134 - 48 chip-hours on demand, 215
    Case("mix", 263, limits=({"quantity": "idle", "max": 0},)),
    Case("mix_slices", 216),
    Case("capacity", 168),
    Case("capacity", 192, {"workloads.index.demand": 100}),
    Case("inference", 32),
    Case("inference", 30, {"workloads.work.essential_share": 0}),
    Case("inference", 42, {"workloads.work.essential_share": 1}),
    # 6 cheap (12); of the other 6, two are left out (6) and four are dear (20); then one out and five dear; then three
    Case("inference", 38, limits=({"quantity": "unmet", "max": 2},)),
    Case("inference", 40, limits=({"quantity": "penalty", "max": 3},)),
    Case("inference", 36, limits=({"quantity": "served", "min": 9},)),
    Case("batch", 20),
    Case("batch", 32, {"workloads.work.may_wait": "1 hour"}),
    Case("batch", 30.5, {"workloads.work.may_wait": "1 hour", "workloads.work.unmet_usd_per_unit": 4.5}),
    Case("batch", None, {"workloads.work.may_wait": 0}),
    Case("training", 24),
    Case("training", 18, {"workloads.run.min_block_chips": 3}),
    Case("training", 15, {"workloads.run.min_block_chips": 0}),
    Case("training", 13.5, {"workloads.run.min_block_chips": 0, "workloads.run.unmet_usd_per_unit": 1.5}),
    Case("supply", 24),
    Case("supply", 19, {"offers.reserved.lead": 0}),
    Case("eligibility", 8),
    Case("site_power", 32),
    Case("site_power", 20, {"regions.site.power_mw": 2}),
    # two MW for a 5 USD project instead of one
    Case("site_power", 25, {"projects.build": {"kind": "build", "cost_usd": 5, "power_mw": {"site": 1}}}),
    Case("projects", 27),
    Case("projects", 40, {"projects.port.delay": "3 hours"}),  # 30 + 4 + 6 + 1 is more than 40
    Case("projects", 41, {"projects.port.delay": "3 hours", "projects.port.must": True}),
    Case("projects", 25, {"projects.port.ramp": None}),
    Case("projects", 34, {"projects.port.from": "2027-01-01T01"}),
    Case("projects", 40, {"projects.port.from": "2027-01-01T02"}),  # 30 + 4 + 6 + 1
    Case("projects", 32, {"projects.port.payments": [{"after": "2 hours", "usd": 5}]}),
    Case("projects", 27, LATE),
    Case("projects", 40, LATE, limits=({"quantity": "committed_tail", "max": 9},)),
    # staff first: ported in hour 1, with 4 more for the staff: 20 + 4 + 2 + 6 + 2 + 4
    Case("projects", 38, {"projects.port.requires": ["staff"], "projects.staff": STAFF}),
    Case("projects", 31, {"projects.port.requires": ["staff"], "projects.staff": {**STAFF, "delay": 0}}),
    Case("projects", 40, {"projects.staff": {**STAFF, "must": True, "excludes": ["port"], "cost_usd": 0}}),
    Case("projects", 31, {"projects.staff": {**STAFF, "must": True}}),
    # at once and at full throughput for 12: 8 of tpu; alternatives unlock for one another
    Case("projects", 20, {"projects.port.one_of": "ports", "projects.fast": FAST}),
    Case("projects", 27, {"projects.port.one_of": "ports", "projects.port.must": True, "projects.fast": FAST}),
    Case("projects", 39, {"projects.fast": {**FAST, "one_of": None}}),  # both are needed: 27 and 12
    # another provider's gpu at 2, onboarded for 8: 16 + 8; for 12 the port is cheaper
    Case("projects", 24, {"offers.far": FAR, "projects.onboard": ONBOARD}),
    Case("projects", 27, {"offers.far": FAR, "projects.onboard": {**ONBOARD, "cost_usd": 12}}),
    # a reserved unit of it is ordered an hour before the provider is ready, and active when it is
    Case("projects", 10 + 12 + 8, {"offers.far": RESERVED, "projects.onboard": {**ONBOARD, "delay": "1 hour"},
                                   "projects.port": None, "offers.tpu": None}),
    # a third unit at least, ordered as late as it may be, 2, beside the two that are needed, 12; with six more, 24 and
    # the onboarding cost more than the 30 of the dear gpu
    Case("projects", 10 + 14 + 8, {"offers.far": {**RESERVED, "supply_total": 9}, "projects.port": None,
                                   "offers.tpu": None, "offers.gpu.supply_total": 9,
                                   "projects.onboard": {**ONBOARD, "delay": "1 hour", "min_units": 3}}),
    Case("projects", 40, {"offers.far": {**RESERVED, "supply_total": 9}, "projects.port": None, "offers.tpu": None,
                          "offers.gpu.supply_total": 9, "projects.onboard": {**ONBOARD, "min_units": 8}}),
    Case("projects", None, {"projects.port.must": True}, limits=({"quantity": "project_cost", "max": 5},)),
    Case("projects", 40, limits=({"quantity": "project_cost", "where": {"project": "port"}, "max": 7},)),
    Case("projects", 27, limits=({"quantity": "cost", "where": {"ledger": "capex"}, "max": 0},)),
    Case("agreements", 34),
    # a unit more in each window costs 3 and is drawn, at whatever price of a shortfall; with two units at most it is
    # not: 24 + 4 + 2 · 3 · 3 is more than 40
    Case("agreements", 34, {"agreements.deal.commitment.shortfall_price": 3}),
    Case("agreements", 40, {"agreements.deal.commitment.shortfall_price": 3, "offers.deal.supply_total": 2}),
    Case("agreements", 46, {"agreements.deal.commitment.shortfall_price": 3, "offers.deal.supply_total": 2,
                            "agreements.deal.must": True}),
    # signed before, and fixed: so it stays; what begins later does not
    Case("agreements", 46, {"agreements.deal.commitment.shortfall_price": 3, "offers.deal.supply_total": 2,
                            "baseline": {"signed": ["deal"], "fixed_until": "2027-01-01T01"}}),
    Case("agreements", 40, {"agreements.deal.commitment.shortfall_price": 3, "offers.deal.supply_total": 2,
                            "agreements.deal.from": "2027-01-01T02",
                            "baseline": {"signed": ["deal"], "fixed_until": "2027-01-01T01"}}),
    # hours 2 and 3 ask for 3: 12 + 18 and 3 short in the first window; rolled over they are drawn in the second
    Case("agreements", 37, {"workloads.work.demand": [2, 2, 3, 3]}),
    Case("agreements", 34, {"workloads.work.demand": [2, 2, 3, 3], "agreements.deal.commitment.roll_over": 0.2}),
    Case("agreements", 35.5, {"workloads.work.demand": [2, 2, 3, 3], "agreements.deal.commitment.roll_over": 0.1}),
    # by date: 15, then 18; one window of 30
    Case("agreements", 37, {"agreements.deal.commitment.usd": {"2027-01-01T00": 15, "2027-01-01T02": 18}}),
    Case("agreements", 34, {"agreements.deal.every": "term", "agreements.deal.commitment.usd": 30}),
    # two hours more of a window that is half outside: 30 inside for twice the term, and 30 owed after
    Case("agreements", 34, {"agreements.deal.every": "term", "agreements.deal.commitment.usd": 60,
                            "agreements.deal.until": "2027-01-01T08"}),
    Case("agreements", 40, {"agreements.deal.until": "2027-01-01T06"}, ({"quantity": "committed_tail", "max": 14},)),
    Case("agreements", 34, {"agreements.deal.until": "2027-01-01T06"}, ({"quantity": "committed_tail", "max": 15},)),
    # nothing to do in the second window: 24 + 4 + 15 is more than 40 unless it can be left
    Case("agreements", 40, {"workloads.work.demand": [4, 4, 0, 0]}),
    Case("agreements", 29, {"workloads.work.demand": [4, 4, 0, 0],
                            "agreements.deal.exit": {"from": "2027-01-01T01", "usd": 1}}),
    Case("agreements", 36.5, {"workloads.work.demand": [4, 4, 0, 0],
                              "agreements.deal.exit": {"from": "2027-01-01T02", "usd": 1, "share": 0.5}}),
    # a quarter off 12 in each window; a fifth unit makes it 15, and a quarter of that is more than its price
    Case("agreements", 22, {"agreements.deal.commitment": None,
                            "agreements.deal.tiers": [{"from_usd": 12, "discount": 0.25}]}),
    Case("agreements", 26.5, {"agreements.deal.commitment": None,
                              "agreements.deal.tiers": [{"from_usd": 13, "discount": 0.25}]}),
    # 10 % of the 6 from 3 to 9, and half of the 3 above, in each window
    Case("agreements", 28 - 2 * 2.1, {"agreements.deal.commitment": None, "agreements.deal.tier_kind": "incremental",
                                      "agreements.deal.tiers": [{"from_usd": 3, "discount": 0.1},
                                                                {"from_usd": 9, "discount": 0.5}]}),
    Case("agreements", 31.6, {"agreements.deal.rebate": 0.1, "offers.deal.supply_total": 2}),
    Case("agreements", 31, {"agreements.deal.rebate": 0.1}),  # a unit more is drawn, and has its rebate
    # ten with a chance of one half, a fifth of it lost to the new owners
    Case("agreements", 30, {"agreements.deal.receipts": [
        {"on": "2027-01-01T01", "usd": 10, "probability": 0.5, "dilution": 0.2}]}),
    Case("agreements", 34, {"agreements.deal.fees": [{"on": "2027-01-01T03", "usd": 4}]}),
    # the third unit is drawn anyhow; the fourth costs 3 of its own
    Case("agreements", 29, {"agreements.deal.milestones": [REACH]}),
    Case("agreements", 34, {"agreements.deal.milestones": [{**REACH, "by": "2027-01-01T01", "usd": 0}]}),
    Case("agreements", 27, {"agreements.deal.milestones": [{**REACH, "min": 2, "steps": 2}]}),
    Case("agreements", 33, {"agreements.deal.milestones": [{**REACH, "probability": 0.5, "dilution": 0.6}]}),
    # 15 + 9 by the end of the third hour, with what is drawn anyhow; 27 takes a unit more than that
    Case("agreements", 34 - 5, {"agreements.deal.milestones": [
        {"quantity": "spend", "min": 24, "usd": 5, "by": "2027-01-01T03"}]}),
    Case("agreements", 37 - 5, {"agreements.deal.milestones": [
        {"quantity": "spend", "min": 27, "usd": 5, "by": "2027-01-01T03"}]}),
    Case("agreements", 40, limits=({**VOLUME, "min": 4},)),
    Case("agreements", 52, {"agreements.deal.must": True}, ({**VOLUME, "min": 4},)),
    # no more than one of the deal: 8 at 3 and 5 each, 7 of 30 drawn short, 4; forced
    Case("agreements", 4 + 30 + 20, {"agreements.deal.must": True}, ({**VOLUME, "max": 1},)),
    Case("agreements", 40, limits=({**VOLUME, "max": 1},)),
    Case("agreements", 34, limits=({"quantity": "spend", "of": {}, "where": {"offer": "deal"}, "min_share": 1,
                                    "if_signed": "deal"},)),
    Case("agreements", 40, {"offers.list.supply_total": 4}, (
        {"quantity": "spend", "where": {"offer": "deal"}, "max_share": 0.2, "if_signed": "deal"},)),
    Case("agreements", None, {"agreements.deal.must": True}, ({**VOLUME, "min": 5},)),
    # one unit more of two than the supply has; 24 + 6 + 4 with it, 12 + 20 without
    Case("agreements", 32, EXTRA),
    Case("agreements", 30, {**EXTRA, "agreements.deal.commitment": None, "agreements.deal.fees": [{"usd": 6}]}),
    Case("agreements", 34, {"agreements.deal.requires": ["other"], "agreements.other": FREE}),
    Case("agreements", 36, {"agreements.deal.requires": ["other"], "agreements.other": {**FREE, "fees": [{"usd": 2}]}}),
    Case("agreements", 40, {"agreements.other": {**FREE, "must": True, "excludes": ["deal"]}}),
    Case("agreements", 40, {"agreements.deal.one_of": "g", "agreements.other": {**FREE, "must": True, "one_of": "g"}}),
    Case("agreements", 34, {"agreements.other": {**FREE, "must": True, "commitment": {"usd": 0}}}),
    Case("agreements", 40, limits=({"quantity": "shortfall_cost", "max": 5, "every": "horizon"},
                                   {"quantity": "units", "where": {"offer": "deal"}, "max": 2})),
    Case("projects", 40, {"projects.port.ledger": "capex"},
         limits=({"quantity": "cost", "where": {"ledger": "capex"}, "max": 5},)),
    Case("funding", 5 * K),
    Case("funding", 3 * K, {"funding.opening_usd": K / 2}),
    Case("funding", 3 * K, {"funding": None}),
    Case("funding", 3 * K, {"funding.opening_usd": "1 bn", **LEND, **BUY}),  # what is not needed is not drawn
    Case("funding", 6 * K, {"funding.income_usd": 2 * K}),
    Case("funding", None, {"funding.income_usd": 2 * K - 1}),
    Case("funding", 6 * K, {"funding.floor_usd": K / 2}),  # in hour 2 it may be bought for an hour at 3 K
    Case("funding", 5 * K, {"funding.floor_usd": [K / 2, 0, 2.5 * K]}),
    Case("funding", None, {"funding.floor_usd": [0, 0, 2.6 * K]}),
    # a loan of half a K and its first interest: three hours of interest, or one; a fee is paid from the draw too
    Case("funding", 3 * K + 1.5 * GROSS, LEND),
    Case("funding", 3 * K + 0.5 * GROSS, {"funding.tranches.loan": BRIDGE}),
    Case("funding", 3 * K + (K / 10 + 1.5) / (1.2 / 1.5 - 1 / K), {"funding.tranches.loan": {**LOAN, "fee": "20 %"}}),
    Case("funding", 5 * K, {"funding.tranches.loan": {**LOAN, "usd": K / 2}}),  # the interest is not in it
    Case("funding", 5 * K, {"funding.tranches.loan": {**LOAN, "from": "2027-01-01T01"}}),
    # repaid in hour 1 it leaves 2 K there
    Case("funding", None, {"funding.tranches.loan": BRIDGE, "funding.floor_usd": [0, 2.2 * K, 0]}),
    Case("funding", 3 * K + 1.5 * GROSS, {**LEND, "funding.floor_usd": [0, 2.2 * K, 0]}),
    Case("funding", 3 * K + 0.375 + 3 * REST / K, HALF),
    Case("funding", 3 * K + 1.5 * GROSS, {**LEND, **BUY}),  # 4.383 USD of dilution
    Case("funding", 3 * K + 0.4383, {**LEND, **BUY, "funding.tranches.shares.dilution": 1e-4}),
    Case("funding", 3 * K + 4.383, {"funding.tranches.loan": {**LOAN, "usd": 0}, **BUY}),
    Case("funding", 3.5 * K, {**BUY, "funding.tranches.shares.dilution": 1}),
    Case("funding", 5 * K, {**BUY, "funding.tranches.shares.dilution": 5}),
    Case("funding", 5 * K, LEND, limits=({"quantity": "drawn", "max": 4000},)),
    # a third of a K is lent for 1 USD, the rest and the first interest come from shares
    *(Case("funding", 3 * K + 1 + 0.001 * (K / 6 + 1 / 3), {**LEND, **BUY}, limits=({**limit, "max": 1},))
      for limit in ({"quantity": "financing_cost"}, {"quantity": "cost", "per": "tranche"})),
    Case("funding", 5 * K, BUY, limits=({"quantity": "dilution", "max": 4},)),
    Case("funding", 5 * K, LEND, limits=({"quantity": "committed_tail", "where": {"tranche": "loan"}, "max": 1},)),
    Case("funding", 3 * K + 0.5 * GROSS, {"funding.tranches.loan": BRIDGE},
         limits=({"quantity": "committed_tail", "max": 0},)),
    Case("funding", 3 * K + 1.5 * GROSS, {**HALF}, limits=({"quantity": "drawn", "per": "tranche", "max_count": 1},)),
    # half a K from a vendor is enough when it comes in hour 0, and income all the same when it comes in hour 1
    *(Case("funding", usd, {"agreements.stake": {"counterparty": "p", "covers": {"provider": "p"}, "receipts": [
        {"on": f"2027-01-01T0{hour}", "usd": 2 * K, "probability": 0.25}]}})
      for hour, usd in ((0, 2.5 * K), (1, 4.5 * K))),
    # a K at least: what is not needed is drawn as late as it may be
    Case("funding", 3 * K + 1 + GROSS, LEND, limits=({"quantity": "drawn", "min": K},)),
    # what a baseline fixes is started then, and nothing else is: in hour 1, or not before hour 2
    Case("projects", 34, {"baseline": BEGUN}),
    Case("projects", 40, {"baseline": {"fixed_until": HOURS[2]}}),
    Case("projects", 27, {"baseline": {"starts": BEGUN["starts"]}}),
    Case("projects", None, {"baseline": {"fixed_until": HOURS[3]}, "projects.port.must": True,
                            "projects.port.until": HOURS[3]}),
    Case("baseline", 34),
    Case("baseline", 24, {"baseline": None}),
    Case("baseline", 24, UNPRICED),
    Case("baseline", 38, {"baseline.switching_usd_per_chip": 10}),  # hour 3: b and two chips on demand, 14
    # hour 1 fixed: 12 + 8 + 8; hour 2 too; hour 3 as well, with two chips on demand, 4 + 10, or without
    Case("baseline", 28, {**UNPRICED, "baseline.fixed_until": HOURS[1]}),
    Case("baseline", 32, {**UNPRICED, "baseline.fixed_until": HOURS[2]}),
    Case("baseline", 38, {**UNPRICED, "baseline.fixed_until": HOURS[3]}),
    Case("baseline", None, {"baseline.fixed_until": HOURS[3], "offers.on-demand": None}),
    # a cannot be ordered from hour 2 on: its 4 chips are a change of 4 in any case; two of b there, 8 + 4
    Case("baseline", 38, {"offers.a.order_until": HOURS[1]}),
    Case("baseline", None, {"offers.a.order_until": HOURS[1]}, ({"quantity": "change", "max": 3},)),
    # a third unit of a in hour 1, which nobody wants, is kept: 18 + 12 + 8; to drop it would save 6 and cost 8
    Case("baseline", 38, {"baseline.switching_usd_per_chip": 4,
                          "baseline.orders": [{"offer": "a", "period": HOURS[0], "units": 3},
                                              {"offer": "a", "period": HOURS[1], "units": 2},
                                              {"offer": "b", "period": HOURS[2], "units": 2}]}),
    # a change of two chips in hour 3 saves 6, one of a unit of a to one of b, four chips, saves 2
    Case("baseline", 38, UNPRICED, ({"quantity": "change", "max": 0},)),
    Case("baseline", 32, UNPRICED, ({"quantity": "change", "max": 4},)),
    Case("baseline", 30, UNPRICED, ({"quantity": "change", "max": 6},)),
    Case("baseline", 36, UNPRICED, ({"quantity": "change", "max": 0, "soft": 2},)),
    Case("baseline", 30, UNPRICED, ({"quantity": "change", "max_share": 0.6},)),  # of 10 chips
    Case("baseline", 32, UNPRICED, ({"quantity": "change", "per": "provider", "max_share": 0.2},)),
    Case("baseline", 28, UNPRICED, ({"quantity": "change", "every": "period", "max_share": 1},)),
    Case("baseline", 32, UNPRICED, ({"quantity": "change", "where": {"offer": "b"}, "of": {"offer": "b"},
                                 "max_share": 1},)),
    # in hour 3 at most one chip, so none: 8 + 8 + 14
    Case("baseline", 30, UNPRICED, ({"quantity": "change", "of": {"region": "s"}, "where": {"period": HOURS[2]},
                                 "max_share": 0.5},)),
    # what b costs, 8 and 2 for switching: to pay 1 more, a unit of a is switched for one of b, at 2; no change is paid
    # for that is none
    Case("baseline", 36, {}, ({"quantity": "cost", "where": {"offer": "b"}, "min": 11},)),
    Case("owned", 126),
    Case("owned", 180, {"offers.bought.term": "1 hour"}),
    Case("owned", 144, limits=({"quantity": "spend", "where": {"ledger": "capex"}, "max": 250},)),
    Case("retirement", 8.5),
    Case("retirement", 18, {"fleet.old.retire_from": None, "fleet.old.resale_usd_per_chip": None,
                            "fleet.old.retirement_usd_per_chip": None}),
    Case("retirement", 11, {"fleet.old.retire_from": "2027-01-01T02"}),  # two then: 2 · 3.5
    Case("retirement", 18, {"fleet.old.retirement_usd_per_chip": 7}),
    Case("retirement", 2, {"offers.on-demand.price_usd_per_unit_hour": 0.5}),  # all: 4.5 for hour 0, 4 · 0.5 - 3 · 1.5
    # chips, power and counts are of what stays: all have gone by hour 2, 18 - 6 - 3.5 - 3.5, and 2 · 4 on demand
    Case("retirement", 8.5, limits=({"quantity": "chips", "max": 2, "from": "2027-01-01T01"},)),
    Case("retirement", 8.5, limits=({"quantity": "power", "max": 0.01, "from": "2027-01-01T02",
                                        "where": {"status": "fleet"}},)),
    Case("retirement", 13, limits=(GONE,)),
    Case("retirement", None, {"fleet.old.retire_from": "2027-01-01T03"}, limits=(GONE,)),
    Case("refresh", 20),
    Case("refresh", 44, {"fleet.old.retire_from": None}),
    Case("refresh", 32, {"offers.new.lead": "2 hours"}),
    # two new ones beside the old ones do it as well: 4 + 12 + 6 + 6 - 8
    Case("refresh", 20, {"regions.site.power_mw": 0.6}),
    Case("refresh", 20, {"regions.site.power_mw": 0.6, "fleet.old.retire_from": None}),
    Case("resale", 14.5),
    Case("resale", 17, {"offers.bought.resale_share": None}),
    Case("resale", 16.5, {"offers.bought.resale_share": 0.55}),  # 9 + 13 - 5.5
    Case("resale", 17, {"offers.bought.resale_share": 0.4}),
    Case("resale", 17, {"workloads.work.demand": [2, 0, 2]}),
    Case("resale", 18, {"workloads.work.demand": [2, 0, 2], "offers.bought.resale_share": None}),
    # what is sold lessens the cost of capital, 24 - 7.5, and never the spend
    Case("resale", 14.5, limits=({**CAPITAL, "max": 16.5},)),
    Case("resale", 17, limits=({**CAPITAL, "max": 16},)),
    Case("resale", 17, limits=({**CAPITAL, "quantity": "spend", "max": 23},)),
    Case("sublet", 13),
    Case("sublet", 14, {"offers.reserved.sublet_usd_per_unit_hour": None}),
    Case("sublet", 13.875, {"offers.reserved.sublet_share": 0.25}),
    Case("sublet", 7, {"fleet.old": LET}),
    Case("sublet", 13, limits=({"quantity": "idle", "max": 0},)),
    Case("sublet", 14, {"offers.reserved.sublet_usd_per_unit_hour": None}, limits=({"quantity": "idle", "max": 0},)),
    Case("least_block", 120),
    Case("least_block", 72, {"workloads.run.min_block_chips": 0}),
    Case("least_block", 72, {"workloads.run.min_block_chips": 2}),
    Case("block", 18),
    Case("block", 23, limits=({"quantity": "spend", "every": "period", "until": "2027-01-01T01", "max": 12},)),
    Case("block", 15, {"workloads.work.demand": [0, 0, 0, 3]}),
    Case("spot", 8),
    Case("spot", 11, limits=({"quantity": "chips", "where": {"contract": "spot"}, "max_share": 0.5},)),
    Case("price_path", 31.2),
    Case("fleet", 30),
    Case("fleet", 14, {"workloads.work.demand": 1}),
    Case("fleet", 47, {"fleet.old.from": "2027-01-01T01", "fleet.old.availability": 0.5}),
    Case("discount", 8760 * FIRST + 8784 * SECOND),
    Case("discount", 17000 * FIRST, {"offers.paid-by-hour.price_usd_per_unit_hour": 1.1}),
    # owned for a life of 4 years and worth nothing then: half the price comes back at the end of 731 days
    Case(
        "discount",
        17000 * FIRST - 8500 * 1.1 ** -(730 / 365.25 + 1 / 365.25),
        {"offers.paid-at-once.contract": "owned", "offers.paid-at-once.term": "4 years",
         "offers.paid-at-once.kw_per_unit": 1},
    ),
    Case("classes", 10.8),
    Case("classes", 10.2, {"offers.far/slow.price_usd_per_unit_hour": 1.2}),
    # each kind of limit
    limited(40),
    limited(48, GREEN),  # 2 · (6 · 2 + 4 · 3)
    limited(44, {**GREEN, "max": [6, 10]}),  # 24 + 20
    limited(44, {**GREEN, "until": "2027-01-01T01"}),  # the same
    limited(45, {"quantity": "spend", "where": {"vendor": "green"}, "max": 30}),  # 15 green, 5 amber
    limited(46, {"quantity": "units", "where": {"vendor": "grey"}, "min": 1}),  # 2 · (9 · 2 + 5)
    # green's and amber's spend alike: 12 chip-hours of green, 8 of amber
    limited(48, {"quantity": "spend", "per": "vendor", "max_share": 0.5}),
    # 20 chips, then 10: at most half of the second hour's spend is green's, 6 chips of it and 4 of amber: 40 + 24
    Case("limits", 64, {"workloads.work.demand": [20, 10]},
         limits=({"quantity": "spend", "where": {"vendor": "green"}, "every": "period", "max_share": 1},
                 {"quantity": "spend", "where": {"vendor": "green", "period": HOURS[1]}, "every": "period",
                  "max_share": 0.5})),
    limited(46, {"quantity": "compute", "where": {"vendor": "grey"}, "min_share": 0.1}),  # one chip each hour
    # grey at least a quarter of the chips of grey and amber, 4 amber an hour: 4/3 instead of amber's 4 means 1 of 4
    limited(48 + 2 * 2 * 1, GREEN, {"quantity": "chips", "where": {"vendor": "grey"},
                                    "of": {"vendor": ["grey", "amber"]}, "min_share": 0.25}),
    limited(60, GREEN, {"quantity": "units", "per": "provider", "max_count": 1}),  # all amber
    limited(42, {"quantity": "units", "per": "provider", "min_count": 2}),  # one amber on average: 2 chip-hours
    limited(48, {"quantity": "units", "per": "provider", "min_count": 3}),  # and one grey: 40 + 2 + 6
    limited(44, {"quantity": "units", "per": "provider", "min_count": 2, "count_from": 2}),  # 4 chip-hours of amber
    limited(43, {"quantity": "served", "per": "vendor", "min_count": 2, "count_from": 3}),  # 3 units of work on amber
    # carbon, 0.1 t an MWh in the north, 0.05 in the south: 20 chip-hours make 2 t; 1.5 t means half of each
    limited(50, {"quantity": "carbon", "max": 1.5}),
    limited(48, {"quantity": "power", "where": {"region": "north"}, "max": "6 MW"}),
    limited(None, {"quantity": "spend", "max": 39}),
    # 5 chips, then 10: 10 and 20 USD of a budget of 15 an hour, what is left of it handed on in full or by half
    Case("limits", 30, {"workloads.work.demand": [5, 10]}, limits=({**BUDGET, "carry_over": 1},)),
    Case("limits", None, {"workloads.work.demand": [5, 10]}, limits=({**BUDGET, "carry_over": 0.5},)),
    Case("limits", 32.5, {"workloads.work.demand": [5, 10]}, limits=({**BUDGET, "carry_over": 0.5, "soft": 1},)),
    Case("limits", None, {"workloads.work.demand": [10, 5]}, limits=({**BUDGET, "carry_over": 1},)),
    # an index of 0.5 over 20 chip-hours: the shares lie on a circle around a third each, of radius sqrt(1/2 - 1/3),
    # opposite to the prices; of whole units, the sum of squares at most 200, (10, 10, 0) is the cheapest
    limited(20 * (10 - 7**0.5) / 3, INDEX),
    Case("limits", 50, {f"offers.{name}.divisible": False for name in ("green", "amber", "grey")}, limits=(INDEX,)),
    limited(None, INDEX, {"quantity": "units", "where": {"vendor": ["amber", "grey"]}, "max": 1}),
    # soft: 4 over, each hour, at 0.5
    limited(44, {**GREEN, "soft": 0.5}),
    limited(48, {**GREEN, "soft": 1.5}),
    # at 0.1 a USD of spend: a chip moved to amber costs 1 and saves 2.5 · 0.1, so 20 USD over half stay
    limited(42, {"quantity": "spend", "where": {"vendor": "green"}, "max_share": 0.5, "soft": 0.1}),
    limited(41, {"quantity": "units", "where": {"vendor": "grey"}, "min": 1, "soft": 0.5}),  # 1 short, each hour
    limited(51, GREEN, {"quantity": "units", "per": "provider", "max_count": 1, "soft": 3}),  # 48 and one too many
    limited(41, {"quantity": "units", "per": "provider", "min_count": 2, "soft": 1}),
]  # fmt: skip


def name(case: Case) -> str:
    """Name a case by its file, its changes and its limits."""
    extra = [*(path.partition(".")[2] or path for path in case.changes), *(limit["quantity"] for limit in case.limits)]
    return "-".join([case.file, *extra])


def optimum(scenario: Scenario, **options: Any) -> float | None:
    """Solve, and return the objective in USD, or None where there is no plan."""
    try:
        return float(solve(scenario, gap=GAP, **options).result["objective"])
    except Infeasible:
        return None


@pytest.mark.parametrize("case", CASES, ids=name)
@pytest.mark.parametrize("options", [{}, {"backend": "cbc", "aggregate": False}], ids=["highs-classes", "cbc-apart"])
def test_an_instance_has_the_optimum_worked_by_hand(case: Case, options: dict[str, Any]) -> None:
    """HiGHS over classes and CBC over single sources and workloads find the optimum worked by hand."""
    found = optimum(case.scenario(), **options)
    if case.optimum is None:
        assert found is None
    else:
        assert found == pytest.approx(case.optimum, rel=2e-6, abs=1e-6)


def test_of_plans_that_serve_as_much_the_cheapest_is_taken() -> None:
    """Four units of value are all there is; item d has them for 1 USD, every other item costs more."""
    plan = solve(Case("knapsack", 0, {"workloads.value.demand": 4}).scenario(), gap=GAP)
    assert plan.result["objective"] == pytest.approx(0, abs=1e-6)
    assert plan.totals["discounted_cost"] == pytest.approx(1, rel=1e-6)


def test_every_instance_is_solved() -> None:
    """No instance file lies there without an optimum."""
    assert {case.file for case in CASES} == {path.stem for path in INSTANCES.glob("*.yaml")}
