"""A problem on disk: its arrays for our own layer, the MPS file for the engines by themselves."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np

from solvers import Problem, write_model

ARRAYS: Final = "arrays.npz"
MODEL: Final = "model.mps"
_NAMES: Final = ("column_names", "row_names")


def save(problem: Problem, folder: Path) -> None:
    """Write a problem in both forms; the MPS has short names, which spare the engines time and memory."""
    np.savez(folder / ARRAYS, **_arrays(problem))
    write_model(dataclasses.replace(problem, column_names=None, row_names=None), folder / MODEL)


def load(folder: Path) -> Problem:
    """Return the problem of a folder, without the readable names."""
    with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
        return Problem(**{name: float(arrays[name]) if name == "offset" else arrays[name] for name in arrays.files})


def problem_hash(problem: Problem) -> str:
    """Return 12 hexadecimal digits of the SHA-256 of all arrays: equal problems, equal hash."""
    digest = hashlib.sha256()
    for name, array in sorted(_arrays(problem).items()):
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:12]


def _arrays(problem: Problem) -> dict[str, Any]:
    fields = (field.name for field in dataclasses.fields(problem))
    known = {name: getattr(problem, name) for name in fields if name not in _NAMES}
    return {name: np.asarray(value) for name, value in known.items() if value is not None}
