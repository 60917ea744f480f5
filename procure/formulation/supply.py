"""What can be ordered and rented: orders with lead and term, rented units, fixed cost per order, supply."""

from collections.abc import Iterable

import numpy as np

from procure.formulation.active import active_fleet, active_orders, delivered
from procure.formulation.baseline import fixed_periods, placed_units
from procure.formulation.book import salvage
from procure.formulation.builder import Labels
from procure.formulation.contracts import Contracts
from procure.formulation.index import Bools, Floats, Index, Ints
from procure.formulation.ledger import Decisions, Ledger, hours_of, item
from procure.formulation.model import Model, Rule
from procure.formulation.need import need_chips, rewarded_offers
from procure.formulation.resale import declare_sales
from procure.formulation.term import Term
from procure.formulation.unlocks import Unlocks
from procure.scenario.complaint import Complaint
from procure.scenario.horizon import Horizon
from procure.scenario.scenario import Scenario


class Supply(Rule):
    """order[o,s] units, active from s + lead for the term; rent[o,t,k,f] units in a slice.

    - supply per period: order[o,s] ≤ min(supply per period, supply in total, largest order), as bounds;
    - supply in total: Σ_{s active in t} order[o,s] ≤ supply total[o], rent[o,t,k,f] ≤ supply total[o], with what the
      agreements that are signed and have begun add to it;
    - order size: least[o] · place[o,s] ≤ order[o,s] ≤ most[o,s] · place[o,s], where a fixed cost or a least order asks
      for it; most is what supply allows, or what the demand could use; least is min_order, or one unit (a thousandth of
      a divisible one), so that a fixed cost is never paid for nothing;
    - in periods that a baseline fixes, order[o,s] is that of the baseline, and there is no other.
    """

    def check(self, scenario: Scenario) -> Iterable[Complaint]:
        """Ask for a largest order where nothing bounds an order that has a fixed cost or least size."""
        rewarded = rewarded_offers(Index(scenario))
        for number, offer in enumerate(scenario.offers):
            if not rewarded[number]:
                continue
            sized = offer.fixed_usd_per_order or offer.min_order
            bounded = [offer.max_order, offer.supply_total, offer.supply_per_period]
            if sized and all(bound is None for bound in bounded):
                expected = (
                    "expected a largest order: it has a fixed cost or least order, and a limit or agreement rewards "
                    "buying more"
                )
                yield Complaint(("offers", number, "max_order"), "missing", expected, "Add max_order or supply_total.")

    def declare(self, model: Model) -> None:
        """Add orders, rented units, and the places of orders with a fixed cost or least size."""
        index, builder = model.index, model.builder
        builder.expect(_active_periods(index) * index.sizes[3] * index.sizes[4])
        most = most_units(index, model.classes.eligible)
        placed, fixed = placed_units(index), fixed_periods(index)
        worth = index.usable & (_useful(model)[:, None] | (placed > 0))
        offer, period = np.nonzero(worth & ~index.rented[:, None] & (~fixed | (placed > 0)))
        if len(offer):
            names: Labels = (index.source_label(offer), index.period_label(period))
            whole = ~index.divisible[offer]
            held = placed[offer, period]
            low, high = np.where(fixed[period], held, 0.0), np.where(fixed[period], held, most[offer, period])
            column = builder.columns("order", names, lower=low, upper=high, integer=whole)
            model.decide("order", column, source=offer, period=period)
            self._places(model, offer, period)
            declare_sales(model)
        offer, period = np.nonzero(worth & index.rented[:, None])
        if len(offer):
            offer, period, part, future = cross(index, offer, period)
            names = (index.source_label(offer), index.period_label(period), index.slice_label(part),
                     index.future_label(future))  # fmt: skip
            whole = ~index.divisible[offer]
            column = builder.columns("rent", names, upper=most[offer, period], integer=whole)
            model.decide("rent", column, source=offer, period=period, slice=part, future=future)

    def _places(self, model: Model, offer: Ints, period: Ints) -> None:
        index = model.index
        sized = (index.prices("fixed_usd_per_order") > 0) | (index.prices("min_order") > 0)
        offer, period = offer[sized[offer]], period[sized[offer]]
        if len(offer):
            names = (index.source_label(offer), index.period_label(period))
            column = model.builder.columns("place", names, upper=1.0, integer=True, structure=True)
            model.decide("place", column, source=offer, period=period)

    def post(self, ledger: Ledger) -> None:
        """Post units, working chips, payments, salvage and tail."""
        index = ledger.index
        order, rent, place = (ledger.tables.get(kind) for kind in ("order", "rent", "place"))
        ordered, _ = active_orders(index, ledger.tables)
        for term in (ordered, rent.term() if rent else None, active_fleet(index, ledger.tables)):
            if term is not None:
                ledger.post("units", term)
                source = term.labels["source"]
                ledger.post("working", term.times((index.chips_per_unit * index.availability)[source]))
        if order is not None:
            _post_orders(ledger, order)
        if rent is not None:
            offer, period, part = (rent.labels[name] for name in ("source", "period", "slice"))
            price = index.prices("hourly_usd")[offer] * index.price_factor[offer, period]
            ledger.post("money", rent.term(price * index.slice_hours[period, part], item=item("rent")).nonzero())
        if place is not None:
            offer = place.labels["source"]
            code = np.where(index.contract_is("owned")[offer], item("capex_fixed"), item("fixed"))
            ledger.post("money", place.term(index.prices("fixed_usd_per_order")[offer], item=code).nonzero())
        _post_running(ledger)

    def rows(self, model: Model) -> None:
        """Bound active units by the total supply, and orders by their least and largest size."""
        index, order = model.index, model.table("order")
        units, _ = active_orders(index, model.ledger.tables)
        extra = np.asarray(Contracts(index).added_supply("units").any(axis=0))
        if order is not None:
            periods = index.sizes[2]
            units = units.where(np.isfinite(index.supply_total)[units.labels["source"]])
            code = units.labels["source"] * periods + units.labels["period"]
            # a single order has the supply as its own bound
            shared = (np.bincount(code)[code] > 1) | extra[units.labels["source"]]
            units, code = units.where(shared), code[shared]
            used, row = np.unique(code, return_inverse=True)
            offer, period = np.divmod(used, periods)
            names = (index.source_label(offer), index.period_label(period))
            entries = [(row.reshape(-1), units), *_more(model, offer, period)]
            model.builder.rows("supply", names, entries, upper=index.supply_total[offer])
            self._sizes(model, order)
        rent = model.table("rent")
        if rent is not None and extra.any():
            units = rent.term()
            some = extra[units.labels["source"]] & np.isfinite(index.supply_total)[units.labels["source"]]
            units = units.where(some)
            offer, period = units.labels["source"], units.labels["period"]
            part, future = index.slice_label(units.labels["slice"]), index.future_label(units.labels["future"])
            labels: Labels = (index.source_label(offer), index.period_label(period), part, future)
            entries = [(np.arange(units.size), units), *_more(model, offer, period)]
            model.builder.rows("rent_supply", labels, entries, upper=index.supply_total[offer])

    def _sizes(self, model: Model, order: Decisions) -> None:
        place, index = model.table("place"), model.index
        if place is None:
            return
        offer, period = place.labels["source"], place.labels["period"]
        column = np.full((len(index.offers), index.sizes[2]), -1)
        column[order.labels["source"], order.labels["period"]] = order.column
        ordered = column[offer, period]
        least = np.maximum(index.prices("min_order"), np.where(index.divisible, 1e-3, 1.0))
        for kind, size in (("order_most", model.builder.upper_of(ordered)), ("order_least", least[offer])):
            some = size > 0
            row = np.arange(int(some.sum()))
            names = (index.source_label(offer[some]), index.period_label(period[some]))
            entries = [(row, Term.of(ordered[some], 1.0)), (row, Term.of(place.column[some], -size[some]))]
            bounds = {"upper": 0.0} if kind == "order_most" else {"lower": 0.0}
            model.builder.rows(kind, names, entries, **bounds)


