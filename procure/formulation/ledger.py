"""Every quantity, once: limits bound it, the objective sums it, reports evaluate it.

The families post what their decisions add to each quantity. The same postings are evaluated on the columns of a problem
and on the decisions of a plan, so that a reported figure cannot differ from the constrained one.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from procure.formulation.index import Floats, Index, Ints
from procure.formulation.term import Term, joined
from procure.scenario.selection import LEDGERS

ITEMS: Final = (
    "rent", "reservation", "block", "upfront", "fixed", "running", "energy", "serving", "project", "project_running",
    "fee", "exit", "shortfall", "discount", "retirement", "sublet", "interest", "financing_fee", "switching",
    "capex_upfront", "capex_fixed", "capex_project", "capex_resale",
)  # fmt: skip
"""What money is for; the items from `capex_upfront` on are capital expenditure.

Resale is a disposal of assets, so that it lessens capital expenditure; it and `sublet` are negative.
"""
_FIRST_CAPEX: Final = ITEMS.index("capex_upfront")
POSTED: Final = (
    "units", "working", "used", "let", "money", "served", "unmet_work", "penalty", "soft_penalty", "salvage",
    "committed_tail", "vendor_inflow", "drawn", "repaid", "dilution", "change", "baseline_chips",
)  # fmt: skip
"""The base quantities that families post; every other quantity is one of them, scaled or chosen by item."""


@dataclass(frozen=True)
class Decisions:
    """Decisions of one kind: their column numbers, and integer codes of their labels, each of shape (n,)."""

    column: Ints
    labels: dict[str, Ints]

    @property
    def size(self) -> int:
        """Number of decisions."""
        return len(self.column)

    def term(self, coefficient: Floats | float = 1.0, **labels: Ints | int) -> Term:
        """Return the decisions as a term, with their own labels and those given."""
        return Term.of(self.column, coefficient, **{**self.labels, **labels})


Tables = dict[str, Decisions]
"""Decisions by kind: order, change, held, stay, rent, serve, unmet, start, …, and those that only rows use."""


@dataclass
class Ledger:
    """The quantities of a set of decisions.

    Parameters
    ----------
    index
        Arrays of the scenario.
    tables
        The decisions; a kind without any is absent.
    """

    index: Index
    tables: Tables
    posts: dict[str, list[Term]] = field(default_factory=lambda: {name: [] for name in POSTED})
    _cache: dict[str, Term] = field(default_factory=dict)

    def post(self, quantity: str, term: Term) -> None:
        """Add a term to a base quantity."""
        self.posts[quantity].append(term)
        self._cache.clear()

    def quantity(self, name: str) -> Term:
        """Return a quantity by the name that limits use, or a base quantity."""
        if name not in self._cache:
            self._cache[name] = joined(self.posts[name]) if name in POSTED else self._derived(name)
        return self._cache[name]

    def _derived(self, name: str) -> Term:
        index = self.index
        if name in ("chips", "power", "compute", "carbon"):
            units = self.quantity("units")
            source = units.labels["source"]
            if name == "carbon":
                hours = hours_of(index, units) * index.carbon_g_per_kwh[source] * 1e-3
                return units.times(index.meter_mw[source] * hours)
            factor = {"chips": index.chips_per_unit, "power": index.meter_mw, "compute": index.pflops}[name]
            return units.times(factor[source])
        if name == "idle":
            busy = (self.quantity(name).times(-1.0) for name in ("used", "let"))
            return joined([self.quantity("working"), *busy])
        if name == "unmet":
            return self.quantity("unmet_work")
        money = self.quantity("money")
        items = _MONEY[name]
        return money.where(np.isin(money.labels["item"], [ITEMS.index(item) for item in items]))


_SPEND: Final = ("rent", "reservation", "block", "upfront", "fixed", "running", "capex_upfront", "capex_fixed")
_PROJECT: Final = ("project", "project_running", "capex_project")
_FINANCING: Final = ("interest", "financing_fee")
_AGREED: Final = ("fee", "exit", "shortfall", "discount")
_LIFE: Final = ("retirement", "sublet", "capex_resale")
_MONEY: Final = {
    "spend": _SPEND,
    "upfront": ("block", "upfront", "fixed", "capex_upfront", "capex_fixed"),
    "energy_cost": ("energy",),
    "serving_cost": ("serving",),
    "project_cost": _PROJECT,
    "shortfall_cost": ("shortfall",),
    "financing_cost": _FINANCING,
    "retirement": ("retirement",),
    "resale": ("capex_resale",),
    "sublet": ("sublet",),
    "cost": (*_SPEND, "energy", "serving", *_PROJECT, *_AGREED, *_LIFE, *_FINANCING, "switching"),
}


def item(name: str) -> int:
    """Return the code of what money is for."""
    return ITEMS.index(name)


def ledger_code(items: Ints) -> Ints:
    """Return the ledger (opex 0, capex 1) of item codes."""
    return (items >= _FIRST_CAPEX).astype(np.int64)


def ledger_name(code: int) -> str:
    """Return the ledger's name of an item code."""
    return LEDGERS[int(code >= _FIRST_CAPEX)]


def hours_of(index: Index, term: Term) -> Floats:
    """Return the hours each entry stands for, shape (n,): of its slice, or of the whole period."""
    period, part = term.labels["period"], term.labels["slice"]
    whole = index.scenario.horizon.hours[period]
    return np.asarray(np.where(part >= 0, index.slice_hours[period, np.maximum(part, 0)], whole))


_OBJECTIVE: Final = {
    "cost": 1.0, "penalty": 1.0, "soft_penalty": 1.0, "dilution": 1.0, "salvage": -1.0, "vendor_inflow": -1.0,
}  # fmt: skip


def discounted_cost(ledger: Ledger) -> Term:
    """Return what least cost minimises, in expectation: discounted cost, penalties and dilution, less what comes in.

    What comes in is the money of vendors and the salvage value. What is drawn and repaid is a transfer and no part of
    it: its price is interest, fee and dilution.
    """
    horizon, index = ledger.index.scenario.horizon, ledger.index
    parts = []
    for name, sign in _OBJECTIVE.items():
        term = ledger.quantity(name)
        factor = horizon.discount_end if name == "salvage" else horizon.discount_mid
        parts.append(term.times(sign * factor[term.labels["period"]] * chance(index, term)))
    return joined(parts)


def discounted_penalty(ledger: Ledger) -> Term:
    """Return what most served value minimises: the discounted value of work not served, soft penalties included."""
    term = joined([ledger.quantity("penalty"), ledger.quantity("soft_penalty")])
    return term.times(ledger.index.scenario.horizon.discount_mid[term.labels["period"]] * chance(ledger.index, term))


def chance(index: Index, term: Term) -> Floats:
    """Return the probability of each entry, shape (n,): of its future, or one."""
    future = term.labels["future"]
    return np.where(future >= 0, index.probability[np.maximum(future, 0)], 1.0)
