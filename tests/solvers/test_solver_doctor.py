"""The health check, the listing, and the rule that the caller's process imports no engine."""

from __future__ import annotations

import subprocess
import sys

import pytest

import solvers
from solvers.backends import is_installed
from solvers.doctor import doctor

OURS = ("highs", "scip", "cbc", "cp_sat", "glop", "pdlp")  # installed with this package
ENGINES = {"highspy", "pulp", "ortools", "gurobipy", "cplex", "xpress", "coptpy", "mosek", "cuopt"}


def test_all_backends_are_well() -> None:
    """Each engine that comes with the package solves the known problem; others are told with their remedy."""
    reports = {report.name: report for report in doctor()}
    assert list(reports) == list(solvers.backends())
    for name, report in reports.items():
        if name in OURS:
            assert (report.available, report.solved, report.message) == (True, True, "works")
            assert report.version
        elif not is_installed(report.features):
            assert (report.available, report.solved) == (False, False)
            assert report.message.startswith("not installed; pip install ")


def test_missing_backend_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend that is not installed is a line in the report, not an error."""
    monkeypatch.setattr("solvers.doctor.is_installed", lambda _features: False)
    assert all("pip install" in report.message and not report.available for report in doctor())


def test_caller_imports_no_engine() -> None:
    """A solve leaves no engine in the modules of the calling process."""
    program = f"""
import sys, solvers
from solvers.doctor import doctor
assert sum(report.solved for report in doctor()) >= {len(OURS)}
assert not {ENGINES} & set(sys.modules), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_engines_are_found_from_anywhere(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """Neither the working folder nor a file in it that is named like an engine matters."""
    (tmp_path / "numpy.py").write_text("raise RuntimeError('the wrong numpy')")
    (tmp_path / "highspy.py").write_text("raise RuntimeError('the wrong highspy')")
    monkeypatch.chdir(tmp_path)
    assert {report.name for report in doctor() if report.solved} >= set(OURS)
