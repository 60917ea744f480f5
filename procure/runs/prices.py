"""How old the prices are that a plan uses."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Price:
    """The price of an offer that a plan uses: ``as_of`` as it is written, and its age in days."""

    offer: str
    as_of: str
    days: int


def prices(plan: Mapping[str, Any], on: date) -> tuple[Price, ...]:
    """Return the dated prices of the offers that a plan orders or rents, the oldest first.

    A month or a year counts as its last day, so that no price is made older than it is; a price without a date, whose
    age nobody knows, is left out.

    Parameters
    ----------
    plan
        As `procure.plan.plan.Plan.to_data` gives it.
    on
        The day that ages are counted to; a later date of a price makes its age negative.
    """
    tables = (plan["decisions"].get(name, {}) for name in ("orders", "rents"))
    used = {
        offer
        for table in tables
        for offer, units in zip(table.get("offer", ()), table.get("units", ()), strict=True)
        if units > 0
    }
    dated = ((one["id"], one.get("as_of", "")) for one in plan["scenario"].get("offers", ()) if one["id"] in used)
    found = (Price(offer, as_of, (on - day).days) for offer, as_of in dated if (day := _last_day(as_of)) is not None)
    return tuple(sorted(found, key=lambda price: (-price.days, price.offer)))


def _last_day(as_of: str) -> date | None:
    """Return the last day of a year, a month or a day in ISO 8601; None of what is no date."""
    try:
        year, *rest = (int(part) for part in as_of.split("-"))
        month = rest[0] if rest else 12
        return date(year, month, rest[1] if rest[1:] else calendar.monthrange(year, month)[1])
    except ValueError:
        return None
