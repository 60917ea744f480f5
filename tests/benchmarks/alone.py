"""One trial, in a process of its own (`-m tests.benchmarks.alone`): our layer, or one engine by itself on the MPS.

An engine is used in its usual way, with its own defaults but for time limit, gap and threads; reading the file is
not counted. What it says is written to the trace at once; its plan is left in ``values.npy``, in the order of the
columns, and the rest in ``outcome.json``. No two engines are imported into one process.
"""

import contextlib
import json
import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.benchmarks.arrays import MODEL, load
from tests.benchmarks.trace import Trace

CP_SAT_SETTINGS: Final = {"mip_var_scaling": 1e4, "mip_max_bound": 1e10, "log_search_progress": True}
"""With its defaults it calls every instance invalid: whole steps of a continuous column meet no equality."""
SCIP_SETTINGS: Final = {"display/freq": 10}
"""A line of its table each so many nodes, for a finer trace."""
_NUMBER: Final = r"([-+]?\d[\d.]*(?:e[-+]?\d+)?)"
_NO_PLAN: Final = 1e49  # CBC prints 1e+50 for "no plan yet"


@dataclass(frozen=True)
class Task:
    """What to run; the problem lies in `problem`, what comes of it goes to `folder`."""

    contestant: str
    problem: str
    folder: str
    time_limit_s: float
    gap: float
    threads: int

    @property
    def model(self) -> str:
        """The MPS file."""
        return str(Path(self.problem, MODEL))


@dataclass
class Outcome:
    """How a contestant says it ended: its word, its cost and bound, its plan, its version."""

    ending: str
    objective: float | None
    bound: float | None
    version: str
    values: Any = field(default=None, repr=False)


def run(task: Task) -> None:
    """Run the contestant and write what came of it."""
    folder = Path(task.folder)
    with Trace(folder / "trace.jsonl") as trace:
        outcome = CONTESTANTS[task.contestant](task, trace)
        trace.note(outcome.objective, outcome.bound)
        seconds = trace.seconds()
    if outcome.values is not None:
        np.save(folder / "values.npy", np.asarray(outcome.values, dtype=np.float64))
    said = {name: value for name, value in asdict(outcome).items() if name != "values"}
    (folder / "outcome.json").write_text(json.dumps({**said, "seconds": seconds}), encoding="utf-8")


def procure(task: Task, trace: Trace) -> Outcome:
    """Our own layer, timed from the call: start of its children and hand-over count."""
    import solvers

    problem = load(Path(task.problem))
    options = solvers.Options(backend="auto", time_limit_s=task.time_limit_s, gap=task.gap, threads=task.threads)
    trace.start()
    result = solvers.solve(problem, options, lambda event: trace.note(event.incumbent, event.bound))
    return Outcome(str(result.ending), _finite(result.objective), _finite(result.bound), result.version, result.values)


def highs(task: Task, trace: Trace) -> Outcome:
    """HiGHS through highspy."""
    import highspy

    engine = highspy.Highs()
    settings = {"output_flag": False, "time_limit": task.time_limit_s, "mip_rel_gap": task.gap, "threads": task.threads}
    for name, value in settings.items():
        engine.setOptionValue(name, value)
    engine.readModel(task.model)
    kinds = highspy.cb.HighsCallbackType

    def called(_kind: Any, _text: str, out: Any, _answer: Any, _data: Any) -> None:
        trace.note(out.mip_primal_bound, out.mip_dual_bound)

    engine.setCallback(called, None)
    engine.startCallback(kinds.kCallbackMipImprovingSolution)
    engine.startCallback(kinds.kCallbackMipLogging)
    trace.start()
    engine.run()
    info, status = engine.getInfo(), engine.modelStatusToString(engine.getModelStatus())
    has_plan = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    return Outcome(
        status,
        info.objective_function_value if has_plan else None,
        _finite(info.mip_dual_bound) if has_plan or trace.bound is not None else None,
        f"HiGHS {engine.version()}",
        engine.getSolution().col_value if has_plan else None,
    )


def scip(task: Task, trace: Trace) -> Outcome:
    """SCIP through OR-Tools' MathOpt, its trace from the table it prints."""

    def said(lines: Iterable[str]) -> None:
        for line in lines:
            cells = line.split("|")  # the last four: dual bound, primal bound, gap, completed
            if len(cells) > 10:
                trace.note(_number(cells[-3]), _number(cells[-4]))

    return _math_opt(task, trace, "SOLVER_TYPE_GSCIP", said)


def cp_sat(task: Task, trace: Trace) -> Outcome:
    """CP-SAT through OR-Tools' MathOpt, its trace from the lines ``#1 3.2s best:99.1 next:[90.6,99.1]``."""
    progress = re.compile(r"^#.*\bbest:(\S+)\s+next:\[([^,\]]*)")

    def said(lines: Iterable[str]) -> None:
        for line in lines:
            if found := progress.search(line):
                trace.note(_number(found[1]), _number(found[2]))

    return _math_opt(task, trace, "SOLVER_TYPE_CP_SAT", said)


