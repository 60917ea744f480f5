"""One golden model per constraint family: the exact rows and columns that a small instance becomes.

PROCURE_UPDATE_GOLDEN=1 rewrites the files; the difference is then read like any other change of the code.
"""

import io
import os
from pathlib import Path
from typing import Any

import pytest

from procure.formulation.build import FAMILIES
from procure.formulation.build import build as build_problem
from procure.formulation.model import Family
from procure.scenario.document import read_document
from procure.scenario.scenario import build
from solvers import write_model

GOLDEN = Path(__file__).parent / "golden"
INSTANCES = Path(__file__).parents[1] / "instances"
UPDATE = "PROCURE_UPDATE_GOLDEN"

MODELS: dict[str, tuple[str, dict[str, Any], list[dict[str, Any]]]] = {
    "eligibility": ("eligibility", {}, []),
    "projects": (
        "projects",
        {
            "horizon.periods": 3,
            "projects.port.one_of": "ports",
            "projects.port.requires": ["onboard"],
            "projects.port.excludes": ["wait"],
            "projects.fast": {
                "kind": "port",
                "cost_usd": 12,
                "one_of": "ports",
                "must": True,
                "unlocks": [{"offers": {"stack": "xla"}, "workloads": {"codebase": "code"}}],
            },
            "projects.onboard": {
                "kind": "onboard",
                "delay": "1 hour",
                "min_units": 2,
                "unlocks": [{"offers": {"provider": "q"}}],
            },
            "projects.wait": {"kind": "certify"},
            "offers.far": {
                "accelerator": "gpu",
                "region": "there",
                "contract": "reserved",
                "lead": "1 hour",
                "term": "2 hours",
                "supply_total": 3,
                "price_usd_per_unit_hour": 2,
            },
        },
        [],
    ),
    "agreements": (
        "agreements",
        {
            "agreements.deal.exit": {"from": "2027-01-01T01", "usd": 1, "share": 0.5},
            "agreements.deal.receipts": [{"on": "2027-01-01T03", "usd": 7, "probability": 0.5, "dilution": 0.1}],
            "agreements.deal.requires": ["other"],
            "agreements.other": {
                "counterparty": "q",
                "covers": {"provider": "p"},
                "excludes": ["third"],
                "one_of": "group",
                "extra_supply": [{"offers": {"offer": "list"}, "units": 2, "units_per_period": 1}],
            },
            "agreements.third": {"counterparty": "q", "covers": {"provider": "p"}, "must": True, "one_of": "group"},
            "offers.list.supply_total": 5,
            "offers.list.supply_per_period": 3,
        },
        [],
    ),
    "commitments": ("agreements", {"agreements.deal.commitment.roll_over": 0.2}, []),
    "tiers": (
        "agreements",
        {
            "horizon.periods": 2,
            "agreements.deal.tiers": [{"from_usd": 3, "discount": 0.1}, {"from_usd": 9, "discount": 0.5}],
            "agreements.deal.tier_kind": "incremental",
            "agreements.deal.rebate": 0.2,
            "agreements.other": {"counterparty": "q", "covers": {"offer": "deal"}, "rebate": 0.1},
        },
        [],
    ),
    "milestones": (
        "agreements",
        {
            "horizon.periods": 3,
            "agreements.deal.milestones": [
                {"quantity": "chips", "min": 2, "steps": 2, "usd": 5, "probability": 0.5, "dilution": 0.1},
                {"quantity": "spend", "where": {"provider": "p"}, "min": 20, "usd": 3, "by": "2027-01-01T02"},
            ],
        },
        [],
    ),
    "continuity": (
        "baseline",
        {
            "baseline.fixed_until": "2027-01-01T01",
            "baseline.starts": [{"project": "begun", "period": "2027-01-01T00"}],
            "offers.a.order_until": "2027-01-01T01",
            "offers.b.supply_total": 3,
            "projects.begun": {"kind": "certify", "cost_usd": 3},
            "projects.later": {"kind": "certify", "cost_usd": 3},
        },
        [
            {"quantity": "change", "per": "provider", "max_share": 0.5, "soft": 2},
            {"quantity": "cost", "where": {"offer": "b"}, "min_share": 0.1},
        ],
    ),
    "concentration": ("limits", {}, [{"quantity": "spend", "per": "vendor", "max_hhi": 0.5}]),
    "supply": ("supply", {"offers.reserved.fixed_usd_per_order": 2, "offers.reserved.min_order": 2}, []),
    "retirement": (
        "retirement",
        {"fleet.old.kw_per_chip": 1},
        [
            {"quantity": "units", "where": {"status": "fleet"}, "per": "region", "max_count": 1},
        ],
    ),
    "resale": ("resale", {"offers.bought.salvage_share": 0.25}, []),
    "sublet": (
        "sublet",
        {
            "offers.reserved.sublet_share": 0.25,
            "fleet.old": {
                "accelerator": "chip",
                "region": "r",
                "chips": 1,
                "price_usd_per_chip_hour": 2,
                "sublet_usd_per_chip_hour": 8,
                "availability": 0.5,
            },
        },
        [{"quantity": "idle", "max": 1}],
    ),
    "capacity": ("capacity", {}, []),
    "demand": ("batch", {"workloads.work.unmet_usd_per_unit": 4.5, "workloads.work.essential_share": 0.5}, []),
    "training": ("training", {}, []),
    "single_source": ("facility", {}, []),
    "site_power": ("site_power", {}, []),
    "funding": (
        "funding",
        {
            "funding.opening_usd": "1 k",
            "funding.floor_usd": [0, 500, 500],
            "funding.tranches.loan": {"kind": "debt", "usd": "20 k", "interest_per_year": "50 %", "fee": "2 %"},
            "funding.tranches.bridge": {"kind": "debt", "usd": "5 k", "repay": "2027-01-01T01"},
            "funding.tranches.shares": {"kind": "equity", "usd": "9 k", "dilution": 0.3, "from": "2027-01-01T01"},
        },
        [{"quantity": "drawn", "per": "tranche", "max_count": 2}],
    ),
    "limits": (
        "limits",
        {
            "agreements.deal": {"counterparty": "p", "covers": {"vendor": "grey"}},
            **{f"offers.{name}.supply_total": 20 for name in ("green", "amber", "grey")},
        },
        [
            {"quantity": "units", "where": {"vendor": "green"}, "max": [6, 10]},
            {"quantity": "units", "where": {"vendor": "grey"}, "min": 1, "soft": 0.5},
            {"quantity": "spend", "per": "vendor", "max_share": 0.5},
            {"quantity": "units", "where": {"vendor": "grey"}, "min": 2, "if_signed": "deal"},
            {"quantity": "units", "where": {"vendor": "green"}, "max": 4, "if_signed": "deal", "every": "horizon"},
            {"quantity": "spend", "where": {"vendor": "grey"}, "min_share": 0.2, "if_signed": "deal"},
            {"quantity": "spend", "per": "vendor", "every": "period", "max": 15, "carry_over": 0.5, "soft": 2},
            {"quantity": "compute", "where": {"vendor": "grey"}, "min_share": 0.1, "every": "horizon"},
        ],
    ),
    "counts": (
        "limits",
        {"offers.green.supply_total": 6, "offers.amber.supply_total": 8, "offers.grey.supply_total": 10},
        [
            {"quantity": "units", "per": "provider", "max_count": 2, "soft": 3},
            {"quantity": "served", "per": "vendor", "min_count": 2, "count_from": 3},
        ],
    ),
}


