"""The `catalogue:` block of a scenario: choosing offers, overriding them, and being told of slips."""

import pytest

from procure.scenario.complaint import InvalidData
from procure.scenario_file import bundled, find, load, load_data, schema


def complaints(path):
    """Return what is wrong with a scenario file."""
    with pytest.raises(InvalidData) as caught:
        load(path)
    return caught.value.complaints


def test_chosen_offers_bring_what_they_need(scenario_file):
    """Offers come in catalogue order, with their accelerators and regions and no others."""
    path = scenario_file("  offers: [{contract: reserved}, {zone: eu, vendor: acme}]\n")
    scenario = load(path)
    assert [offer.id for offer in scenario.offers] == ["fi-alpha", "fi-alpha-1y"]
    assert [chip.id for chip in scenario.accelerators] == ["alpha"]
    assert [region.id for region in scenario.regions] == ["north/fi"]


def test_patterns_choose_by_name(scenario_file):
    """A star in a value matches any text."""
    assert [offer.id for offer in load(scenario_file('  offers: [{offer: "*-1y"}]\n')).offers] == ["fi-alpha-1y"]


def test_overrides_set_and_multiply_in_order(scenario_file):
    """A later override starts from what an earlier one left; offers outside its selection stay as they are."""
    path = scenario_file(
        "  offers: [{}]\n"
        "  overrides:\n"
        "    - {where: {provider: north}, set: {price_usd_per_unit_hour: 20, status: negotiated}}\n"
        "    - where: {status: negotiated, contract: reserved}\n"
        "      set: {lead: 60 days, price_path: {start: 1, growth_per_year: -10 %}}\n"
        "      multiply: {price_usd_per_unit_hour: 0.5, supply_total: 2, price_path: 3}\n"
    )
    offers = {offer.id: offer for offer in load(path).offers}
    assert offers["fi-alpha"].price_usd_per_unit_hour == 20
    assert offers["fi-alpha-1y"].price_usd_per_unit_hour == 10
    assert offers["fi-alpha-1y"].supply_total == 40
    assert offers["fi-alpha-1y"].lead == "60 days"
    assert offers["fi-alpha-1y"].price_path.data() == {"start": 3.0, "growth_per_year": -0.1}
    assert offers["us-beta"].price_usd_per_unit_hour == 6


def test_multiply_leaves_what_is_absent(scenario_file):
    """An offer without a value keeps none, as long as another has one."""
    path = scenario_file("  offers: [{}]\n  overrides: [{multiply: {supply_total: 0.5}}]\n")
    assert [offer.supply_total for offer in load(path).offers] == [5, 10, None]


def test_own_entries_win_and_new_ones_are_added(scenario_file, tmp_path):
    """An entry of the scenario replaces that of the catalogue with the same id; others join it."""
    path = scenario_file()
    own = """
regions:
  - {id: north/fi, provider: north, country: FI, zone: nordic}
offers:
  - {id: fi-alpha, accelerator: alpha, region: north/fi, contract: on_demand, price_usd_per_unit_hour: 1}
  - {id: mine, accelerator: beta, region: south/us, contract: spot, price_usd_per_unit_hour: 2}
"""
    path.write_text(path.read_text() + own)
    scenario = load(path)
    assert [offer.id for offer in scenario.offers] == ["fi-alpha-1y", "us-beta", "fi-alpha", "mine"]
    assert scenario.offers[2].price_usd_per_unit_hour == 1
    assert {region.id: region.zone for region in scenario.regions} == {"south/us": "us", "north/fi": "nordic"}


