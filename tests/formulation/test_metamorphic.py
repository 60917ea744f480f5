"""What must hold between the optima of related scenarios, whatever they are."""

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from procure.plan.plan import Plan
from procure.plan.solve import Infeasible, solve
from procure.scenario.scenario import Scenario, build
from procure.scenario_file import load

GAP = 1e-6
SEEDS = (1, 2)
Change = Callable[[Scenario], Scenario]


@lru_cache
def rich(seed: int) -> Scenario:
    """Return a small scenario with a bit of everything, its prices and demands drawn at random."""
    draw = np.random.default_rng(seed)

    def price(low: float, high: float) -> float:
        return round(float(draw.uniform(low, high)), 3)

    def offer(name: str, **more: Any) -> dict[str, Any]:
        region, chip, _ = name.split("/")
        return {"id": name, "accelerator": chip, "region": region, "kw_per_unit": 1, **more}

    return build({
        "name": "rich",
        "horizon": {"start": "2027-01-01", "periods": 3, "period": "quarter", "discount_rate_per_year": 0.08,
                    "slices": [{"id": "day", "share": 0.5}, {"id": "night", "share": 0.5}]},
        "accelerators": [
            {"id": "gpu", "vendor": "green", "family": "g", "stack": "cuda", "memory_gb": 80, "bf16_tflops": 900},
            {"id": "tpu", "vendor": "blue", "family": "t", "stack": "xla", "memory_gb": 32, "bf16_tflops": 500},
        ],
        "regions": [
            {"id": "us", "provider": "a", "country": "US", "zone": "us", "pue": 1.2, "carbon_g_per_kwh": 400},
            {"id": "eu", "provider": "b", "country": "DE", "zone": "eu", "pue": 1.1, "carbon_g_per_kwh": 200},
            {"id": "own", "provider": "own", "country": "DE", "zone": "eu", "pue": 1.4, "carbon_g_per_kwh": 300,
             "electricity_usd_per_kwh": 0.1, "power_mw": 0.007},
        ],
        "offers": [
            offer("us/gpu/on-demand", contract="on_demand", price_usd_per_unit_hour=price(3.5, 5), supply_total=9),
            offer("us/gpu/reserved", contract="reserved", term="12 months", supply_total=6,
                  price_usd_per_unit_hour=price(1.5, 3), price_path={"start": 1, "growth_per_year": -0.2}),
            offer("us/tpu/spot", contract="spot", price_usd_per_unit_hour=price(0.5, 1.5), availability=0.8,
                  supply_per_period=4, divisible=True),
            offer("eu/tpu/reserved", contract="reserved", term="6 months", lead="1 quarter", supply_total=10,
                  chips_per_unit=2, min_order=2, fixed_usd_per_order=price(500, 2000),
                  price_usd_per_unit_hour=price(1.5, 3)),
            offer("eu/gpu/block", contract="capacity_block", term="3 months", price_usd_per_unit_hour=price(2, 3),
                  supply_per_period=4),
            offer("own/gpu/bought", contract="owned", term="4 years", lead="3 months", supply_total=6,
                  upfront_usd_per_unit=price(25000, 40000), salvage_share=0.1),
        ],
        "fleet": [{"id": "old", "accelerator": "gpu", "region": "us", "chips": 3, "until": "2027-07",
                   "price_usd_per_chip_hour": 1, "kw_per_chip": 1}],
        "workloads": [
            {"id": "chat", "kind": "inference", "demand": {"start": price(30, 50), "growth_per_year": 0.8},
             "load": {"night": 0.4}, "throughput": {"gpu": 10, "tpu": 6}, "unmet_usd_per_unit": 2e-4,
             "essential_share": 0.5},
            {"id": "search", "kind": "inference", "demand": [300, 400, price(300, 500)], "load": {"night": 0.6},
             "throughput": {"gpu": 100, "tpu": 60}, "unmet_usd_per_unit": 1.2e-5},
            {"id": "index", "kind": "batch", "rate_per": "hour", "demand": [price(2000, 4000), 0, price(2000, 4000)],
             "may_wait": "1 quarter", "throughput": {"tpu": 1, "gpu": 1.5}, "unmet_usd_per_unit": 4},
            {"id": "train", "kind": "training", "rate_per": "hour", "work": 6000, "throughput": {"gpu": 1},
             "until": "2027-10", "min_block_chips": 2, "unmet_usd_per_unit": 5},
            {"id": "residents", "kind": "inference", "demand": 9, "throughput": {"gpu": 10, "tpu": 5},
             "eligible": {"zone": "eu"}, "single_source": True, "unmet_usd_per_unit": 5e-4},
        ],
        "projects": [
            {"id": "port", "kind": "port", "cost_usd": price(500, 1500), "delay": "1 quarter", "ramp": ["60 %"],
             "unlocks": [{"offers": {"stack": "xla"}, "workloads": {"workload": ["search", "index"]}}]},
            {"id": "onboard", "kind": "onboard", "cost_usd": price(100, 500), "running_usd_per_year": 400,
             "unlocks": [{"offers": {"offer": "eu/gpu/block"}}]},
            {"id": "build", "kind": "build", "cost_usd": price(500, 1000), "ledger": "capex", "requires": ["onboard"],
             "payments": [{"after": "1 quarter", "usd": 300}], "power_mw": {"own": 0.002}},
        ],
        "funding": {
            "opening_usd": 20000, "income_usd": price(20000, 25000), "floor_usd": [3000, 3000, 5000],
            "tranches": [
                {"id": "line", "kind": "debt", "usd": 30000, "interest_per_year": 0.09, "fee": 0.01,
                 "repay": "2027-07"},
                {"id": "note", "kind": "debt", "usd": 20000, "interest_per_year": 0.12},
                {"id": "shares", "kind": "equity", "usd": 50000, "dilution": 0.3, "from": "2027-Q2"},
            ],
        },
        "limits": [
            {"id": "green", "quantity": "spend", "where": {"vendor": "green"}, "max_share": 0.8},
            {"id": "spot", "quantity": "chips", "where": {"contract": "spot"}, "max_share": 0.3},
            {"id": "budget", "quantity": "spend", "every": "quarter", "max": price(60000, 90000), "soft": 0.5},
            {"id": "carbon", "quantity": "carbon", "max": price(15, 25), "soft": 500},
            {"id": "us", "quantity": "power", "where": {"region": "us"}, "max": 0.012},
            {"id": "providers", "quantity": "units", "per": "provider", "max_count": 1 + seed},
            {"id": "blue", "quantity": "chips", "where": {"vendor": "blue"}, "every": "horizon", "min": 1},
            {"id": "tail", "quantity": "committed_tail", "max": price(20000, 60000)},
        ],
    })  # fmt: skip


