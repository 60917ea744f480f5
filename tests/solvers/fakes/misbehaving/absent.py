"""A backend whose engine is not installed."""

from solvers.backends import Features

FEATURES = Features(
    package="no_such_engine",
    family="fake",
    integers=True,
    start_solutions=True,
    threads=True,
    incumbents=True,
    cancel=False,
    bounds=True,
)


def solve(problem, options, report):
    """Never reached."""
    raise AssertionError
