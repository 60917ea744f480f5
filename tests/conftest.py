"""Shared by all tests: in continuous integration a skipped test is a failure."""

import os
import signal
from contextlib import nullcontext

import pytest

from procure.plan import solve as solving
from solvers import Session

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # started in the background, where Ctrl-C is ignored and children would inherit that: the tests send it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("PROCURE_NO_SKIPS") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and nothing may be skipped here: {report.longrepr}"


@pytest.fixture(scope="session", autouse=True)
def engines_stay():
    """Keep the engines running between the solves of scenarios that bring no session: most of the time is their start.

    Solves of problems start their own, as do the commands that tests run as processes.
    """
    cold = solving.solve_problem

    def solve_problem(problem, options, progress=None, cancel=None, session=None):
        return cold(problem, options, progress, cancel, session or kept)

    with Session() as kept, pytest.MonkeyPatch.context() as patch:
        patch.setattr(solving, "solve_problem", solve_problem)
        patch.setattr(solving, "Session", lambda: nullcontext(kept))
        yield
