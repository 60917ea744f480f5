"""Small random scenarios with every contract, kind of work and limit, the same for the same seed."""

from dataclasses import dataclass
from random import Random
from typing import Any, Final

from procure.scenario.horizon import Horizon
from procure.scenario.scenario import Scenario

Data = dict[str, Any]

SLICES: Final[tuple[Data, ...]] = ({"day": 0.4, "night": 0.6}, {"peak": 0.2, "day": 0.3, "night": 0.5})
TERMS: Final = ("0.4 periods", "1 period", "1.6 periods", "2 periods", "3 periods", "8 periods")
LEADS: Final = ("0 days", "0.3 periods", "1 period", "2 periods")
VENDORS: Final = ("nvidia", "amd", "aws")
ORDERED: Final = ("reserved", "capacity_block", "owned")
SOURCE_LABELS: Final = ("vendor", "provider", "region", "accelerator", "contract", "zone", "stack", "offer")
WORK_LABELS: Final = ("workload", "kind")
WORK_QUANTITIES: Final = ("unmet", "penalty")
MIXED_QUANTITIES: Final = ("served", "serving_cost")
MONEY: Final = ("spend", "upfront", "cost")
OTHER_MONEY: Final = ("energy_cost", "serving_cost", "committed_tail", "penalty")
LEVELS: Final = ("units", "chips", "power", "compute", "idle")
QUANTITIES: Final = (*LEVELS, *MONEY, *OTHER_MONEY, "carbon", "served", "unmet")
UNCOUNTABLE: Final = ("idle", "committed_tail", "unmet", "penalty")
AMOUNTS: Final = ("min", "max", "max", "max", "min_share", "max_share", "max_share")
COUNTS: Final = ("min_count", "max_count")


@dataclass(frozen=True)
class Setting:
    """What the parts of one scenario have in common; `dates` are the first days of its periods."""

    rng: Random
    horizon: Data
    dates: list[str]
    hours: float
    accelerators: list[Data]
    regions: list[Data]


def random_scenario(
    seed: int, *, projects: bool = False, agreements: bool = False, life: bool = False, funding: bool = False
) -> Data:
    """Return the plain data of the scenario of a seed, with or without projects, agreements, a life and funding."""
    rng = Random(seed)
    horizon = _horizon(rng)
    time = Horizon(**horizon)
    dates = [edge.strftime("%Y-%m-%d") for edge in time.edges[:-1]]
    accelerators = [_accelerator(rng, number, dates) for number in range(3)]
    regions = [_region(rng, number) for number in range(2)]
    setting = Setting(rng, horizon, dates, float(time.hours[0]), accelerators, regions)
    workloads = [_workload(setting, number) for number in range(rng.randint(1, 4))]
    made = {
        "name": f"random-{seed}",
        "objective": rng.choice(["least_cost"] * 4 + ["most_served_value"]),
        "horizon": horizon,
        "accelerators": accelerators,
        "regions": regions,
        # tiers and rebates ask for offers that are bounded
        "offers": [{**({"supply_total": 20} if agreements else {}), **offer} for offer in _offers(setting)],
        "fleet": _fleet(setting),
        "workloads": workloads,
        "limits": [_limit(setting, workloads, number) for number in range(rng.randint(0, 3))],
        **({"projects": _projects(setting, workloads)} if projects else {}),
        **({"agreements": _agreements(setting, workloads)} if agreements else {}),
    }
    if life:
        _add_life(setting, made)
    if funding:
        made["funding"] = _funding(setting)
        made["limits"] += [_financing_limit(setting, made["funding"])] if rng.random() < 0.5 else []
    return made