def family_name(family: Family) -> str:
    """Name a family by its file."""
    return type(family).__module__.rpartition(".")[2]


def model_text(name: str) -> str:
    """Return the model of a family's instance, over single sources and workloads, in the LP format."""
    file, changes, limits = MODELS[name]
    scenario = build(read_document(INSTANCES / f"{file}.yaml").data).with_(changes)
    for limit in limits:
        scenario = scenario.with_limit(**limit)
    stream = io.StringIO()
    write_model(build_problem(scenario, aggregate=False).problem, stream, ".lp")
    return stream.getvalue()


@pytest.mark.parametrize("family", FAMILIES, ids=family_name)
def test_a_family_builds_its_golden_model(family: Family) -> None:
    """The rows and columns of a family's instance are those of its golden file, to the letter."""
    name = family_name(family)
    path = GOLDEN / f"{name}.lp"
    assert name in MODELS, f"family {name} has no golden model: add an instance to MODELS"
    text = model_text(name)
    if os.environ.get(UPDATE) == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"family {name} has no golden file: write it with {UPDATE}=1"
    assert text == path.read_text(encoding="utf-8"), f"if the change is meant, rewrite the file with {UPDATE}=1"


def test_no_golden_model_is_left_over() -> None:
    """Every golden file and every instance belongs to a family."""
    families = {family_name(family) for family in FAMILIES}
    assert {path.stem for path in GOLDEN.glob("*.lp")} == families
    assert set(MODELS) == families