@lru_cache
def dealt(seed: int) -> Scenario:
    """Return the same with agreements: a large one that may be signed, one that is, and a stake."""
    draw = np.random.default_rng(100 + seed)

    def price(low: float, high: float) -> float:
        return round(float(draw.uniform(low, high)), 3)

    agreements = [
        {
            "id": "deal",
            "counterparty": "a",
            "covers": {"provider": "a"},
            "every": "6 months",
            "commitment": {"usd": price(20000, 40000), "shortfall_price": 0.8, "roll_over": 0.1},
            "tiers": [{"from_usd": 15000, "discount": 0.05}, {"from_usd": price(25000, 40000), "discount": 0.15}],
            "fees": [{"usd": 500}],
            "rebate": 0.03,
            "until": "2028-04",
            "extra_supply": [{"offers": {"offer": "us/gpu/reserved"}, "units": 2, "units_per_period": 2}],
        },
        {
            "id": "signed",
            "counterparty": "b",
            "covers": {"provider": "b"},
            "every": "quarter",
            "must": True,
            "commitment": {"usd": {"2027-01": 1000, "2027-04": price(8000, 16000)}, "shortfall_price": 0.6},
            "exit": {"from": "2027-07", "usd": 4000},
            "milestones": [
                {"quantity": "chips", "min": 4, "steps": 2, "usd": 3000, "probability": 0.7, "dilution": 0.2}
            ],
        },
        {
            "id": "stake",
            "counterparty": "b",
            "covers": {"provider": "b"},
            "excludes": ["deal"],
            "receipts": [{"on": "2027-05", "usd": price(2000, 6000), "dilution": 0.3}],
        },
    ]
    return rich(seed).with_(agreements=agreements).with_limit(
        id="exclusive", quantity="spend", where={"provider": ["a", "own"]}, min_share=0.4, if_signed="deal"
    )  # fmt: skip


