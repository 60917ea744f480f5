"""A smallest set of row groups that cannot hold together, for problems with integers too."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from enum import StrEnum

from numpy.typing import ArrayLike

from solvers.groups import BACKGROUND, Group, Grouped, grouped
from solvers.options import Options
from solvers.problem import Float, Problem
from solvers.relaxation import Elastic, Relaxation, Solve, relaxation_of
from solvers.result import Ending, Progress, Result
from solvers.solve import solve as solve_in_child

SHORTEST_S = 1.0
"""Time that a single solve gets at least, while there is any."""
RELAXATION_SHARE = 0.4
"""Share of the time that the cheapest relaxation may take: its plan also spares many a test."""
ELASTIC_GAP = 0.2
"""Gap of an elastic solve that only has to point at suspects."""


class Outcome(StrEnum):
    """What was found out."""

    CONFLICT = "conflict"  # the groups named cannot hold together
    FEASIBLE = "feasible"  # there is a plan that satisfies everything
    BACKGROUND = "background"  # what is in no group has no plan already
    UNDECIDED = "undecided"  # the time, or the engine, did not suffice for a plan or a proof that there is none


@dataclass(frozen=True, slots=True, eq=False)
class Conflict:
    """The answer to a search for a conflict.

    Parameters
    ----------
    outcome : Outcome
        What was found out.
    groups : tuple of str
        The smallest set found that cannot hold together with the background, in the order given; empty unless the
        outcome is a conflict.
    unproven : tuple of str
        Those of ``groups`` that may not be needed: the test without them came to no end in time.
    relaxation : Relaxation
        The cheapest stretching of limits found that lets everything else hold.
    solves : int
        Solves used.
    seconds : float
        Wall time used.
    trouble : str
        What a failed solve said last; empty where none failed.
    """

    outcome: Outcome
    groups: tuple[str, ...]
    unproven: tuple[str, ...]
    relaxation: Relaxation
    solves: int
    seconds: float
    trouble: str

    @property
    def minimal(self) -> bool:
        """Whether it is proven that each of the groups is needed: without any one of them there is a plan."""
        return self.outcome is Outcome.CONFLICT and not self.unproven

    def __str__(self) -> str:
        """Tell the outcome in a sentence."""
        if self.outcome is not Outcome.CONFLICT:
            return "; ".join(filter(None, [_SENTENCES[self.outcome], self.trouble]))
        named, alone = ", ".join(self.groups), len(self.groups) == 1
        told = f"{named} cannot hold" if alone else f"{named} cannot hold together"
        if self.minimal:
            return f"{told}; without {'it' if alone else 'any one of them'} there is a plan"
        verb = "is" if len(self.unproven) == 1 else "are"
        return f"{told}; it is not proven that {', '.join(self.unproven)} {verb} needed"


_SENTENCES = {
    Outcome.FEASIBLE: "everything can hold together",
    Outcome.BACKGROUND: "there is no plan even with all groups left out",
    Outcome.UNDECIDED: "neither a plan nor a conflict was found",
}


def find_conflict(
    problem: Problem,
    groups: Mapping[str, Group | ArrayLike],
    options: Options,
    weights: Mapping[str, float] | None = None,
    time_limit_s: float = 60.0,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    *,
    solve: Solve = solve_in_child,
) -> Conflict:
    """Find groups that cannot hold together, as few as the time allows, and the cheapest way out.

    A conflict of the relaxation without integrality is looked for first, since it is cheap and a conflict of the
    whole. An elastic filter (solve with slacks, forbid the slacks that were used, repeat until that has no plan) leaves
    a handful of suspects, halving leaves a minimal set of them, and in the end each member is left out once. Every plan
    met on the way answers all later tests of sets that it satisfies.

    Parameters
    ----------
    groups : mapping
        Name to `Group`, or to an array of row numbers; whatever is in no group is background and always holds.
    options : Options
        Engine, threads, seed; ``gap`` is that of the relaxation, ``time_limit_s`` and ``start`` are not used.
    weights : mapping, optional
        Weight of each group in the relaxation, see `cheapest_relaxation`.
    time_limit_s : float
        Wall seconds for everything.
    progress : callable, optional
        Called before each solve with what is being tested.
    cancel : threading.Event, optional
        Set it to stop with what is known; Ctrl-C during a solve does the same.
    solve : callable, optional
        What solves; of the same form as `solvers.solve`.

    Raises
    ------
    ValueError
        When groups or weights cannot be used.

    Notes
    -----
    Deletion and elastic filter: Chinneck and Dravnieks (1991), ORSA Journal on Computing 3(2), 157-168; with integers:
    Guieu and Chinneck (1999), INFORMS Journal on Computing 11(1), 63-77. Halving: Junker (2004), QUICKXPLAIN, AAAI,
    167-172.
    """
    everything = grouped(problem, groups)
    elastic = Elastic(everything, weights or {})
    search = _Search(everything, elastic, options, time_limit_s, progress, cancel, solve)
    core = search.core(whole=False)
    relaxation = relaxation_of(problem, elastic, search.cheapest())
    if core is None and not search.feasible:
        core = search.core(whole=True)
    core, unproven = search.needed(core) if core else (core, [])
    if search.feasible:
        outcome = Outcome.FEASIBLE
    elif core is None:
        outcome = Outcome.UNDECIDED
    else:
        outcome = Outcome.CONFLICT if core else Outcome.BACKGROUND
    members, doubtful = (
        tuple(everything.names[group] for group in sorted(numbers)) for numbers in (core or [], unproven)
    )
    return Conflict(outcome, members, doubtful, relaxation, search.solves, search.seconds, search.trouble)


class _Search:
    """Solves under one time limit, and all that they taught; groups go by their numbers."""

    def __init__(
        self,
        everything: Grouped,
        elastic: Elastic,
        options: Options,
        time_limit_s: float,
        progress: Callable[[Progress], None] | None,
        cancel: threading.Event | None,
        solve: Solve,
    ) -> None:
        self._grouped, self._elastic, self._options = everything, elastic, options
        self._progress, self._cancel, self._solve = progress, cancel, solve
        self._began, self._limit_s = time.monotonic(), time_limit_s
        self._stopped = False
        # by whether integers are whole: the groups that each known plan violates, and the known conflicts
        self._violated: dict[bool, list[frozenset[int]]] = {True: [], False: []}
        self._conflicts: dict[bool, list[frozenset[int]]] = {True: [], False: []}
        self.solves, self.trouble = 0, ""

    @property
    def seconds(self) -> float:
        """Wall time since the search began."""
        return time.monotonic() - self._began

    @property
    def feasible(self) -> bool:
        """Whether a plan that satisfies everything is known."""
        return frozenset() in self._violated[True]

    def core(self, *, whole: bool) -> list[int] | None:
        """Return a conflict, minimal as far as the tests came to an end, or ``None`` when none was found."""
        suspects = self._suspects(whole)
        everyone = list(range(len(self._grouped.names)))
        if suspects is None and whole and self.holds(everyone, whole=True, share=0.5) is False:
            suspects = everyone
        return self._halved(frozenset(), suspects, untested=False, whole=whole) if suspects else suspects

    def _suspects(self, whole: bool) -> list[int] | None:
        """Elastic filter: groups that conflict, most suspect first; ``None`` when there is a plan, or no answer."""
        fewest: frozenset[int] = min(self._violated[whole], key=len, default=frozenset())
        hard = sorted(fewest)
        while True:
            phase = f"looking for suspects beyond {len(hard)}"
            result = self._ask(self._elastic.problem(hard, whole=whole), phase, gap=ELASTIC_GAP, share=0.4)
            if result is None or (result.values is None and result.ending is not Ending.INFEASIBLE):
                return None
            if result.values is None:
                self._note_conflict(frozenset(hard), whole)
                return hard
            fresh = self._note_plan(result.values, whole) - {*hard, BACKGROUND}
            if not fresh:
                return None
            hard += sorted(fresh)

    def _halved(self, fixed: frozenset[int], candidates: list[int], *, untested: bool, whole: bool) -> list[int]:
        """Return those of the candidates needed for a conflict with ``fixed``; all together they are one."""
        if untested and self.holds(fixed, whole=whole, share=1 / (len(candidates) + 1)) is False:
            return []
        if len(candidates) == 1:
            return candidates
        half = (len(candidates) + 1) // 2
        first, second = candidates[:half], candidates[half:]
        second = self._halved(fixed.union(first), second, untested=True, whole=whole)
        first = self._halved(fixed.union(second), first, untested=bool(second), whole=whole)
        return first + second

    def needed(self, core: list[int]) -> tuple[list[int], list[int]]:
        """Leave out each member of a conflict once; return what is left, and what may still not be needed."""
        open_tests: list[int] = []
        for place, group in enumerate(list(core)):
            rest = [member for member in core if member != group]
            verdict = self.holds(rest, whole=True, share=1 / (len(core) - place + 1))
            if verdict is False:
                core = rest
            elif verdict is None:
                open_tests.append(group)
        return core, [group for group in open_tests if not self._known({*core} - {group}, whole=True)]

    def holds(self, groups: Iterable[int], *, whole: bool, share: float) -> bool | None:
        """Whether these groups can hold together; ``None`` when the share of the time left does not tell."""
        wanted = frozenset(groups)
        known = self._known(wanted, whole)
        if known is not None:
            return known
        phase = f"testing {len(wanted)} groups"
        result = self._ask(self._grouped.restricted(wanted, whole=whole), phase, gap=0.0, share=share)
        if result is not None and result.values is not None:
            self._note_plan(result.values, whole)
            return True
        if result is not None and result.ending is Ending.INFEASIBLE:
            self._note_conflict(wanted, whole)
            return False
        return None

    def cheapest(self) -> Result | None:
        """Solve for the cheapest relaxation."""
        problem, gap = self._elastic.problem(), self._options.gap
        result = self._ask(problem, "looking for the cheapest relaxation", gap=gap, share=RELAXATION_SHARE)
        if result is not None and result.values is not None:
            self._note_plan(result.values, whole=True)
        return result

    def _known(self, groups: Set[int], whole: bool) -> bool | None:
        """Tell from plans and conflicts known already whether these groups can hold together."""
        if any(not groups & violated for violated in self._violated[whole]):
            return True
        return False if any(conflict <= groups for conflict in self._conflicts[whole]) else None

    def _note_plan(self, values: Float, whole: bool) -> frozenset[int]:
        """Keep which groups a plan violates; one that breaks the background is no plan."""
        violated = self._grouped.violated(values[: self._grouped.problem.column_count])
        if BACKGROUND not in violated:
            for kind in {whole, False}:  # a plan in whole numbers is one in fractions too
                self._violated[kind].append(violated)
        return violated

    def _note_conflict(self, groups: frozenset[int], whole: bool) -> None:
        """Keep a conflict; one in fractions is one in whole numbers too."""
        for kind in {whole, True}:
            self._conflicts[kind].append(groups)

    def _ask(self, problem: Problem, phase: str, *, gap: float, share: float) -> Result | None:
        """Solve within a share of the time left; ``None`` when there is none or the search was cancelled."""
        left_s = self._limit_s - self.seconds
        self._stopped |= self._cancel is not None and self._cancel.is_set()
        if self._stopped or left_s <= 0:
            return None
        limit_s = min(left_s, max(SHORTEST_S, share * left_s))
        options = replace(self._options, gap=gap, time_limit_s=limit_s, start=None)
        self.solves += 1
        began = self.seconds
        tell = self._progress and (lambda event: self._tell(replace(event, seconds=began + event.seconds, phase=phase)))
        self._tell(Progress(began, None, None, math.inf, phase, 0))
        result = self._solve(problem, options, tell, self._cancel)
        self._stopped |= result.ending in (Ending.CANCELLED, Ending.CANCELLED_EMPTY)
        if result.ending is Ending.FAILED:
            self.trouble = result.message
        return result

    def _tell(self, event: Progress) -> None:
        if self._progress:
            self._progress(event)