def _more(model: Model, offer: Ints, period: Ints) -> list[tuple[Ints, Term]]:
    """Return rows and entries of the units that agreements add to the total supply of some offers, with minus."""
    contracts = Contracts(model.index)
    extra, entries = contracts.added_supply("units"), []
    for number in range(len(contracts.agreements)):
        begun = int(np.argmax(contracts.window_of[number] >= 0))
        mine = np.flatnonzero((extra[number, offer] > 0) & (period >= begun))
        row, term = contracts.signed(model.ledger.tables, np.full(len(mine), number))
        entries.append((mine[row], term.times(-extra[number, offer[mine[row]]])))
    return entries


def most_units(index: Index, eligible: Bools) -> Floats:
    """Return the most units of each offer worth ordering or renting in each period, shape (offers, T).

    Supply bounds it; so does what all workloads together could use, unless a limit or an agreement may reward holding
    more of the offer than is needed, or a project asks for a least volume. What a baseline orders is worth ordering in
    any case: to keep it may be cheaper than to change it.
    """
    most = Contracts(index).most_supply
    more = rewarded_offers(index) | Unlocks(index).of_volume
    if not more.all():
        offers = len(index.offers)
        chips = need_chips(index, eligible)[:offers]
        useful = np.zeros_like(most)
        for lag in range(int(min(index.term.max(initial=1), most.shape[1]))):
            shift = np.zeros_like(most)
            shift[:, : most.shape[1] - lag] = chips[:, lag:]
            useful = np.maximum(useful, np.where(index.term[:, None] > lag, shift, 0.0))
        begin = np.where(index.rented, 0, index.lead)
        period = np.minimum(np.arange(most.shape[1])[None, :] + begin[:, None], most.shape[1] - 1)
        useful = np.take_along_axis(useful, period, axis=1)
        units = useful / (index.chips_per_unit * index.availability)[:offers, None]
        whole = np.where(index.divisible[:, None], units, np.ceil(units - 1e-9))
        needed = np.maximum(whole, index.prices("min_order")[:, None])
        needed = np.minimum(most, np.maximum(needed, placed_units(index)))
        most = np.where(more[:, None], most, needed)
    return np.where(index.divisible[:, None], most, np.floor(most + 1e-9))