def _add_life(setting: Setting, made: Data) -> None:
    """Let owned offers be sold, those with a term be let, and a second fleet be retired, sold and let."""
    rng = setting.rng
    for offer in made["offers"]:
        if offer["contract"] == "owned":
            offer.update(_sometimes(rng, 0.8, {"resale_share": rng.choice([0.5, 0.9, 1])}))
        if offer["contract"] in ORDERED:
            usd, share = 0.4 * offer["price_usd_per_unit_hour"], rng.choice([0.3, 1])
            offer.update(_sometimes(rng, 0.6, {"sublet_usd_per_unit_hour": usd, "sublet_share": share}))
    an_hour = rng.choice([0.2, 1, 3])
    made["fleet"].append(
        {
            "id": "ageing",
            "accelerator": "chip-0",
            "region": "region-1",
            "chips": rng.choice([4, 7.5, 20]),
            "price_usd_per_chip_hour": an_hour,
            "kw_per_chip": 1,
            "retire_from": rng.choice(setting.dates),
            "resale_usd_per_chip": {"start": rng.choice([20, 200, 2000]), "end": rng.choice([10, 1000])},
            "retirement_usd_per_chip": rng.choice([0, 30]),
            **_sometimes(rng, 0.5, {"sublet_usd_per_chip_hour": rng.choice([0.1, 1.5]), "sublet_share": 0.5}),
        }
    )


def _agreements(setting: Setting, workloads: list[Data]) -> list[Data]:
    """Return one to three agreements, each about what some of the offers cost in a few periods."""
    rng, made = setting.rng, list[Data]()
    labels = ("vendor", "provider", "region")
    for number in range(rng.randint(1, 3)):
        before = [agreement["id"] for agreement in made]
        some = _selection(setting, workloads, labels)
        every = rng.choice(["period", "2 periods", "term"])
        usd = [rng.choice([0, 2, 5, 20]) * setting.hours for _ in range(3)]
        commitment = {"usd": usd[0], "shortfall_price": rng.choice([0.5, 1, 1.2]), "roll_over": rng.choice([0, 0.3])}
        tiers = [{"from_usd": usd[1], "discount": 0.1}, {"from_usd": usd[1] + 5 * setting.hours, "discount": 0.25}]
        extra = {"offers": _selection(setting, workloads, labels), "units": 5, "units_per_period": 3}
        goal = {"quantity": rng.choice(["units", "chips", "spend"]), "min": 2, "steps": 2, "usd": usd[2] / 4}
        receipt = {"on": rng.choice(setting.dates), "usd": usd[2], "probability": 0.5, "dilution": 0.4}
        made.append({
            "id": f"agreement-{number}",
            "counterparty": rng.choice(["c", "d"]),
            "covers": some,
            "every": every,
            "tier_kind": rng.choice(["all_units", "incremental"]),
            **_sometimes(rng, 0.8, {"commitment": commitment}),
            **_sometimes(rng, 0.4, {"tiers": tiers}),
            **_sometimes(rng, 0.5, {"fees": [{"usd": 100}, {"on": setting.dates[-1], "usd": 50}]}),
            **_sometimes(rng, 0.3, {"unlocks": [some]}),
            **_sometimes(rng, 0.3, {"extra_supply": [extra]}),
            **_sometimes(rng, 0.3, {"rebate": 0.05}),
            **_sometimes(rng, 0.3, {"receipts": [receipt]}),
            **_sometimes(rng, 0.3, {"milestones": [goal]}),
            **_sometimes(rng, 0.3, {"must": True}),
            **(_sometimes(rng, 0.5, {"exit": {"from": setting.dates[1], "usd": 50, "share": 0.1}})
               if every == "period" else {}),
            **(_sometimes(rng, 0.4, {rng.choice(["requires", "excludes"]): [rng.choice(before)]}) if before else {}),
        })  # fmt: skip
    return made


def perturbed(seed: int, scenario: Scenario, decisions: dict[str, dict[str, Any]]) -> Scenario:
    """Return a scenario that continues from a plan of it, its orders and starts changed at random.

    Some are dropped or moved, some orders are of other units; a period or none is fixed, as it was; switching may cost,
    and change may be limited.
    """
    rng = Random(seed)
    labels = scenario.horizon.labels
    fixed = rng.choice([0, 0, 1])
    divisible = {offer.id for offer in scenario.offers if offer.divisible}
    orders = {
        (offer, period): units if labels.index(period) < fixed else _other(rng, units, divisible=offer in divisible)
        for offer, period, units in zip(
            *(decisions["orders"][name] for name in ("offer", "period", "units")), strict=True
        )
        if labels.index(period) < fixed or rng.random() < 0.8
    }
    starts = [
        {"project": project, "period": period if labels.index(period) < fixed else rng.choice(labels[fixed:])}
        for project, period in zip(*(decisions["starts"][name] for name in ("project", "period")), strict=True)
        if labels.index(period) < fixed or rng.random() < 0.8
    ]
    limit = rng.choice([{"max": 20}, {"max_share": 0.3}, {"max_share": 0.5, "per": "provider", "every": "period"}])
    more = {"id": "steady", "quantity": "change", **limit, **_sometimes(rng, 0.7, {"soft": rng.choice([10, 1000])})}
    return scenario.with_(
        baseline={
            "orders": [{"offer": o, "period": t, "units": units} for (o, t), units in orders.items() if units > 0],
            "starts": starts,
            "switching_usd_per_chip": rng.choice([0, 1, 100]),
            **({"fixed_until": labels[fixed]} if fixed else {}),
        },
        limits=[*scenario.limits, *([more] if rng.random() < 0.6 else [])],
    )


