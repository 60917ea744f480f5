"""The plain way: the whole problem to one engine in one child process."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable

from solvers.check import Check, check, rounded
from solvers.child import Child
from solvers.options import Options
from solvers.problem import Float, Problem
from solvers.result import Claim, Ending, Progress, Result, decide, relative_gap, trusted_bound
from solvers.wire import Frame

POLL_S = 0.05  # how soon a cancel or a deadline is noticed
KEPT_PLANS = 3  # newest plans kept in case the very newest fails the check
_SENTENCES = {
    Ending.OPTIMAL: "proved within the gap",
    Ending.LIMIT: "stopped before the gap was proved; this is the best plan found",
    Ending.LIMIT_EMPTY: "stopped before any plan was found",
    Ending.INFEASIBLE: "no plan satisfies all rows and bounds",
    Ending.UNBOUNDED: "the objective falls without end",
    Ending.CANCELLED: "cancelled; this is the best plan found",
    Ending.CANCELLED_EMPTY: "cancelled before any plan was found",
    Ending.FAILED: "the engine gave no usable answer",
}


def direct(
    problem: Problem,
    options: Options,
    progress: Callable[[Progress], None] | None,
    cancels: Callable[[], int],
) -> Result:
    """Solve in one child process and check what comes back.

    Parameters
    ----------
    cancels : callable
        How often the caller has asked to stop: once means stop with what there is, twice means at once.
    """
    conversation = Conversation(problem, options, progress)
    with Child() as child:
        child.send(conversation.request())
        conversation.hold(child, cancels)
    return conversation.result()


class Conversation:
    """What is asked of one child, and what it said."""

    def __init__(self, problem: Problem, options: Options, progress: Callable[[Progress], None] | None) -> None:
        self._problem, self._options, self._progress = problem, options, progress
        self._began = time.monotonic()
        self._plans: list[Float] = []
        self._claim: Claim | None = None
        self._message = self._version = ""
        self._bound, self._nodes = -math.inf, 0
        self._incumbent: float | None = None
        self._cancelled = False

    def request(self) -> Frame:
        """Return the frame that asks for the solve."""
        options, problem = self._options, self._problem
        fields = {
            "offset": problem.offset,
            "began": self._began,
            "options": {name: getattr(options, name) for name in _names(Options) if name != "start"},
        }
        here_only = ("offset", "stage", "column_names", "row_names")
        arrays = {name: getattr(problem, name) for name in _names(Problem) if name not in here_only}
        if options.start is not None:
            arrays["start"] = options.start
        return Frame("solve", fields, arrays)

    def hold(self, child: Child, cancels: Callable[[], int]) -> None:
        """Listen until there is an answer, the child is dead, or the limit is past by more than the grace."""
        limit_s, grace_s = self._options.time_limit_s, self._options.grace_s
        deadline = math.inf if limit_s is None else self._began + limit_s + grace_s
        killed = False
        while self._claim is None:
            asked = cancels()
            if asked and not self._cancelled:
                self._cancelled = True
                deadline = min(deadline, time.monotonic() + grace_s)
                child.send(Frame("stop"))
            late = not killed and (asked > 1 or time.monotonic() > deadline)
            try:
                frame = child.receive(0 if late else POLL_S)
            except TimeoutError:
                if late:  # and nothing more in line: what was said before is still heard after the kill
                    child.kill()
                    killed = True
                continue
            if frame is not None:
                self._take(frame)
            elif killed:
                self._claim = Claim.STOPPED
                self._message = "the engine did not come back in time and was killed"
            else:
                self._claim = Claim.FAILED
                self._message = f"the engine's process ended without an answer: {child.obituary()}"

    def _take(self, frame: Frame) -> None:
        """Note one frame."""
        said = frame.fields
        if frame.kind == "incumbent":
            self._plans = [*self._plans, frame.arrays["values"]][-KEPT_PLANS:]
            return
        if said.get("bound") is not None:
            self._bound = max(self._bound, said["bound"])
        self._nodes = max(self._nodes, said.get("nodes", 0))
        if frame.kind == "progress":
            if self._progress:
                if said["incumbent"] is not None:
                    self._incumbent = said["incumbent"]
                seconds, incumbent = time.monotonic() - self._began, self._incumbent
                bound = None if self._bound == -math.inf else self._bound
                gap = relative_gap(incumbent, bound)
                self._progress(Progress(seconds, incumbent, bound, gap, said["phase"], self._nodes))
            return
        self._claim, self._message = Claim(said["claim"]), said["message"]
        self._version = said.get("version", "")
        self._plans.extend(frame.arrays.values())

    def result(self) -> Result:
        """Weigh what was said against what can be checked."""
        claim = self._claim or Claim.FAILED
        values, verdict, rejected = self._best_plan()
        objective = verdict.objective if verdict else None
        bound = self._bound if objective is None else trusted_bound(objective, self._bound)
        ending = decide(claim, objective=objective, bound=bound, gap=self._options.gap, cancelled=self._cancelled)
        if ending is Ending.UNBOUNDED:
            values, verdict, objective, bound = None, None, None, -math.inf
        notes = [_SENTENCES[ending], self._message, rejected]
        if objective is not None and (claim is Claim.INFEASIBLE or -math.inf == bound < self._bound):
            notes.append("the engine's claim contradicts this checked plan and was set aside")
        return Result(
            ending=ending,
            values=values,
            objective=math.inf if objective is None else objective,
            bound=bound,
            gap=relative_gap(objective, bound),
            seconds=time.monotonic() - self._began,
            backend=self._options.backend,
            version=self._version,
            message="; ".join(filter(None, notes)),
            nodes=self._nodes,
            check=verdict,
        )

    def _best_plan(self) -> tuple[Float | None, Check | None, str]:
        """Cheapest plan that passes the check, its check, and a note on cheaper ones that did not."""
        start = [] if self._options.start is None else [self._options.start]
        plans = [rounded(self._problem, plan) for plan in [*reversed(self._plans), *start] if self._fits(plan)]
        rejected = ""
        for plan in sorted(plans, key=lambda plan: float(self._problem.objective @ plan)):
            verdict = check(self._problem, plan)
            if verdict.ok:
                return plan, verdict, rejected
            rejected = rejected or f"a plan failed the check: {verdict}"
        return None, None, rejected

    def _fits(self, plan: Float) -> bool:
        """Whether a plan has one value for each column."""
        return plan.shape == (self._problem.column_count,)


def _names(kind: type) -> list[str]:
    """Field names of a dataclass."""
    return [field.name for field in dataclasses.fields(kind)]
