"""Files that a manifest asks for, each written whole or not at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from procure.runs.manifest import Manifest, Outputs
from procure.runs.morning import Morning
from procure.scenario.document import write_bytes


def write_outputs(found: Morning, manifest: Manifest, folder: Path) -> list[Path]:
    """Write what the outputs of a manifest ask for; return what was written.

    A file that cannot be made or written is an event of the batch and does not keep the others from being written.

    Parameters
    ----------
    folder
        The manifest's; the folder of the outputs is made below it.
    """
    target = folder / manifest.outputs.folder
    try:
        if not target.resolve().is_relative_to(folder.resolve()):
            raise OSError("it is not in the folder of the manifest")
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        found.tell("error", f"nothing was written into {target}: {error.strerror or error}")
        return []
    written = []
    for name, make in _wanted(manifest.outputs).items():
        path = target / name
        try:
            write_bytes(path, make(found))
        except Exception as error:  # whatever one file meets, the others are written
            why = (error.strerror if isinstance(error, OSError) else None) or f"{type(error).__name__}: {error}"
            found.tell("error", f"{path} could not be written: {why}")
        else:
            written.append(path)
    return written


def _wanted(outputs: Outputs) -> dict[str, Callable[[Morning], bytes]]:
    asked = {
        "report.html": outputs.report,
        "metrics.csv": "csv" in outputs.metrics,
        "metrics.parquet": "parquet" in outputs.metrics,
        "metrics.prom": outputs.prometheus,
    }
    return {name: _FILES[name] for name, wanted in asked.items() if wanted}


def _report(found: Morning) -> bytes:
    from procure.runs.morning_page import page

    return page(found).encode(errors="replace")


def _csv(found: Morning) -> bytes:
    from procure.runs.metrics_file import csv_bytes

    return csv_bytes(found)


def _parquet(found: Morning) -> bytes:
    from procure.runs.metrics_file import parquet_bytes

    return parquet_bytes(found)


def _prometheus(found: Morning) -> bytes:
    from procure.runs.metrics_file import prometheus_bytes

    return prometheus_bytes(found)


_FILES: Final[dict[str, Callable[[Morning], bytes]]] = {
    "report.html": _report, "metrics.csv": _csv, "metrics.parquet": _parquet, "metrics.prom": _prometheus,
}  # fmt: skip
