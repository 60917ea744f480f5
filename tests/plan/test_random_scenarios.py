"""Two engines, one on classes and one on single sources and workloads, agree on random scenarios."""

import pytest

from procure.plan.plan import Plan
from procure.plan.solve import Infeasible, solve
from procure.scenario.complaint import InvalidData
from procure.scenario.scenario import Scenario, build
from tests.plan.random_scenario import random_scenario

TOLERANCE = 1e-6
"""Relative; a bound is proved within the engines' own tolerances."""
SEEDS = {
    "plan": (0, 2, 6, 10, 11, 15, 17, 19, 21, 25, 27, 28, 29, 32, 258, 317, 329, 338),
    "infeasible": (3, 5, 7, 8, 14, 16, 18, 20),
    "incomplete": (9, 13),
}
"""How the scenario of each seed ends; incomplete: a limit needs a supply that an offer does not state."""
WITH_FUNDING = (2, 4, 10, 23, 34, 46, 56, 61, 64, 80, 100, 107, 116, 124)
FINANCED = (36, 51, 102)
WITH_PROJECTS = (10, 15, 17, 21, 23, 29, 36, 37, 40, 41, 45, 55)
WITH_AGREEMENTS = (1, 9, 11, 15, 19, 20, 21, 25, 27, 34, 42, 46, 47, 51)
WITH_LIFE = (118, 124, 130, 133, 136, 145, 182, 220, 229, 233, 239, 248, 254, 329)
FINANCED_BY_ALL = (28, 36, 54, 74, 90, 138)
WITH_BOTH = (1, 21, 28, 35, 36, 60, 65, 75, 90, 124, 129)
ENDINGS = [(seed, ending) for ending, seeds in SEEDS.items() for seed in seeds]


def end(scenario: Scenario, backend: str, *, aggregate: bool) -> Plan | str:
    """Return the plan, which `solve` has audited, or in a word why there is none."""
    try:
        return solve(scenario, backend=backend, aggregate=aggregate, time_limit_s=10)
    except Infeasible:
        return "infeasible"
    except InvalidData as error:
        missing = {complaint.path[-1] for complaint in error.complaints}
        return "incomplete" if missing == {"supply_total"} else str(error)


def below(plan: Plan, other: Plan) -> float:
    """Return how far a plan's objective lies below what the other solve proved, relative to the objective."""
    if other.result["bound"] is None:
        return 0.0
    objective, bound = plan.result["objective"], other.result["bound"]
    return (bound - objective) / max(1.0, abs(objective))


def compare(seed: int, **more: bool) -> str:
    """Solve the scenario of a seed both ways; return how both ended."""
    scenario = build(random_scenario(seed, **more))
    one = end(scenario, "highs", aggregate=True)
    two = end(scenario, "cbc", aggregate=False)
    if not (isinstance(one, Plan) and isinstance(two, Plan)):
        assert one == two
        return str(one)
    assert below(one, two) <= TOLERANCE
    assert below(two, one) <= TOLERANCE
    return "plan"


@pytest.mark.parametrize(("seed", "ending"), ENDINGS)
def test_two_engines_agree(seed, ending):
    """Both find a plan that the other's bound allows, or both find that there is none."""
    assert compare(seed) == ending


@pytest.mark.parametrize("seed", WITH_PROJECTS)
def test_two_engines_agree_on_projects(seed):
    """So they do with projects that unlock offers, pairs and power, with ramps, chains and alternatives."""
    assert compare(seed, projects=True) == "plan"


@pytest.mark.parametrize("seed", WITH_AGREEMENTS)
def test_two_engines_agree_on_agreements(seed):
    """So they do with commitments, tiers, milestones, exits and supply that only an agreement brings."""
    assert compare(seed, agreements=True) == "plan"


@pytest.mark.parametrize("seed", WITH_LIFE)
def test_two_engines_agree_on_what_becomes_of_capacity(seed):
    """So they do where chips are retired, units are sold before their end, and idle capacity is let."""
    assert compare(seed, life=True) == "plan"


@pytest.mark.parametrize("seed", WITH_BOTH)
def test_two_engines_agree_on_agreements_over_what_is_retired_sold_and_let(seed):
    """So they do where both come together."""
    assert compare(seed, life=True, agreements=True) == "plan"


@pytest.mark.parametrize("seed", WITH_FUNDING)
def test_two_engines_agree_on_funding(seed):
    """So they do where cash is short, and debt and equity are drawn."""
    assert compare(seed, funding=True) == "plan"


@pytest.mark.parametrize("seed", FINANCED)
def test_two_engines_agree_on_projects_that_are_financed(seed):
    """And where that is to pay for projects."""
    assert compare(seed, projects=True, funding=True) == "plan"


@pytest.mark.parametrize("seed", FINANCED_BY_ALL)
def test_two_engines_agree_on_funding_with_agreements_sales_and_letting(seed):
    """And where vendors, sales and letting bring some of the cash."""
    assert compare(seed, life=True, agreements=True, funding=True) == "plan"


def test_most_random_scenarios_have_a_plan():
    """The seeds above are about plans first."""
    assert 2 * len(SEEDS["plan"]) >= len(ENDINGS)
