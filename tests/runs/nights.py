"""Small batches for tests."""

import shutil
import textwrap
from pathlib import Path

from ruamel.yaml import YAML

from procure.runs.manifest import read_manifest

KNAPSACK = Path(__file__).parents[1] / "instances" / "knapsack.yaml"


def night(folder: Path, text: str, **scenarios: dict):
    """Return the manifest of a text, and its folder, with the knapsack and other scenarios beside it."""
    place = folder / "night"
    place.mkdir(exist_ok=True)
    shutil.copy(KNAPSACK, place / "knapsack.yaml")
    for name, data in scenarios.items():
        with (place / f"{name}.yaml").open("w") as file:
            YAML(typ="safe").dump(data, file)
    (place / "night.yaml").write_text(textwrap.dedent(text))
    return read_manifest(place / "night.yaml"), place


SMALL = """
name: small
scenarios: [knapsack.yaml]
sweeps: [{set: {limits.budget.max: [5, 6, 7, 9, 10], limits.power.max: [6, 7.5]}}]
"""
"""Eleven units that are solved at once."""

LONG = """
name: long
scenarios: [endless.yaml]
as_they_are: false
sweeps: [{scale: {"workloads.*.demand": [0.9, 1.05, 1.1]}}]
solver: {gap: 0, time_limit_s: %s}
"""
"""Three units with a plan within a second and no proof."""
