"""What the bundled scenarios hold of reported deals: each says by whom and when, and what about it is assumed."""

import pytest

from procure.formulation.eligibility import eligible
from procure.formulation.index import Index
from procure.scenario_file import bundled, load

SCENARIOS = {name: load(name) for name in bundled()}
LAB = SCENARIOS["frontier-lab"]
AGREED = {agreement.id: agreement for agreement in LAB.agreements}
TOKENS = ("managed-small", "open-model")


def who_may_use(accelerator):
    """Return the workloads that may run on an accelerator."""
    may = eligible(Index(LAB))[:, LAB.sources.mask({"accelerator": (accelerator,)})].any(axis=1)
    return {work.id: work for work, yes in zip(LAB.workloads, may, strict=True) if yes}


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_reported_says_by_whom_and_when_and_what_is_assumed(name):
    """A reported agreement has a source, a date and a note on its other terms; whatever is assumed has a note."""
    scenario = SCENARIOS[name]
    for agreement in scenario.agreements:
        assert agreement.status != "reported" or (agreement.source and agreement.as_of and agreement.note), agreement.id
    for noun in (*scenario.agreements, *scenario.projects, *scenario.accelerators, *scenario.offers):
        assert noun.confidence != "assumed" or noun.note or noun.source, noun.id
        assert "seeds/" not in noun.source, noun.id


def test_every_party_reported_is_there():
    """The counterparties of the reported deals are those of the agreements, and projects of each kind are there."""
    assert {agreement.counterparty for agreement in LAB.agreements} == {
        "aws", "azure", "nvidia", "amd", "oracle", "coreweave", "google", "broadcom",
    }  # fmt: skip
    assert {project.kind for project in LAB.projects} == {"build", "programme", "port", "onboard", "certify"}


def test_the_cloud_commitment_is_38_bn_over_seven_years():
    """Its windows are seven years and add up to what was reported."""
    deal = AGREED["aws-cloud"]
    edges = deal.edges(LAB.horizon)
    amounts = [deal.commitment.amount(edge, edges[0]) for edge in edges[:-1]]
    assert len(amounts) == 7
    assert sum(amounts) == pytest.approx(38e9)


def test_the_money_of_vendors_adds_up_to_what_was_reported():
    """Up to 100 bn for 10 GW; 50 bn of which 35 bn on milestones; warrants over 6 GW."""

    def milestones(name):
        return [(m.min * m.steps, m.usd * m.steps) for m in AGREED[name].milestones]

    assert milestones("nvidia-letter-of-intent") == [(pytest.approx(10e3), pytest.approx(100e9))]
    assert milestones("amd-supply") == [(pytest.approx(6e3), pytest.approx(30e9))]
    paid = sum(receipt.usd for receipt in AGREED["amazon-investment"].receipts)
    tied = sum(usd for _, usd in milestones("amazon-milestones"))
    assert (paid, tied) == (pytest.approx(15e9), pytest.approx(35e9))


def test_the_venture_spends_500_bn_at_most():
    """Its sites and what stands on them are capped at 500 bn over four years, 100 bn in the first."""
    limits = {limit.id: limit for limit in LAB.limits}
    assert limits["venture"].value.form + limits["venture_sites"].value.form == pytest.approx(500e9)
    assert limits["venture_start"].value.form == pytest.approx(100e9)
    assert limits["venture"].until == "2031-01"


def test_capacity_bought_as_tokens_is_paid_per_token():
    """A managed model has no price by the hour, and every workload that may use it has a price for a token."""
    offers = [offer for offer in LAB.offers if offer.accelerator in TOKENS]
    assert offers
    for offer in offers:
        assert offer.hourly_usd == 0, offer.id
        assert offer.supply_total, offer.id
    for name in TOKENS:
        assert len(who_may_use(name)) >= 4
        for work in who_may_use(name).values():
            priced = {chip: cost.usd_per_unit for cost in work.serving_cost for chip in cost.where["accelerator"]}
            assert priced[name] > 0, work.id


def test_the_weaker_model_has_a_limit_in_every_workload():
    """No workload may be answered by the open model beyond a share of it."""
    limited = {limit.where["workload"][0] for limit in LAB.limits if limit.where.get("accelerator") == ("open-model",)}
    assert limited == who_may_use("open-model").keys()


def test_silicon_is_where_its_maker_sells_it():
    """Trainium and Inferentia at one provider, TPUs at one, Instinct at several, our own at our own sites."""
    places = {}
    for offer in LAB.offers:
        row = LAB.sources.row(next(n for n, source in enumerate(LAB.capacity) if source.id == offer.id))
        places.setdefault(row["family"], set()).add(row["provider"])
    assert places["Trainium"] == places["Inferentia"] == {"aws"}
    assert places["TPU"] == {"gcp"}
    assert len(places["Instinct"]) >= 3
    assert places["lab-asic"] == {"own"}


def test_own_silicon_waits_for_its_programme_and_its_maker():
    """Its offers are unlocked by a programme with a least volume, and by the agreement with who makes it."""
    programme = next(project for project in LAB.projects if project.kind == "programme")
    assert programme.min_units
    assert {"accelerator": ("lab-asic",)} in [unlock.offers for unlock in programme.unlocks]
    assert {"accelerator": ("lab-asic",)} in AGREED["broadcom-silicon"].unlocks
