"""Writing a problem to a file that other tools read: free MPS or CPLEX LP."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from solvers.lp import lp_lines
from solvers.mps import mps_lines
from solvers.problem import Problem

_FORMATS = {".mps": mps_lines, ".lp": lp_lines}


def write_model(problem: Problem, path_or_file: str | os.PathLike[str] | TextIO, kind: str | None = None) -> None:
    """Write a problem as text; numbers keep every digit.

    A path is written beside and renamed once it is on disk, so a reader never sees half a file.

    Parameters
    ----------
    path_or_file : path or text file
        Where to write.
    kind : {".mps", ".lp"}, optional
        The format; by default the suffix of the path. A file object needs it.

    Raises
    ------
    ValueError
        When the format is neither given nor told by the suffix.
    OSError
        When the file cannot be written; an existing file is then left as it was.
    """
    is_path = isinstance(path_or_file, str | os.PathLike)
    wanted = kind or (Path(path_or_file).suffix.lower() if is_path else "")  # type: ignore[arg-type]
    if wanted not in _FORMATS:
        raise ValueError(f"model format {wanted!r}; expected one of {sorted(_FORMATS)}, as the suffix or as kind")
    lines = _FORMATS[wanted](problem)
    if isinstance(path_or_file, str | os.PathLike):
        _write_beside(Path(path_or_file), lines)
    else:
        path_or_file.writelines(lines)


def _write_beside(path: Path, lines: Iterable[str]) -> None:
    """Write to a neighbour, bring it to disk, rename."""
    neighbour = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with neighbour.open("x", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        neighbour.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            neighbour.unlink()
        raise
