"""The scenario as arrays: one position per source, workload, period, slice and future."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from procure.scenario.fleet import Fleet
from procure.scenario.offer import Offer
from procure.scenario.scenario import Scenario
from procure.scenario.selection import Labelled
from procure.scenario.series import Series
from procure.scenario.units import KW_PER_MW, SECONDS_PER_HOUR, TFLOPS_PER_PFLOPS
from procure.scenario.workload import Workload

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CERTAIN = "certain"
"""The name of the one future of a scenario without uncertainty."""


def sums(code: Ints, weights: Floats | Bools, size: int) -> Floats:
    """Return the sum of the weights of each code, shape (size,)."""
    return np.bincount(code, weights, minlength=size).astype(np.float64)


@dataclass(frozen=True)
class Index:
    """Arrays of a scenario.

    Sources are the offers, then the fleet. Shapes are named by S sources, W workloads, T periods, K slices, F futures;
    a figure that is not known is NaN.
    """

    scenario: Scenario

    @cached_property
    def offers(self) -> tuple[Offer, ...]:
        """Offers, the first sources."""
        return self.scenario.offers

    @cached_property
    def fleet(self) -> tuple[Fleet, ...]:
        """Fleet entries, the sources after the offers."""
        return self.scenario.fleet

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """Workloads."""
        return self.scenario.workloads

    @cached_property
    def sources(self) -> Labelled:
        """Labels of the sources."""
        return self.scenario.sources

    @cached_property
    def source_ids(self) -> tuple[str, ...]:
        """Ids of the sources, shape (S,)."""
        return tuple(source.id for source in self.scenario.capacity)

    @cached_property
    def futures(self) -> tuple[str, ...]:
        """Names of the futures."""
        return (CERTAIN,)

    @cached_property
    def probability(self) -> Floats:
        """Probability of each future, shape (F,)."""
        return np.ones(len(self.futures))

    @property
    def sizes(self) -> tuple[int, int, int, int, int]:
        """S, W, T, K, F."""
        horizon = self.scenario.horizon
        return len(self.source_ids), len(self.workloads), horizon.periods, len(horizon.slice_ids), len(self.futures)

    # names of columns and rows: a label that has one value only is left out

    def source_label(self, code: Ints) -> tuple[tuple[str, ...], Ints]:
        """Return names and codes of sources."""
        return self.source_ids, code

    def workload_label(self, code: Ints) -> tuple[tuple[str, ...], Ints]:
        """Return names and codes of workloads."""
        return tuple(work.id for work in self.workloads), code

    def project_label(self, code: Ints) -> tuple[tuple[str, ...], Ints]:
        """Return names and codes of projects."""
        return tuple(project.id for project in self.scenario.projects), code

    def agreement_label(self, code: Ints) -> tuple[tuple[str, ...], Ints]:
        """Return names and codes of agreements."""
        return tuple(agreement.id for agreement in self.scenario.agreements), code

    def tranche_label(self, code: Ints) -> tuple[tuple[str, ...], Ints]:
        """Return names and codes of tranches."""
        return tuple(tranche.id for tranche in self.scenario.tranches), code

    def period_label(self, code: Ints) -> tuple[tuple[str, ...], Ints]:
        """Return names and codes of periods."""
        return self.scenario.horizon.labels, code

    def slice_label(self, code: Ints) -> tuple[tuple[str, ...], Ints]:
        """Return names and codes of slices."""
        names = self.scenario.horizon.slice_ids
        return names, code if len(names) > 1 else np.full_like(code, -1)

    def future_label(self, code: Ints) -> tuple[tuple[str, ...], Ints]:
        """Return names and codes of futures."""
        return self.futures, code if len(self.futures) > 1 else np.full_like(code, -1)

    # time

    @cached_property
    def slice_hours(self) -> Floats:
        """Hours of each slice of each period, shape (T, K)."""
        horizon = self.scenario.horizon
        return np.outer(horizon.hours, horizon.slice_shares)

    # sources

    def _of(self, name: str, default: float = np.nan) -> Floats:
        chips = {accelerator.id: getattr(accelerator, name) for accelerator in self.scenario.accelerators}
        found = [chips[source.accelerator] for source in self.scenario.capacity]
        return np.array([default if value is None else value for value in found], dtype=np.float64)

    def _place(self, name: str) -> Floats:
        places = {region.id: getattr(region, name) for region in self.scenario.regions}
        found = [places[source.region] for source in self.scenario.capacity]
        return np.array([np.nan if value is None else value for value in found], dtype=np.float64)

    @cached_property
    def chips_per_unit(self) -> Floats:
        """Chips of one unit, shape (S,); a unit of the fleet is one chip."""
        return np.array([o.chips_per_unit for o in self.offers] + [1.0] * len(self.fleet))

    @cached_property
    def availability(self) -> Floats:
        """Share of the active chips that work, shape (S,)."""
        return np.array([source.availability for source in self.scenario.capacity])

    @cached_property
    def memory_gb(self) -> Floats:
        """Memory of a chip, shape (S,)."""
        return self._of("memory_gb")

    @cached_property
    def domain_memory_gb(self) -> Floats:
        """Memory of a scale-up domain, shape (S,)."""
        return self.memory_gb * self._of("scale_up_domain")

    @cached_property
    def meter_mw(self) -> Floats:
        """MW at the meter of one unit, PUE included, shape (S,)."""
        kw = [offer.kw_per_unit for offer in self.offers] + [entry.kw_per_chip for entry in self.fleet]
        known = np.array([np.nan if value is None else value for value in kw], dtype=np.float64)
        return known * self._place("pue") / KW_PER_MW

    @cached_property
    def carbon_g_per_kwh(self) -> Floats:
        """Grid carbon, shape (S,)."""
        return self._place("carbon_g_per_kwh")

    @cached_property
    def energy_usd_per_mwh(self) -> Floats:
        """What the energy of a unit costs the buyer, shape (S,): the region's price for owned units, else 0."""
        owned = self.contract_is("owned")
        return np.where(owned, self._place("electricity_usd_per_kwh") * KW_PER_MW, 0.0)

    @cached_property
    def pflops(self) -> Floats:
        """Dense BF16 PFLOP/s of a unit, shape (S,)."""
        return self._of("bf16_tflops") * self.chips_per_unit / TFLOPS_PER_PFLOPS

    def contract_is(self, *contracts: str) -> Bools:
        """Which sources have one of the contracts, shape (S,)."""
        return np.array([source.contract in contracts for source in self.scenario.capacity], dtype=np.bool_)

    @cached_property
    def rented(self) -> Bools:
        """Which offers are rented, shape (offers,)."""
        return np.array([offer.rented for offer in self.offers], dtype=np.bool_)

    @cached_property
    def divisible(self) -> Bools:
        """Which offers come in fractions, shape (offers,)."""
        return np.array([offer.divisible for offer in self.offers], dtype=np.bool_)

    @cached_property
    def lead(self) -> Ints:
        """Periods from order to availability, shape (offers,)."""
        horizon = self.scenario.horizon
        return np.array([np.ceil(horizon.duration(o.lead) - 1e-9) for o in self.offers], dtype=np.int64)

    @cached_property
    def term_exact(self) -> Floats:
        """Length of the term in periods, shape (offers,); infinite for rented offers."""
        horizon = self.scenario.horizon
        return np.array([horizon.duration(o.term) if o.term else np.inf for o in self.offers])

    @cached_property
    def term(self) -> Ints:
        """Active periods of an order, shape (offers,); 1 for rented offers."""
        finite = np.where(np.isfinite(self.term_exact), self.term_exact, 1.0)
        return np.maximum(1, np.floor(finite + 0.5)).astype(np.int64)

    @cached_property
    def price_factor(self) -> Floats:
        """Factor of the price path, shape (offers, T)."""
        return self._series([offer.price_path for offer in self.offers], 1.0)

    def prices(self, name: str) -> Floats:
        """Return a money field of the offers, shape (offers,)."""
        return np.array([getattr(offer, name) for offer in self.offers], dtype=np.float64)

    def _series(self, series: list[Series | None], default: float) -> Floats:
        horizon = self.scenario.horizon
        out = np.full((len(series), horizon.periods), default)
        for row, entry in enumerate(series):
            if entry is not None:
                out[row] = entry.on(horizon)
        return out

    @cached_property
    def order_supply(self) -> Floats:
        """Most units of an order or rented in a period, without agreements, shape (offers, T)."""
        each = self._series([offer.supply_per_period for offer in self.offers], np.inf)
        return np.minimum(each, self._or_inf("max_order")[:, None])

    @cached_property
    def supply_total(self) -> Floats:
        """Most units active at one time, shape (offers,)."""
        return self._or_inf("supply_total")

    def _or_inf(self, name: str) -> Floats:
        values = [getattr(offer, name) for offer in self.offers]
        return np.array([np.inf if value is None else value for value in values], dtype=np.float64)

    @cached_property
    def usable(self) -> Bools:
        """Where an order may be placed (by order period) or a rented unit used, shape (offers, T)."""
        horizon = self.scenario.horizon
        periods = horizon.periods
        chips = {a.id: a for a in self.scenario.accelerators}
        out = np.zeros((len(self.offers), periods), dtype=np.bool_)
        for row, offer in enumerate(self.offers):
            since = chips[offer.accelerator].available_from
            ready = horizon.first_from(since) if since else 0
            first = max(horizon.index(offer.order_from) if offer.order_from else 0, ready - int(self.lead[row]), 0)
            last = min(
                horizon.index(offer.order_until) if offer.order_until else periods, periods - int(self.lead[row])
            )
            if self.term_exact[row] >= 0.5:
                out[row, first : max(last, first)] = True
        return out

    @cached_property
    def in_place(self) -> Bools:
        """Where the fleet is in place, shape (fleet, T)."""
        return np.array([self.inside(entry.start, entry.until) for entry in self.fleet], dtype=np.bool_).reshape(
            len(self.fleet), self.scenario.horizon.periods
        )

    def inside(self, start: str | None, until: str | None) -> Bools:
        """Return which periods lie between two dates, shape (T,)."""
        horizon = self.scenario.horizon
        period = np.arange(horizon.periods)
        first = horizon.index(start) if start else 0
        last = horizon.index(until) if until else horizon.periods
        return (period >= first) & (period < last)

    @cached_property
    def fleet_chips(self) -> Floats:
        """Chips of each fleet entry, shape (fleet,)."""
        return np.array([entry.chips for entry in self.fleet])

    # what becomes of sources before their end

    @cached_property
    def retirable(self) -> Bools:
        """Where chips of the fleet may be retired, shape (fleet, T)."""
        rows = [
            self.inside(entry.retire_from, None) if entry.retire_from else np.zeros_like(self.in_place[number])
            for number, entry in enumerate(self.fleet)
        ]
        return self.in_place & np.array(rows, dtype=np.bool_).reshape(self.in_place.shape)

    @cached_property
    def retired_usd(self) -> tuple[Floats, Floats]:
        """What a chip of the fleet brings when retired in a period, shape (fleet, T), and what that costs, (fleet,)."""
        brings = self._series([entry.resale_usd_per_chip for entry in self.fleet], 0.0)
        return brings, np.array([entry.retirement_usd_per_chip for entry in self.fleet])

    @cached_property
    def resale_share(self) -> Floats:
        """Share of its book value that a unit brings, shape (offers,); NaN where none is sold early."""
        shares = [offer.resale_share for offer in self.offers]
        return np.array([np.nan if share is None else share for share in shares], dtype=np.float64)

    @cached_property
    def sublet_usd(self) -> Floats:
        """What a working chip brings an hour that is let to others, shape (S,); NaN where none is."""
        of_units = [offer.sublet_usd_per_unit_hour for offer in self.offers]
        usd = [*of_units, *(entry.sublet_usd_per_chip_hour for entry in self.fleet)]
        known = np.array([np.nan if price is None else price for price in usd], dtype=np.float64)
        return np.asarray(known / self.chips_per_unit)

    @cached_property
    def sublet_share(self) -> Floats:
        """Most of the working chips that may be let at one time, shape (S,)."""
        return np.array([source.sublet_share for source in self.scenario.capacity])

    # workloads

    @cached_property
    def window(self) -> Bools:
        """Where a workload may run, shape (W, T)."""
        return np.array([self.inside(work.start, work.until) for work in self.workloads])

    @cached_property
    def last_period(self) -> Ints:
        """Last period of each workload's window, shape (W,)."""
        periods = self.scenario.horizon.periods
        return np.asarray(periods - 1 - np.argmax(self.window[:, ::-1], axis=1), dtype=np.int64)

    @cached_property
    def demand(self) -> Floats:
        """Demand per period, shape (W, T): inference at its peak rate, batch as arriving work; 0 for training."""
        demand = self._series([work.demand for work in self.workloads], 0.0)
        return np.where(self.window, demand, 0.0)

    @cached_property
    def load(self) -> Floats:
        """Share of the peak in each slice, shape (W, K)."""
        slices = self.scenario.horizon.slice_ids
        return np.array([[work.load.get(part, 1.0) for part in slices] for work in self.workloads])

    @cached_property
    def work(self) -> Floats:
        """Total work of training, shape (W,); 0 for other kinds."""
        return np.array([work.work or 0.0 for work in self.workloads])

    @cached_property
    def per_hour(self) -> Floats:
        """Time units of a workload's rate in an hour, shape (W,): 3600 or 1."""
        return np.array([SECONDS_PER_HOUR if w.rate_per == "second" else 1.0 for w in self.workloads])

    @cached_property
    def unmet_usd(self) -> Floats:
        """Price of a unit of work not served, shape (W,); NaN where all must be served."""
        prices = [work.unmet_usd_per_unit for work in self.workloads]
        return np.array([np.nan if price is None else price for price in prices], dtype=np.float64)

    @cached_property
    def may_leave(self) -> Floats:
        """Share of the demand that may be left unmet, shape (W,)."""
        share = 1 - np.array([work.essential_share for work in self.workloads])
        return np.where(np.isnan(self.unmet_usd), 0.0, share)

    def kind_is(self, kind: str) -> Bools:
        """Which workloads are of a kind, shape (W,)."""
        return np.array([work.kind == kind for work in self.workloads], dtype=np.bool_)

    @cached_property
    def may_wait(self) -> Ints:
        """Periods that batch work may wait, shape (W,)."""
        horizon = self.scenario.horizon
        return np.array([np.floor(horizon.duration(w.may_wait) + 1e-9) for w in self.workloads], dtype=np.int64)

    @cached_property
    def chip_rate(self) -> Floats:
        """Work per time unit of a working chip at target utilisation, shape (W, S); 0 without a throughput."""
        accelerators = {name: code for code, name in enumerate(self.sources.values["accelerator"])}
        rate = np.zeros((len(self.workloads), len(accelerators)))
        for row, work in enumerate(self.workloads):
            for chip, value in work.throughput.items():
                if chip in accelerators:
                    rate[row, accelerators[chip]] = value * work.utilisation
        return rate[:, self.sources.codes["accelerator"]]

    @cached_property
    def serving_usd(self) -> Floats:
        """Serving cost per unit of work, shape (W, S)."""
        out = np.zeros((len(self.workloads), self.sources.size))
        for row, work in enumerate(self.workloads):
            for cost in reversed(work.serving_cost):
                out[row, self.sources.mask(cost.where)] = cost.usd_per_unit
        return out

    @cached_property
    def unit_rate(self) -> Floats:
        """Power of ten near one chip's rate, shape (W,): the unit in which a workload's columns are counted."""
        best = np.array([np.median(row[row > 0]) if (row > 0).any() else 1.0 for row in self.chip_rate])
        return np.asarray(10.0 ** np.round(np.log10(best)))

    @cached_property
    def pool(self) -> Ints:
        """Number of the pool (accelerator, region) of each source, shape (S,)."""
        codes = self.sources.codes
        pair = codes["accelerator"] * max(len(self.sources.values["region"]), 1) + codes["region"]
        return np.asarray(np.unique(pair, return_inverse=True)[1].reshape(-1), dtype=np.int64)

    @cached_property
    def pool_names(self) -> tuple[str, ...]:
        """Name of each pool: accelerator@region."""
        names = [""] * (int(self.pool.max()) + 1 if self.pool.size else 0)
        for position, number in enumerate(self.pool):
            row = self.sources.row(position)
            names[number] = f"{row['accelerator']}@{row['region']}"
        return tuple(names)
