"""Why an offer is not in the plan: not eligible (by which rule), not in time, or not worth its price."""

from collections.abc import Iterable

import numpy as np

from procure.formulation.eligibility import eligible, refusals
from procure.formulation.index import Bools, Index

Reason = tuple[str, str, str]


def unused(index: Index, used: set[str]) -> Iterable[Reason]:
    """Yield (offer, reason, detail) for each offer without an order or a rented unit."""
    may = eligible(index)
    refused = refusals(index)
    for number, offer in enumerate(index.offers):
        if offer.id in used:
            continue
        if not may[:, number].any():
            yield offer.id, "not_eligible", _rules(refused, number)
        elif why := _late(index, may, number):
            yield offer.id, "not_in_time", why
        else:
            yield offer.id, "not_worth_it", _price(index, number)


def _rules(refused: dict[str, Bools], number: int) -> str:
    works = next(iter(refused.values())).shape[0]
    counts = {rule: int(where[:, number].sum()) for rule, where in refused.items()}
    named = [f"{rule} ({count} of {works} workloads)" for rule, count in counts.items() if count]
    return "; ".join(named)


def _late(index: Index, may: Bools, number: int) -> str | None:
    offer, horizon = index.offers[number], index.scenario.horizon
    if index.term_exact[number] < 0.5:
        return f"a term of {offer.term} is under half a {horizon.period}"
    usable = index.usable[number]
    if not usable.any():
        chip = next(a for a in index.scenario.accelerators if a.id == offer.accelerator)
        if chip.available_from and horizon.first_from(chip.available_from) >= horizon.periods:
            return f"{chip.id} is available from {chip.available_from}, after the horizon"
        if int(index.lead[number]) >= horizon.periods:
            return f"a lead time of {offer.lead} delivers after the horizon"
        return f"orders from {offer.order_from or 'the start'} until {offer.order_until or 'the end'} come too late"
    active = np.zeros(horizon.periods, dtype=bool)
    lead = 0 if offer.rented else int(index.lead[number])
    for period in np.flatnonzero(usable):
        active[period + lead : period + lead + int(index.term[number])] = True
    runs = (index.window[may[:, number]] & active).any()
    return None if runs else "it is active only outside the windows of the workloads that may run on it"


def _price(index: Index, number: int) -> str:
    offer, horizon = index.offers[number], index.scenario.horizon
    hourly = offer.price_usd_per_unit_hour
    if not offer.rented:
        hours = horizon.hours.mean() * index.term[number]
        hourly += offer.upfront_usd_per_unit * (1 - offer.salvage_share) / hours
    if offer.contract == "owned":
        hourly += float(np.nan_to_num((index.meter_mw * index.energy_usd_per_mwh)[number]))
    per_chip = hourly / (offer.chips_per_unit * offer.availability)
    return f"{per_chip:,.2f} USD per working chip-hour all in, before its price path"
