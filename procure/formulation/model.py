"""A formulation under construction: index, classes, columns by kind, ledger and builder."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from procure.formulation.builder import Builder
from procure.formulation.index import Floats, Index, Ints
from procure.formulation.ledger import Decisions, Ledger
from procure.formulation.reduce import Classes
from procure.scenario.complaint import Complaint
from procure.scenario.scenario import Scenario
from solvers import Cone, Problem

if TYPE_CHECKING:
    from procure.formulation.measure import Measured


@dataclass
class Model:
    """What the families work on."""

    index: Index
    classes: Classes
    builder: Builder = field(default_factory=Builder)
    ledger: Ledger = field(init=False)
    measured: dict[str, "Measured"] = field(default_factory=dict)
    cones: list[Cone] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.index, {})

    def decide(self, kind: str, column: Ints, **labels: Ints) -> Decisions:
        """Record decisions of a kind, and return all of that kind."""
        known = self.ledger.tables.get(kind)
        if known is not None:
            column = np.concatenate([known.column, column])
            labels = {name: np.concatenate([known.labels[name], codes]) for name, codes in labels.items()}
        table = Decisions(column, labels)
        self.ledger.tables[kind] = table
        return table

    def table(self, kind: str) -> Decisions | None:
        """Return the decisions of a kind, or None where there are none."""
        return self.ledger.tables.get(kind)


Followed = dict[str, tuple[dict[str, Ints], Floats]]
"""Decisions by kind that others imply: their labels and amounts."""


@dataclass(frozen=True)
class Formulation:
    """A scenario turned into one sparse problem.

    Parameters
    ----------
    problem
        The arrays the solver answers.
    unit
        What one solver unit of each column stands for, shape (columns,).
    objective_usd
        What one solver unit of the objective stands for, USD.
    model
        The columns by kind and the ledger, with which an answer is read back.
    """

    problem: Problem
    unit: Floats
    objective_usd: float
    model: Model


class Family(Protocol):
    """A kind of constraint: up to five hooks, run in one fixed order by `build`."""

    def check(self, scenario: Scenario) -> Iterable[Complaint]:
        """Complain about data that this family cannot work with."""

    def declare(self, model: Model) -> None:
        """Add columns."""

    def post(self, ledger: Ledger) -> None:
        """Post what the decisions add to the ledger; also called on the decisions of a plan."""

    def follow(self, ledger: Ledger, answer: Floats) -> Followed:
        """Return what follows from the decisions of a plan, such as a tier that is reached; it is posted then."""

    def rows(self, model: Model) -> None:
        """Add rows."""


class Rule:
    """A family with nothing to do: the base of those that use some of the hooks."""

    def check(self, scenario: Scenario) -> Iterable[Complaint]:  # noqa: ARG002  # families that check override it
        """Complain of nothing."""
        return ()

    def declare(self, model: Model) -> None:
        """Add no columns."""

    def post(self, ledger: Ledger) -> None:
        """Post nothing."""

    def follow(self, ledger: Ledger, answer: Floats) -> Followed:  # noqa: ARG002  # as above
        """Return nothing."""
        return {}

    def rows(self, model: Model) -> None:
        """Add no rows."""