@lru_cache
def base(seed: int, make: Callable[[int], Scenario] = rich) -> float:
    """Return the optimum of the unchanged scenario."""
    return optimum(make(seed))


def optimum(scenario: Scenario, **options: Any) -> float:
    """Return the objective in USD, within the gap, by the engine that is quickest on these."""
    return float(solve(scenario, gap=GAP, **{"backend": "cbc", **options}).result["objective"])


def scaled(collection: str, factor: float, *fields: str) -> Change:
    """Return a change that multiplies fields of every entry of a collection."""

    def change(scenario: Scenario) -> Scenario:
        entries = [entry.data() for entry in getattr(scenario, collection)]
        for entry in entries:
            entry.update({name: entry[name] * factor for name in fields if name in entry})
        return scenario.with_(**{collection: entries})

    return change


def reordered(*collections: str) -> Change:
    """Return a change that turns lists round."""
    return lambda scenario: scenario.with_(**{name: getattr(scenario, name)[::-1] for name in collections})


def joined(*changes: Change) -> Change:
    """Return several changes as one."""

    def change(scenario: Scenario) -> Scenario:
        for one in changes:
            scenario = one(scenario)
        return scenario

    return change


def another_offer(scenario: Scenario) -> Scenario:
    """Add the gpu on demand in the eu."""
    new = {"id": "new", "accelerator": "gpu", "region": "eu", "contract": "on_demand", "price_usd_per_unit_hour": 2,
           "kw_per_unit": 1, "supply_total": 3}  # fmt: skip
    return scenario.with_(offers=[*scenario.offers, new])


def without_limit(name: str) -> Change:
    """Return a change that takes a limit away."""
    return lambda scenario: scenario.with_({f"limits.{name}": None})


