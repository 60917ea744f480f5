"""When an offer can be ordered, and when what is ordered is active."""

import math
from collections.abc import Iterable

from procure.scenario.horizon import Horizon
from procure.scenario.offer import Offer


def rounded_up(horizon: Horizon, duration: str) -> int:
    """Return a duration as whole periods, rounded up."""
    return math.ceil(horizon.duration(duration) - 1e-9)


class Timing:
    """When an offer can be ordered, and when what is ordered is active.

    An order in period s is delivered in d = s + lead and active in d ≤ t < d + term. It may be placed when
    ``opens`` ≤ s < ``closes`` and ``arrives`` ≤ d < T. Rented units may be used in t when
    ``opens`` ≤ t < ``closes`` and ``arrives`` ≤ t; they have lead 0 and a term of one period.
    """

    def __init__(self, offer: Offer, horizon: Horizon, available_from: str | None) -> None:
        self.periods = horizon.periods
        self.opens = max(horizon.index(offer.order_from), 0) if offer.order_from else 0
        self.closes = min(horizon.index(offer.order_until), self.periods) if offer.order_until else self.periods
        self.arrives = horizon.first_from(available_from) if available_from else 0
        self.lead = rounded_up(horizon, offer.lead)
        length = 1.0 if offer.term is None else horizon.duration(offer.term)
        self.orderable = length >= 0.5
        self.term = max(1, math.floor(length + 0.5))

    def fault(self, period: int) -> str | None:
        """Return why no order may be placed (no rented unit used) in a period, or None."""
        delivered = period + self.lead
        if not self.orderable:
            return "is of an offer whose term is under half a period"
        if not self.opens <= period < self.closes:
            return "is outside the dates in which the offer can be ordered"
        if delivered >= self.periods:
            return "is delivered after the horizon"
        if delivered < self.arrives:
            return "is delivered before the accelerator is available"
        return None

    def active_between(self, first: int, last: int, orders: Iterable[int]) -> bool:
        """Whether an order that may be placed in one of the periods is active in some first ≤ t < last."""
        return any(
            self.fault(period) is None
            and max(period + self.lead, first) < min(period + self.lead + self.term, last, self.periods)
            for period in orders
        )
