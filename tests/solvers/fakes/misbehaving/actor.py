"""A backend that plays the part whose number it is given as seed; above ``SILENT`` without a word before the fault."""

import ctypes
import os
import signal
import sys
import time
from enum import IntEnum, auto

import numpy as np

from solvers.backends import Answer, Features
from solvers.result import Claim

FEATURES = Features(
    package="numpy",
    family="fake",
    integers=True,
    start_solutions=False,
    threads=False,
    incumbents=True,
    cancel=False,
    bounds=True,
)
SILENT = 1000
MEGABYTES = 300


class Part(IntEnum):
    """What is played."""

    FINE = auto()  # all columns at their upper bounds, and the bound is the cost of that
    NOISE = auto()
    FALSE_POINT = auto()
    FALSE_BOUND = auto()  # "optimal" with a bound that does not prove it
    HIGH_BOUND = auto()  # a bound above the plan
    NAN_BOUND = auto()
    INFINITE_BOUND = auto()
    NAN_VALUES = auto()
    LEAK = auto()  # an integer that is whole to the engine alone; solved right once it is fixed
    LITTER = auto()  # leaves files behind, and cannot stand those of others
    GREEDY = auto()  # needs memory
    PATIENT = auto()  # takes a while, and fails when told to stop
    BOAST = auto()  # tells of plans it never hands over
    FLURRY = auto()  # tells of a plan after each plan, then dies on the spot
    # from here on after a plan and a bound, if not silent:
    STOP = auto()  # an engine's own limit, as of nodes
    FALSE_INFEASIBLE = auto()
    HANG = auto()
    CRASH = auto()
    RAISE = auto()
    UNLICENSED = auto()
    EXHAUST = auto()
    GARBAGE = auto()
    QUIT = auto()


def solve(problem, options, report):
    """Play the part."""
    part = Part(options.seed % SILENT)
    point = np.minimum(problem.column_upper, 1e6)
    cost = float(problem.objective @ point)
    if part in SETTLED:
        return SETTLED[part](problem, point, cost)
    if part < Part.STOP:
        return ALIVE[part](problem, point, cost, report)
    if options.seed < SILENT:
        report.progress("acting", None, cost - 1, 7)
        report.incumbent(point)
        time.sleep(0.2)
    FAULTS.get(part, lambda: None)()
    return Answer(Claim.INFEASIBLE if part is Part.FALSE_INFEASIBLE else Claim.STOPPED, "actor")


def claimed(values, bound):
    """Answer "optimal"."""
    return Answer(Claim.OPTIMAL, "actor", values, bound)


SETTLED = {
    Part.FINE: lambda problem, point, cost: claimed(point, cost),
    Part.FALSE_POINT: lambda problem, point, cost: claimed(point + 1, 0.0),
    Part.FALSE_BOUND: lambda problem, point, cost: claimed(point, cost - 1000),
    Part.HIGH_BOUND: lambda problem, point, cost: claimed(point, cost + 1),
    Part.NAN_BOUND: lambda problem, point, cost: claimed(point, float("nan")),
    Part.INFINITE_BOUND: lambda problem, point, cost: claimed(point, float("inf")),
    Part.NAN_VALUES: lambda problem, point, cost: claimed(point * float("nan"), cost),
    Part.LEAK: lambda problem, point, cost: claimed(np.array([9e-7, 9e-4]) if problem.is_mip else np.zeros(2), 0.0),
}


def noise(problem, point, cost, report):
    """Write to whatever can be written to, as an engine might, then answer."""
    print("noise" * 20_000, flush=True)  # noqa: T201  # the fault itself
    os.write(1, b"\x00\xff" * 50_000)
    ctypes.CDLL(None).puts(b"from C")
    return claimed(point, cost)


def litter(problem, point, cost, report):
    """Leave a file and a folder."""
    if list(report.folder.iterdir()):
        raise RuntimeError("the folder is dirty")
    (report.folder / "file").write_text("x")
    (report.folder / "sub").mkdir()
    (report.folder / "sub" / "file").write_text("x")
    return claimed(point, cost)


def greedy(problem, point, cost, report):
    """Take memory and give it back."""
    np.ones(MEGABYTES * 2**17)
    return claimed(point, cost)


def patient(problem, point, cost, report):
    """Wait, not wanting to be stopped."""
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline:
        if report.stop_requested():
            raise RuntimeError("told to stop")
        time.sleep(0.01)
    return claimed(point, cost)


def boast(problem, point, cost, report):
    """Tell of plans and hand over none."""
    for _ in range(3):
        report.progress("acting", cost, cost - 1, 7)
        time.sleep(0.1)
    return Answer(Claim.STOPPED, "actor")


def flurry(problem, point, cost, report):
    """Approach the point step by step, as fast as it goes, and die within a step."""
    for step in range(2000):
        report.progress("acting", None, cost - 1, step)  # waits in line before the plan does
        values = np.zeros(problem.column_count)
        values[:] = np.floor(point * step / 2000)
        report.incumbent(values)
        report.progress("acting", float(problem.objective @ values), cost - 1, step)
        time.sleep(1e-4)
    os.kill(os.getpid(), signal.SIGKILL)


ALIVE = {
    Part.NOISE: noise,
    Part.LITTER: litter,
    Part.GREEDY: greedy,
    Part.PATIENT: patient,
    Part.BOAST: boast,
    Part.FLURRY: flurry,
}


def dog():
    """Raise what nobody expects."""
    raise RuntimeError("the dog ate it")


def unlicensed():
    """Raise what commercial engines raise."""
    raise RuntimeError("no license found; set ACTOR_LICENSE_FILE")


def exhaust():
    """Take all memory there is."""
    hog = []
    while True:
        hog.append(np.ones(10**7))


def garbage():
    """Write nonsense to the private pipe."""
    for number in range(3, 12):
        try:
            os.write(number, b"this is no frame at all")
        except OSError:
            continue
    time.sleep(600)


FAULTS = {
    Part.HANG: lambda: time.sleep(600),
    Part.CRASH: lambda: ctypes.string_at(0),
    Part.RAISE: dog,
    Part.UNLICENSED: unlicensed,
    Part.EXHAUST: exhaust,
    Part.GARBAGE: garbage,
    Part.QUIT: lambda: sys.exit(3),
}
