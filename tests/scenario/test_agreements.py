"""Bad agreements in a scenario file: each is named with its place, what was expected and the remedy."""

import pytest

from procure.formulation.build import check
from procure.scenario.complaint import InvalidData

DEAL = "counterparty: c, covers: {stack: cuda}"

# the agreements, and of the one complaint: field, value as shown, a word of what was expected or the remedy
CASES = {
    "unknown requirement": ([f"id: a, {DEAL}, requires: [b]"], "agreements[0].requires", "b", "unknown agreement"),
    "a circle": (
        [f"id: a, {DEAL}, requires: [b]", f"id: b, {DEAL}, requires: [a]"], "agreements[0].requires",
        "a requires b requires a", "go round",
    ),
    "required and excluded": (
        [f"id: a, {DEAL}, requires: [b], excludes: [b]", f"id: b, {DEAL}"], "agreements[0].requires", "b",
        "never be signed",
    ),
    "two musts of which one may be": (
        [f"id: a, {DEAL}, one_of: g, must: true", f"id: b, {DEAL}, one_of: g, must: true"], "agreements[1].id", "b",
        "exclude one another",
    ),
    "unknown label value": (
        ["id: a, counterparty: c, covers: {stack: neuron}"], "agreements[0].covers.stack", "neuron", "no stack",
    ),
    "no counterparty": (["id: a, covers: {stack: cuda}"], "agreements[0].counterparty", "missing", "add counterparty"),
    "tiers that overlap": (
        [f"id: a, {DEAL}, tiers: [{{from_usd: 5 m, discount: 5 %}}, {{from_usd: 5 m, discount: 8 %}}]"],
        "agreements[0]", "entry a", "begin one above the other",
    ),
    "tiers that decrease": (
        [f"id: a, {DEAL}, tiers: [{{from_usd: 5 m, discount: 9 %}}, {{from_usd: 8 m, discount: 8 %}}]"],
        "agreements[0]", "entry a", "do not fall",
    ),
    "a probability above one": (
        [f"id: a, {DEAL}, receipts: [{{on: 2027-02, usd: 5, probability: 1.2}}]"],
        "agreements[0].receipts[0].probability", "1.2", "at most 1",
    ),
    "a negative probability": (
        [f"id: a, {DEAL}, milestones: [{{quantity: chips, min: 1, usd: 5, probability: -1 %}}]"],
        "agreements[0].milestones[0].probability", "-1 %", "at least 0",
    ),
    "a milestone of nothing": (
        [f"id: a, {DEAL}, milestones: [{{quantity: chips, min: 0, usd: 5}}]"], "agreements[0].milestones[0].min", "0",
        "above 0",
    ),
    "steps without end": (
        [f"id: a, {DEAL}, milestones: [{{quantity: chips, min: 1, usd: 5, steps: 1001}}]"],
        "agreements[0].milestones[0].steps", "1001", "from 1 to 1000",
    ),
    "a milestone in the past": (
        [f"id: a, {DEAL}, milestones: [{{quantity: chips, min: 1, usd: 5, by: 2026-06}}]"],
        "agreements[0].milestones[0].by", "2026-06", "nobody can reach it",
    ),
    "a receipt after its end": (
        [f"id: a, {DEAL}, until: 2027-03, receipts: [{{on: 2027-06, usd: 5}}]"], "agreements[0].receipts[0].on",
        "2027-06", "while it is in force",
    ),
    "a fee before its start": (
        [f"id: a, {DEAL}, from: 2027-01-02, fees: [{{on: 2027-01-01, usd: 5}}]"], "agreements[0].fees[0].on",
        "2027-01-01",
        "while it is in force",
    ),
    "after the horizon": ([f"id: a, {DEAL}, from: 2030"], "agreements[0].from", "2030", "before the horizon ends"),
    "before the horizon": ([f"id: a, {DEAL}, until: 2026"], "agreements[0].until", "2026", "inside the horizon"),
    "for ever": ([f"id: a, {DEAL}, until: 9000"], "agreements[0].until", "9000", "before 2200"),
    "windows shorter than periods": (
        [f"id: a, {DEAL}, every: 3 hours"], "agreements[0].every", "3 hours", "at least a period",
    ),
    "windows of nothing": ([f"id: a, {DEAL}, every: 0 days"], "agreements[0].every", "0 days", "above 0"),
    "windows of words": ([f"id: a, {DEAL}, every: often"], "agreements[0].every", "often", "expected a duration"),
    "a list of commitments": (
        [f"id: a, {DEAL}, commitment: {{usd: [1, 2]}}"], "agreements[0].commitment", "dict", "amounts by date",
    ),
    "no commitment at first": (
        [f"id: a, {DEAL}, commitment: {{usd: {{2027-03: 5}}}}"], "agreements[0].commitment.usd", "a",
        "from the start of the first window",
    ),
    "an exit too late": (
        [f"id: a, {DEAL}, exit: {{from: 2029}}"], "agreements[0].exit.from", "2029", "has yet to begin",
    ),
    "a name taken": ([f"id: a, {DEAL}", f"id: a, {DEAL}"], "agreements[1].id", "a", "ids that differ"),
    "unknown key": ([f"id: a, {DEAL}, rebates: 5 %"], "agreements[0].rebates", "5 %", "rebate"),
}  # fmt: skip


