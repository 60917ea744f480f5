"""Catalogue tables: good ones become nouns, bad ones say everything that is wrong with them."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procure.catalogue.table import read_catalogue
from procure.scenario.complaint import InvalidData

HEADER = "id,accelerator,region,contract,term,price_usd_per_unit_hour,price_path,source,as_of,currency\n"


def complaints(folder):
    """Return what is wrong with a catalogue."""
    with pytest.raises(InvalidData) as caught:
        read_catalogue(folder)
    return caught.value.complaints


def test_rows_become_nouns_in_the_order_of_the_table(prices):
    """Cells are read with their units and dates; blank cells are absent; each row knows its line."""
    catalogue = read_catalogue(prices())
    assert list(catalogue.offers) == ["fi-alpha", "fi-alpha-1y", "us-beta"]
    assert catalogue.offers["fi-alpha-1y"].noun.term == "12 months"
    assert catalogue.offers["us-beta"].noun.supply_total is None
    assert catalogue.offers["us-beta"].line == 4


def test_a_cell_may_hold_a_series(prices):
    """Steps by date and lists are written in braces and brackets."""
    rows = 'a,alpha,north/fi,on_demand,,5,"{2026: 1, 2027-07-01: 0.9}",list,2026,USD\n'
    rows += 'b,alpha,north/fi,on_demand,,5,"[1, 0.9]",list,2026,\n'
    catalogue = read_catalogue(prices(offers=HEADER + rows))
    assert catalogue.offers["a"].noun.price_path.data() == {"2026": 1.0, "2027-07-01": 0.9}
    assert catalogue.offers["b"].noun.price_path.data() == [1.0, 0.9]


def test_what_a_folder_lacks_is_bundled(tmp_path):
    """A folder with offers alone may refer to the bundled accelerators and regions."""
    offer = "mine,nvidia-h100-sxm,aws/us-east-2,on_demand,,30,,our quote,2026,\n"
    (tmp_path / "offers.csv").write_text(HEADER + offer, encoding="utf-8")
    catalogue = read_catalogue(tmp_path)
    assert list(catalogue.offers) == ["mine"]
    assert "nvidia-h100-sxm" in catalogue.accelerators


@pytest.mark.parametrize(
    ("row", "field", "value", "expected", "remedy"),
    [
        ("a,alpha,north/fi,on_demand,,nan,,s,2026,", "price_usd_per_unit_hour", "nan", "money, such as", "Correct"),
        ("a,alpha,north/fi,on_demand,,1e30,,s,2026,", "price_usd_per_unit_hour", "1e30", "at most 1e+18", "zeros"),
        ("a,alpha,north/fi,on_demand,,-3,,s,2026,", "price_usd_per_unit_hour", "-3", "at least 0", "Correct"),
        ("a,alpha,north/fi,on_demand,,3,,s,2026,EUR", "currency", "EUR", "expected USD", "Convert"),
        ("a,alpha,north/fi,on_demand,,3 eur,,s,2026,", "price_usd_per_unit_hour", "3 eur", "US dollars", "onvert"),
        ("а,alpha,north/fi,on_demand,,3,,s,2026,", "id", "а", "plain ASCII", "CYRILLIC"),
        ("a,alpha,north/fi,reserve,,3,,s,2026,", "contract", "reserve", "'reserved'", ""),
        ("a,alpha,north/fi,reserved,,3,,s,2026,", "", "", "expected a term", "such as 36 months"),
        ("a,alpha,north/fi,on_demand,,3,{2026,s,2026,", "price_path", "{2026", "not a series", "Write one"),
        ("a,alpha,north/fi,on_demand,,3,s,2026", "", "8 fields", "expected 10 fields", "quotes"),
        ("a,alpha,north/fi,on_demand,,3,,s,soon,", "as_of", "soon", "pattern", ""),
        (",alpha,north/fi,on_demand,,3,,s,2026,", "id", "missing", "expected a value", "Add id"),
        ("a,alfa,north/fi,on_demand,,3,,s,2026,", "accelerator", "alfa", "unknown accelerator", "alpha"),
        ("a,alpha,north/se,on_demand,,3,,s,2026,", "region", "north/se", "unknown region", "north/fi"),
        ("b,alpha,north/fi,on_demand,,3,,s,2026,", "id", "b", "expected ids that differ: line 2", "Rename"),
    ],
)
def test_a_bad_row_says_what_where_and_how_to_mend_it(prices, row, field, value, expected, remedy):
    """Each complaint names file, line, field, value, what was expected, and the remedy."""
    good = "b,alpha,north/fi,on_demand,,3,,s,2026,\n"
    (complaint,) = complaints(prices(offers=f"{HEADER}{good}{row}\n"))
    assert complaint.file.endswith("offers.csv")
    assert complaint.row == 3
    assert complaint.field.endswith(field)
    assert value in complaint.value
    assert expected in complaint.expected
    assert remedy in complaint.remedy
    assert complaint.remedy


@pytest.mark.parametrize(
    ("table", "content", "expected", "remedy"),
    [
        ("offers", "id,accelerator,contract\na,alpha,on_demand\n", "expected this column", "Add the column region"),
        ("regions", "id,provider,country,zone,pue2\nnorth/fi,n,FI,eu,1\n", "unknown column", "Did you mean pue?"),
        ("regions", "id,provider,country,zone,zone\nnorth/fi,n,FI,eu,eu\n", "stated twice", "Remove one"),
        ("offers", HEADER, "expected at least one row", "Add rows"),
        ("offers", "", "expected this column", "Add the column id"),
        ("accelerators", b"id,vendor,family,stack\nalph\xff,acme,A,cuda\n", "expected UTF-8", "Save the file as UTF-8"),
        ("accelerators", 'id,vendor,family,stack\n"alpha"x,acme,A,cuda\n', "not valid CSV", "Correct the quotes"),
    ],
)
def test_a_bad_table_says_so(prices, table, content, expected, remedy):
    """Faults of a whole table name the file and the remedy."""
    found = complaints(prices(**{table: content}))
    assert any(expected in c.expected and remedy in c.remedy and c.file.endswith(f"{table}.csv") for c in found)


def test_everything_is_reported_in_one_go(prices):
    """Faults of several rows, fields and tables come together."""
    offers = HEADER + "a,alpha,north/fi,on_demand,,-1,,s,2026,\nb,alpha,north/fi,on_demand,,nan,,s,2026,GBP\n"
    regions = "id,provider,country,zone,pue\nnorth/fi,north,FI,eu,0.5\n"
    found = complaints(prices(offers=offers, regions=regions))
    assert {(c.path[0], c.path[-1], c.row) for c in found} == {
        ("offers", "price_usd_per_unit_hour", 2),
        ("offers", "price_usd_per_unit_hour", 3),
        ("offers", "currency", 3),
        ("regions", "pue", 2),
    }


def test_a_thousand_faults_do_not_flood_the_screen(prices):
    """After two hundred complaints about a table the rest is summed up."""
    rows = "".join(f"a{n},alpha,north/fi,on_demand,,-1,,s,2026,\n" for n in range(1000))
    found = complaints(prices(offers=HEADER + rows))
    assert len(found) == 201
    assert "more than 200" in found[-1].expected


def test_a_folder_without_tables_is_refused(tmp_path):
    """A wrong folder is named rather than replaced by the bundled catalogue."""
    (complaint,) = complaints(tmp_path / "none")
    assert complaint.field == "catalogue.folder"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_crash_the_reader(prices, content):
    """Whatever stands in a table, the answer is a catalogue or complaints, never another error."""
    with contextlib.suppress(InvalidData):
        read_catalogue(prices(offers=HEADER.encode() + content))