def _other(rng: Random, units: float, *, divisible: bool) -> float:
    """Return units that are as many, more or fewer, perhaps none."""
    units = units * rng.choice([0.5, 1, 1, 1.5]) + rng.choice([0, 0, 1])
    return units if divisible else float(round(units))


def _projects(setting: Setting, workloads: list[Data]) -> list[Data]:
    """Return two to four projects that depend on those before them."""
    rng, made = setting.rng, list[Data]()
    for number in range(rng.randint(2, 4)):
        before = [project["id"] for project in made]
        ramp = rng.random() < 0.3 and not any("ramp" in project for project in made)
        pairs = {"workloads": {"workload": rng.choice(workloads)["id"]}} if ramp or rng.random() < 0.5 else {}
        chosen = _selection(setting, workloads, ("vendor", "provider", "region", "accelerator"))
        places = [region["id"] for region in setting.regions if "power_mw" in region]
        made.append(
            {
                "id": f"project-{number}",
                "kind": rng.choice(["onboard", "port", "build", "programme", "certify"]),
                "cost_usd": rng.choice([0, 500, 5000]),
                "payments": [{"after": rng.choice(LEADS), "usd": 300}] if rng.random() < 0.4 else [],
                "ledger": rng.choice(["opex", "capex"]),
                "running_usd_per_year": rng.choice([0, 1000]),
                "delay": rng.choice(LEADS),
                "unlocks": [{"offers": chosen, **pairs}] if ramp or rng.random() < 0.8 else [],
                **({"ramp": [0.5, 0.75][: rng.randint(1, 2)]} if ramp else {}),
                **({"power_mw": {rng.choice(places): 0.05}} if places and rng.random() < 0.4 else {}),
                **_sometimes(rng, 0.2, {"must": True}),
                **_sometimes(rng, 0.3, {"one_of": "alternatives"}),
                **_sometimes(rng, 0.2, {"from": rng.choice(setting.dates)}),
                **(_sometimes(rng, 0.3, {"requires": [rng.choice(before)]}) if before else {}),
                **(_sometimes(rng, 0.2, {"excludes": [rng.choice(before)]}) if before else {}),
            }
        )
    return made


def _funding(setting: Setting) -> Data:
    """Return cash for a part of what may be needed, and one to three tranches of debt and equity for the rest."""
    rng, periods = setting.rng, len(setting.dates)
    a_period = setting.hours * rng.choice([2, 10, 30])  # USD: so many chips for about a dollar an hour
    return {
        "opening_usd": round(rng.uniform(0, 0.5) * a_period),
        "income_usd": rng.choice([round(a_period / 2), [round(rng.uniform(0, 1) * a_period) for _ in range(periods)]]),
        "floor_usd": rng.choice([0, round(a_period / 50)]),
        "tranches": [_tranche(setting, number, a_period) for number in range(rng.randint(1, 3))],
    }


def _tranche(setting: Setting, number: int, a_period: float) -> Data:
    """Return debt or equity that may be drawn from some period on."""
    rng, first = setting.rng, setting.rng.choice([0, 0, 1])
    tranche = {
        "id": f"tranche-{number}",
        "usd": round(rng.choice([0.5, 2, 20]) * a_period),
        "from": setting.dates[first],
        "fee": rng.choice([0, 0.02]),
    }
    if rng.random() < 0.4:
        return {**tranche, "kind": "equity", "dilution": rng.choice([0, 0.1, 0.5])}
    repay = _sometimes(rng, 0.5, {"repay": rng.choice([*setting.dates[first + 1 :], "2040"])})
    return {**tranche, "kind": "debt", "interest_per_year": rng.choice([0, 0.05, 0.3]), **repay}


