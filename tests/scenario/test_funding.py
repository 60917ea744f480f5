"""Bad funding in a scenario file: each fault is named with its place, what was expected and the remedy."""

import pytest

from procure.scenario.complaint import InvalidData
from procure.scenario.document import to_yaml

DEBT = "id: a, kind: debt, usd: 5 m"
SHARES = "id: a, kind: equity, usd: 5 m"

# the fields of funding, its tranches, and of the one complaint: field, value as shown, a word of what is expected
CASES = {
    "interest on equity": ("", [f"{SHARES}, interest_per_year: 8 %"], "[0]", "entry a", "no interest_per_year"),
    "equity repaid": ("", [f"{SHARES}, repay: 2027-01-02"], "[0]", "entry a", "it belongs to debt"),
    "dilution of debt": ("", [f"{DEBT}, dilution: 0.3"], "[0]", "entry a", "no dilution"),
    "interest without a percent": ("", [f"{DEBT}, interest_per_year: 8"], "[0].interest_per_year", "8", "at most 1"),
    "a fee above all": ("", [f"{DEBT}, fee: 120 %"], "[0].fee", "'120 %'", "at most 1"),
    "negative dilution": ("", [f"{SHARES}, dilution: -1"], "[0].dilution", "-1", "at least 0"),
    "power for money": ("", ["id: a, kind: debt, usd: 5 MW"], "[0].usd", "'5 MW'", "unknown unit"),
    "no size": ("", ["id: a, kind: debt"], "[0].usd", "missing", "Add usd"),
    "unknown kind": ("", ["id: a, kind: dept, usd: 5"], "[0].kind", "'dept'", "Did you mean debt"),
    "unknown key": ("", [f"{DEBT}, interest: 8 %"], "[0].interest", "'8 %'", "Did you mean interest_per_year"),
    "a name taken": ("", [DEBT, SHARES], "[1].id", "a", "ids that differ"),
    "before the horizon": ("", [f"{DEBT}, until: 2026-01"], "[0].until", "2026-01", "inside the horizon"),
    "after the horizon": ("", [f"{DEBT}, from: 2028"], "[0].from", "2028", "before the horizon ends"),
    "until as it begins": (
        "", [f"{DEBT}, from: 2027-01-02, until: 2027-01-02"], "[0].until", "2027-01-02", "one period after from",
    ),
    "repaid before it may all be drawn": (
        "", [f"{DEBT}, until: 2027-01-03, repay: 2027-01-02"], "[0].repay", "2027-01-02", "from its until, 2027-01-03",
    ),
    "repaid as it is drawn": (
        "", [f"{DEBT}, from: 2027-01-02, repay: 2027-01-02"], "[0].repay", "2027-01-02", "one period after from",
    ),
    "repaid before the horizon": ("", [f"{DEBT}, repay: 2026-12-01"], "[0].repay", "2026-12-01", "horizon starts"),
    "income for three": ("income_usd: [1, 2, 3]", [], "income_usd", "list of 3", "2 values"),
    "a negative floor": ("floor_usd: -3", [], "floor_usd", "-3", "no negative value"),
    "opening in another currency": ("opening_usd: 3 EUR", [], "opening_usd", "'3 EUR'", "convert the amount"),
    "unknown key of funding": ("floor: 3", [], "floor", "3", "Did you mean floor_usd"),
}  # fmt: skip


def with_funding(base: str, fields: str, tranches: list[str]) -> str:
    """Return the text of the small scenario with funding, on one line."""
    listed = f"tranches: [{', '.join(f'{{{tranche}}}' for tranche in tranches)}]"
    return f"{base}funding: {{{', '.join(filter(None, (fields, listed)))}}}\n"


@pytest.mark.parametrize("name", CASES)
def test_bad_funding_is_named(name, complaints, base):
    """One complaint, with the row, the value and what to do."""
    fields, tranches, field, value, words = CASES[name]
    (found,) = complaints(with_funding(base, fields, tranches))
    place = "funding.tranches" if field.startswith("[") else "funding."
    assert (found.field, found.row) == (place + field, 17)
    assert value in found.value
    assert words.lower() in f"{found.expected}. {found.remedy}".lower()


def test_funding_is_read_in_its_units_and_written_back(base, read):
    """Millions and percents; dates after the horizon are no fault: such a debt is owed at its end."""
    loan = "id: loan, kind: debt, usd: 5 m, interest_per_year: 8 %, fee: 1 %, until: 2027-01-02, repay: 2030"
    shares = "id: shares, kind: equity, usd: 2 bn, dilution: 30 %, from: 2026"
    scenario = read(
        with_funding(base, "opening_usd: 3 k, income_usd: {start: 1 m, growth_per_year: 10 %}", [loan, shares])
    )
    funding = scenario.funding
    assert (funding.opening_usd, funding.floor_usd.data()) == (3000, 0)
    assert [tranche.usd for tranche in scenario.tranches] == [5e6, 2e9]
    assert (funding.tranches[0].interest_per_year, funding.tranches[1].dilution) == (0.08, 0.3)
    assert read(to_yaml(scenario), "again.yaml") == scenario


def test_tranches_and_the_floor_are_changed_by_path(base, read):
    """Funding is made where there is none, changed by the ids of its tranches, and taken away."""
    scenario = read(base).with_({"funding.floor_usd": "2 k", "funding.opening_usd": "5 k"})
    assert scenario.funding.floor_usd.data() == 2000
    scenario = scenario.with_({"funding.tranches.loan": {"kind": "debt", "usd": "1 m"}})
    scenario = scenario.with_({"funding.tranches.loan.interest_per_year": "8 %", "funding.floor_usd": [1, 2]})
    assert scenario.tranches[0].data() == {"id": "loan", "kind": "debt", "usd": 1e6, "interest_per_year": 0.08}
    assert scenario.with_(funding=scenario.funding) == scenario
    assert scenario.with_({"funding": None}) == read(base)
    with pytest.raises(InvalidData, match="Did you mean loan"):
        scenario.with_({"funding.tranches.laon.usd": 3})


@pytest.mark.parametrize(
    ("limit", "field", "words"),
    [
        ("quantity: drawn, per: vendor, max: 1", "per", "drawn has no such label"),
        ("quantity: dilution, where: {tranche: laon}, max: 1", "where.tranche", "no tranche of this name"),
        ("quantity: spend, per: tranche, max: 1", "per", "spend has no such label"),
        ("quantity: cost, where: {tranche: loan, vendor: nvidia}, max: 1", "where", "nothing has tranche and vendor"),
        ("quantity: drawn, max: 5 MW", "max", "unknown unit"),
    ],
)
def test_limits_on_tranches_are_by_tranche(limit, field, words, complaints, base):
    """What is drawn has no vendor, and what a vendor is paid no tranche."""
    text = with_funding(base + f"  - {{id: rule, {limit}}}\n", "", ["id: loan, kind: debt, usd: 5"])
    (found,) = complaints(text)
    assert found.field == f"limits[1].{field}"
    assert words in f"{found.expected}. {found.remedy}"