LOOSER: dict[str, Change] = {
    "share": lambda s: s.with_({"limits.green.max_share": 0.9}),
    "power": lambda s: s.with_({"limits.us.max": 0.014}),
    "count": lambda s: s.with_({"limits.providers.max_count": 3}),
    "no count": without_limit("providers"),
    "least": lambda s: s.with_({"limits.blue.min": 0.5}),
    "tail": lambda s: s.with_({"limits.tail.max": 80000}),
    "soft price": lambda s: s.with_({"limits.budget.soft": 0.3}),
    "soft bound": lambda s: s.with_({"limits.carbon.max": 30}),
    "hard made soft": lambda s: s.with_({"limits.tail.soft": 0.2}),
    "no share": without_limit("spot"),
    "site power": lambda s: s.with_({"regions.own.power_mw": 0.01}),
    "an offer more": another_offer,
    "a lower price": lambda s: s.with_({"offers.us/gpu/on-demand.price_usd_per_unit_hour": 3}),
    "a lower fixed cost": lambda s: s.with_({"offers.eu/tpu/reserved.fixed_usd_per_order": 100}),
    "no least order": lambda s: s.with_({"offers.eu/tpu/reserved.min_order": 0}),
    "more salvage": lambda s: s.with_({"offers.own/gpu/bought.salvage_share": 0.3}),
    "a shorter lead": lambda s: s.with_({"offers.eu/tpu/reserved.lead": 0}),
    "no lead of owned": lambda s: s.with_({"offers.own/gpu/bought.lead": 0}),
    "more supply": lambda s: s.with_({"offers.us/gpu/reserved.supply_total": 8}),
    "more that works": lambda s: s.with_({"offers.us/tpu/spot.availability": 1}),
    "divisible": lambda s: s.with_({"offers.us/gpu/reserved.divisible": True}),
    "faster": lambda s: s.with_({"workloads.index.throughput.tpu": 1.2}),
    "longer wait": lambda s: s.with_({"workloads.index.may_wait": "3 quarters"}),
    "later deadline": lambda s: s.with_({"workloads.train.until": None}),
    "no block": lambda s: s.with_({"workloads.train.min_block_chips": None}),
    "more sources": lambda s: s.with_({"workloads.residents.single_source": False}),
    "eligible anywhere": lambda s: s.with_({"workloads.residents.eligible": None}),
    "less essential": lambda s: s.with_({"workloads.chat.essential_share": 0}),
    "a cheaper project": lambda s: s.with_({"projects.port.cost_usd": 100}),
    "no running cost": lambda s: s.with_({"projects.onboard.running_usd_per_year": 0}),
    "a shorter delay": lambda s: s.with_({"projects.port.delay": 0}),
    "a faster ramp": lambda s: s.with_({"projects.port.ramp": [0.8]}),
    "no requirement": lambda s: s.with_({"projects.build.requires": None}),
    "more power from a project": lambda s: s.with_({"projects.build.power_mw.own": 0.01}),
    "nothing locked": lambda s: s.with_({"projects.port.unlocks": None, "projects.port.ramp": None}),
    "an alternative": lambda s: s.with_({
        "projects.port.one_of": "ports",
        "projects.faster": {**s.projects[0].data(), "id": "faster", "one_of": "ports", "delay": 0, "cost_usd": 3000},
    }),
    "a fleet that may be retired": lambda s: s.with_({"fleet.old.retire_from": "2027-04"}),
    "a fleet that may be let": lambda s: s.with_({"fleet.old.sublet_usd_per_chip_hour": 0.7}),
    "owned units that may be sold": lambda s: s.with_({"offers.own/gpu/bought.resale_share": 0.9}),
    "reserved units that may be let": lambda s: s.with_({"offers.us/gpu/reserved.sublet_usd_per_unit_hour": 0.8}),
    "a lower floor": lambda s: s.with_({"funding.floor_usd": [3000, 0, 2000]}),
    "more income": lambda s: s.with_({"funding.income_usd": 26000}),
    "more at first": lambda s: s.with_({"funding.opening_usd": 30000}),
    "a larger tranche": lambda s: s.with_({"funding.tranches.note.usd": 30000}),
    "less interest": lambda s: s.with_({"funding.tranches.note.interest_per_year": 0.05}),
    "no fee": lambda s: s.with_({"funding.tranches.line.fee": None}),
    "less dilution": lambda s: s.with_({"funding.tranches.shares.dilution": 0.02}),
    "equity from the start": lambda s: s.with_({"funding.tranches.shares.from": None}),
    "another tranche": lambda s: s.with_({"funding.tranches.gift": {"kind": "equity", "usd": 5000}}),
    "no concern for cash": lambda s: s.with_({"funding": None}),
    "cheaper to leave": lambda s: s.with_({"workloads.train.unmet_usd_per_unit": 3}),
}  # fmt: skip