def _financing_limit(setting: Setting, funding: Data) -> Data:
    """Return a limit on what is drawn, or on what it costs."""
    rng = setting.rng
    size = max(tranche["usd"] for tranche in funding["tranches"])
    bounds = {
        "drawn": [{"max": size}, {"min": size / 10}, {"max_count": 1, "per": "tranche"}, {"max_share": 0.6}],
        "financing_cost": [{"max": size / 50}, {"max": size / 50, "every": "year"}],
        "dilution": [{"max": size / 10}],
    }
    quantity = rng.choice(list(bounds))
    bound = rng.choice(bounds[quantity])
    return {
        "id": "financing",
        "quantity": quantity,
        **({"where": {"tranche": "tranche-0"}} if "max_share" in bound else _sometimes(rng, 0.4, {"per": "tranche"})),
        **bound,
        **_sometimes(rng, 0.4, {"soft": rng.choice([1, 10])}),
    }


def _sometimes(rng: Random, share: float, fields: Data) -> Data:
    """Return the fields in a share of the cases, and none in the others."""
    return fields if rng.random() < share else {}


def _horizon(rng: Random) -> Data:
    """Return two to six periods, with or without slices."""
    period = rng.choice(["day", "month", "quarter", "year"])
    slices = rng.choice([{}, *SLICES])
    return {
        "start": "2027-01-01" if period == "year" else rng.choice(["2027-01-01", "2027-04-01", "2027-10-01"]),
        "periods": rng.choice([2, 3, 4, 6]),
        "period": period,
        "slices": [{"id": name, "share": share} for name, share in slices.items()],
        "discount_rate_per_year": rng.choice([0, 0.08, 0.2]),
    }


def _accelerator(rng: Random, number: int, dates: list[str]) -> Data:
    """Return a chip with every figure that a limit may ask for."""
    return {
        "id": f"chip-{number}",
        "vendor": rng.choice(VENDORS),
        "family": "any",
        "stack": rng.choice(["cuda", "rocm", "neuron"]),
        "bf16_tflops": rng.choice([500, 1000, 2000]),
        "memory_gb": rng.choice([40, 80, 192]),
        "scale_up_domain": rng.choice([1, 8]),
        **_sometimes(rng, 0.2, {"available_from": rng.choice(dates)}),
    }


def _region(rng: Random, number: int) -> Data:
    """Return a region whose power may be limited."""
    return {
        "id": f"region-{number}",
        "provider": rng.choice(["provider-1", "provider-2"]),
        "country": "US",
        "zone": rng.choice(["us", "eu"]),
        "pue": rng.choice([1, 1.25]),
        "carbon_g_per_kwh": rng.choice([0, 50, 400]),
        "electricity_usd_per_kwh": 0.1,
        **_sometimes(rng, 0.5, {"power_mw": rng.choice([0.02, 0.05, 0.2, 1])}),
    }


def _offers(setting: Setting) -> list[Data]:
    """Return some of the contracts for each chip in each region."""
    rng, offers = setting.rng, []
    for chip in setting.accelerators:
        for region in setting.regions:
            if rng.random() < 0.8:
                contract = rng.choice(["on_demand", "spot"])
                offers.append({**_offer(setting, chip, region, contract), "price_usd_per_unit_hour": _price(rng, 1, 6)})
            offers += [
                {**_offer(setting, chip, region, contract), **_order_terms(setting, contract)}
                for contract in ORDERED
                if rng.random() < 0.5
            ]
    return offers


def _price(rng: Random, low: float, high: float) -> float:
    """Return a price in whole cents."""
    return round(rng.uniform(low, high), 2)