def with_agreements(base: str, agreements: list[str]) -> str:
    """Return the text of the small scenario with some agreements."""
    return base + "agreements:\n" + "".join(f"  - {{{agreement}}}\n" for agreement in agreements)


@pytest.mark.parametrize("name", CASES)
def test_a_bad_agreement_is_named(name, complaints, base):
    """One complaint, with the row of the agreement, the value and what to do."""
    agreements, field, value, words = CASES[name]
    (found,) = complaints(with_agreements(base, agreements))
    assert (found.field, found.row) == (field, 18 + int(field.split("[")[1][0]))
    assert value in found.value
    assert words.lower() in f"{found.expected}. {found.remedy}".lower()


@pytest.mark.parametrize(
    ("agreement", "field", "words"),
    [
        ("id: a, counterparty: c, must: true, covers: {stack: rocm}", "covers", "it must be signed, and no offer has"),
        (f"id: a, {DEAL}, unlocks: [{{stack: rocm}}]", "unlocks[0]", "no offer has these labels"),
        (f"id: a, {DEAL}, extra_supply: [{{offers: {{stack: rocm}}, units: 3}}]", "extra_supply[0].offers", "no offer"),
    ],
)
def test_an_agreement_over_nothing_is_named(agreement, field, words, complaints, base):
    """There is a chip of this stack, and no offer of it."""
    more = "  - {id: other, vendor: amd, family: f, stack: rocm}\nregions:"
    (found,) = complaints(with_agreements(base.replace("regions:", more), [agreement]))
    assert found.field == f"agreements[0].{field}"
    assert words in found.expected


TERMS = {
    "unknown agreement": ("max: 3, if_signed: b", "limits[0].if_signed", "unknown agreement"),
    "a count": ("max_count: 3, per: vendor, if_signed: a", "limits[0]", "amounts and shares"),
    "never in force": ("max: 3, if_signed: a, from: 2027-01-02", "limits[0].if_signed", "may be in force"),
}


@pytest.mark.parametrize("name", TERMS)
def test_a_bad_term_of_an_agreement_is_named(name, complaints, base):
    """A limit belongs to an agreement that there is, at a time when it may be in force."""
    limit, field, words = TERMS[name]
    text = base.replace("id: cap, quantity: spend, where: {vendor: nvidia}, max: 1 bn", f"quantity: units, {limit}")
    (found,) = complaints(with_agreements(text, [f"id: a, {DEAL}, until: 2027-01-02"]))
    assert found.field == field
    assert words in f"{found.expected}. {found.remedy}"


@pytest.mark.parametrize(
    ("agreement", "field", "words"),
    [
        ("rebate: 5 %", "offers[0].supply_total", "rewards spending"),
        ("commitment: {usd: 5}, unlocks: [{stack: cuda}]", "offers[0].supply_total", "unlocks it"),
        ("milestones: [{quantity: power, min: 5 GW, usd: 1 bn}]", "offers[0].kw_per_unit", "a milestone of a"),
    ],
)
def test_agreements_ask_for_the_data_they_need(agreement, field, words, read, base):
    """Rewards without end ask for a supply, milestones for the figures they are made of."""
    with pytest.raises(InvalidData) as caught:
        check(read(with_agreements(base, [f"id: a, {DEAL}, {agreement}"])))
    found = next(complaint for complaint in caught.value.complaints if complaint.field == field)
    assert words in found.expected
