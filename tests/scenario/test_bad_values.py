"""Bad values in a scenario file: each is named with file, row, field, value, what was expected and the remedy."""

import pytest

from procure.scenario.document import to_yaml

# what is replaced in the small scenario, by what; row, field, value as shown, a word of what was expected or the remedy
CASES = {
    "negative price": ("hour: 2", "hour: -2", 12, "offers[0].price_usd_per_unit_hour", "-2", "at least 0"),
    "nan": ("hour: 2", "hour: .nan", 12, "offers[0].price_usd_per_unit_hour", "'.nan'", "amount of money"),
    "infinity": ("hour: 2", "hour: .inf", 12, "offers[0].price_usd_per_unit_hour", "'.inf'", "amount of money"),
    "too many zeros": ("hour: 2", "hour: 1e30", 12, "offers[0].price_usd_per_unit_hour", "1e+30", "check the unit"),
    "beyond floats": ("hour: 2", "hour: 1e400", 12, "offers[0].price_usd_per_unit_hour", "inf", "finite"),
    "beyond integers": ("hour: 2", "hour: " + "9" * 400, 12, "offers[0].price_usd_per_unit_hour", "999", "finite"),
    "another currency": (
        "hour: 2", "hour: 2.5 bn EUR", 12, "offers[0].price_usd_per_unit_hour", "'2.5 bn EUR'", "one currency",
    ),
    "another currency of a limit": ("1 bn", "1 bn €", 16, "limits[0].max", "'1 bn €'", "one currency"),
    "another currency of all": ("period: day", "period: day, currency: EUR", 2, "horizon.currency", "'EUR'", "USD"),
    "another unit": ("hour: 2", "hour: 2 MW", 12, "offers[0].price_usd_per_unit_hour", "'2 MW'", "unknown unit 'MW'"),
    "decimal comma": ("hour: 2", "hour: '2,5'", 12, "offers[0].price_usd_per_unit_hour", "'2,5'", "2.5"),
    "truth for a number": ("hour: 2", "hour: true", 12, "offers[0].price_usd_per_unit_hour", "True", "as a number"),
    "yes for a number": ("hour: 2", "hour: yes", 12, "offers[0].price_usd_per_unit_hour", "'yes'", "amount of money"),
    "time for a number": ("hour: 2", "hour: 12:30", 12, "offers[0].price_usd_per_unit_hour", "'12:30'", "unknown unit"),
    "octal": ("hour: 2", "hour: 0o17", 12, "offers[0].price_usd_per_unit_hour", "'0o17'", "unknown unit"),
    "list for a number": ("hour: 2", "hour: [2]", 12, "offers[0].price_usd_per_unit_hour", "list of 1", "money"),
    "nothing": (
        "hour: 2", "hour: 2\n    chips_per_unit:", 13, "offers[0].chips_per_unit", "None", "expected a number",
    ),
    "nothing for a price": ("hour: 2", "hour:", 8, "offers[0]", "entry rented", "expected a price. Absent is not zero"),
    "price left out": (
        "    price_usd_per_unit_hour: 2\n", "", 8, "offers[0]", "entry rented", "add price_usd_per_unit_hour, 0 if",
    ),
    "price of a reservation left out": (
        "on_demand\n    price_usd_per_unit_hour: 2", "reserved\n    term: 1 day\n    upfront_usd_per_unit: 0", 8,
        "offers[0]", "entry rented", "absent is not zero",
    ),
    "more than there is": ("hour: 2", "hour: 1000001 tn", 12, "offers[0].price_usd_per_unit_hour", "tn", "most 1e+18"),
    "discount rate without a percent": (
        "period: day", "period: day, discount_rate_per_year: 8", 2, "horizon.discount_rate_per_year", "8", "at most 1",
    ),
    "discount rate in text without a percent": (
        "period: day", "period: day, discount_rate_per_year: '8'", 2, "horizon.discount_rate_per_year", "'8'",
        "at most 1",
    ),
    "truth as a word": (
        "hour: 2", "hour: 2\n    divisible: perhaps", 13, "offers[0].divisible", "'perhaps'", "expected true or false",
    ),
    "truth for periods": ("periods: 2", "periods: true", 2, "horizon.periods", "True", "whole number"),
    "half a period": ("periods: 2", "periods: 2.5", 2, "horizon.periods", "2.5", "expected a whole number"),
    "no periods": ("periods: 2", "periods: 0", 2, "horizon.periods", "0", "expected a number above 0"),
    "too many periods": ("periods: 2", "periods: 1000000000", 2, "horizon.periods", "1000000000", "10000"),
    "past the calendar": ("2027-01-01", "9999-12-31", 2, "horizon", "dict of 3", "before 2200"),
    "far future": ("period: day", "period: year, discount_rate_per_year: 0", 2, None, None, None),
    "no such month": ("2027-01-01", "2027-13-01", 2, "horizon.start", "'2027-13-01'", "date that exists"),
    "no such week": ("2027-01-01", "2027-W99", 2, "horizon.start", "'2027-W99'", "date that exists"),
    "no date": ("2027-01-01", "tomorrow", 2, "horizon.start", "'tomorrow'", "2027-03-15"),
    "slices of half a day": (
        "period: day", "period: day, slices: [{id: day, share: 0.5}]", 2, "horizon", "dict of 4", "add up to 1",
    ),
    "negative demand": ("demand: 3", "demand: -3", 14, "workloads[0].demand", "-3", "no negative value"),
    "demand for three": ("demand: 3", "demand: [1, 2, 3]", 14, "workloads[0].demand", "list of 3", "2 values"),
    "demand for none": ("demand: 3", "demand: []", 14, "workloads[0].demand", "list of 0", "at least one value"),
    "demand not a number": ("demand: 3", "demand: [1, .nan]", 14, "workloads[0].demand", "list of 2", "a number"),
    "demand from later on": (
        "demand: 3", "demand: {2027-01-02: 1}", 14, "workloads[0].demand", "dict of 1", "from the start of the horizon",
    ),
    "demand that falls below nothing": (
        "demand: 3", "demand: {start: 3, growth_per_year: -200 %}", 14, "workloads[0].demand", "dict of 2",
        "at least -1",
    ),
    "demand that explodes": (
        "demand: 3", "demand: {start: 1e18, growth_per_year: 50}", 14, "workloads[0].demand", "dict of 2",
        "at most 1e+18",
    ),
    "begins after the end": (
        "demand: 3", "demand: 3, from: 2030-01-01", 14, "workloads[0].from", "2030-01-01", "before the horizon ends",
    ),
    "ends before the start": (
        "demand: 3", "demand: 3, until: 2020-01-01", 14, "workloads[0].until", "2020-01-01", "inside the horizon",
    ),
    "ends as it begins": (
        "demand: 3", "demand: 3, from: 2027-01-02, until: 2027-01-02", 14, "workloads[0].until", "2027-01-02",
        "at least one period after from",
    ),
    "limit after the end": (
        "max: 1 bn", "max: 1 bn, from: 2028", 16, "limits[0].from", "2028", "before the horizon ends",
    ),
    "unknown region": ("region: us-east", "region: us-eats", 10, "offers[0].region", "us-eats", "mean us-east?"),
    "unknown chip": (
        "accelerator: chip", "accelerator: chop", 9, "offers[0].accelerator", "chop", "Did you mean chip?",
    ),
    "unknown chip of a workload": (
        "throughput: {chip", "throughput: {chp", 14, "workloads[0].throughput.chp", "chp", "Did you mean chip?",
    ),
    "unknown slice": ("demand: 3", "demand: 3, load: {night: 1}", 14, "workloads[0].load.night", "night", "known: all"),
    "unknown vendor": (
        "vendor: nvidia}, max", "vendor: nvidea}, max", 16, "limits[0].where.vendor", "nvidea", "Did you mean nvidia?",
    ),
    "unknown label": (
        "where: {vendor", "where: {vendr", 16, "limits[0].where", "dict of 1", "Did you mean vendor?",
    ),
    "no selection": ("where: {vendor: nvidia}", "where: [nvidia]", 16, "limits[0].where", "list of 1", "a selection"),
    "number for a selection": ("where: {vendor: nvidia}", "where: 5", 16, "limits[0].where", "5", "a selection"),
    "unknown quantity": ("quantity: spend", "quantity: spent", 16, "limits[0].quantity", "'spent'", "mean spend"),
    "unknown stack": ("stack: cuda", "stack: cudda", 4, "accelerators[0].stack", "'cudda'", "Did you mean cuda?"),
    "two bounds": ("max: 1 bn", "max: 1 bn, min: 1", 16, "limits[0]", "entry cap", "one limit for each"),
    "a level handed on": (
        "quantity: spend, where: {vendor: nvidia}, max: 1 bn", "quantity: units, max: 3, carry_over: 1", 16,
        "limits[0]", "entry cap", "adds up over time, in windows",
    ),
    "a whole handed on": (
        "max: 1 bn", "max: 1 bn, carry_over: 50 %", 16, "limits[0]", "entry cap", "write max and every",
    ),
    "an index of nothing": (
        "max: 1 bn", "max_hhi: 0.4", 16, "limits[0]", "entry cap", "expected per. An index is of the values",
    ),
    "an index at a price": (
        "max: 1 bn", "max_hhi: 0.4, per: vendor, soft: 3", 16, "limits[0]", "entry cap", "expected no soft",
    ),
    "share above all": ("max: 1 bn", "max_share: 120 %", 16, "limits[0].max_share", "'120 %'", "at most 1"),
    "unknown key": (
        "price_usd_per_unit_hour", "price_usd_per_unit_hours", 12, "offers[0].price_usd_per_unit_hours", "2",
        "Did you mean price_usd_per_unit_hour",
    ),
    "unknown key at the top": ("limits:", "limit:", 15, "limit", "list of 1", "Did you mean limits?"),
    "look-alike letter": ("id: us-east", "id: us-e\u0430st", 6, "regions[0].id", "'us-e\u0430st'", "CYRILLIC"),
    "look-alike reference": ("region: us-east", "region: us-e\u0430st", 10, "offers[0].region", "st'", "CYRILLIC"),
    "name of a formula": ("id: chat", "id: =cmd()", 14, "workloads[0].id", "'=cmd()'",
                          "dots and _ / @ + - after a first letter or digit"),
    "name out of the folder": ("id: chat", "id: ../chat", 14, "workloads[0].id", "'../chat'",
                               "dots and _ / @ + - after a first letter or digit"),
    "duplicate id": ("workloads:\n", "workloads:\n  - {id: chat, kind: batch, demand: 3, throughput: {chip: 1}}\n", 15,
                     "workloads[1].id", "chat", "ids that differ"),
    "no workloads": ("  - {id: chat, kind: inference, demand: 3, throughput: {chip: 1}}", "  []", 13, "workloads",
                     "empty", "at least one entry"),
    "workloads left out": ("  - {id: chat, kind: inference, demand: 3, throughput: {chip: 1}}", "", 13, "workloads",
                           "None", "list of entries"),
    "text for a list": ("limits:\n  - {id", "limits: none\nnote:\n  - {id", 15, "limits", "'none'", "list of entries"),
    "text for an entry": ("  - {id: chat,", "  - chat\n  - {id: chat,", 14, "workloads[0]", "'chat'", None),
    "no throughput": (", throughput: {chip: 1}", "", 14, "workloads[0].throughput", "empty", "expected a throughput"),
    "a term of nothing": (
        "contract: on_demand", "contract: reserved", 8, "offers[0]", "entry rented", "expected a term",
    ),
    "a lead of rented units": (
        "contract: on_demand", "contract: spot\n    lead: 3 months", 8, "offers[0]", "entry rented", "expected no lead",
    ),
    "training without work": ("kind: inference", "kind: training", 14, "workloads[0]", "entry chat", "expected work"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_bad_value_is_named(name, complaints, read, base):
    """The complaint names row, field and value, what was expected and what to do; what is fine passes."""
    old, new, row, field, value, words = CASES[name]
    assert base.count(old) >= 1
    text = base.replace(old, new, 1)
    if field is None:
        assert read(text).name == "base"
        return
    found = [complaint for complaint in complaints(text) if complaint.field == field]
    assert found, name
    assert found[0].row == row
    assert value in found[0].value
    assert words is None or words.lower() in f"{found[0].expected}. {found[0].remedy}".lower()


def test_all_faults_of_a_file_are_told_in_one_go(complaints, base):
    """Five faults in five entries make five complaints, in the order of the nouns."""
    text = base
    faults = ("unknown stack", "negative price", "demand not a number", "share above all", "another currency of all")
    for name in faults:
        text = text.replace(*CASES[name][:2], 1)
    rows = [(complaint.row, complaint.field) for complaint in complaints(text)]
    assert rows == [
        (2, "horizon.currency"),
        (4, "accelerators[0].stack"),
        (12, "offers[0].price_usd_per_unit_hour"),
        (14, "workloads[0].demand"),
        (16, "limits[0].max_share"),
    ]


def test_faults_between_entries_are_told_in_one_go(complaints, base):
    """References that lead nowhere and ids that are taken are found together."""
    text = base.replace("region: us-east", "region: us-west").replace("throughput: {chip", "throughput: {chp")
    text += "  - {id: cap, quantity: units, max: 3}\n"
    fields = {complaint.field for complaint in complaints(text)}
    assert fields == {"offers[0].region", "workloads[0].throughput.chp", "limits[1].id"}


def test_references_and_times_are_told_in_one_go_and_selections_after(complaints, base):
    """What leads nowhere and what lies outside the horizon come together; selections are read once these hold."""
    selected = base.replace("vendor: nvidia}, max", "vendor: nvidea}, max")
    text = selected.replace("region: us-east", "region: us-west").replace("demand: 3", "demand: [1, 2, 3], from: 2030")
    fields = {complaint.field for complaint in complaints(text)}
    assert fields == {"offers[0].region", "workloads[0].demand", "workloads[0].from"}
    assert [complaint.field for complaint in complaints(selected)] == ["limits[0].where.vendor"]


def test_a_price_of_nothing_is_stated(read, complaints, base, tmp_path):
    """A missing price is named; an explicit 0, and a reservation paid upfront alone, are read and written back."""
    (found,) = complaints(base.replace("    price_usd_per_unit_hour: 2\n", ""))
    assert (found.field, found.row, found.value) == ("offers[0]", 8, "entry rented")
    assert found.expected == "expected a price"
    assert found.remedy == "Absent is not zero; add price_usd_per_unit_hour, 0 if it is free."
    upfront = base.replace("on_demand", "reserved\n    term: 1 day\n    upfront_usd_per_unit: 5")
    upfront = upfront.replace("    price_usd_per_unit_hour: 2\n", "")
    for text, price in ((base.replace("hour: 2", "hour: 0"), 0), (upfront, None)):
        scenario = read(text)
        assert scenario.offers[0].price_usd_per_unit_hour == price
        assert scenario.offers[0].hourly_usd == 0
        again = read(to_yaml(scenario), "again.yaml")
        assert again == scenario
        assert again.offers[0].price_usd_per_unit_hour == price
        assert again.content_hash == scenario.content_hash


@pytest.mark.parametrize(
    ("quantity", "bound", "words"),
    [
        ("cost", "70 kW", "unknown unit 'kW'"),
        ("cost", "5 %", "unknown unit '%'"),
        ("power", "3 bn", "unknown unit 'bn'"),
        ("power", "{start: 1 bn, end: 2 bn}", "unknown unit 'bn'"),
        ("carbon", "5 %", "unknown unit '%'"),
        ("units", "5 USD", "unknown unit 'USD'"),
    ],
)
@pytest.mark.parametrize("side", ["min", "max"])
def test_a_limit_in_the_unit_of_another_quantity_is_named(complaints, base, side, quantity, bound, words):
    """Money bounds money, power bounds power, and plain numbers the rest."""
    text = base.replace("quantity: spend, where: {vendor: nvidia}, max: 1 bn", f"quantity: {quantity}, {side}: {bound}")
    (found,) = complaints(text)
    assert (found.field, found.row) == (f"limits[0].{side}", 16)
    assert words in found.expected


@pytest.mark.parametrize(
    ("quantity", "bound", "value"),
    [
        ("power", "50 MW", 50),
        ("power", "1.2 GW", 1200),
        ("power", "[70 kW, 3]", [0.07, 3]),
        ("cost", "2.5 bn", 2.5e9),
        ("spend", "$3 m", 3e6),
        ("carbon", "5 k", 5000),
    ],
)
@pytest.mark.parametrize("side", ["min", "max"])
def test_a_limit_is_read_in_the_unit_of_its_quantity(read, base, side, quantity, bound, value):
    """MW for power, USD for money, and thousands of whatever else."""
    text = base.replace("quantity: spend, where: {vendor: nvidia}, max: 1 bn", f"quantity: {quantity}, {side}: {bound}")
    (limit,) = read(text).limits
    assert limit.bound == side
    assert limit.value.data() == pytest.approx(value, rel=1e-15)


def test_a_discount_rate_is_a_share(read, base):
    """``8 %`` is 0.08; all of it is the most."""
    for written, rate in (("8 %", 0.08), ("0.08", 0.08), ("100 %", 1)):
        text = base.replace("period: day", f"period: day, discount_rate_per_year: {written}")
        assert read(text).horizon.discount_rate_per_year == pytest.approx(rate, rel=1e-15)


@pytest.mark.parametrize(
    ("written", "price"),
    [("1_000", 1000), ("'1,200.50'", 1200.5), ("017", 17), ("2.5 k USD", 2500), ("$ 3", 3), ("'1e2'", 100)],
)
def test_what_can_be_read_in_one_way_only_is_read(read, base, written, price):
    """Thousands, units and dollars are understood; a leading zero is no octal."""
    assert read(base.replace("hour: 2", f"hour: {written}")).offers[0].price_usd_per_unit_hour == price


def test_norway_is_a_country(read, base):
    """``NO`` is text: yes and no are not truth values in YAML 1.2."""
    assert read(base.replace("country: US", "country: NO")).regions[0].country == "NO"


def test_norway_under_an_old_directive_is_told_apart(complaints, base):
    """A file that asks for YAML 1.1 turns NO into false, which is refused rather than read."""
    (found,) = complaints("%YAML 1.1\n---\n" + base.replace("country: US", "country: NO"))
    assert (found.field, found.value, found.row) == ("regions[0].country", "False", 8)