def _offer(setting: Setting, chip: Data, region: Data, contract: str) -> Data:
    """Return what rented and ordered units have in common."""
    rng = setting.rng
    return {
        "id": f"{chip['id']}/{region['id']}/{contract}",
        "accelerator": chip["id"],
        "region": region["id"],
        "contract": contract,
        "chips_per_unit": rng.choice([1, 2, 4, 8]),
        "kw_per_unit": rng.choice([0.7, 1, 8]),
        "divisible": rng.random() < 0.3,
        "availability": rng.choice([1, 0.9]),
        **_sometimes(rng, 0.4, {"supply_per_period": rng.choice([3, 10, 40])}),
        **_sometimes(rng, 0.3, {"supply_total": rng.choice([5, 20])}),
        **_sometimes(rng, 0.3, {"price_path": [_price(rng, 0.5, 1.5) for _ in setting.dates]}),
        **_sometimes(rng, 0.15, {"order_from": rng.choice(setting.dates)}),
    }


def _order_terms(setting: Setting, contract: str) -> Data:
    """Return the price and the terms of an order."""
    rng = setting.rng
    return {
        "term": rng.choice(TERMS),
        "lead": rng.choice(LEADS),
        "price_usd_per_unit_hour": _price(rng, 0.3, 3),
        "upfront_usd_per_unit": rng.choice([0, 10, 50] if setting.horizon["period"] == "day" else [0, 100, 3000]),
        "fixed_usd_per_order": rng.choice([0, 0, 500]),
        "max_order": rng.choice([5, 10, 30]),
        "min_order": rng.choice([0, 0, 2, 4]),
        **({"salvage_share": rng.choice([0, 0.2])} if contract == "owned" else {}),
        **_sometimes(rng, 0.15, {"order_until": rng.choice(setting.dates[1:])}),
    }


def _fleet(setting: Setting) -> list[Data]:
    """Return chips already in place, or none."""
    rng = setting.rng
    entry = {
        "id": "in-place",
        "accelerator": rng.choice(setting.accelerators)["id"],
        "region": "region-0",
        "chips": rng.choice([3, 16]),
        "contract": rng.choice(["owned", "reserved"]),
        "price_usd_per_chip_hour": 0.2,
        "kw_per_chip": 0.7,
        "availability": 0.9,
        **_sometimes(rng, 0.6, {"until": rng.choice(setting.dates[1:])}),
        **_sometimes(rng, 0.3, {"from": setting.dates[0]}),
    }
    return [entry] if rng.random() < 0.5 else []


def _workload(setting: Setting, number: int) -> Data:
    """Return a workload; work that may stay undone has a price for it."""
    rng = setting.rng
    kind = rng.choice(["inference", "inference", "batch", "training"])
    rate_per = rng.choice(["second", "hour"])
    an_hour = 3600 if rate_per == "second" else 1
    throughput = {chip["id"]: rng.choice([0.5, 1, 2, 3.7]) for chip in setting.accelerators if rng.random() < 0.8}
    priced = {"unmet_usd_per_unit": rng.choice([0.5, 2, 5]) / an_hour, "essential_share": rng.choice([0, 0, 0.5])}
    return {
        "id": f"work-{number}",
        "kind": kind,
        "rate_per": rate_per,
        "throughput": throughput or {"chip-0": 1},
        "utilisation": rng.choice([1, 0.8]),
        **{"inference": _inference, "batch": _batch, "training": _training}[kind](setting, setting.hours * an_hour),
        **_sometimes(rng, 0.7, priced),
        **_placement(setting, an_hour),
    }


def _inference(setting: Setting, _: float) -> Data:
    """Return a rate in each period, or one that grows, and its load in some of the slices."""
    rng = setting.rng
    steps = [round(rng.uniform(0, 40), 1) for _ in setting.dates]
    slices = [entry["id"] for entry in setting.horizon["slices"]]
    return {
        "demand": steps if rng.random() < 0.6 else {"start": 10, "growth_per_year": 0.4},
        "load": {name: round(rng.random(), 2) for name in slices if rng.random() < 0.8},
        **_sometimes(rng, 0.3, {"from": rng.choice(setting.dates)}),
    }


def _batch(setting: Setting, in_a_period: float) -> Data:
    """Return work that arrives in each period; `in_a_period` is what a rate of one does in a period."""
    rng = setting.rng
    return {
        "demand": [round(rng.uniform(0, 10) * in_a_period) for _ in setting.dates],
        "may_wait": rng.choice(["0 days", "1 period", "2 periods"]),
    }


