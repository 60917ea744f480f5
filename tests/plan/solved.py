"""Plans that the tests of views, charts and reports look at, each solved once."""

from functools import cache
from typing import Any, Final

from procure.plan.plan import Plan, stored_plan
from procure.plan.solve import solve
from procure.scenario.scenario import build
from tests.plan.random_scenario import random_scenario

DAYS: Final[dict[str, Any]] = {
    "name": "days",
    "horizon": {"start": "2027-01-15", "periods": 100, "period": "day", "discount_rate_per_year": 0},
    "accelerators": [{"id": "chip", "vendor": "v", "family": "f", "stack": "cuda"}],
    "regions": [{"id": "r", "provider": "p", "country": "US", "zone": "us"}],
    "offers": [
        {"id": "rent", "accelerator": "chip", "region": "r", "contract": "on_demand", "price_usd_per_unit_hour": 1}
    ],
    "workloads": [{"id": "w", "kind": "inference", "rate_per": "hour", "demand": 2, "throughput": {"chip": 1}}],
}
"""Two chips on each of 100 days from January to April, at 1 an hour; no power, no limits: 4,800 USD."""
NAMES: Final = (
    "days", "0", "2", "10", "27", "15 projects", "29 projects", "20 agreements", "42 agreements", "118 life",
    "136 life",
    "4 funding", "51 projects funding", "54 life agreements funding", "many orders",
)  # fmt: skip


@cache
def solved(name: str) -> Plan:
    """Return the plan of a name, as a store gives it back: with its figures, and nothing of its solve."""
    return stored_plan(solve(build(_data(name)), gap=0.05, time_limit_s=20).to_data())


def _data(name: str) -> dict[str, Any]:
    if name == "days":
        return DAYS
    if name == "many orders":
        return _many_orders()
    seed, *more = name.split()
    return random_scenario(int(seed), **dict.fromkeys(more, True))


def _many_orders() -> dict[str, Any]:
    """Reserved for one day each, from one of two providers: a hundred orders."""
    reserved = {"contract": "reserved", "term": "1 day", "price_usd_per_unit_hour": 1, "accelerator": "chip"}
    regions = [{**DAYS["regions"][0], "id": f"r{number}", "provider": f"p{number}"} for number in range(2)]
    windows = ({"order_until": "2027-02-20"}, {"order_from": "2027-02-20"})
    offers = [
        {**reserved, "id": f"o{number}", "region": f"r{number}", **window} for number, window in enumerate(windows)
    ]
    return {**DAYS, "name": "orders", "regions": regions, "offers": offers}