@pytest.mark.parametrize(
    ("block", "field", "expected", "remedy"),
    [
        ("  offers: [{vendor: acmee}]\n", "catalogue.offers[0].vendor", "no vendor of this name", "acme"),
        ("  offers: [{vendro: acme}]\n", "catalogue.offers[0]", "unknown label", "vendor"),
        ("  offers: [{kind: training}]\n", "catalogue.offers[0].kind", "a label of offers", "known"),
        ("  offers: [{vendor: acme, zone: us}]\n", "catalogue.offers[0]", "fits no offer", "Loosen"),
        ("  offer: [{}]\n", "catalogue.offer", "unknown key", "offers"),
        ("  offers: [{}]\n  overrides: [{where: {zone: uk}, set: {lead: 1 month}}]\n",
         "catalogue.overrides[0].where.zone", "the chosen offers", "eu"),
        ("  offers: [{}]\n  overrides: [{set: {prize: 1}}]\n",
         "catalogue.overrides[0].set.prize", "field of offers", "known"),
        ("  offers: [{}]\n  overrides: [{multiply: {lead: 2}}]\n",
         "catalogue.overrides[0].multiply.lead", "can be multiplied", "known"),
        ("  offers: [{}]\n  overrides: [{set: {region: south/us}}]\n",
         "catalogue.overrides[0].set.region", "can be set", "known"),
        ("  offers: [{}]\n  overrides: [{where: {vendor: bolt}, multiply: {supply_total: 2}}]\n",
         "catalogue.overrides[0].multiply.supply_total", "none of these offers has a value", "set:"),
        ("  offers: [{}]\n  overrides: [{set: {lead: 1 month}}]\n",
         "catalogue.overrides[0].set", "expected no lead", "remove it"),
        ("  offers: [{}]\n  overrides: [{set: {price_usd_per_unit_hour: -1}}]\n",
         "catalogue.overrides[0].set.price_usd_per_unit_hour", "at least 0", "Correct"),
        ("  offers: [{}]\n  overrides: [{where: {vendor: acme}}]\n",
         "catalogue.overrides[0]", "set or multiply", "Say"),
    ],
)  # fmt: skip
def test_a_slip_in_the_block_is_explained_where_it_stands(scenario_file, block, field, expected, remedy):
    """Each complaint names the scenario file, a line of the block, the field, and the near misses or remedy."""
    path = scenario_file(block)
    (complaint,) = complaints(path)
    assert complaint.field == field
    assert expected in complaint.expected
    assert remedy in complaint.remedy
    assert complaint.file == str(path)
    assert complaint.row >= 3


def test_all_slips_of_the_block_come_together(scenario_file):
    """Two wrong selections make two complaints."""
    assert len(complaints(scenario_file("  offers: [{vendor: x}, {zone: y}]\n"))) == 2


def test_an_offer_that_does_not_fit_the_scenario_is_traced_to_its_row(scenario_file, prices):
    """A complaint about a catalogue row found later still names the table and the line."""
    path = scenario_file()
    text = (path.parent / "prices/offers.csv").read_text()
    (path.parent / "prices/offers.csv").write_text(
        text.replace("supply_total", "price_path").replace(",10,list", ',"[1, 2]",list').replace(",20,list", ",,list")
    )
    (complaint,) = complaints(path)
    assert complaint.field == "offers[0].price_path"
    assert complaint.file.endswith("offers.csv")
    assert complaint.row == 2


def test_the_catalogue_stays_in_the_folder_of_the_scenario(scenario_file):
    """A folder elsewhere is refused."""
    path = scenario_file("  offers: [{}]\n")
    path.write_text(path.read_text().replace("folder: prices", "folder: ../.."))
    assert "in the folder of the scenario" in complaints(path)[0].expected


def test_an_unknown_scenario_names_the_near_misses():
    """A slip in a bundled name is corrected; a path that is not there is said to be unreadable."""
    assert "enterprise" in complaints("enterprize")[0].remedy
    assert "cannot be read" in complaints("nowhere/plan.yaml")[0].expected


def test_the_schema_knows_what_only_a_file_has():
    """Editors are told of include and catalogue, of every part, and that the catalogue may bring the offers."""
    described = schema()
    assert {"include", "catalogue", "workloads", "limits"} <= set(described["properties"])
    assert set(described["properties"]["catalogue"]["properties"]) == {"folder", "offers", "overrides"}
    assert set(described["$defs"]["Override"]["properties"]) == {"where", "set", "multiply"}
    assert all("offers" not in choice["required"] for choice in described["anyOf"])


def test_plain_data_can_be_had_before_the_check():
    """The data of a scenario file is plain and complete, so that a value may be changed before it is built."""
    document = load_data(bundled()[0])
    assert "catalogue" not in document.data
    assert document.place(("workloads", 0, "demand"))[0] == str(find(bundled()[0]))
