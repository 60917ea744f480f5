"""Bad data about what is retired, sold and let: each is named with its place, what was expected and the remedy."""

import pytest

from procure.formulation.build import check
from procure.scenario.complaint import InvalidData
from procure.scenario.document import to_yaml

OWNED = "contract: owned\n    term: 4 days\n    upfront_usd_per_unit: 40"
RESERVED = "contract: reserved\n    term: 1 day"
OLD = "id: old, accelerator: chip, region: us-east, chips: 2"

# the contract of the offer, more of it, a fleet; field, value as shown, a word of what was expected or the remedy
CASES = {
    "a rented chip retired": (
        "", "", f"{OLD}, contract: reserved, retire_from: 2027-01-02", "fleet[0]", "entry old",
        "term of a reserved contract is owed, whatever is retired; remove it, or let",
    ),
    "resale of what stays": ("", "", f"{OLD}, resale_usd_per_chip: 3", "fleet[0]", "entry old", "expected retire_from"),
    "retirement of what stays": (
        "", "", f"{OLD}, retirement_usd_per_chip: 3", "fleet[0]", "entry old", "expected retire_from",
    ),
    "retired after the end": (
        "", "", f"{OLD}, retire_from: 2028", "fleet[0].retire_from", "2028", "before the horizon ends",
    ),
    "retired when expired": (
        "", "", f"{OLD}, until: 2027-01-02, retire_from: 2027-01-02", "fleet[0].retire_from", "2027-01-02",
        "before it expires",
    ),
    "resale in another currency": (
        "", "", f"{OLD}, retire_from: 2027, resale_usd_per_chip: 3 EUR", "fleet[0].resale_usd_per_chip", "'3 EUR'",
        "one currency",
    ),
    "negative resale": (
        "", "", f"{OLD}, retire_from: 2027, resale_usd_per_chip: -3", "fleet[0].resale_usd_per_chip", "-3",
        "no negative value",
    ),
    "resale for three": (
        "", "", f"{OLD}, retire_from: 2027, resale_usd_per_chip: [1, 2, 3]", "fleet[0].resale_usd_per_chip",
        "list of 3", "2 values",
    ),
    "negative retirement": (
        "", "", f"{OLD}, retire_from: 2027, retirement_usd_per_chip: -3", "fleet[0].retirement_usd_per_chip", "-3",
        "at least 0",
    ),
    "spot chips let": (
        "", "", f"{OLD}, contract: spot, sublet_usd_per_chip_hour: 1", "fleet[0]", "entry old", "given back when idle",
    ),
    "a share of no letting": (
        "", "", f"{OLD}, sublet_share: 50 %", "fleet[0]", "entry old", "expected sublet_usd_per_chip_hour",
    ),
    "more than all let": (
        "", "", f"{OLD}, sublet_usd_per_chip_hour: 1, sublet_share: 2", "fleet[0].sublet_share", "2", "most 1",
    ),
    "a reservation sold": (
        RESERVED, "resale_share: 50 %", "", "offers[0]", "entry rented", "only owned units can be sold; remove it, or",
    ),
    "sold for nothing": (OWNED, "resale_share: 0", "", "offers[0].resale_share", "0", "above 0"),
    "sold for more than its book value": (OWNED, "resale_share: 1.1", "", "offers[0].resale_share", "1.1", "most 1"),
    "rented units let": (
        "", "sublet_usd_per_unit_hour: 1", "", "offers[0]", "entry rented", "given back when idle",
    ),
    "a share of nothing": (
        RESERVED, "sublet_share: 0.5", "", "offers[0]", "entry rented", "expected sublet_usd_per_unit_hour",
    ),
}  # fmt: skip


def with_life(base: str, contract: str, more: str, fleet: str) -> str:
    """Return the text of the small scenario with another contract, more of the offer, and a fleet."""
    text = base.replace("contract: on_demand", contract) if contract else base
    text = text.replace("_hour: 2\n", f"_hour: 2\n    {more}\n") if more else text
    return text + f"fleet:\n  - {{{fleet}}}\n" if fleet else text


