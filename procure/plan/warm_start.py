"""What a solve leaves behind for the next one after an edit: its values by column, and a basis."""

from dataclasses import dataclass

import numpy as np

from procure.formulation.index import Floats
from solvers import Problem
from solvers.problem import Basis


@dataclass(frozen=True, eq=False)
class WarmStart:
    """The answer of a solve: what columns were worth, and the basis of the relaxation, where there is one."""

    problem: Problem
    values: Floats
    basis: Basis | None

    def onto(self, problem: Problem) -> tuple[Floats, Basis | None]:
        """Return values of another problem's columns, shape (columns,), and the basis where it fits.

        Columns are matched by name, new ones are at zero or their nearest bound. The values need not be a plan of the
        other problem: a limit may have been edited. The basis fits when columns and rows are the same.
        """
        old = self.problem
        same = (
            (old.column_count, old.row_count) == (problem.column_count, problem.row_count)
            and np.array_equal(old.starts, problem.starts)
            and np.array_equal(old.columns, problem.columns)
        )
        if same:
            start = self.values
        else:
            known = {old.column_name(column): self.values[column] for column in np.flatnonzero(self.values).tolist()}
            names = map(problem.column_name, range(problem.column_count))
            start = np.fromiter((known.get(name, 0.0) for name in names), np.float64, problem.column_count)
        return np.clip(start, problem.column_lower, problem.column_upper), self.basis if same else None