def _math_opt(task: Task, trace: Trace, solver_type: str, said: Callable[[Iterable[str]], None]) -> Outcome:
    from ortools import __version__
    from ortools.math_opt import callback_pb2, model_parameters_pb2, parameters_pb2
    from ortools.math_opt.core.python import solver
    from ortools.math_opt.io.python import mps_converter

    model = mps_converter.mps_to_model_proto(Path(task.model).read_text(encoding="utf-8"))
    settings = parameters_pb2.SolveParametersProto(threads=task.threads, relative_gap_tolerance=task.gap)
    settings.time_limit.FromTimedelta(timedelta(seconds=task.time_limit_s))
    for name, value in CP_SAT_SETTINGS.items():
        setattr(settings.cp_sat, name, value)
    for name, value in SCIP_SETTINGS.items():
        settings.gscip.int_params[name] = value
    start, for_model = parameters_pb2.SolverInitializerProto(), model_parameters_pb2.ModelSolveParametersProto()
    no_events, number = callback_pb2.CallbackRegistrationProto(), parameters_pb2.SolverTypeProto.Value(solver_type)
    trace.start()
    result = solver.solve(model, number, start, settings, for_model, said, no_events, None, None)
    values, bounds = None, result.termination.objective_bounds
    if result.solutions:
        found = result.solutions[0].primal_solution.variable_values
        values = np.zeros(len(model.variables.ids))
        values[np.searchsorted(np.array(model.variables.ids), np.array(found.ids))] = found.values
    ending = str(result.termination).partition("\n")[0].removeprefix("reason: TERMINATION_REASON_").lower()
    objective = _finite(bounds.primal_bound) if values is not None else None
    return Outcome(ending, objective, _finite(bounds.dual_bound), f"OR-Tools {__version__}", values)


def cbc(task: Task, trace: Trace) -> Outcome:
    """CBC, the binary that PuLP brings, its trace from its log."""
    import pulp

    threads = ["-threads", str(task.threads)] if task.threads > 1 else []
    command = [
        *(pulp.PULP_CBC_CMD(msg=False).available(), task.model),
        *("-sec", str(task.time_limit_s), "-timeMode", "elapsed", "-ratio", str(task.gap), *threads),
        *("-solve", "-solution", "status.txt", "-saveSolution", "values.bin"),
    ]
    ours, theirs = os.openpty()  # into a pipe it would write in blocks
    process = subprocess.Popen(command, cwd=task.folder, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    log = CbcLog(trace)
    with os.fdopen(ours, errors="replace") as lines, contextlib.suppress(OSError):  # a terminal's end is an error
        for line in lines:
            log.note(line)
    process.wait()
    status = Path(task.folder, "status.txt")
    ending = status.read_text(encoding="utf-8").partition(" - objective")[0] if status.exists() else "crashed"
    values = None
    if ending.startswith(("Optimal", "Stopped")) and "no integer solution" not in ending:
        data = Path(task.folder, "values.bin").read_bytes()
        rows, columns, _objective = struct.unpack_from("=iid", data)
        values = np.frombuffer(data, count=columns, offset=16 + 16 * rows)
    bound = log.bound
    if ending.startswith("Optimal") and log.objective is not None:  # the last bound is not always printed
        bound = max(bound or -np.inf, log.objective - task.gap * abs(log.objective) if log.gap_stop else log.objective)
    return Outcome(ending, log.objective, bound, f"CBC {log.version}", values)


class CbcLog:
    """What CBC has printed; the clock starts when it has read the file."""

    PLAN: Final = re.compile(rf"Integer solution of {_NUMBER} found")
    NODES: Final = re.compile(rf"After \d+ nodes, \d+ on tree, {_NUMBER} best solution, best possible {_NUMBER}")
    PARTIAL: Final = re.compile(rf"Partial search - best objective {_NUMBER} \(best possible {_NUMBER}\)")
    ROOT: Final = re.compile(rf"Continuous objective value is {_NUMBER}|cuts changed objective from \S+ to {_NUMBER}")
    OBJECTIVE: Final = re.compile(rf"^Objective value:\s+{_NUMBER}")
    LOWER: Final = re.compile(rf"^Lower bound:\s+{_NUMBER}")

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self.version, self.gap_stop = "?", False
        self.objective: float | None = None
        self.bound: float | None = None

    def note(self, line: str) -> None:
        """Take a line of the log."""
        if line.startswith("Version:"):
            self.version = line.removeprefix("Version:").strip()
        elif line.startswith("Coin0008I"):
            self._trace.start()
        elif found := self.PLAN.search(line):
            self._trace.note(float(found[1]))
        elif found := self.NODES.search(line) or self.PARTIAL.search(line):
            best, self.bound = float(found[1]), float(found[2])
            self._trace.note(best if best < _NO_PLAN else None, self.bound if self.bound > -_NO_PLAN else None)
        elif found := self.ROOT.search(line):
            self._trace.note(bound=float(found[1] or found[2]))
        elif found := self.OBJECTIVE.search(line):
            self.objective = float(found[1])
        elif found := self.LOWER.search(line):
            printed = float(found[1]) - 0.0005  # three decimals, rounded up as often as down
            self.bound = printed if self.bound is None else max(self.bound, printed)
        self.gap_stop |= "within gap tolerance" in line


def _number(text: str) -> float | None:
    try:
        return _finite(float(text))
    except ValueError:
        return None


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


CONTESTANTS: Final[dict[str, Callable[[Task, Trace], Outcome]]] = {
    "procure": procure, "highs": highs, "scip": scip, "cbc": cbc, "cp_sat": cp_sat,
}  # fmt: skip

if __name__ == "__main__":
    run(Task(**json.loads(sys.argv[1])))