AGREED: dict[str, Change] = {
    "a smaller commitment": lambda s: s.with_({"agreements.signed.commitment.usd": 1000}),
    "a lower shortfall price": lambda s: s.with_({"agreements.signed.commitment.shortfall_price": 0.3}),
    "more rolled over": lambda s: s.with_({"agreements.deal.commitment.roll_over": 0.5}),
    "not forced": lambda s: s.with_({"agreements.signed.must": False}),
    "an earlier exit": lambda s: s.with_({"agreements.signed.exit.from": "2027-04"}),
    "a cheaper exit": lambda s: s.with_({"agreements.signed.exit.usd": 100}),
    "a larger discount": lambda s: s.with_({"agreements.deal.tiers": [{"from_usd": 10000, "discount": 0.2}]}),
    "a larger rebate": lambda s: s.with_({"agreements.deal.rebate": 0.1}),
    "no fee": lambda s: s.with_({"agreements.deal.fees": None}),
    "more money": lambda s: s.with_({"agreements.stake.receipts": [{"on": "2027-02", "usd": 9000}]}),
    "a nearer milestone": lambda s: s.with_(agreements=[
        {**entry.data(), "milestones": [{"quantity": "chips", "min": 2, "steps": 4, "usd": 3000}]}
        if entry.id == "signed" else entry for entry in s.agreements]),
    "not exclusive": without_limit("exclusive"),
    "not excluded": lambda s: s.with_({"agreements.stake.excludes": None}),
    "an agreement more": lambda s: s.with_({"agreements.more": {
        "counterparty": "c", "covers": {"vendor": "blue"}, "tiers": [{"from_usd": 5000, "discount": 0.1}]}}),
}  # fmt: skip


@pytest.mark.parametrize("change", LOOSER)
def test_what_loosens_never_raises_the_optimum(change: str) -> None:
    """A looser limit, one offer more, a lower price or a shorter lead leaves every plan as good as it was."""
    seed = SEEDS[list(LOOSER).index(change) % len(SEEDS)]
    assert optimum(LOOSER[change](rich(seed))) <= base(seed) * (1 + 2 * GAP)


@pytest.mark.parametrize("change", AGREED)
def test_what_loosens_an_agreement_never_raises_the_optimum(change: str) -> None:
    """A smaller commitment, a lower price of shortfalls, more money or one agreement more leaves every plan as good."""
    seed = SEEDS[list(AGREED).index(change) % len(SEEDS)]
    assert optimum(AGREED[change](dealt(seed))) <= base(seed, dealt) * (1 + 2 * GAP)


