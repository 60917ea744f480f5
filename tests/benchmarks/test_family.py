"""The benchmark family: the same for the same seed, of the sizes stated, with caps that bind."""

import pytest

from procure.formulation.build import build
from procure.plan.solve import solve
from procure.scenario.scenario import Scenario
from tests.benchmarks.family import SIZES, family


@pytest.mark.parametrize("counts", ["small", "large"])
def test_the_same_seed_gives_the_same_scenario(counts: str) -> None:
    """Two draws of a seed have one hash; another seed, or the other count scale, has another."""
    drawn = family("S", counts, 1)
    assert drawn.content_hash == family("S", counts, 1).content_hash
    assert drawn.content_hash != family("S", counts, 2).content_hash
    assert drawn.content_hash != family("S", "large" if counts == "small" else "small", 1).content_hash


@pytest.mark.parametrize("counts", ["small", "large"])
@pytest.mark.parametrize("size", list(SIZES))
def test_every_size_has_what_it_states(size: str, counts: str) -> None:
    """Periods, workloads, accelerators, providers, regions, contracts and caps are those of the size."""
    scenario, stated = family(size, counts, 1), SIZES[size]
    labels = scenario.label_values()
    assert scenario.horizon.periods == stated.periods
    assert len(scenario.workloads) == stated.workloads
    assert len(scenario.accelerators) == len(labels["accelerator"]) == stated.accelerators
    assert len(scenario.regions) == stated.providers * stated.regions
    assert len(labels["provider"]) == stated.providers
    assert set(labels["contract"]) == {"on_demand", "reserved", "capacity_block", "owned"}
    assert {limit.bound for limit in scenario.limits} == {"max", "max_share"}
    kinds = [work.kind for work in scenario.workloads]
    assert (kinds.count("batch"), kinds.count("training")) == (stated.batch, stated.training)
    assert sum(bool(work.min_block_chips) for work in scenario.workloads) == stated.blocks


def test_a_scenario_is_not_degenerate() -> None:
    """Workloads differ in their throughput ratios and places, a provider's own chip is only there."""
    scenario = family("M", "small", 1)
    rates = [work.throughput for work in scenario.workloads]
    ratios = {round(rate["nvidia-b200-sxm"] / rate["nvidia-h100-sxm"], 6) for rate in rates}
    assert len(ratios) > len(scenario.workloads) // 2
    assert len({str(work.eligible) for work in scenario.workloads}) >= 4
    own = {offer.region.split("/")[0] for offer in scenario.offers if offer.accelerator.startswith("google")}
    assert own == {"gcp"}
    assert build(scenario).problem.column_count < build(scenario, aggregate=False).problem.column_count


@pytest.mark.parametrize("counts", ["small", "large"])
def test_caps_bind(counts: str) -> None:
    """A plan of the smallest size runs into at least one cap and leaves some work, but not all, unmet."""
    scenario = family("S", counts, 1)
    plan = solve(scenario, gap=0.1, time_limit_s=30)
    assert _bound(plan.figures["limits"]) & {"nvidia-share", "provider-share", "capex"}
    totals = plan.totals
    assert totals["penalty"] > 0
    assert totals["served_value"] > totals["penalty"]
    assert _units(scenario, plan.figures["orders"]) > (1000 if counts == "large" else 10)


def _bound(limits: dict[str, list[object]]) -> set[object]:
    rows = zip(limits["limit"], limits["slack"], limits["limit_value"], strict=True)
    return {name for name, slack, value in rows if float(str(slack)) <= 0.02 * float(str(value))}


def _units(scenario: Scenario, orders: dict[str, list[object]]) -> float:
    known = {offer.id for offer in scenario.offers}
    assert known >= set(orders["offer"])
    return sum(float(str(units)) for units in orders["units"])
