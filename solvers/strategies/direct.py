"""The plain way: the whole problem to one engine in one child process."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from solvers.backends import load
from solvers.check import Check, check, rounded
from solvers.child import Child
from solvers.options import Options
from solvers.problem import Basis, Float, Problem
from solvers.result import Claim, Ending, Progress, Result, decide, relative_gap, trusted_bound
from solvers.wire import Frame

if TYPE_CHECKING:
    from solvers.session import Session

POLL_S = 0.05  # how soon a cancel or a deadline is noticed
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
    session: Session | None = None,
) -> Result:
    """Solve in one child process and check what comes back.

    Parameters
    ----------
    cancels : callable
        How often the caller has asked to stop: once means stop with what there is, twice means at once.
    session : Session, optional
        Where a running child is taken from and given back to; by default one is started and ended.
    """
    conversation = Conversation(problem, options, progress)
    with Child() if session is None else session.child(options) as child:
        heard = conversation.hold(child, cancels)
    if child.served_before and not heard:  # it died while it waited, which is no fault of this solve
        return direct(problem, options, progress, cancels, session)
    return conversation.result()


class Conversation:
    """What is asked of one child, and what it said."""

    def __init__(self, problem: Problem, options: Options, progress: Callable[[Progress], None] | None) -> None:
        self._problem, self._options, self._progress = problem, options, progress
        self._began = time.monotonic()
        self._hands_over_plans = load(options.backend).FEATURES.incumbents
        self._plan: Float | None = None
        self._check: Check | None = None
        self._rejected: Check | None = None
        self._claim: Claim | None = None
        self._duals: Float | None = None
        self._basis: Basis | None = None
        self._message = self._version = ""
        self._bound, self._nodes = -math.inf, 0
        self._told: float | None = None
        self._cancelled = False

    def hold(self, child: Child, cancels: Callable[[], int]) -> bool:
        """Ask, then listen until there is an answer, the child is dead, or limit and grace are past.

        Returns whether the child lived to say anything, or was killed here.
        """
        limit_s, grace_s = self._options.time_limit_s, self._options.grace_s
        deadline = math.inf if limit_s is None else self._began + limit_s + grace_s
        heard = killed = False
        child.ask(self._problem, self._options, self._began)
        if self._options.start is not None:
            self._weigh(self._options.start)
        while self._claim is None:
            asked = cancels()
            if asked and not self._cancelled:
                self._cancelled = True
                deadline = min(deadline, time.monotonic() + grace_s)
                child.stop()
            late = not killed and (asked > 1 or time.monotonic() > deadline)
            try:
                frame = child.receive(0 if late else POLL_S)
            except TimeoutError:
                if late:  # and nothing more in line: what was said before is still heard after the kill
                    child.kill()
                    killed = True
                continue
            if frame is not None:
                heard = True
                self._take(frame)
            elif killed:
                self._claim = Claim.STOPPED
                self._message = "the engine did not come back in time and was killed"
            else:
                self._claim = Claim.FAILED
                self._message = f"the engine's process ended without an answer: {child.obituary()}"
        child.clean = not killed and self._claim is not Claim.FAILED
        return heard or killed

    def _take(self, frame: Frame) -> None:
        """Note one frame."""
        said = frame.fields
        if "values" in frame.arrays:
            self._weigh(frame.arrays["values"])
        if frame.kind == "incumbent":
            return
        if said.get("bound") is not None and math.isfinite(said["bound"]):
            self._bound = max(self._bound, said["bound"])
        self._nodes = max(self._nodes, said.get("nodes", 0))
        if frame.kind == "progress":
            self._tell(said)
            return
        self._claim, self._message = Claim(said["claim"]), said["message"]
        self._version = said.get("version", "")
        self._duals, columns, rows = (frame.arrays.get(name) for name in ("row_duals", "basis_columns", "basis_rows"))
        self._basis = None if columns is None or rows is None else Basis(columns, rows)

    def _tell(self, said: Mapping[str, Any]) -> None:
        """Call back; an engine that hands over its plans is taken at no word about one that is not here, checked."""
        if self._progress is None:
            return
        if said["incumbent"] is not None and not self._hands_over_plans:
            self._told = said["incumbent"]
        known = (self._told, None if self._check is None else self._check.objective)
        incumbent = min((objective for objective in known if objective is not None), default=None)
        bound = None if self._bound == -math.inf else self._bound
        seconds, gap = time.monotonic() - self._began, relative_gap(incumbent, bound)
        self._progress(Progress(seconds, incumbent, bound, gap, said["phase"], self._nodes))

    def _weigh(self, plan: Float) -> None:
        """Check a plan and keep it if it is the best so far."""
        if plan.shape != (self._problem.column_count,):
            return
        plan = rounded(self._problem, plan)
        verdict = check(self._problem, plan)
        if not verdict.ok:
            self._rejected = verdict
        elif self._check is None or verdict.objective < self._check.objective:
            self._plan, self._check = plan, verdict

    def result(self) -> Result:
        """Weigh what was said against what can be checked."""
        claim = self._claim or Claim.FAILED
        values, verdict = self._plan, self._check
        objective = verdict.objective if verdict else None
        bound = self._bound if objective is None else trusted_bound(objective, self._bound)
        ending = decide(claim, objective=objective, bound=bound, gap=self._options.gap, cancelled=self._cancelled)
        if ending is Ending.UNBOUNDED:
            values, verdict, objective, bound = None, None, None, -math.inf
        notes = [_SENTENCES[ending], self._message]
        if self._rejected is not None and not (objective is not None and self._rejected.objective >= objective):
            notes.append(f"a plan failed the check: {self._rejected}")
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
            row_duals=self._duals if ending is Ending.OPTIMAL and not self._problem.is_mip else None,
            basis=self._basis,
        )