def _useful(model: Model) -> Bools:
    # an offer no workload may run on is worth ordering only for a reward or a least volume
    index = model.index
    runs = model.classes.of_source[: len(index.offers)] >= 0
    return np.asarray(runs | rewarded_offers(index) | Unlocks(index).of_volume)


def cross(index: Index, *codes: Ints) -> tuple[Ints, ...]:
    """Return codes repeated for every slice and future, followed by the slice and future codes."""
    _, _, _, slices, futures = index.sizes
    part, future = np.divmod(np.tile(np.arange(slices * futures), len(codes[0])), futures)
    return (*(np.repeat(code, slices * futures) for code in codes), part, future)


def _active_periods(index: Index) -> int:
    """Return in how many periods all orders that can be placed would be active."""
    periods = index.sizes[2]
    length = np.minimum(index.term[:, None], periods - np.arange(periods)[None, :] - index.lead[:, None])
    return int(length[index.usable & ~index.rented[:, None]].clip(min=0).sum())


def _post_orders(ledger: Ledger, order: Decisions) -> None:
    index = ledger.index
    horizon = index.scenario.horizon
    offer, ordered = order.labels["source"], order.labels["period"]
    factor = index.price_factor[offer, ordered]
    hourly = index.prices("hourly_usd")[offer] * factor
    upfront = index.prices("upfront_usd_per_unit")[offer] * factor
    owned, block = index.contract_is("owned")[offer], index.contract_is("capacity_block")[offer]
    first, end = delivered(index, order)
    units, position = active_orders(index, ledger.tables)
    usd = np.where(block, 0.0, hourly)[position] * horizon.hours[units.labels["period"]]
    code = np.where(owned, item("running"), item("reservation"))[position]
    ledger.post("money", units.labelled(item=code).times(usd))
    whole = np.where(block, hourly, 0.0) * _hours(horizon, first, end)
    ledger.post("money", order.term(whole, item=item("block")).nonzero())
    code = np.where(owned, item("capex_upfront"), item("upfront"))
    ledger.post("money", order.term(upfront, item=code).nonzero())
    ledger.post("salvage", salvage(index, order, offer, ordered))
    beyond = _hours(horizon, np.full_like(end, horizon.periods), np.maximum(end, horizon.periods))
    owed = np.where(index.contract_is("reserved")[offer], hourly, 0.0) * beyond
    ledger.post("committed_tail", order.term(owed, period=horizon.periods - 1).nonzero())


def _hours(horizon: Horizon, first: Ints, last: Ints) -> Floats:
    since_start = np.array([horizon.hours_between(0, edge) for edge in range(int(last.max(initial=0)) + 1)])
    return np.asarray(since_start[last] - since_start[first])


def _post_running(ledger: Ledger) -> None:
    # the fleet's hourly price, and the energy of everything owned
    index = ledger.index
    fleet = active_fleet(index, ledger.tables)
    price = np.array([entry.price_usd_per_chip_hour for entry in index.fleet])
    usd = price[fleet.labels["source"] - len(index.offers)] * index.scenario.horizon.hours[fleet.labels["period"]]
    ledger.post("money", fleet.times(usd).labelled(item=item("running")))
    units = ledger.quantity("units")
    source = units.labels["source"]
    energy = units.times((index.meter_mw * index.energy_usd_per_mwh)[source] * hours_of(index, units))
    ledger.post("money", energy.labelled(item=item("energy")))
