"""A small layer over mixed-integer solvers: arrays in, a checked answer out.

Each solve runs in a child process, so that it can be cancelled, bounded in time and memory, and crash without harm to
the caller.
"""

from solvers.backends import BackendUnavailable, Features, UnknownBackend, backends
from solvers.check import Check, check
from solvers.cone import Cone
from solvers.conflict import Conflict, find_conflict
from solvers.files import write_model
from solvers.groups import Group
from solvers.marginal import fixed_duals
from solvers.options import Options
from solvers.outer_approximation import solve_with_cones
from solvers.problem import Basis, Problem, ProblemError
from solvers.relaxation import cheapest_relaxation, relaxed
from solvers.result import Ending, Progress, Result
from solvers.session import Session
from solvers.solve import solve

__all__ = [
    "BackendUnavailable",
    "Basis",
    "Check",
    "Cone",
    "Conflict",
    "Ending",
    "Features",
    "Group",
    "Options",
    "Problem",
    "ProblemError",
    "Progress",
    "Result",
    "Session",
    "UnknownBackend",
    "backends",
    "cheapest_relaxation",
    "check",
    "find_conflict",
    "fixed_duals",
    "relaxed",
    "solve",
    "solve_with_cones",
    "write_model",
]
