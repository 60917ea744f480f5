"""The benchmark family: scenarios of four sizes and two count scales, the same for the same seed.

Demand, supply, power and caps are drawn. Every scenario is feasible: no work is essential, the fleet costs
nothing to keep and fits into its region, so that leaving all work unmet, at its price, is a plan.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from procure.scenario.fleet import Fleet
from procure.scenario.horizon import Horizon, Slice
from procure.scenario.limit import Limit
from procure.scenario.offer import Offer
from procure.scenario.region import Region
from procure.scenario.scenario import Scenario
from procure.scenario.workload import ServingCost, Workload
from tests.benchmarks.chips import CATALOGUE, REFERENCE, Chip


@dataclass(frozen=True)
class Size:
    """How much a scenario has; `regions` for each provider, `blocks`: training runs with a least block."""

    periods: int
    workloads: int
    accelerators: int
    providers: int
    regions: int
    batch: int
    training: int
    blocks: int


SIZES: Final[dict[str, Size]] = {
    "S": Size(8, 10, 8, 3, 2, batch=2, training=1, blocks=1),
    "M": Size(12, 25, 12, 4, 3, batch=4, training=2, blocks=1),
    "L": Size(28, 50, 14, 5, 4, batch=8, training=4, blocks=2),
    "XL": Size(28, 100, 20, 6, 6, batch=14, training=8, blocks=3),
}
CHIPS: Final[dict[str, float]] = {"small": 40.0, "large": 8000.0}
"""Chips a typical workload needs in the first period: a few units of eight, or a thousand."""
HOURS: Final = 2190.0
"""Hours of a quarter."""
SLICES: Final = (("day", 0.4), ("night", 0.6))
OWN: Final = "own"
PROVIDERS: Final = (OWN, "aws", "gcp", "azure", "oci", "coreweave")
PLACES: Final = (
    ("us", "US", 245.0), ("eu", "SE", 41.0), ("apac", "JP", 485.0),
    ("us", "US", 312.0), ("eu", "DE", 381.0), ("apac", "SG", 369.0),
)  # fmt: skip
"""Zone, country and grid carbon, g/kWh, of a provider's first region, its second, and so on."""


def family(size: str, counts: str, seed: int) -> Scenario:
    """Return the scenario of a size (S, M, L, XL); the count scale (small, large) changes amounts only."""
    draw = _Draw(SIZES[size], CHIPS[counts], np.random.default_rng([seed, list(SIZES).index(size)]))
    workloads = draw.workloads()
    regions = draw.regions()
    return Scenario(
        name=f"family-{size}-{counts}-{seed}",
        description="Drawn for benchmarks.",
        horizon=Horizon(
            start="2027-01-01",
            periods=draw.size.periods,
            slices=tuple(Slice(id=name, share=share) for name, share in SLICES),
        ),
        accelerators=tuple(chip.noun() for chip in draw.chips),
        regions=regions,
        offers=draw.offers(regions),
        workloads=workloads,
        limits=draw.limits(),
        fleet=draw.fleet(regions),
    )