def _training(setting: Setting, in_a_period: float) -> Data:
    """Return a total of work, in blocks or not; `in_a_period` is what a rate of one does in a period."""
    rng = setting.rng
    return {
        "work": round(rng.uniform(1, 15) * in_a_period),
        "min_block_chips": rng.choice([0, 2, 5]),
        **_sometimes(rng, 0.5, {"from": rng.choice(setting.dates[:2])}),
    }


def _placement(setting: Setting, an_hour: float) -> Data:
    """Return where a workload may run, and what it costs to serve it there."""
    rng = setting.rng
    provider = setting.regions[0]["provider"]
    costs = [{"where": {"provider": provider}, "usd_per_unit": 0.1 / an_hour}, {"usd_per_unit": 0.2 / an_hour}]
    return {
        **_sometimes(rng, 0.3, {"single_source": True}),
        **_sometimes(rng, 0.2, {"eligible": {"zone": rng.choice(setting.regions)["zone"]}}),
        **_sometimes(rng, 0.2, {"excluded": {"vendor": rng.choice(setting.accelerators)["vendor"]}}),
        **_sometimes(rng, 0.2, {"min_memory_gb": 80}),
        **_sometimes(rng, 0.2, {"min_domain_memory_gb": 300}),
        **_sometimes(rng, 0.4, {"serving_cost": costs}),
    }


def _limit(setting: Setting, workloads: list[Data], number: int) -> Data:
    """Return a hard or soft limit on any quantity, over everything or a selection."""
    rng = setting.rng
    quantity = rng.choice(QUANTITIES)
    counted = quantity not in UNCOUNTABLE and rng.random() < 0.2
    labels = _labels(quantity)
    first_year = _sometimes(rng, 0.2, {"year": "2027"})
    where = {**_selection(setting, workloads, labels), **first_year}
    per = {"per": rng.choice([*labels, "ledger"] if quantity in MONEY else labels)}
    return {
        "id": f"limit-{number}",
        "quantity": quantity,
        **_sometimes(rng, 0.5, {"where": where}),
        **_sometimes(rng, 1 if counted else 0.5, per),
        **(_count(rng) if counted else _amount(setting, workloads, quantity)),
        **_sometimes(rng, 0.6, {"soft": rng.choice([1, 10, 1000])}),
        **_sometimes(rng, 0.5, {"every": rng.choice(["period", "quarter", "year", "horizon"])}),
        **_sometimes(rng, 0 if first_year else 0.25, {"from": rng.choice(setting.dates)}),
    }


def _labels(quantity: str) -> tuple[str, ...]:
    """Return the labels that a quantity can be selected by."""
    if quantity in MIXED_QUANTITIES:
        return (*SOURCE_LABELS, *WORK_LABELS)
    return WORK_LABELS if quantity in WORK_QUANTITIES else SOURCE_LABELS


def _selection(setting: Setting, workloads: list[Data], labels: tuple[str, ...]) -> Data:
    """Return a selection by one of the labels that something in the scenario has."""
    rng = setting.rng
    known = {
        "vendor": [chip["vendor"] for chip in setting.accelerators],
        "accelerator": [chip["id"] for chip in setting.accelerators],
        "provider": [region["provider"] for region in setting.regions],
        "region": [region["id"] for region in setting.regions],
        "workload": [work["id"] for work in workloads],
        "kind": [work["kind"] for work in workloads],
    }
    label = rng.choice([label for label in labels if label in known])
    return {label: rng.choice(known[label])}


def _count(rng: Random) -> Data:
    """Return a bound on how many values are used."""
    return {rng.choice(COUNTS): rng.choice([1, 2]), "count_from": rng.choice([1, 3])}


def _amount(setting: Setting, workloads: list[Data], quantity: str) -> Data:
    """Return a bound on an amount or on a share."""
    rng = setting.rng
    bound = rng.choice(AMOUNTS)
    if bound.endswith("share"):
        of = {"of": _selection(setting, workloads, _labels(quantity))}
        return {bound: rng.choice([0.2, 0.4, 0.6]), **_sometimes(rng, 0.3, of)}
    return {bound: rng.choice([1e3, 1e4, 1e6] if quantity in (*MONEY, *OTHER_MONEY) else [1, 10, 50, 1e3, 1e5])}
