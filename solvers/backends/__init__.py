"""The engines: one adapter module each, listed here by name.

An adapter module holds ``FEATURES: Features`` and ``solve(problem, options, report) -> Answer``. It imports
its engine inside ``solve``, which runs in a child process only. ``Options.backend`` takes a name from the
list below or the dotted path of any importable module of this shape: that is how an engine is added from
outside.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from solvers.options import Options
from solvers.problem import Float, Problem
from solvers.result import Claim

_MODULES = {
    "highs": "solvers.backends.highs",
    "cbc": "solvers.backends.cbc",
}


class UnknownBackend(ValueError):  # reads as the sentence it is
    """No backend of that name; the message names the near misses."""


class BackendUnavailable(RuntimeError):  # likewise
    """The backend cannot do what is asked on this machine; the message tells the remedy."""


@dataclass(frozen=True, slots=True)
class Features:
    """What an adapter can do.

    Parameters
    ----------
    package : str
        Python package the engine comes in, to import and to install.
    start_solutions : bool
        Takes ``Options.start``.
    threads : bool
        Takes ``Options.threads`` above 1.
    incumbents : bool
        Hands over improving plans while it runs, so that a plan outlives a killed engine.
    """

    package: str
    start_solutions: bool
    threads: bool
    incumbents: bool


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What an engine hands back; every word of it is checked later.

    ``bound`` is a proved lower limit of the objective, offset included, or ``-inf``.
    """

    claim: Claim
    version: str
    values: Float | None = None
    bound: float = float("-inf")
    nodes: int = 0
    message: str = ""


class Report(Protocol):
    """How an adapter speaks to the world while its engine runs; safe to call from any thread."""

    folder: Path  # empty scratch folder, removed afterwards

    def progress(self, phase: str, incumbent: float | None, bound: float | None, nodes: int) -> None:
        """Tell the objectives of the best plan and bound, offset included."""

    def incumbent(self, values: Float) -> None:
        """Hand over a plan better than the last one; the array is copied."""

    def stop_requested(self) -> bool:
        """Whether the engine should come back now with what it has."""


class Backend(Protocol):
    """An adapter module."""

    FEATURES: Features

    def solve(self, problem: Problem, options: Options, report: Report) -> Answer:
        """Solve in this process; ``options.time_limit_s`` is what is left for the engine."""


def backends() -> dict[str, Features]:
    """Names of the listed backends with their features, whether installed or not."""
    return {name: load(name).FEATURES for name in _MODULES}


def load(name: str) -> Backend:
    """Adapter of a listed name or a dotted module path; no engine is imported.

    Raises
    ------
    UnknownBackend
        When there is no such adapter.
    """
    path = _MODULES.get(name, name if "." in name else None)
    if path is None:
        near = difflib.get_close_matches(name.lower(), _MODULES, n=2, cutoff=0.4)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "none is near it."
        raise UnknownBackend(f"no backend {name!r}; {hint} Known: {', '.join(_MODULES)}")
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        raise UnknownBackend(f"backend {name!r} is not an importable module: {error}") from error
    if not (hasattr(module, "FEATURES") and hasattr(module, "solve")):
        raise UnknownBackend(f"module {path} is no backend: it lacks FEATURES or solve")
    return cast("Backend", module)


def is_installed(features: Features) -> bool:
    """Whether the engine's package is found, without importing it."""
    return importlib.util.find_spec(features.package) is not None


def require(options: Options) -> None:
    """Refuse, before a solve, what the backend cannot do.

    Raises
    ------
    UnknownBackend
        When there is no such backend.
    BackendUnavailable
        When its package is missing or an option is beyond it.
    """
    features = load(options.backend).FEATURES
    name, package = options.backend, features.package
    if not is_installed(features):
        raise BackendUnavailable(f"backend {name!r} needs the package {package}; install it: pip install {package}")
    if options.start is not None and not features.start_solutions:
        raise BackendUnavailable(f"backend {name!r} takes no start solution; leave options.start out")
    if options.threads > 1 and not features.threads:
        raise BackendUnavailable(f"backend {name!r} runs on one thread; got threads={options.threads}, set it to 1")
