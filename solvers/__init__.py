"""A small layer over mixed-integer solvers: arrays in, a checked answer out.

Each solve runs in a child process of its own, so that it can be cancelled, bounded in time and memory, and
crash without harm to the caller.
"""

from solvers.backends import BackendUnavailable, Features, UnknownBackend, backends
from solvers.check import Check, check
from solvers.files import write_model
from solvers.options import Options
from solvers.problem import Problem, ProblemError
from solvers.result import Ending, Progress, Result
from solvers.solve import solve

__all__ = [
    "BackendUnavailable",
    "Check",
    "Ending",
    "Features",
    "Options",
    "Problem",
    "ProblemError",
    "Progress",
    "Result",
    "UnknownBackend",
    "backends",
    "check",
    "solve",
    "write_model",
]
