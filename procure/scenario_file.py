"""Scenarios by name or path: read, completed from the catalogue, checked."""

import os
from pathlib import Path
from typing import Any, Final

from procure.catalogue.resolve import CatalogueUse, resolve
from procure.catalogue.table import Catalogue, read_catalogue, seeds_folder
from procure.scenario.accelerator import Accelerator
from procure.scenario.complaint import Complaint, InvalidData, near, show
from procure.scenario.document import Document, parse_document, read_document
from procure.scenario.scenario import Scenario, build
from procure.scenario.validate import validate
from procure.throughput.estimate import fill
from procure.throughput.table import read_throughput

WORKBOOKS: Final = (".xlsx", ".xlsm", ".xls")
"""Endings of files that are read as workbooks, if only to say that they are none that can be."""


def bundled() -> tuple[str, ...]:
    """Return the names of the bundled scenarios, the default first."""
    names = sorted(path.stem for path in (seeds_folder() / "scenarios").glob("*.yaml"))
    return tuple(sorted(names, key=lambda name: name != "enterprise"))


def load(name_or_path: str | os.PathLike[str], catalogue: Path | None = None) -> Scenario:
    """Return a bundled scenario by its name, or the scenario of a file.

    Parameters
    ----------
    catalogue
        A folder of CSV tables that takes the place of the catalogue the scenario names.

    Raises
    ------
    InvalidData
        With every complaint, each with file and line.
    """
    document = load_data(name_or_path, catalogue)
    try:
        return build(document.data)
    except InvalidData as error:
        raise document.located(error) from None


def load_data(name_or_path: str | os.PathLike[str], catalogue: Path | None = None) -> Document:
    """Return the plain data of a scenario, completed from the catalogue but not yet checked as a whole.

    Parameters
    ----------
    catalogue
        As in `load`.

    Raises
    ------
    InvalidData
        When the file, or what it takes from the catalogue, cannot be used.
    """
    path = find(name_or_path)
    document = _read_workbook(path) if path.suffix.lower() in WORKBOOKS else read_document(path)
    return _completed(document, path.parent, catalogue)


def load_text(text: str, name: str) -> Document:
    """Return the plain data of a scenario given as YAML text under a name, completed from the bundled catalogue.

    What comes from elsewhere than a file of this machine reads none of its files: neither ``include`` nor a
    catalogue's ``folder`` is allowed.

    Raises
    ------
    InvalidData
        When the text, or what it takes from the catalogue, cannot be used.
    """
    document = parse_document(text, name)
    block = document.data.get("catalogue")
    for path, stated in ((("include",), document.data), (("catalogue", "folder"), block)):
        if isinstance(stated, dict) and stated.get(path[-1]) is not None:
            expected = "expected no other files: the text stands alone"
            remedy = "Put what is included into the text." if path == ("include",) else "Use the bundled catalogue."
            wrong = Complaint(path, show(stated[path[-1]]), expected, remedy)
            raise document.located(InvalidData([wrong]))
    return _completed(document, None)


def load_upload(content: bytes, name: str) -> Document:
    """Return the plain data of a scenario given as the bytes of a workbook or of YAML, by the ending of its name.

    Raises
    ------
    InvalidData
        As `load_text` and `read_workbook` do.
    """
    if Path(name).suffix.lower() in WORKBOOKS:
        from procure.scenario.workbook import read_workbook

        return _completed(read_workbook(content, name), None)
    try:
        return load_text(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError:
        wrong = Complaint((), "not UTF-8", "expected UTF-8 text", "Save the file as UTF-8.", name, 1)
        raise InvalidData([wrong]) from None


def _read_workbook(path: Path) -> Document:
    from procure.scenario.workbook import read_workbook
    from procure.scenario.workbook_guard import MAX_BYTES

    try:
        with path.open("rb") as handle:
            content = handle.read(MAX_BYTES + 1)
    except OSError as error:
        wrong = Complaint((), str(error.strerror), "cannot be read", "Check the path.", str(path))
        raise InvalidData([wrong]) from None
    return read_workbook(content, str(path))


def _completed(document: Document, folder: Path | None, catalogue: Path | None = None) -> Document:
    try:
        return _complete(document, folder, catalogue)
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


def _complete(document: Document, folder: Path | None, instead: Path | None) -> Document:
    block = document.data.get("catalogue")
    use = validate(CatalogueUse, block or {}, ("catalogue",))
    works = document.data.get("workloads")
    works = works if isinstance(works, list) else []
    if "catalogue" not in document.data and not any(isinstance(w, dict) and w.get("throughput_profile") for w in works):
        return document
    prices = instead or _inside(folder, use.folder)
    catalogue = read_catalogue(prices)
    completed = resolve(document, use, catalogue) if "catalogue" in document.data else document
    chips = _accelerators(completed)
    known = {**{name: row.noun for name, row in catalogue.accelerators.items()}, **{chip.id: chip for chip in chips}}
    if works:
        table = read_throughput(prices, _ids(catalogue, chips))
        completed = Document({**completed.data, "workloads": fill(works, chips, known, table)}, completed.places)
    return completed


def _inside(folder: Path | None, name: str | None) -> Path | None:
    """Return the catalogue folder, which lies in the folder of the scenario or below."""
    if name is None or folder is None:
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
