"""What ``auto`` stands for: strategy and engine by features of the problem.

The rule, first match wins:

=============================================================  ===================  ==========
problem                                                        strategy             engine
=============================================================  ===================  ==========
no integers                                                    direct               HiGHS
structure, and `many` counts that are `large`                  structure_first      as below
small, two threads or more                                     race                 HiGHS, SCIP
anything else                                                  direct               as below
=============================================================  ===================  ==========

Small is up to `SMALL_NONZEROS` nonzeros; many and large counts: see `solvers.counts`. Engine: SCIP for what is small,
HiGHS beyond (measured: SCIP proves small problems sooner, HiGHS solves large relaxations by interior points). One
asked for by name is kept; structure first is then taken with HiGHS only, whose core it searches. The relaxation
of more than `LARGE_NONZEROS` nonzeros goes to interior points, a smaller one to the simplex, see the HiGHS adapter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from solvers.backends import is_installed, load
from solvers.counts import large, many
from solvers.options import Options
from solvers.problem import Problem
from solvers.result import Result
from solvers.session import Session
from solvers.strategies.direct import direct
from solvers.strategies.race import race
from solvers.strategies.structure_first import structure_first
from solvers.strategies.together import Cancels, Watch

SMALL_NONZEROS = 60_000
Strategy = Callable[[Problem, Options, Watch, Cancels, Session | None], Result]
_STRATEGIES: dict[str, Strategy] = {"direct": direct, "structure_first": structure_first, "race": race}


def chosen(problem: Problem, options: Options) -> tuple[Strategy, Options]:
    """Return the strategy, and the options with an engine's name in place of ``auto``."""
    small = problem.is_mip and problem.nonzero_count <= SMALL_NONZEROS and is_installed(load("scip").FEATURES)
    free = options.backend == "auto"
    backend = ("scip" if small else "highs") if free else options.backend
    strategy = options.strategy
    if strategy == "auto":
        staged = many(problem) and large(problem) and (free or backend == "highs")
        raced = free and small and options.threads > 1
        strategy = "structure_first" if staged else "race" if raced else "direct"
    if strategy == "structure_first" and problem.stage is None:
        strategy = "direct"
    if options.threads > 1 and free and not load(backend).FEATURES.threads:
        backend = "highs"
    return _STRATEGIES[strategy], replace(options, backend=backend)
