"""Scenarios by name or path: read, completed from the catalogue, checked."""

import os
from pathlib import Path
from typing import Any

from procure.catalogue.resolve import CatalogueUse, resolve
from procure.catalogue.table import Catalogue, read_catalogue, seeds_folder
from procure.scenario.accelerator import Accelerator
from procure.scenario.complaint import Complaint, InvalidData, near
from procure.scenario.document import Document, read_document
from procure.scenario.scenario import Scenario, build
from procure.scenario.validate import validate
from procure.throughput.estimate import fill
from procure.throughput.table import read_throughput


def bundled() -> tuple[str, ...]:
    """Return the names of the bundled scenarios, the default first."""
    names = sorted(path.stem for path in (seeds_folder() / "scenarios").glob("*.yaml"))
    return tuple(sorted(names, key=lambda name: name != "enterprise"))


def load(name_or_path: str | os.PathLike[str]) -> Scenario:
    """Return a bundled scenario by its name, or the scenario of a file.

    Raises
    ------
    InvalidData
        With every complaint, each with file and line.
    """
    document = load_data(name_or_path)
    try:
        return build(document.data)
    except InvalidData as error:
        raise document.located(error) from None


def load_data(name_or_path: str | os.PathLike[str]) -> Document:
    """Return the plain data of a scenario, completed from the catalogue but not yet checked as a whole.

    Raises
    ------
    InvalidData
        When the file, or what it takes from the catalogue, cannot be used.
    """
    path = find(name_or_path)
    document = read_document(path)
    try:
        return _complete(document, path.parent)
    except InvalidData as error:
        raise document.located(error) from None


def find(name_or_path: str | os.PathLike[str]) -> Path:
    """Return the file of a bundled scenario, or the path itself."""
    name = os.fspath(name_or_path)
    if name in bundled():
        return seeds_folder() / "scenarios" / f"{name}.yaml"
    path = Path(name)
    if path.suffix or path.exists() or len(path.parts) > 1:
        return path
    remedy = near(name, bundled(), "Give a bundled scenario or the path of a file")
    raise InvalidData([Complaint((), name, "no scenario of this name", remedy, name)])


def _complete(document: Document, folder: Path) -> Document:
    block = document.data.get("catalogue")
    use = validate(CatalogueUse, block or {}, ("catalogue",))
    works = document.data.get("workloads")
    works = works if isinstance(works, list) else []
    if "catalogue" not in document.data and not any(isinstance(w, dict) and w.get("throughput_profile") for w in works):
        return document
    prices = _inside(folder, use.folder)
    catalogue = read_catalogue(prices)
    completed = resolve(document, use, catalogue) if "catalogue" in document.data else document
    chips = _accelerators(completed)
    known = {**{name: row.noun for name, row in catalogue.accelerators.items()}, **{chip.id: chip for chip in chips}}
    if works:
        table = read_throughput(prices, _ids(catalogue, chips))
        completed = Document({**completed.data, "workloads": fill(works, chips, known, table)}, completed.places)
    return completed


def _inside(folder: Path, name: str | None) -> Path | None:
    """Return the catalogue folder, which lies in the folder of the scenario or below."""
    if name is None:
        return None
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        expected = "expected a folder in the folder of the scenario"
        raise InvalidData([Complaint(("catalogue", "folder"), name, expected, "Move it there.")])
    return path


def _accelerators(document: Document) -> list[Accelerator]:
    entries = document.data.get("accelerators")
    if not isinstance(entries, list):
        return []
    return [validate(Accelerator, entry, ("accelerators", number)) for number, entry in enumerate(entries)]


def _ids(catalogue: Catalogue, chips: list[Accelerator]) -> set[str]:
    return {*catalogue.accelerators, *(chip.id for chip in chips)}


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file, for editors."""
    scenario = Scenario.model_json_schema(by_alias=True)
    use = CatalogueUse.model_json_schema(by_alias=True)
    definitions = {**scenario.pop("$defs", {}), **use.pop("$defs", {})}
    text = {"type": "string"}
    include = {"anyOf": [text, {"type": "array", "items": text}], "description": "Files in this folder or below"}
    del scenario["required"]  # what an include or the catalogue brings need not be in this file
    scenario["properties"].update(include=include, catalogue=use)
    scenario["anyOf"] = [{"required": ["include"]}, {"required": ["name", "horizon", "workloads"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **scenario, "$defs": definitions}
