"""Why an offer is not in the plan: not eligible, not in time, placed otherwise, locked, or not worth its price."""

from collections.abc import Iterable

import numpy as np

from procure.formulation.baseline import fixed_periods
from procure.formulation.contracts import Contracts
from procure.formulation.eligibility import eligible, refusals
from procure.formulation.index import Bools, Floats, Index
from procure.formulation.unlocks import Unlocks

Reason = tuple[str, str, str]


def unused(index: Index, used: set[str], serves: Bools, started: set[int], signed: set[int]) -> Iterable[Reason]:
    """Yield (offer, reason, detail) for each offer without an order or a rented unit.

    Parameters
    ----------
    used
        Ids of the offers that have one.
    serves
        Which offers serve which workload, shape (W, offers).
    started
        Numbers of the projects that were started.
    signed
        Numbers of the agreements that were signed.
    """
    may = eligible(index)
    refused = refusals(index)
    per_chip, per_work = _costs(index, may)
    for number, offer in enumerate(index.offers):
        if offer.id in used:
            continue
        if not may[:, number].any():
            yield offer.id, "not_eligible", _rules(refused, number)
        elif why := _late(index, may, number):
            yield offer.id, "not_in_time", why
        elif not offer.rented and not (index.usable[number] & ~fixed_periods(index)).any():
            yield offer.id, "fixed", "the periods in which it can be ordered are those of the baseline"
        elif why := _locked(index, may[:, number], number, started) or _unsigned(index, number, signed):
            yield offer.id, "not_unlocked", why
        else:
            yield offer.id, "not_worth_it", _price(index, per_chip, per_work, serves, number)


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


def _locked(index: Index, may: Bools, number: int, started: set[int]) -> str | None:
    """Return what an offer needs, where it, or all work that may run on it, waits for projects not started."""
    unlocks = Unlocks(index)
    shut = [lock for lock in (*unlocks.offers, *unlocks.pairs) if not started.intersection(lock.projects.tolist())]
    of_offer = [lock for lock in shut if lock.where.ndim == 1 and lock.where[number]]
    of_pairs = [lock for lock in shut if lock.where.ndim == 2 and (lock.where[:, number] & may).any()]
    open_ = may & ~np.any([lock.where[:, number] for lock in of_pairs], axis=0) if of_pairs else may
    if not of_offer and open_.any():
        return None
    needs = {" or ".join(unlocks.projects[project].id for project in lock.projects) for lock in (*of_offer, *of_pairs)}
    return "; ".join(sorted(f"needs {names}" for names in needs))


def _unsigned(index: Index, number: int, signed: set[int]) -> str | None:
    """Return the agreements one of which an offer needs, where none is signed."""
    contracts = Contracts(index)
    needed = np.flatnonzero(contracts.unlocks[:, number]).tolist()
    if not needed or signed.intersection(needed):
        return None
    return "needs " + " or ".join(contracts.agreements[agreement].id for agreement in needed)


def _costs(index: Index, may: Bools) -> tuple[Floats, Floats]:
    """Return USD per working chip-hour all in, shape (offers,), and per unit of work, shape (W, offers)."""
    horizon, count = index.scenario.horizon, len(index.offers)
    hourly = index.prices("hourly_usd")
    hours = horizon.hours.mean() * index.term
    worn = 1 - np.where(index.contract_is("owned")[:count], index.prices("salvage_share"), 0.0)
    hourly = hourly + np.where(index.rented, 0.0, index.prices("upfront_usd_per_unit") * worn / hours)
    hourly = hourly + np.nan_to_num(index.meter_mw * index.energy_usd_per_mwh)[:count]
    per_chip = hourly * index.price_factor.mean(axis=1) / (index.chips_per_unit * index.availability)[:count]
    rate = np.where(may, index.chip_rate, np.nan)[:, :count]
    return per_chip, per_chip / (rate * index.per_hour[:, None]) + np.where(may, index.serving_usd, np.nan)[:, :count]


def _price(index: Index, per_chip: Floats, per_work: Floats, serves: Bools, number: int) -> str:
    """Compare an offer with the dearest one that serves the same work: what it would first replace."""
    text = f"{per_chip[number]:,.2f} USD per working chip-hour all in"
    rivals = np.where(serves, np.nan_to_num(per_work), 0.0)
    rival = rivals.max(axis=1, initial=0.0)
    ratio = np.divide(per_work[:, number], rival, out=np.full(len(rival), np.nan), where=rival > 0)
    if np.isnan(ratio).all():
        return text
    work = int(np.nanargmin(ratio))
    name, other = index.workloads[work].id, index.offers[int(rivals[work].argmax())].id
    if ratio[work] > 1:
        return f"{text}: {ratio[work]:.2f} times the dearest in use for {name}, {other}; more for other work"
    held = f"a limit {'or the cash floor ' if index.scenario.funding else ''}holds it back"
    if not index.offers[number].rented:
        held = f"but it is paid for all of {index.offers[number].term}, or {held}"
    return f"{text}: no dearer an hour than {other} for {name}, {held}"
