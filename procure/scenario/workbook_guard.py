"""What is looked at before a workbook is read, and the reading of its cells in a limited process."""

import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from procure.scenario.complaint import Complaint, InvalidData

MAX_BYTES: Final = 5_000_000
MAX_ENTRIES: Final = 300
MAX_UNPACKED: Final = 60_000_000
MAX_RATIO: Final = 200
"""Times that a part may grow when it is unpacked: sheets grow twentyfold, bombs a thousandfold."""
_SMALL: Final = 500_000
SECONDS: Final = 20.0
_OLD_OR_LOCKED: Final = b"\xd0\xcf\x11\xe0"


def read_sheets(content: bytes, file: str) -> list[dict[str, Any]]:
    """Return the sheets of a workbook: name, rows (number, cells by column number), merged areas.

    A cell is text, a number or a truth value, a datetime, or a mapping ``{"strange": what}``.

    Raises
    ------
    InvalidData
        When it is no workbook, holds macros or is built to hurt; it is told without the time or memory that it asks.
    """
    _look(content, file)
    command = [sys.executable, "-P", "-m", "procure.scenario.workbook_reader"]
    try:
        done = subprocess.run(  # noqa: S603  # our own module
            command, input=content, capture_output=True, timeout=SECONDS, env=_environment(), check=False
        )
    except subprocess.TimeoutExpired:
        raise fault(file, "too slow", f"takes more than {SECONDS:g} seconds to read", "Make it smaller.") from None
    try:
        found = json.loads(done.stdout, object_hook=_dated)
    except ValueError:
        raise fault(file, "too costly", "takes too much memory or time to read", "Make it smaller.") from None
    if "fault" in found:
        value, expected = found["fault"]
        raise fault(file, value, expected, "Save it anew as an .xlsx workbook, with the scenario's sheets alone.")
    sheets: list[dict[str, Any]] = found["sheets"]
    return sheets


def fault(file: str, value: str, expected: str, remedy: str) -> InvalidData:
    """Return the one complaint about a whole file."""
    return InvalidData([Complaint((), value, expected, remedy, file)])


def _dated(found: dict[str, Any]) -> Any:
    return datetime.fromisoformat(found["date"]) if found.keys() == {"date"} else found


def _environment() -> dict[str, str]:
    """Return an environment in which the child finds this very package."""
    home = str(Path(__file__).resolve().parents[2])
    paths = [home, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"}


def _look(content: bytes, file: str) -> None:
    """Complain of what the list of a zip file's parts tells, before any part is unpacked."""
    if len(content) > MAX_BYTES:
        raise fault(file, f"{len(content):,} bytes", f"expected at most {MAX_BYTES:,} bytes", "Make it smaller.")
    if content.startswith(_OLD_OR_LOCKED):
        remedy = "Save it as an .xlsx workbook without a password."
        raise fault(file, "another format", "expected an .xlsx workbook: this is an older one, or locked", remedy)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, OverflowError):
        remedy = "Save it as an .xlsx workbook; it may have been cut off on its way."
        raise fault(file, f"{len(content):,} bytes", "expected an .xlsx workbook: this is none", remedy) from None
    size = sum(part.file_size for part in parts)
    grown = [p.filename for p in parts if p.file_size > max(_SMALL, MAX_RATIO * p.compress_size)]
    remedy = "Save it anew, with the scenario's sheets alone."
    if len(parts) > MAX_ENTRIES:
        raise fault(file, f"{len(parts):,} parts", f"expected at most {MAX_ENTRIES} parts", remedy)
    if size > MAX_UNPACKED:
        raise fault(file, f"{size:,} bytes unpacked", f"expected at most {MAX_UNPACKED:,}", remedy)
    if grown:
        raise fault(file, ascii(grown[0]), f"expected parts that grow less than {MAX_RATIO}-fold", remedy)
    if any(part.flag_bits & 1 for part in parts):
        raise fault(file, "locked", "expected a workbook without a password", "Take the password off.")
    if any("vbaproject" in part.filename.lower() for part in parts):
        raise fault(file, "macros", "expected a workbook without macros", "Save it as .xlsx, which has none.")
