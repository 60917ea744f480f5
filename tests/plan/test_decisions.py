"""Answers over classes, read back over single offers and workloads."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procure.formulation.build import build as build_problem
from procure.formulation.build import ledger_of
from procure.formulation.index import Index
from procure.formulation.ledger import discounted_cost
from procure.plan.decisions import DECISIONS, read_decisions, split, to_tables
from procure.scenario.document import read_document
from procure.scenario.scenario import build
from solvers import Options, solve

INSTANCES = Path(__file__).parents[1] / "instances"

AMOUNTS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), min_size=1, max_size=6)


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(AMOUNTS, AMOUNTS)
def test_water_is_poured_into_jars(water, jars):
    """Each amount is poured out whole, in its own group; no jar overflows but the last, and few pourings are made."""
    group_a, amount_a = (np.array(part) for part in zip(*water, strict=True))
    group_b, amount_b = (np.array(part, dtype=float) for part in zip(*jars, strict=True))
    a, b, amount = split(group_a, amount_a.astype(float), group_b.astype(int), amount_b)
    assert len(amount) <= len(water) + len(jars)
    assert (amount > 0).all()
    poured, filled = np.bincount(a, amount, len(water)), np.bincount(b, amount, len(jars))
    for group in range(3):
        mine, theirs = group_a == group, np.flatnonzero(group_b == group)
        if not len(theirs):
            assert not poured[mine].any()
            continue
        assert poured[mine] == pytest.approx(amount_a[mine])
        assert (filled[theirs[:-1]] <= amount_b[theirs[:-1]] + 1e-9).all()
        if amount_a[mine].sum() <= amount_b[theirs].sum():
            assert filled[theirs[-1]] <= amount_b[theirs[-1]] + 1e-9


def test_water_finds_its_jars_in_order():
    """5 and 2 into jars of 3, 1 and 9: 3 + 1 + 1, then 2."""
    zero = np.zeros(3, dtype=int)
    poured = split(zero[:2], np.array([5.0, 2.0]), zero, np.array([3.0, 1.0, 9.0]))
    assert [part.tolist() for part in poured] == [[0, 0, 0, 1], [0, 1, 2, 2], [3, 1, 1, 2]]


@pytest.mark.parametrize("name", ["classes", "capacity", "facility", "training", "batch", "owned", "site_power"])
def test_the_ledger_of_the_decisions_costs_what_the_solver_said(name):
    """Decisions read back over single sources and workloads have the objective of the answer over classes."""
    scenario = build(read_document(INSTANCES / f"{name}.yaml").data)
    formulation = build_problem(scenario)
    result = solve(formulation.problem, Options(gap=1e-9))
    decisions = read_decisions(formulation, result.values)
    assert list(decisions) == list(DECISIONS)
    tables, answer = to_tables(Index(scenario), decisions)
    ledger, answer = ledger_of(Index(scenario), tables, answer)
    cost = discounted_cost(ledger).value(answer).sum()
    assert cost == pytest.approx(result.objective * formulation.objective_usd, rel=1e-7)


def test_a_class_is_split_by_what_its_members_have_and_want():
    """Two of near and two of far serve four chips' worth of rich; fast serves poor; nobody gets more than it wants."""
    scenario = build(read_document(INSTANCES / "classes.yaml").data)
    formulation = build_problem(scenario.with_({"offers.far/slow.price_usd_per_unit_hour": 1.2}))
    decisions = read_decisions(formulation, solve(formulation.problem, Options(gap=1e-9)).values)
    assert dict(zip(decisions["rents"]["offer"], decisions["rents"]["units"], strict=True)) == {
        "near/slow": 2, "far/slow": 2, "near/fast": 1,
    }  # fmt: skip
    serving, rate = decisions["serving"], {"near/slow": 1, "far/slow": 1, "near/fast": 2}
    chips, served = dict.fromkeys(rate, 0.0), {"rich": 0.0, "poor": 0.0}
    for work, source, amount in zip(serving["workload"], serving["source"], serving["rate"], strict=True):
        served[work] += amount
        chips[source] += amount / rate[source] / (10 if work == "poor" else 1)
    assert served == pytest.approx({"rich": 4, "poor": 20})
    assert chips == pytest.approx({"near/slow": 2, "far/slow": 2, "near/fast": 1})
    assert decisions["unmet"]["workload"] == ["poor"]
    assert decisions["unmet"]["amount"] == pytest.approx([20])
