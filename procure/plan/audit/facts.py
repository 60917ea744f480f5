"""What the audit needs to know of a scenario, as arrays over sources, workloads, periods and slices."""

from functools import cached_property
from typing import Final

import numpy as np

from procure.plan.audit.contracts import Contract, contract_of
from procure.plan.audit.sums import BoolArray, FloatArray, IntArray
from procure.plan.audit.timing import Timing, rounded_up
from procure.scenario.fleet import Fleet
from procure.scenario.offer import Offer
from procure.scenario.scenario import Scenario
from procure.scenario.units import GRAMS_PER_TONNE, KW_PER_MW, SECONDS_PER_HOUR, TFLOPS_PER_PFLOPS
from procure.scenario.workload import Workload

FUTURE: Final = "certain"
"""The one future, of probability 1."""


class Facts:
    """A scenario's figures.

    *Sources* are the offers, then the fleet, in the order of the scenario. Shapes: sources S, offers O,
    workloads W, projects P, agreements A, tranches I, periods T, slices K. A unit of the fleet is a chip.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.horizon = scenario.horizon
        self.offers = scenario.offers
        self.fleet = scenario.fleet
        self.works = scenario.workloads
        self.projects = scenario.projects
        self.tranches = scenario.tranches
        self.sources: tuple[Offer | Fleet, ...] = (*scenario.offers, *scenario.fleet)
        self.periods = scenario.horizon.periods
        self.slices = len(scenario.horizon.slice_ids)
        self.hours: FloatArray = self.horizon.hours[:, None] * self.horizon.slice_shares[None, :]
        self.source_number = {source.id: number for number, source in enumerate(self.sources)}
        self.work_number = {work.id: number for number, work in enumerate(self.works)}
        self.project_number = {project.id: number for number, project in enumerate(self.projects)}
        self.agreement_number = {agreement.id: number for number, agreement in enumerate(scenario.agreements)}
        self.tranche_number = {tranche.id: number for number, tranche in enumerate(self.tranches)}
        self.period_number = {label: number for number, label in enumerate(self.horizon.labels)}
        self.slice_number = {part: number for number, part in enumerate(self.horizon.slice_ids)}
        self.chip = {chip.id: chip for chip in scenario.accelerators}
        self.place = {place.id: place for place in scenario.regions}

    @cached_property
    def chips_per_unit(self) -> FloatArray:
        """Chips of a unit, shape (S,)."""
        return self._by_source([offer.chips_per_unit for offer in self.offers], [1.0] * len(self.fleet))

    @cached_property
    def availability(self) -> FloatArray:
        """Share of the active units that work, shape (S,)."""
        return np.array([source.availability for source in self.sources], dtype=np.float64)

    @cached_property
    def pflops_per_unit(self) -> FloatArray:
        """Dense BF16 peak of a unit, PFLOP/s; 0 where not known; shape (S,)."""
        peak = [self.chip[source.accelerator].bf16_tflops or 0.0 for source in self.sources]
        return np.asarray(self.chips_per_unit * np.array(peak) / TFLOPS_PER_PFLOPS)

    @cached_property
    def mw_per_unit(self) -> FloatArray:
        """Power of a unit at the meter, MW: kW · PUE / 1000; 0 where either is not known; shape (S,)."""
        kw = self._by_source(
            [offer.kw_per_unit or 0.0 for offer in self.offers],
            [part.kw_per_chip or 0.0 for part in self.fleet],
        )
        pue = np.array([self.place[source.region].pue or 0.0 for source in self.sources])
        return np.asarray(kw * pue / KW_PER_MW)

    @cached_property
    def tonnes_per_mwh(self) -> FloatArray:
        """Carbon of the grid of each source, t CO2e per MWh; 0 where not known; shape (S,)."""
        grams = [self.place[source.region].carbon_g_per_kwh or 0.0 for source in self.sources]
        return np.array(grams) * KW_PER_MW / GRAMS_PER_TONNE

    @cached_property
    def energy_usd_per_unit_hour(self) -> FloatArray:
        """Energy of an owned unit for an hour, USD; 0 for other contracts and where not known; shape (S,)."""
        usd = [self.place[source.region].electricity_usd_per_kwh or 0.0 for source in self.sources]
        return np.where(self.owned, self.mw_per_unit * KW_PER_MW * np.array(usd), 0.0)

    @cached_property
    def owned(self) -> BoolArray:
        """Which sources are owned, shape (S,)."""
        return np.array([source.contract == "owned" for source in self.sources], dtype=bool)

    @cached_property
    def fleet_in_place(self) -> BoolArray:
        """Which parts of the fleet are in place in each period, shape (fleet, T)."""
        spans = [self.span(part.start, part.until) for part in self.fleet]
        return np.array([self._inside(*span) for span in spans], dtype=bool).reshape(len(self.fleet), self.periods)

    @cached_property
    def retirable(self) -> BoolArray:
        """Where chips of the fleet may be retired, shape (fleet, T)."""
        spans = [(self.periods, self.periods) if p.retire_from is None else self.span(p.retire_from, None)
                 for p in self.fleet]  # fmt: skip
        rows = np.array([self._inside(*span) for span in spans], dtype=bool)
        return rows.reshape(self.fleet_in_place.shape) & self.fleet_in_place

    @cached_property
    def sublet_usd(self) -> FloatArray:
        """What a working chip that is let brings an hour, USD; NaN where none is let; shape (S,)."""
        of_offers = [offer.sublet_usd_per_unit_hour for offer in self.offers]
        usd = [*of_offers, *(part.sublet_usd_per_chip_hour for part in self.fleet)]
        return np.array([np.nan if price is None else price for price in usd]) / self.chips_per_unit

    @cached_property
    def price_factor(self) -> FloatArray:
        """Factor on hourly and upfront price by period of order (of use, for rented units), shape (O, T)."""
        paths = [offer.price_path for offer in self.offers]
        rows = [path.on(self.horizon) if path is not None else np.ones(self.periods) for path in paths]
        return np.array(rows, dtype=np.float64).reshape(len(self.offers), self.periods)

    @cached_property
    def throughput(self) -> FloatArray:
        """Work per chip and second (or hour) that can be relied on; 0 where none is stated; shape (W, S)."""
        rows = [
            [work.throughput.get(source.accelerator, 0.0) * work.utilisation for source in self.sources]
            for work in self.works
        ]
        return np.array(rows, dtype=np.float64).reshape(len(self.works), len(self.sources))

    @cached_property
    def may_run(self) -> BoolArray:
        """Which workload may run on which source, whatever the period, shape (W, S)."""
        rows = np.zeros((len(self.works), len(self.sources)), dtype=bool)
        for number, work in enumerate(self.works):
            suits = [self._suits(work, source.accelerator) for source in self.sources]
            rows[number] = self.scenario.sources.mask(work.eligible) & np.array(suits, dtype=bool)
            if work.excluded:
                rows[number] &= ~self.scenario.sources.mask(work.excluded)
        return rows

    def _suits(self, work: Workload, accelerator: str) -> bool:
        chip = self.chip[accelerator]
        memory = chip.memory_gb or 0.0
        domain = memory * chip.scale_up_domain
        return accelerator in work.throughput and memory >= work.min_memory_gb and domain >= work.min_domain_memory_gb

    @cached_property
    def serving_usd(self) -> FloatArray:
        """Cost of a unit of work beyond the capacity where it runs, USD, shape (W, S)."""
        usd = np.zeros((len(self.works), len(self.sources)))
        for number, work in enumerate(self.works):
            for cost in reversed(work.serving_cost):  # the first that holds counts, so it is written last
                usd[number, self.scenario.sources.mask(cost.where)] = cost.usd_per_unit
        return usd

    @cached_property
    def rate_hours(self) -> FloatArray:
        """Work that a rate of 1 amounts to in an hour: 3600 when rates are per second, else 1; shape (W,)."""
        return np.array([SECONDS_PER_HOUR if work.rate_per == "second" else 1.0 for work in self.works])

    @cached_property
    def unmet_usd(self) -> FloatArray:
        """Price of a unit of work not served; 0 without one; shape (W,)."""
        return np.array([work.unmet_usd_per_unit or 0.0 for work in self.works])

    @cached_property
    def windows(self) -> IntArray:
        """First period, and the one after the last, that each workload may run in, shape (W, 2)."""
        spans = [self.span(work.start, work.until) for work in self.works]
        return np.array(spans, dtype=np.int64).reshape(len(self.works), 2)

    @cached_property
    def demand(self) -> FloatArray:
        """Demand of inference in each slice (a rate), of batch in slice 0 (work arriving), shape (W, T, K)."""
        demand = np.zeros((len(self.works), self.periods, self.slices))
        for number, work in enumerate(self.works):
            if work.demand is None:
                continue
            values = work.demand.on(self.horizon)
            if work.kind == "batch":
                demand[number, :, 0] = values
                continue
            first, last = self.windows[number]
            load = np.array([work.load.get(part, 1.0) for part in self.horizon.slice_ids])
            demand[number, first:last] = values[first:last, None] * load
        return demand

    @cached_property
    def delays(self) -> IntArray:
        """Periods from the start of each project to when it is ready, shape (P,)."""
        return np.array([rounded_up(self.horizon, project.delay) for project in self.projects], dtype=np.int64)

    @cached_property
    def project_payments(self) -> tuple[tuple[tuple[int, float], ...], ...]:
        """What each project is paid once, as periods after its start and USD: its cost, then its payments."""
        return tuple(
            ((0, project.cost_usd), *((rounded_up(self.horizon, part.after), part.usd) for part in project.payments))
            for project in self.projects
        )

    @cached_property
    def contracts(self) -> tuple[Contract, ...]:
        """The agreements with their windows, shape (A,)."""
        mask = self.scenario.sources.mask
        return tuple(contract_of(entry, self.horizon, mask(entry.covers)) for entry in self.scenario.agreements)

    @cached_property
    def unlocked_by(self) -> BoolArray:
        """Which agreements unlock which offers, shape (A, O)."""
        chosen = np.zeros((len(self.contracts), len(self.offers)), dtype=bool)
        for number, contract in enumerate(self.contracts):
            for selection in contract.agreement.unlocks:
                chosen[number] |= self.scenario.sources.mask(selection)[: len(self.offers)]
        return chosen

    @cached_property
    def extra_units(self) -> tuple[FloatArray, FloatArray]:
        """Units that agreements add to the total supply of offers, and to that of each period, shape (A, O) each."""
        shape = (len(self.contracts), len(self.offers))
        total, each = np.zeros(shape), np.zeros(shape)
        for number, contract in enumerate(self.contracts):
            for extra in contract.agreement.extra_supply:
                chosen = self.scenario.sources.mask(extra.offers)[: len(self.offers)]
                total[number] += extra.units * chosen
                each[number] += extra.units_per_period * chosen
        return total, each

    @cached_property
    def baseline_units(self) -> dict[tuple[int, int], float]:
        """Units that the baseline orders, by numbers of the offer and of the period."""
        baseline = self.scenario.baseline
        return {
            (self.source_number[placed.offer], self.horizon.index(placed.period)): placed.units
            for placed in (baseline.orders if baseline else ())
        }

    @cached_property
    def baseline_starts(self) -> set[tuple[int, int]]:
        """What the baseline starts: numbers of the project and of the period."""
        baseline = self.scenario.baseline
        return {
            (self.project_number[begun.project], self.horizon.index(begun.period))
            for begun in (baseline.starts if baseline else ())
        }

    @cached_property
    def fixed_periods(self) -> int:
        """Number of periods, from the first, whose orders and starts are those of the baseline."""
        until = self.scenario.baseline.fixed_until if self.scenario.baseline else None
        return self.span(None, until)[1] if until else 0

    def span(self, start: str | None, until: str | None) -> tuple[int, int]:
        """Return the first period, and the one after the last, of a pair of dates."""
        first = max(self.horizon.index(start), 0) if start else 0
        last = min(self.horizon.index(until), self.periods) if until else self.periods
        return first, max(last, first)

    def _inside(self, first: int, last: int) -> BoolArray:
        numbers = np.arange(self.periods)
        return (numbers >= first) & (numbers < last)

    @staticmethod
    def _by_source(offers: list[float], fleet: list[float]) -> FloatArray:
        return np.array([*offers, *fleet], dtype=np.float64)

    @cached_property
    def timings(self) -> tuple[Timing, ...]:
        """When each offer can be ordered or used, shape (O,)."""
        return tuple(Timing(offer, self.horizon, self.chip[offer.accelerator].available_from) for offer in self.offers)
