"""A labelled linear expression over the decisions, as one long table."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from procure.formulation.index import Bools, Floats, Ints

DIMENSIONS: Final = ("source", "workload", "project", "agreement", "tranche", "period", "slice", "future", "item")
ALL: Final = -1
"""Label code of an entry that holds alike in every slice or future, or has no such label."""
CONSTANT: Final = -1
"""Column number of an entry that is a constant."""


@dataclass(frozen=True)
class Term:
    """Entries `coefficient · decision[column]`, each with an integer code for every dimension.

    Parameters
    ----------
    column
        Column numbers, shape (n,); -1 for constants.
    coefficient
        In the unit of the quantity per unit of the decision, shape (n,).
    labels
        Codes by dimension, each of shape (n,); -1 means all, or none.
    """

    column: Ints
    coefficient: Floats
    labels: dict[str, Ints]

    @classmethod
    def of(cls, column: Ints, coefficient: Floats | float, **labels: Ints | int) -> "Term":
        """Return a term; labels not named are -1, single codes are repeated."""
        size = len(column)
        codes = {name: _fill(labels.get(name, ALL), size) for name in DIMENSIONS}
        return cls(column, np.broadcast_to(np.asarray(coefficient, dtype=np.float64), (size,)), codes)

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self.column)

    def times(self, factor: Floats | float) -> "Term":
        """Return the term with each coefficient multiplied; entries of factor 0 or NaN vanish."""
        return Term(self.column, np.asarray(self.coefficient * factor), self.labels).nonzero()

    def nonzero(self) -> "Term":
        """Return the term without the entries that say nothing: of coefficient 0 or NaN."""
        return self.where((self.coefficient != 0) & ~np.isnan(self.coefficient))

    def where(self, keep: Bools) -> "Term":
        """Return the entries chosen by a mask of shape (n,)."""
        if keep.all():
            return self
        codes = {name: labels[keep] for name, labels in self.labels.items()}
        return Term(self.column[keep], self.coefficient[keep], codes)

    def labelled(self, **labels: Ints | int) -> "Term":
        """Return the term with some labels replaced."""
        codes = {**self.labels, **{name: _fill(code, self.size) for name, code in labels.items()}}
        return Term(self.column, self.coefficient, codes)

    def spread(self, dimension: str, size: int) -> "Term":
        """Return the term with entries of label `all` repeated for each of the `size` codes of a dimension."""
        codes = self.labels[dimension]
        every = codes == ALL
        if not every.any():
            return self
        repeats = np.where(every, size, 1)
        position = np.repeat(np.arange(self.size), repeats)
        offset = np.arange(len(position)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        labels = {name: values[position] for name, values in self.labels.items()}
        labels[dimension] = np.where(every[position], offset, codes[position])
        return Term(self.column[position], self.coefficient[position], labels)

    def value(self, answer: Floats) -> Floats:
        """Return coefficient times decision for each entry, shape (n,)."""
        decisions = np.where(self.column >= 0, answer[np.maximum(self.column, 0)] if answer.size else 0.0, 1.0)
        return np.asarray(self.coefficient * decisions)


def _fill(codes: Ints | int, size: int) -> Ints:
    return np.full(size, codes, dtype=np.int64) if isinstance(codes, int) else codes


def joined(terms: Iterable[Term]) -> Term:
    """Return one term with the entries of several."""
    parts = [term for term in terms if term.size]
    if not parts:
        return Term.of(np.zeros(0, dtype=np.int64), 0.0)
    if len(parts) == 1:
        return parts[0]
    labels = {name: np.concatenate([part.labels[name] for part in parts]) for name in DIMENSIONS}
    column = np.concatenate([part.column for part in parts])
    return Term(column, np.concatenate([part.coefficient for part in parts]), labels)