@pytest.mark.parametrize("name", CASES)
def test_a_bad_life_is_named(name, complaints, base):
    """One complaint, with the field, the value and what to do."""
    contract, more, fleet, field, value, words = CASES[name]
    (found,) = complaints(with_life(base, contract, more, fleet))
    assert found.field == field
    assert value in found.value
    assert words.lower() in f"{found.expected}. {found.remedy}".lower()


def test_a_life_is_read_and_written(read, base):
    """All of it, in the forms in which it may be written."""
    fleet = f"{OLD}, retire_from: 2027-01-02, resale_usd_per_chip: {{start: 2 k, end: 1.5 k}}, sublet_share: 25 %, "
    fleet += "retirement_usd_per_chip: 50, sublet_usd_per_chip_hour: 0.4"
    more = "resale_share: 80 %\n    sublet_usd_per_unit_hour: 0.5"
    scenario = read(with_life(base, OWNED, more, fleet))
    assert scenario.fleet[0].resale_usd_per_chip.on(scenario.horizon).tolist() == [2000, 1500]
    assert (scenario.offers[0].resale_share, scenario.fleet[0].sublet_share) == (0.8, 0.25)
    assert read(to_yaml(scenario), "again.yaml") == scenario


# 24 hours a day at 2 USD: a unit of two days in the horizon costs 96. An owned one for 40 loses a quarter a day.
LET = [
    (RESERVED, "sublet_usd_per_unit_hour: 1.9", None),
    (RESERVED, "sublet_usd_per_unit_hour: 2", "costs 48.00 USD and brings 48.00 USD"),
    (RESERVED, "sublet_usd_per_unit_hour: 2.1\n    availability: 0.9", None),
    (RESERVED, "sublet_usd_per_unit_hour: 2.1\n    upfront_usd_per_unit: 5", None),
    (RESERVED, "sublet_usd_per_unit_hour: 1.9\n    price_path: [1, 0.9]",
     "a unit ordered in 2027-01-02 costs 43.20 USD and brings 45.60 USD"),
    (RESERVED, "sublet_usd_per_unit_hour: 1.9\n    price_path: [1, 0.9]\n    order_until: 2027-01-02", None),
    ("contract: capacity_block\n    term: 4 days", "sublet_usd_per_unit_hour: 3.9", None),
    (OWNED, "sublet_usd_per_unit_hour: 2.3", None),  # 40 + 48 - 30 = 58 for a day, 55.2 of it
    (OWNED, "sublet_usd_per_unit_hour: 2.5", "a unit ordered in 2027-01-01 costs 116.00 USD and brings 120.00 USD"),
]  # fmt: skip


@pytest.mark.parametrize(("contract", "more", "text"), LET)
def test_what_is_let_brings_less_than_it_costs(contract, more, text, read, base):
    """Else it would be bought to be let; the price of the order's date counts, and all that a unit costs."""
    base = base.replace("period: day", "period: day, discount_rate_per_year: 0")
    scenario = read(with_life(base, contract, more, ""))
    if text is None:
        check(scenario)
        return
    with pytest.raises(InvalidData) as caught:
        check(scenario)
    (found,) = caught.value.complaints
    assert found.field == "offers[0].sublet_usd_per_unit_hour"
    assert text in found.expected
    assert "at a discount" in found.remedy


@pytest.mark.parametrize("bound", ["max_share: 0.5", "max_count: 1", "max_hhi: 1"])
def test_a_cost_that_may_be_negative_has_no_shares(bound, read, base):
    """Where something can be sold or let, shares, counts and indices are of spend."""
    limit = f"  - {{id: part, quantity: cost, per: vendor, {bound}}}\n"
    text = with_life(base.rstrip() + "\n" + limit, RESERVED, "sublet_usd_per_unit_hour: 1\n    supply_total: 9", "")
    with pytest.raises(InvalidData) as caught:
        check(read(text))
    assert "limits[1].quantity" in {found.field for found in caught.value.complaints}
    check(read(text.replace("quantity: cost", "quantity: spend")))