@dataclass
class _Draw:
    """Draws the parts of a scenario in a fixed order; `need` adds up the demand, in H100 chips."""

    size: Size
    typical: float
    random: np.random.Generator
    need: float = field(default=0.0)

    @property
    def chips(self) -> tuple[Chip, ...]:
        """The accelerators of this size."""
        return CATALOGUE[: self.size.accelerators]

    def between(self, low: float, high: float) -> float:
        """Draw a number, evenly."""
        return float(self.random.uniform(low, high))

    def often(self, chance: float) -> bool:
        """Draw yes or no."""
        return bool(self.random.random() < chance)

    def one_of(self, *values: Any) -> Any:
        """Draw one of some values."""
        return values[int(self.random.integers(len(values)))]

    # what is asked for

    def workloads(self) -> tuple[Workload, ...]:
        """Draw batch, training and inference; the last tenth run the model of another workload."""
        size, alike = self.size, self.size.workloads // 10
        made: list[Workload] = []
        for number in range(size.workloads):
            training = number < size.batch + size.training
            kind = "batch" if number < size.batch else "training" if training else "inference"
            model = made[-alike] if number >= size.workloads - alike else None
            made.append(self._workload(number, kind, model))
        return tuple(made)

    def _workload(self, number: int, kind: str, model: Workload | None) -> Workload:
        scale = 10.0 ** self.between(0, 4)
        block = kind == "training" and number - self.size.batch < self.size.blocks
        throughput, eligible, costs = self._throughput(scale), self._eligible(block), self._serving(scale)
        throughput = {chip: float(f"{value:.4g}") for chip, value in throughput.items()}
        memory_gb = self.one_of(0, 0, 0, 64)
        if model is not None:
            factor = self.one_of(0.25, 0.5, 2.0, 4.0)
            throughput = {chip: value * factor for chip, value in model.throughput.items()}
            eligible, memory_gb = model.eligible, model.min_memory_gb
            costs = tuple(
                ServingCost(where=cost.where, usd_per_unit=cost.usd_per_unit / factor) for cost in model.serving_cost
            )
        chips = self.typical * float(np.exp(self.random.normal(-0.2, 0.7)))
        rate = throughput[REFERENCE.id] * 0.6
        cost = REFERENCE.usd_per_chip_hour / (rate * 3600)
        return Workload(
            id=f"{kind}-{number:03}",
            kind=kind,
            unit="tokens",
            throughput=throughput,
            utilisation=0.6,
            eligible=eligible,
            serving_cost=() if kind == "training" else costs,
            min_memory_gb=memory_gb,
            unmet_usd_per_unit=float(f"{cost * self.between(0.15, 1.5):.4g}"),
            **self._demand(kind, rate * chips, chips, block),
        )

    def _throughput(self, scale: float) -> dict[str, float]:
        """Draw work per chip and second: bandwidth or compute bound, with a ratio of its own on each chip."""
        bound, out = self.between(0, 1), {}
        ported = {"cuda", *(stack for stack in ("rocm", "xla", "neuron", "other") if self.often(0.65))}
        for chip in self.chips:
            ratio = float(np.exp(self.random.normal(0, 0.25))) if chip is not REFERENCE else 1.0
            memory = (chip.bandwidth_gb_s / REFERENCE.bandwidth_gb_s) ** bound
            compute = (chip.best_tflops / REFERENCE.best_tflops) ** (1 - bound)
            if chip.stack in ported:
                out[chip.id] = scale * memory * compute * ratio
        return out

    def _eligible(self, block: bool) -> dict[str, Any]:
        zones = sorted({zone for zone, _, _ in PLACES[: self.size.regions]})
        chosen = self.random.permutation(zones).tolist()
        wanted = 1 if block else self.one_of(1, 1, 2, 3, 3)
        selection: dict[str, Any] = {"zone": sorted(chosen[:wanted])} if wanted < len(zones) else {}
        return {**selection, "stack": "cuda"} if block else selection

    def _serving(self, scale: float) -> tuple[ServingCost, ...]:
        """Draw the data transfer of work away from the provider of its data, for one workload in four."""
        home, some = PROVIDERS[int(self.random.integers(1, self.size.providers))], self.often(0.25)
        price = float(f"{self.between(0.1, 0.5) / (scale * 3600):.4g}")
        away = tuple(name for name in PROVIDERS[1 : self.size.providers] if name != home)
        return (ServingCost(where={"provider": away}, usd_per_unit=price),) if some and away else ()

    def _demand(self, kind: str, rate: float, chips: float, block: bool) -> dict[str, Any]:
        """Draw how the work is asked for, given the rate that keeps the chips busy."""
        periods = self.size.periods
        growth = self.between(0.1, 0.6)
        start = int(self.random.integers(0, periods // 2))
        length = int(self.random.integers(2, max(3, periods // 3)))
        load = round(self.between(0.25, 0.8), 2)
        wait = self.one_of("0 days", "1 quarter", "2 quarters")
        if kind == "training":
            self.need += chips
            last = _quarter(start + length) if start + length < periods else None
            least = 8.0 * math.ceil(chips / 40) if block else 0.0
            work = float(f"{rate * HOURS * 3600 * length * 0.6:.4g}")
            return {"work": work, "min_block_chips": least, "start": _quarter(start), "until": last}
        self.need += chips * (1 + growth) ** (periods / 8)
        if kind == "batch":
            wave = [1 + 0.4 * math.sin(start + 1.9 * period) for period in range(periods)]
            full = rate * HOURS * 3600 * 0.7
            amounts = [full * part * (1 + growth) ** (t / 4) for t, part in enumerate(wave)]
            return {"demand": [float(f"{amount:.4g}") for amount in amounts], "may_wait": wait}
        series = {"start": float(f"{rate:.4g}"), "growth_per_year": round(growth, 3)}
        return {"demand": series, "load": {"night": load}}

    # what is offered

    def regions(self) -> tuple[Region, ...]:
        """Draw the regions; their power adds up to three fifths of what all work would draw on H100s."""
        made = []
        for provider in PROVIDERS[: self.size.providers]:
            for number in range(self.size.regions):
                zone, country, carbon = PLACES[number]
                share = self.between(0.2, 1.0) / (self.size.providers * self.size.regions)
                pue = 1.2 if provider == OWN else 1.15
                power_mw = self.need * share * REFERENCE.kw_per_unit / 8000 * pue + 0.05
                name = f"{provider}/{zone}-{number // 3 + 1}"
                made.append(Region(
                    id=name, provider=provider, country=country, zone=zone, pue=pue, carbon_g_per_kwh=carbon,
                    electricity_usd_per_kwh=round(self.between(0.05, 0.12), 4),
                    power_mw=float(f"{power_mw:.4g}"),
                ))  # fmt: skip
        return tuple(made)

    def offers(self, regions: tuple[Region, ...]) -> tuple[Offer, ...]:
        """Draw the offers: chips in half the regions, a provider's own only there, owned at own sites."""
        pools = []
        for region in regions:
            for chip in self.chips:
                here = chip.only in (None, region.provider) and self.often(0.55)
                if region.provider == OWN:
                    here = here and chip.chips_per_unit >= 8 and chip.vendor in ("nvidia", "amd", "intel")
                if here or (chip.only == region.provider and region.id.endswith("us-1")):
                    pools.append((region, chip))
        made: list[Offer] = []
        for region, chip in pools:
            made += self._owned(region, chip) if region.provider == OWN else self._cloud(region, chip)
        return tuple(made)

    def _offer(self, region: Region, chip: Chip, contract: Any, usd: float, **fields: Any) -> Offer:
        """Draw an offer whose supply is a share of all that is needed, by what the chip can do."""
        speed = math.sqrt(chip.best_tflops * chip.bandwidth_gb_s / REFERENCE.best_tflops / REFERENCE.bandwidth_gb_s)
        pools = self.size.providers * self.size.regions * 3
        units = self.need / pools * self.between(0.2, 1.4) / (speed * chip.chips_per_unit)
        supply = float(max(2, math.ceil(units)))
        return Offer(
            id=f"{region.id}/{chip.id}/{contract}", accelerator=chip.id, region=region.id, contract=contract,
            chips_per_unit=chip.chips_per_unit, kw_per_unit=chip.kw_per_unit, supply_total=supply,
            supply_per_period=max(1.0, math.ceil(supply / 3)) if self.often(0.3) else None,
            price_usd_per_unit_hour=round(usd * chip.chips_per_unit, 4),
            price_path={"start": 1.0, "growth_per_year": -0.08}, **fields,
        )  # fmt: skip

    def _cloud(self, region: Region, chip: Chip) -> list[Offer]:
        price = chip.usd_per_chip_hour * self.between(0.75, 1.15)
        years, lead = self.one_of(1, 3), self.one_of("30 days", "60 days", "120 days")
        least = 4.0 if self.often(0.15) and self.typical > 1000 else 0.0
        return [
            self._offer(region, chip, "on_demand", price, divisible=True),
            self._offer(region, chip, "reserved", price * (0.69 if years == 1 else 0.47),
                        term=f"{years} years", lead=lead, min_order=least),
            self._offer(region, chip, "capacity_block", price * 0.84, term="91 days", lead="14 days"),
        ]  # fmt: skip

    def _owned(self, region: Region, chip: Chip) -> list[Offer]:
        price = chip.usd_per_chip_hour * chip.chips_per_unit * self.between(0.9, 1.1)
        lead = self.one_of("6 months", "9 months", "12 months")
        fixed = self.typical * chip.usd_per_chip_hour * self.between(100, 400)
        return [
            self._offer(region, chip, "owned", chip.usd_per_chip_hour * 0.04, term="5 years", lead=lead,
                        upfront_usd_per_unit=round(price * 5500, -2), fixed_usd_per_order=round(fixed, -2),
                        salvage_share=0.1)
        ]  # fmt: skip

    def limits(self) -> tuple[Limit, ...]:
        """Return the caps of a year: Nvidia's and each provider's share of spend, capital expenditure."""
        capex = 500 * REFERENCE.usd_per_chip_hour * self.need
        share = round(1.6 / self.size.providers, 2)
        return (
            Limit(id="nvidia-share", quantity="spend", where={"vendor": "nvidia"}, every="year", max_share=0.5),
            Limit(id="provider-share", quantity="spend", per="provider", every="year", max_share=share),
            Limit(
                id="capex",
                quantity="spend",
                where={"ledger": "capex"},
                every="year",
                max=float(f"{capex:.3g}"),
            ),
        )

    def fleet(self, regions: tuple[Region, ...]) -> tuple[Fleet, ...]:
        """Return paid-up H100s at the first own site, a fifth of its power, for half the horizon."""
        site = regions[0]
        assert site.power_mw is not None
        assert site.pue is not None
        kw_per_chip = REFERENCE.kw_per_unit / REFERENCE.chips_per_unit
        kw = 1000 * float(site.power_mw.data())
        chips = 8.0 * max(1, math.floor(0.2 * kw / (kw_per_chip * site.pue) / 8))
        until = _quarter(self.size.periods // 2)
        return (Fleet(id="own-h100", accelerator=REFERENCE.id, region=site.id, chips=chips, until=until,
                      kw_per_chip=kw_per_chip),)  # fmt: skip


def _quarter(period: int) -> str:
    return f"{2027 + period // 4}-Q{period % 4 + 1}"
