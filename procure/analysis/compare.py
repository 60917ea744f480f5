"""What differs between two plans."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from procure.plan.plan import Plan
from procure.plan.table import Table, table

_TOTALS: Final = (
    "discounted_cost", "cost", "spend", "upfront", "energy_cost", "project_cost", "shortfall_cost",
    "financing_cost", "vendor_inflow", "dilution", "penalty", "salvage", "committed_tail", "served_value", "carbon",
    "peak_power", "peak_chips",
)  # fmt: skip
_SAME: Final = 1e-6
"""Amounts are alike that differ by at most this share."""


@dataclass(frozen=True)
class Comparison:
    """Two plans side by side.

    Parameters
    ----------
    first, second
        The plans.
    """

    first: Plan
    second: Plan

    @cached_property
    def totals(self) -> Table:
        """Totals of both, and second less first: columns name, first, second, change."""
        one, other = self.first.totals, self.second.totals
        rows = [(name, one[name], other[name], other[name] - one[name]) for name in _TOTALS]
        return table("name first second change", [row for row in rows if row[1] or row[2]])

    @cached_property
    def orders(self) -> Table:
        """Units ordered of each offer and what they commit to, USD, where they differ."""
        return self._side_by_side("orders", "offer", ("units", "committed_usd"))

    @cached_property
    def spend(self) -> Table:
        """Spend by provider over the horizon, USD, where it differs."""
        return self._side_by_side("shares", "value", ("amount",), {"quantity": "spend", "label": "provider"})

    @cached_property
    def projects(self) -> Table:
        """When each project is started, where that differs; empty where it is not."""
        return self._texts("projects", "project", "period")

    @cached_property
    def agreements(self) -> Table:
        """Until when each agreement that is signed in one of them is in force, where that differs."""
        return self._texts("agreements", "agreement", "active_until")

    @property
    def moved_share(self) -> float:
        """Share of what the first plan's orders commit to, by offer and period, that the second lacks."""
        held = {key: self._committed(self.second).get(key, 0.0) for key in self._committed(self.first)}
        whole = sum(self._committed(self.first).values())
        gone = sum(max(usd - held[key], 0.0) for key, usd in self._committed(self.first).items())
        return gone / whole if whole > 0 else 0.0

    def to_data(self) -> dict[str, Any]:
        """Return the comparison as plain data."""
        tables = {name: getattr(self, name) for name in ("totals", "spend", "agreements", "projects", "orders")}
        return {"first": self.first.scenario.name, "second": self.second.scenario.name, "moved_share": self.moved_share,
                "gaps": [self.first.gap, self.second.gap], **tables}  # fmt: skip

    def _committed(self, plan: Plan) -> dict[tuple[str, str], float]:
        found = plan.figures["orders"]
        rows = zip(found["offer"], found["period"], found["committed_usd"], strict=True)
        return {(str(offer), str(period)): float(str(usd)) for offer, period, usd in rows}

    def _side_by_side(
        self, name: str, key: str, columns: tuple[str, ...], where: dict[str, str] | None = None
    ) -> Table:
        sides = [_sums(plan.figures[name], key, columns, where or {}) for plan in (self.first, self.second)]
        none = tuple(0.0 for _ in columns)
        rows: list[tuple[Any, ...]] = []
        for thing in dict.fromkeys([*sides[0], *sides[1]]):
            one, other = (side.get(thing, none) for side in sides)
            pairs = list(zip(one, other, strict=True))
            if any(abs(b - a) > _SAME * max(abs(a), abs(b), 1.0) for a, b in pairs):
                rows.append((thing, *(part for pair in pairs for part in pair), other[-1] - one[-1]))
        rows.sort(key=lambda row: -abs(float(row[-1])))
        names = " ".join(f"first_{column} second_{column}" for column in columns)
        return table(f"{key} {names} change", rows)

    def _texts(self, name: str, key: str, column: str) -> Table:
        found = [plan.figures[name] for plan in (self.first, self.second)]
        sides = [dict(zip(side[key], side[column], strict=True)) for side in found]
        things = dict.fromkeys([*sides[0], *sides[1]])
        rows = [(thing, *(side.get(thing, "") for side in sides)) for thing in things]
        return table(f"{key} first second", [row for row in rows if row[1] != row[2]])


def _sums(found: Table, key: str, columns: Iterable[str], where: dict[str, str]) -> dict[object, tuple[float, ...]]:
    out: dict[object, tuple[float, ...]] = {}
    names = tuple(columns)
    for position, thing in enumerate(found[key]):
        if all(found[label][position] == value for label, value in where.items()):
            amounts = tuple(float(str(found[name][position])) for name in names)
            out[thing] = tuple(a + b for a, b in zip(out.get(thing, (0.0,) * len(names)), amounts, strict=True))
    return out


def compare(first: Plan, second: Plan) -> Comparison:
    """Return what differs between two plans.

    Raises
    ------
    TypeError
        When one of them is not a plan.
    """
    for plan in (first, second):
        if not isinstance(plan, Plan):
            raise TypeError(f"expected a Plan, not {plan!r}: solve the scenario first")
    return Comparison(first, second)
