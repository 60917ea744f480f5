"""A backend that plays the fault whose number it is given as seed."""

import ctypes
import os
import sys
import time

import numpy as np

from solvers.backends import Answer, Features
from solvers.result import Claim

FEATURES = Features(package="numpy", start_solutions=False, threads=False, incumbents=True)
NOISE, LIE, CHEAT, HANG, CRASH, RAISE, EXHAUST, GARBAGE, QUIT, CONTRADICT, LEAK = range(11)


def solve(problem, options, report):
    """Play the fault."""
    upper = np.minimum(problem.column_upper, 1e6)
    if options.seed == NOISE:
        print("noise" * 20_000, flush=True)  # noqa: T201  # the fault itself
        os.write(1, b"\x00\xff" * 50_000)
        ctypes.CDLL(None).puts(b"from C")
        return Answer(Claim.OPTIMAL, "actor", upper, float(problem.objective @ upper))
    if options.seed == LIE:  # "optimal" with a point that breaks rows
        return Answer(Claim.OPTIMAL, "actor", upper + 1, 0.0)
    if options.seed == CHEAT:  # "optimal" with a bound that does not prove it
        return Answer(Claim.OPTIMAL, "actor", upper, float(problem.objective @ upper) - 1000)
    if options.seed == LEAK:  # an integer that is whole to the engine alone; solved right once it is fixed
        point = np.array([9e-7, 9e-4]) if problem.is_mip else np.zeros(2)
        return Answer(Claim.OPTIMAL, "actor", point, 0.0)
    report.progress("acting", None, float(problem.objective @ upper) - 1, 7)
    report.incumbent(upper)
    time.sleep(0.2)
    if options.seed == HANG:
        time.sleep(600)
    if options.seed == CRASH:
        ctypes.string_at(0)
    if options.seed == RAISE:
        raise RuntimeError("the dog ate it")
    if options.seed == EXHAUST:
        hog = []
        while True:
            hog.append(np.ones(10**7))
    if options.seed == GARBAGE:  # a final frame of nonsense: something wrote to the private pipe
        for number in range(3, 12):
            try:
                os.write(number, b"this is no frame at all")
            except OSError:
                continue
        time.sleep(600)
    if options.seed == CONTRADICT:
        return Answer(Claim.INFEASIBLE, "actor")
    sys.exit(3)
