"""The power of a region."""

from collections.abc import Iterable

import numpy as np

from procure.formulation.index import Floats, Index, Ints
from procure.formulation.ledger import Ledger
from procure.formulation.model import Model, Rule
from procure.formulation.term import Term, joined
from procure.formulation.unlocks import Unlocks
from procure.scenario.complaint import Complaint
from procure.scenario.scenario import Scenario


class SitePower(Rule):
    """Σ units · kW · PUE / 1000 ≤ MW available[region, t] + Σ_p MW added[p, region] · ready[p, t], always."""

    def check(self, scenario: Scenario) -> Iterable[Complaint]:
        """Ask for PUE and kW wherever the power of a region is limited."""
        limited = {region.id: region for region in scenario.regions if region.power_mw is not None}
        for number, region in enumerate(scenario.regions):
            if region.id in limited and region.pue is None:
                yield _missing(("regions", number, "pue"), f"the power of {region.id} is limited")
        for number, offer in enumerate(scenario.offers):
            if offer.region in limited and offer.kw_per_unit is None:
                yield _missing(("offers", number, "kw_per_unit"), f"the power of {offer.region} is limited")
        for number, entry in enumerate(scenario.fleet):
            if entry.region in limited and entry.kw_per_chip is None:
                yield _missing(("fleet", number, "kw_per_chip"), f"the power of {entry.region} is limited")

    def rows(self, model: Model) -> None:
        """Bound the power of each region with limited power."""
        region, names, available = limited_regions(model.index)
        row, term, shape = by_region(model.index, model.ledger, region)
        place, period, part, future = np.unravel_index(np.arange(int(np.prod(shape))), shape)
        labels = ((names, place), model.index.period_label(period), model.index.slice_label(part),
                  model.index.future_label(future))  # fmt: skip
        added = added_power(model.index, model.ledger).times(-1.0)
        added = added.where(added.labels["source"] < shape[0])  # a region without offers has no row
        more = added.spread("slice", shape[2]).spread("future", shape[3])
        at = (more.labels["source"], more.labels["period"], more.labels["slice"], more.labels["future"])
        entries = [(row, term), (np.asarray(np.ravel_multi_index(at, shape), dtype=np.int64), more)]
        model.builder.rows("site_power", labels, entries, upper=available[place, period])


def _missing(path: tuple[str | int, ...], why: str) -> Complaint:
    return Complaint(path, "missing", f"expected a value: {why}", f"Add {path[-1]}.")


def limited_regions(index: Index) -> tuple[Ints, tuple[str, ...], Floats]:
    """Return the number of each source's limited region (-1: none), their names, and MW available, shape (R, T)."""
    horizon = index.scenario.horizon
    limited = {region.id: region.power_mw for region in index.scenario.regions if region.power_mw is not None}
    number = {name: code for code, name in enumerate(limited)}
    of_value = np.array([number.get(name, -1) for name in index.sources.values["region"]], dtype=np.int64)
    available = np.array([series.on(horizon) for series in limited.values()]).reshape(len(limited), horizon.periods)
    return of_value[index.sources.codes["region"]], tuple(limited), available


def added_power(index: Index, ledger: Ledger) -> Term:
    """Return the MW that projects add: a term whose `source` is the number of the limited region."""
    _, names, _ = limited_regions(index)
    unlocks = Unlocks(index)
    parts = []
    for number, project in enumerate(unlocks.projects):
        ready = unlocks.ready(ledger.tables.get("start"), np.array([number]))
        parts += [
            ready.times(mw).labelled(source=names.index(region))
            for region, mw in project.power_mw.items()
            if region in names
        ]
    return joined(parts)


def by_region(index: Index, ledger: Ledger, region: Ints) -> tuple[Ints, Term, tuple[int, int, int, int]]:
    """Return row, entries and shape (R, T, K, F) of the power of each limited region."""
    _, _, periods, slices, futures = index.sizes
    power = ledger.quantity("power")
    power = power.where(region[power.labels["source"]] >= 0).spread("slice", slices).spread("future", futures)
    shape = (int(region.max(initial=-1)) + 1, periods, slices, futures)
    labels = power.labels
    place = (region[labels["source"]], labels["period"], labels["slice"], labels["future"])
    row = np.ravel_multi_index(place, shape) if power.size else np.zeros(0, dtype=np.int64)
    return np.asarray(row, dtype=np.int64), power, shape
