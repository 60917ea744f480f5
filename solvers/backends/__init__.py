"""The engines: one adapter module each, listed here by name.

An adapter module holds ``FEATURES: Features`` and ``solve(problem, options, report) -> Answer``, and where it cannot
take every problem ``refusal(problem) -> str | None``. It imports its engine inside ``solve``, which runs in a child
process only. ``Options.backend`` takes a name from the
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
from solvers.problem import Basis, Float, Problem
from solvers.result import Claim

_NAMES = (
    *("highs", "scip", "cbc", "cp_sat", "glop", "pdlp"),  # free, and installed with this package
    *("gurobi", "cplex", "xpress", "copt", "mosek", "cuopt"),  # taken where they are installed
)
_MODULES = {name: f"solvers.backends.{name}" for name in _NAMES}


class UnknownBackend(ValueError):  # reads as the sentence it is
    """No backend of that name; the message names the near misses."""


class BackendUnavailable(RuntimeError):  # likewise
    """The backend cannot do what is asked on this machine; the message tells the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What an adapter can do.

    Parameters
    ----------
    package : str
        Python package the engine comes in, as it is imported.
    family : str
        Engines of one family may share a process; those of two fail together in one.
    integers : bool
        Takes integer columns; without, linear programs only.
    start_solutions : bool
        Takes ``Options.start``.
    threads : bool
        Takes ``Options.threads`` above 1.
    incumbents : bool
        Hands over improving plans while it runs, so that a plan outlives a killed engine.
    cancel : bool
        Comes back by itself, with its best plan, when asked to stop; without, it is killed after the grace.
    bounds : bool
        Tells proved bounds while it runs.
    duals, basis : bool
        Hands back the duals and the basis of a linear program.
    install : str
        What pip is asked for, where that is not the package's own name.
    """

    package: str
    family: str
    integers: bool
    start_solutions: bool
    threads: bool
    incumbents: bool
    cancel: bool
    bounds: bool
    duals: bool = False
    basis: bool = False
    install: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What an engine hands back; every word of it is checked later.

    ``bound`` is a proved lower limit of the objective, offset included, or ``-inf``. ``row_duals``, float64[m], come
    from linear programs only; ``basis`` is that of the relaxation.
    """

    claim: Claim
    version: str
    values: Float | None = None
    bound: float = float("-inf")
    nodes: int = 0
    message: str = ""
    row_duals: Float | None = None
    basis: Basis | None = None


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


def remedy(features: Features) -> str:
    """Return what installs the engine's package."""
    return f"pip install {features.install or features.package}"


def require(options: Options, problem: Problem | None = None) -> None:
    """Refuse, before a solve, what the backend cannot do.

    Raises
    ------
    UnknownBackend
        When there is no such backend.
    BackendUnavailable
        When its package is missing, or an option or the problem is beyond it.
    """
    backend = load(options.backend)
    name, features, package = options.backend, backend.FEATURES, backend.FEATURES.package
    if not is_installed(features):
        raise BackendUnavailable(f"backend {name!r} needs the package {package}; install it: {remedy(features)}")
    if options.start is not None and not features.start_solutions:
        raise BackendUnavailable(f"backend {name!r} takes no start solution; leave options.start out")
    if options.threads > 1 and not features.threads:
        raise BackendUnavailable(f"backend {name!r} runs on one thread; got threads={options.threads}, set it to 1")
    if problem is not None and problem.is_mip and not features.integers:
        first, more = problem.column_name(int(problem.integer.argmax())), int(problem.integer.sum()) - 1
        others = ", ".join(each for each, its in backends().items() if its.integers and is_installed(its))
        raise BackendUnavailable(
            f"backend {name!r} solves linear programs only, but column {first} and {more} more are whole: take {others}"
        )
    if problem is not None and (words := getattr(backend, "refusal", lambda _problem: None)(problem)):
        raise BackendUnavailable(f"backend {name!r} cannot take this problem: {words}")
