"""Two plans side by side: what moves, and what the money of vendors is worth."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import procure
from procure.cli import app
from procure.plan.solve import solve
from procure.scenario.document import read_document, to_yaml
from procure.scenario.scenario import Scenario, build

INSTANCE = Path(__file__).parents[1] / "instances" / "agreements.yaml"


def bought() -> Scenario:
    """Return the instance without its shortfalls, with a stake of 20 that makes its deal worth signing.

    Four hours of two units: 40 from the price list; under the deal 24, a fee of 22, and 20 that come in.
    """
    scenario = build(read_document(INSTANCE).data)
    offer = {"contract": "reserved", "term": "1 hour", "supply_total": 4}
    return scenario.with_({
        "offers.deal": {**scenario.offers[1].data(), **offer}, "agreements.deal.commitment": None,
        "agreements.deal.fees": [{"usd": 22}], "agreements.deal.receipts": [{"on": "2027-01-01T01", "usd": 20}],
    })  # fmt: skip


def test_the_money_of_vendors_has_its_worth() -> None:
    """With it 24 + 22 - 20 = 26, without it 40: it is worth 14, and all orders rest on it."""
    with_, without = solve(bought()), solve(bought().without_vendor_money())
    found = procure.compare(with_, without)
    totals = dict(zip(found.totals["name"], found.totals["change"], strict=True))
    assert totals["discounted_cost"] == pytest.approx(40 - 26)
    assert totals["vendor_inflow"] == pytest.approx(-20)
    assert found.moved_share == pytest.approx(1)
    assert found.agreements == {"agreement": ["deal"], "first": ["2027-01-01T03"], "second": [""]}
    assert found.orders["offer"] == ["deal"]


def test_a_plan_does_not_differ_from_itself() -> None:
    """Nothing moves, and every change is nought."""
    plan = solve(bought())
    found = procure.compare(plan, plan)
    assert found.moved_share == 0
    assert not any(found.totals["change"])
    assert not any(
        len(table["first"] if "first" in table else table["change"]) for table in (found.orders, found.agreements)
    )


def test_only_plans_are_compared() -> None:
    """A scenario has to be solved first, and the error says so."""
    with pytest.raises(TypeError, match="solve the scenario first"):
        procure.compare(bought(), bought())  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Return the scenario as a file."""
    path = tmp_path / "bought.yaml"
    path.write_text(to_yaml(bought()), encoding="utf-8")
    return str(path)


def test_the_command_tells_the_worth(file: str) -> None:
    """It solves the scenario with the money and without, and prints both."""
    done = CliRunner().invoke(app, ["compare", file, "--without", "vendor-money", "--quiet"])
    assert done.exit_code == 0, done.output
    for text in ("worth        14 USD", "rests on it  100.0 %", "deal", "vendor_inflow"):
        assert text in done.output


def test_the_command_compares_a_plan_file_with_a_change(file: str, tmp_path: Path) -> None:
    """A plan file is taken as it is; what is set changes its scenario."""
    plan = tmp_path / "plan.json"
    solve(bought()).save(plan)
    done = CliRunner().invoke(app, ["compare", str(plan), "--set", "agreements.deal.fees=null", "--json", "--quiet"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    totals = dict(zip(found["totals"]["name"], found["totals"]["change"], strict=True))
    assert totals["discounted_cost"] == pytest.approx(-22)


@pytest.mark.parametrize("more", [[], ["--without", "money"]])
def test_the_command_asks_for_something_to_compare_with(file: str, more: list[str]) -> None:
    """Without a second plan, and with a word it does not know, it says what it expects."""
    done = CliRunner().invoke(app, ["compare", file, *more])
    assert done.exit_code == 2
