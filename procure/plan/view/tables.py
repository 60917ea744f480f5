"""Agreements, vendor money, projects, rented units and unused offers as tables for people.

Titles state the unit; numbers stay numbers.
"""

from collections.abc import Callable
from typing import Final

import pandas as pd

from procure.plan.plan import Plan
from procure.plan.report.rules import REASONS
from procure.plan.view.sources import sources
from procure.plan.view.times import with_hours

_AGREEMENTS: Final = {
    "agreement": "Agreement", "counterparty": "With", "active_from": "From", "active_until": "Until",
    "committed_usd": "Committed (USD)", "drawn_usd": "Drawn (USD)", "shortfall_usd": "Paid for shortfall (USD)",
    "discount_usd": "Discount (USD)", "fees_usd": "Fees (USD)", "exit_usd": "Exit (USD)",
    "inflow_usd": "Money in, expected (USD)", "dilution_usd": "Dilution (USD)",
}  # fmt: skip
_COUNTERPARTIES: Final = {
    "counterparty": "Counterparty",
    "purchases_usd": "Bought under its agreements (USD)", "discount_usd": "Discount (USD)",
    "inflow_usd": "Money in, expected (USD)", "dilution_usd": "Dilution (USD)", "net_usd": "Net (USD)",
    "effective_discount": "Money in per USD bought",
}  # fmt: skip
_VENDOR_MONEY: Final = {
    "agreement": "Agreement", "source": "From", "period": "Period", "usd": "Money in, expected (USD)",
    "dilution_usd": "Dilution (USD)",
}  # fmt: skip
_PROJECTS: Final = {
    "project": "Project", "kind": "Kind", "period": "Start", "ready": "Ready", "one_off_usd": "One-off (USD)",
    "running_usd": "Running (USD)", "after_horizon_usd": "Owed after the horizon (USD)",
}  # fmt: skip
_ORDERS: Final = {
    "offer": "Offer", "period": "Ordered", "active_from": "Active from", "active_until": "Until", "units": "Units",
    "chips": "Chips", "price_usd_per_unit_hour": "Price (USD per unit-hour)", "upfront_usd": "Upfront (USD)",
    "committed_usd": "Commits to (USD)",
}  # fmt: skip
_FUNDING: Final = {
    "period": "Period", "income_usd": "Income (USD)", "paid_usd": "Paid (USD)", "inflow_usd": "From vendors (USD)",
    "drawn_usd": "Drawn (USD)", "repaid_usd": "Repaid (USD)", "cash_usd": "Cash at its end (USD)",
    "floor_usd": "Floor (USD)",
}  # fmt: skip
_TRANCHES: Final = {
    "tranche": "Tranche", "kind": "Kind", "drawn_usd": "Drawn (USD)", "fee_usd": "Fee (USD)",
    "interest_usd": "Interest (USD)", "dilution_usd": "Dilution (USD)", "outstanding_usd": "Owed after (USD)",
}  # fmt: skip
_LIFE: Final = {
    "action": "What", "source": "Capacity", "ordered": "Ordered", "period": "Period", "chips": "Chips",
    "usd": "Brings in (USD)",
}  # fmt: skip
_CHANGES: Final = {
    "offer": "Offer", "period": "Period", "baseline_units": "Was (units)", "units": "Is (units)",
    "change_chips": "Changed (chips)", "switching_usd": "Switching (USD)",
}  # fmt: skip


def _table(name: str, titles: dict[str, str]) -> Callable[[Plan], pd.DataFrame]:
    def show(plan: Plan) -> pd.DataFrame:
        return plan.frame(name)[list(titles)].rename(columns=titles)

    show.__name__, show.__doc__ = name, f"Return the plan's table of {name.replace('_', ' ')}: {', '.join(titles)}."
    return show


agreements = _table("agreements", _AGREEMENTS)
counterparties = _table("counterparties", _COUNTERPARTIES)
vendor_money = _table("vendor_money", _VENDOR_MONEY)
projects = _table("projects", _PROJECTS)
orders = _table("orders", _ORDERS)
funding = _table("funding", _FUNDING)
tranches = _table("tranches", _TRANCHES)
fleet_life = _table("fleet_life", _LIFE)
changes = _table("changes", _CHANGES)


def rented(plan: Plan) -> pd.DataFrame:
    """Return the rented offers: most units and chips at one time, unit-hours, first and last period."""
    frame = with_hours(plan, "capacity").join(sources(plan)["contract"], on="source")
    frame = frame[frame["contract"].isin(["on_demand", "spot"])]
    hours = frame["units"].astype(float) * frame["part_hours"].astype(float)
    found = frame.assign(unit_hours=hours).groupby("source", as_index=False).agg(
        contract=("contract", "first"), units=("units", "max"), chips=("chips", "max"),
        unit_hours=("unit_hours", "sum"), first=("label", "min"), last=("label", "max"),
    )  # fmt: skip
    titles = {"source": "Offer", "contract": "Contract", "units": "Most units", "chips": "Most chips",
              "unit_hours": "Unit-hours", "first": "First used", "last": "Last used"}  # fmt: skip
    return found.sort_values("unit_hours", ascending=False, ignore_index=True)[list(titles)].rename(columns=titles)


def unused(plan: Plan) -> pd.DataFrame:
    """Return the offers that are not used: offer, accelerator, provider, contract, why not, and the details."""
    frame = plan.frame("unused").join(sources(plan)[["accelerator", "provider", "contract"]], on="offer")
    frame = frame.assign(reason=frame["reason"].map(REASONS))
    titles = {"offer": "Offer", "accelerator": "Accelerator", "provider": "Provider", "contract": "Contract",
              "reason": "Not used because", "detail": "Details"}  # fmt: skip
    return frame[list(titles)].rename(columns=titles)