def in_thousands_of_money(scenario: Scenario) -> Scenario:
    """Multiply every sum of the agreements by a thousand, wherever it stands in them."""

    def times(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            dated = name == "usd"
            return {key: times(entry, "usd" if dated else key) for key, entry in value.items()}
        if isinstance(value, list):
            return [times(entry) for entry in value]
        return value * 1000 if name in ("usd", "from_usd") else value

    return scenario.with_(agreements=[times(entry.data()) for entry in scenario.agreements])


MONEY = joined(
    in_thousands_of_money,
    scaled("offers", 1000, "price_usd_per_unit_hour", "upfront_usd_per_unit", "fixed_usd_per_order"),
    scaled("fleet", 1000, "price_usd_per_chip_hour"),
    scaled("projects", 1000, "cost_usd", "running_usd_per_year"),
    scaled("workloads", 1000, "unmet_usd_per_unit"),
    lambda s: s.with_({
        "limits.budget.max": s.limits[2].max.data() * 1000, "limits.tail.max": s.limits[7].max.data() * 1000,
        "limits.carbon.soft": 500_000, "projects.build.payments": [{"after": "1 quarter", "usd": 300_000}],
        "regions.own.electricity_usd_per_kwh": 100,
        "funding.opening_usd": 20_000_000, "funding.income_usd": s.funding.income_usd.data() * 1000,
        "funding.floor_usd": [3_000_000, 3_000_000, 5_000_000],
        **{f"funding.tranches.{entry.id}.usd": entry.usd * 1000 for entry in s.tranches},
    }),
)  # fmt: skip


def in_thousands(scenario: Scenario) -> Scenario:
    """Count the work of search in thousands."""
    return scenario.with_(
        {
            "workloads.search.demand": [value / 1000 for value in scenario.workloads[1].demand.data()],
            "workloads.search.throughput": {"gpu": 0.1, "tpu": 0.06},
            "workloads.search.unmet_usd_per_unit": 0.012,
        }
    )


SAME: dict[str, tuple[Change, float, dict[str, Any]]] = {
    "offers and fleet in another order": (reordered("offers", "fleet"), 1, {}),
    "workloads in another order": (reordered("workloads"), 1, {}),
    "limits, regions and chips in another order": (reordered("limits", "regions", "accelerators"), 1, {}),
    "projects in another order": (reordered("projects"), 1, {}),
    "a project that must be and does nothing": (
        lambda s: s.with_({"projects.idle": {"kind": "certify", "must": True, "delay": "1 quarter"}}),
        1,
        {},
    ),
    "tranches in another order": (lambda s: s.with_({"funding.tranches": [t.data() for t in s.tranches[::-1]]}), 1, {}),
    "a tranche in two halves": (
        lambda s: s.with_(
            {
                "funding.tranches.shares.usd": 25000,
                "funding.tranches.more": {**s.tranches[2].data(), "id": "more", "usd": 25000},
            }
        ),
        1,
        {},
    ),
    "a share cap of one": (
        lambda s: s.with_limit(quantity="spend", per="vendor", max_share=1).with_limit(
            quantity="served", where={"workload": "chat"}, per="region", max_share=1
        ),
        1,
        {},
    ),
    "a count of all": (lambda s: s.with_limit(quantity="units", per="accelerator", max_count=2), 1, {}),
    "a least amount of nothing": (lambda s: s.with_limit(quantity="compute", per="region", min=0), 1, {}),
    "an offer that nobody may use": (
        lambda s: s.with_(
            offers=[
                *s.offers,
                {
                    "id": "late",
                    "accelerator": "gpu",
                    "region": "us",
                    "contract": "reserved",
                    "term": "1 year",
                    "lead": "2 years",
                    "price_usd_per_unit_hour": 0,
                    "kw_per_unit": 1,
                    "supply_total": 5,
                },
            ]
        ),
        1,
        {},
    ),
    "work counted in thousands": (in_thousands, 1, {}),
    "money a thousand times": (MONEY, 1000, {}),
    "single sources and workloads": (lambda s: s, 1, {"aggregate": False}),
    "another engine": (lambda s: s, 1, {"backend": "scip"}),
}


SAME_AGREED: dict[str, tuple[Change, float, dict[str, Any]]] = {
    "agreements in another order": (reordered("agreements"), 1, {}),
    "a mandatory commitment to nothing": (
        lambda s: s.with_(
            {
                "agreements.idle": {
                    "counterparty": "z",
                    "covers": {"provider": "a"},
                    "must": True,
                    "commitment": {"usd": 0},
                    "exit": {"from": "2027-01", "usd": 5},
                    "every": "quarter",
                }
            }
        ),
        1,
        {},
    ),
    "an agreement that only costs": (
        lambda s: s.with_({"agreements.dear": {"counterparty": "z", "covers": {}, "fees": [{"usd": 1}]}}),
        1,
        {},
    ),
    "money a thousand times": (MONEY, 1000, {}),
    "single sources and workloads": (lambda s: s, 1, {"aggregate": False}),
    "another engine": (lambda s: s, 1, {"backend": "scip"}),
}


LIVES: dict[str, list[dict[str, Any]]] = {
    "resale of chips": [
        {"fleet.old.retire_from": "2027-01", "fleet.old.resale_usd_per_chip": usd,
         "fleet.old.retirement_usd_per_chip": 100} for usd in (0, [900, 600, 300], 1500)
    ],
    "resale of units": [{"offers.own/gpu/bought.resale_share": share} for share in (0.5, 0.9, 1)],
    "letting chips": [
        {"fleet.old.retire_from": "2027-04", "fleet.old.sublet_usd_per_chip_hour": usd, "fleet.old.sublet_share": share}
        for usd, share in ((0.5, 0.4), (0.9, 0.4), (0.9, 1), (6, 1))
    ],
    "letting units": [
        {"offers.us/gpu/reserved.sublet_usd_per_unit_hour": usd, "offers.eu/tpu/reserved.sublet_usd_per_unit_hour": usd,
         "offers.eu/gpu/block.sublet_usd_per_unit_hour": usd} for usd in (0, 0.4, 0.8)
    ],
}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("life", LIVES)
def test_what_brings_more_never_costs_more(seed: int, life: str) -> None:
    """A higher price of what is retired, sold or let leaves every plan as good as it was, or better."""
    before = base(seed)
    for changes in LIVES[life]:
        now = optimum(rich(seed).with_(changes))
        assert now <= before + 2 * GAP * abs(base(seed))
        before = now


def test_what_is_let_is_not_read_back_as_serving() -> None:
    """Over classes and apart, with everything of a life in it, the optimum is one, and so audited."""
    changes = {path: value for steps in LIVES.values() for path, value in steps[-1].items()}
    scenario = rich(1).with_({**changes, "fleet.old.sublet_share": 0.5})
    assert optimum(scenario) == pytest.approx(optimum(scenario, aggregate=False), rel=2 * GAP)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("change", SAME)
def test_what_changes_nothing_keeps_the_optimum(seed: int, change: str) -> None:
    """Order, units, limits that cannot bind, classes and engine leave the optimum; money scales with its unit."""
    changed, factor, options = SAME[change]
    assert optimum(changed(rich(seed)), **options) == pytest.approx(base(seed) * factor, rel=2 * GAP)


@pytest.mark.parametrize("change", SAME_AGREED)
def test_what_changes_nothing_in_agreements_keeps_the_optimum(change: str) -> None:
    """Order, commitments to nothing, agreements that only cost, classes, units and engine leave the optimum."""
    changed, factor, options = SAME_AGREED[change]
    seed = SEEDS[list(SAME_AGREED).index(change) % len(SEEDS)]
    assert optimum(changed(dealt(seed)), **options) == pytest.approx(base(seed, dealt) * factor, rel=2 * GAP)


@pytest.mark.parametrize("seed", SEEDS)
def test_cash_beyond_all_need_is_no_concern(seed: int) -> None:
    """With a billion, and none of it to keep, nothing is drawn and the optimum is that without funding."""
    rest = {"opening_usd": "1 bn", "tranches": [entry.data() for entry in rich(seed).tranches]}
    plan = solve(rich(seed).with_({"funding": rest}), gap=GAP)
    assert not plan.decisions["draws"]["usd"]
    assert plan.result["objective"] == pytest.approx(optimum(rich(seed).with_({"funding": None})), rel=2 * GAP)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_dearer_the_money_the_dearer_the_plan(seed: int) -> None:
    """A higher floor, a smaller tranche and less income never lower the optimum; here they raise it, step by step."""
    found = [optimum(rich(seed).with_({"funding.floor_usd": floor, "funding.tranches.note.usd": 20000 - floor}))
             for floor in (0, 4000, 8000)]  # fmt: skip
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_a_shrunken_enterprise_is_the_same_in_classes_and_apart() -> None:
    """The bundled enterprise, in one year and fractions of units, has one optimum however it is built."""
    scenario = load("enterprise").with_({
        "horizon.periods": 4, "workloads.domain-model.min_block_chips": None,
    })  # fmt: skip
    scenario = scenario.with_(offers=[{**offer.data(), "divisible": True} for offer in scenario.offers])
    assert optimum(scenario) == pytest.approx(optimum(scenario, aggregate=False), rel=2 * GAP)


@lru_cache
def plan_of(seed: int) -> Plan:
    """Return the plan of the unchanged scenario."""
    return solve(rich(seed), gap=GAP)


def continued(seed: int, **baseline: Any) -> Scenario:
    """Return the scenario with a baseline near its plan: each order of one unit more, and no start in time."""
    scenario = rich(seed).with_baseline(plan_of(seed))
    assert scenario.baseline is not None
    orders = [{**order.data(), "units": order.units + 1} for order in scenario.baseline.orders]
    return scenario.with_(baseline={"orders": orders, **baseline})


@pytest.mark.parametrize("seed", SEEDS)
def test_a_baseline_that_costs_nothing_to_change_changes_nothing(seed: int) -> None:
    """Whatever it is; nor does fixing what is optimal."""
    assert optimum(continued(seed)) == pytest.approx(base(seed), rel=2 * GAP)
    own = rich(seed).with_baseline(plan_of(seed), fixed_until="2028")
    assert optimum(own) == pytest.approx(base(seed), rel=2 * GAP)
    assert optimum(own, aggregate=False, backend="scip") == pytest.approx(base(seed), rel=2 * GAP)


@pytest.mark.parametrize("seed", SEEDS)
def test_dearer_and_tighter_continuity_never_lowers_the_optimum(seed: int) -> None:
    """A higher price of switching, a longer time that is fixed, a lower limit on change."""
    cashless = continued(seed).with_({"funding": None})  # what switching costs is not to be had at any price
    prices = [optimum(cashless.with_({"baseline.switching_usd_per_chip": price})) for price in (0, 100, 2000, 50000)]
    limits = [optimum(cashless.with_limit(quantity="change", max_share=share, soft=1e4)) for share in (1, 0.5, 0.2, 0)]
    own = rich(seed).with_baseline(plan_of(seed))
    dear = own.with_({"offers.us/gpu/reserved.price_usd_per_unit_hour": 9})
    times = []
    for date in ("2027", "2027-Q2", "2027-Q3", "2028"):
        with suppress(Infeasible):  # the dearer units may be too large a share of spend, from some date on
            times.append(optimum(dear.with_({"baseline.fixed_until": date})))
    for optima in (prices, limits, times):
        assert all(one <= other * (1 + 2 * GAP) for one, other in pairwise(optima)), optima
    assert max(prices[-1], limits[-1], times[-1]) > base(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_without_the_money_of_vendors_nothing_is_cheaper(seed: int) -> None:
    """Taking the money away never improves the net cost, and leaves nothing that comes in."""
    without = solve(dealt(seed).without_vendor_money(), gap=GAP)
    assert without.result["objective"] >= base(seed, dealt) * (1 - 2 * GAP)
    assert without.totals["vendor_inflow"] == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_windows_reconcile_to_the_cent(seed: int) -> None:
    """In every window of every agreement drawn + rolled over + short = committed + rolled in; no more than spent."""
    plan = solve(
        dealt(seed).with_(
            {
                "agreements.deal.must": True,
                "agreements.deal.commitment.usd": 90000,
                "limits.tail": None,
            }
        ),
        gap=GAP,
    )
    windows = plan.frame("windows")
    assert len(windows) >= 3
    assert (windows["shortfall_usd"] > 0).any()
    done = windows["drawn_usd"] + windows["rolled_usd"] + windows["shortfall_usd"]
    assert (done - windows["committed_usd"] - windows["rolled_in_usd"]).abs().max() < 0.005
    assert (windows["drawn_usd"] <= windows["spend_usd"] + 0.005).all()
    assert plan.totals["shortfall_cost"] == pytest.approx(plan.frame("agreements")["shortfall_usd"].sum())


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_runs_before_its_project_is_ready(seed: int) -> None:
    """Work on a stack, units of an offer and power of a site wait for the port, the onboarding and the building."""
    free = rich(seed).with_({"projects.port.cost_usd": 0, "projects.onboard.cost_usd": 0})
    plan = solve(free, gap=GAP)
    projects = plan.figures["projects"]
    ready = dict(zip(projects["project"], projects["ready"], strict=True))
    serving = plan.figures["serving"]
    for work, source, period in zip(serving["workload"], serving["source"], serving["period"], strict=True):
        if work in ("search", "index") and "/tpu/" in str(source):
            assert str(period) >= str(ready["port"])
    assert "port" in ready
    capacity = plan.figures["capacity"]
    for source, period in zip(capacity["source"], capacity["period"], strict=True):
        assert source != "eu/gpu/block" or str(period) >= str(ready["onboard"])
