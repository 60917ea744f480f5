"""The bundled catalogue, tested as code: invariants, with listed exceptions and their reasons."""

import csv

import pytest

from procure.catalogue.table import TABLES, read_catalogue, seeds_folder
from procure.throughput.table import read_throughput

CATALOGUE = read_catalogue()
OFFERS = [row.noun for row in CATALOGUE.offers.values()]
THROUGHPUT = read_throughput(None, CATALOGUE.accelerators)
DEAR_PER_CHIP_HOUR: dict[str, str] = {}
"""Offers above 40 USD per chip-hour, each with its reason; none today."""
CHEAP_PER_CHIP_HOUR: dict[str, str] = {}
"""Offers below 0.05 USD per chip-hour, each with its reason; none today."""


def by_unit(contract):
    """Return the offers of a contract by region and unit: the id without its last part."""
    return {offer.id.rpartition("/")[0]: offer for offer in OFFERS if offer.id.endswith(contract)}


@pytest.mark.parametrize("table", TABLES)
def test_every_row_says_where_its_figures_come_from(table):
    """Source and date are never blank, and what is assumed gives its reason."""
    with (seeds_folder() / "catalogue" / f"{table}.csv").open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            assert row["source"], row
            assert row["as_of"], row
            if row.get("confidence") == "assumed":
                assert row["note"], row


def test_prices_per_chip_hour_are_of_this_world():
    """A price per unit taken for one per chip, or the reverse, is an eightfold error and falls outside this range."""
    for offer in OFFERS:
        price = offer.price_usd_per_unit_hour / offer.chips_per_unit
        assert price <= 40 or offer.id in DEAR_PER_CHIP_HOUR, offer.id
        assert price >= 0.05 or offer.id in CHEAP_PER_CHIP_HOUR, offer.id


@pytest.mark.parametrize(
    ("cheaper", "dearer"),
    [("/spot", "/on_demand"), ("/reserved-1y", "/on_demand"), ("/reserved-3y", "/reserved-1y")],
)
def test_a_longer_or_weaker_promise_costs_less(cheaper, dearer):
    """Of one unit in one region, spot and reserved are below on-demand, and three years below one."""
    less, more = by_unit(cheaper), by_unit(dearer)
    both = less.keys() & more.keys()
    assert both
    for unit in both:
        assert less[unit].price_usd_per_unit_hour < more[unit].price_usd_per_unit_hour, unit


def test_power_per_chip_is_of_this_world():
    """A chip with its share of the host draws 50 W to 3 kW."""
    for offer in OFFERS:
        assert offer.kw_per_unit is not None, offer.id
        assert 0.05 <= offer.kw_per_unit / offer.chips_per_unit <= 3, offer.id


def test_offers_are_complete_for_a_plan():
    """Supply is bounded, reserved and owned units have a lead, owned units a price, a life and a salvage value."""
    for offer in OFFERS:
        assert offer.supply_total, offer.id
        if offer.contract in ("reserved", "owned"):
            assert offer.lead != "0 days", offer.id
        if offer.contract == "owned":
            per_chip = offer.upfront_usd_per_unit / offer.chips_per_unit
            assert 20_000 <= per_chip <= 120_000, offer.id
            assert offer.salvage_share, offer.id


def test_custom_silicon_is_sold_by_its_maker_alone():
    """Trainium and Inferentia stand at AWS, TPUs at Google Cloud, owned units of neither."""
    for offer in OFFERS:
        vendor = CATALOGUE.accelerators[offer.accelerator].noun.vendor
        provider = CATALOGUE.regions[offer.region].noun.provider
        if vendor in ("aws", "google"):
            assert provider == {"aws": "aws", "google": "gcp"}[vendor], offer.id


def test_every_region_can_be_limited():
    """Each region has the figures that power and carbon limits need, and owned sites the price of electricity."""
    for row in CATALOGUE.regions.values():
        region = row.noun
        assert region.pue is not None, region.id
        assert 1.05 <= region.pue <= 1.4, region.id
        assert region.carbon_g_per_kwh, region.id
        if region.provider == "own":
            assert region.electricity_usd_per_kwh, region.id


def test_every_accelerator_offered_has_an_estimate_behind_it():
    """A chip that can be ordered has the memory bandwidth or a peak, so that some profile reaches it."""
    for name in {offer.accelerator for offer in OFFERS}:
        chip = CATALOGUE.accelerators[name].noun
        measured = any(name in rows for rows in THROUGHPUT.measured.values())
        assert chip.bf16_tflops or chip.bandwidth_gb_s or measured, name


def test_every_profile_was_measured_and_newer_chips_are_faster():
    """Each profile has a result; where both have one, a B200 does more than an H100."""
    for profile, rows in THROUGHPUT.measured.items():
        assert rows, profile
        if {"nvidia-b200-sxm", "nvidia-h100-sxm"} <= rows.keys():
            assert rows["nvidia-b200-sxm"].value > rows["nvidia-h100-sxm"].value, profile


def test_enough_to_choose_from():
    """The catalogue carries the offers that the largest bundled scenario chooses from."""
    assert len(OFFERS) >= 330
    assert {"aws", "azure", "gcp", "oci", "coreweave", "lambda", "nebius", "own"} <= {
        row.noun.provider for row in CATALOGUE.regions.values()
    }
