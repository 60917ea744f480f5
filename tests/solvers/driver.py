"""Solve one problem and print how it ended: ``driver.py INSTANCE BACKEND GRACE_S SEED``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import conftest  # noqa: I001  # found through the line above
import solvers


def main() -> None:
    """Solve, telling on standard output when there is progress and how it ended."""
    instance, backend, grace_s, seed = sys.argv[1:]
    problem = getattr(conftest, f"build_{instance}")()
    options = solvers.Options(backend=backend, gap=0.0, time_limit_s=60, grace_s=float(grace_s), seed=int(seed))
    result = solvers.solve(problem, options, lambda progress: tell("progress", progress.incumbent))
    tell("ended", result.ending, result.has_solution, round(result.seconds, 1))


def tell(*words: object) -> None:
    """Write a line at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
