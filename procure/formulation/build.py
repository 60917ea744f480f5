"""From a scenario to one sparse problem: the table of contents."""

from typing import Final

import numpy as np

from procure.formulation.agreements import Agreements
from procure.formulation.capacity import Capacity, serve_size
from procure.formulation.commitments import Commitments
from procure.formulation.concentration import Concentration
from procure.formulation.continuity import Continuity
from procure.formulation.counts import Counts
from procure.formulation.demand import Demand
from procure.formulation.eligibility import Eligibility, eligible
from procure.formulation.funding import Funding
from procure.formulation.index import Floats, Index
from procure.formulation.ledger import Decisions, Ledger, Tables, discounted_cost, discounted_penalty
from procure.formulation.limits import Limits
from procure.formulation.milestones import Milestones
from procure.formulation.model import Family, Formulation, Model
from procure.formulation.projects import Projects
from procure.formulation.reduce import classes
from procure.formulation.resale import Resale
from procure.formulation.retirement import Retirement
from procure.formulation.single_source import SingleSource
from procure.formulation.site_power import SitePower
from procure.formulation.sublet import Sublet
from procure.formulation.supply import Supply
from procure.formulation.tiers import Tiers
from procure.formulation.training import Training
from procure.scenario.complaint import InvalidData
from procure.scenario.scenario import Scenario

FAMILIES: Final[tuple[Family, ...]] = (
    Eligibility(), Projects(), Agreements(), Retirement(), Supply(), Continuity(), Resale(), Sublet(), Capacity(),
    Demand(), Training(), SingleSource(), SitePower(), Commitments(), Tiers(), Milestones(), Funding(), Limits(),
    Counts(), Concentration(),
)  # fmt: skip


def build(scenario: Scenario, *, aggregate: bool = True) -> Formulation:
    """Return the sparse problem of a scenario.

    Parameters
    ----------
    aggregate
        Join what nothing tells apart into classes (exact); False builds over single sources and workloads.

    Raises
    ------
    InvalidData
        When data that the scenario's rules need is missing.
    TooLarge
        When the model would be absurdly large.
    """
    check(scenario)
    index = Index(scenario)
    model = Model(index, classes(index, eligible(index), aggregate=aggregate))
    model.builder.expect(serve_size(model))
    for family in FAMILIES:
        family.declare(model)
        family.post(model.ledger)
    for family in FAMILIES:
        family.rows(model)
    objective = discounted_cost if scenario.objective == "least_cost" else discounted_penalty
    problem, unit, usd = model.builder.problem(objective(model.ledger))
    return Formulation(problem, unit, usd, model)


def check(scenario: Scenario) -> None:
    """Raise InvalidData with the complaints of every family."""
    complaints = [complaint for family in FAMILIES for complaint in family.check(scenario)]
    if complaints:
        raise InvalidData(list(dict.fromkeys(complaints)))


def ledger_of(index: Index, tables: Tables, answer: Floats) -> tuple[Ledger, Floats]:
    """Return the ledger of given decisions, posted by the same families that built the problem, and their amounts.

    What follows from the decisions is added to them.
    """
    ledger = Ledger(index, tables)
    for family in FAMILIES:
        family.post(ledger)
    for family in FAMILIES:
        followed = family.follow(ledger, answer)
        for kind, (labels, amount) in followed.items():
            tables[kind] = Decisions(np.arange(len(answer), len(answer) + len(amount)), labels)
            answer = np.concatenate([answer, amount])
        if followed:
            family.post(ledger)
    return ledger, answer
