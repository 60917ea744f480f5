"""Columns and rows, gathered in blocks and assembled into one sparse problem."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from procure.formulation.index import Bools, Floats, Ints, sums
from procure.formulation.term import Term
from solvers import Problem

MAX_NONZEROS: Final = 60_000_000
"""A model beyond this is refused before its memory is spent."""


class TooLarge(Exception):
    """The scenario would build an absurdly large model."""


Labels = Sequence[tuple[Sequence[str], Ints]]
"""For each label of a block of columns or rows: the names, and a code for each member (-1: left out)."""


@dataclass(frozen=True)
class Block:
    """Columns or rows of one kind: where they start, and the labels that make their names."""

    kind: str
    start: int
    count: int
    labels: Labels

    def name(self, position: int) -> str:
        """Return ``kind[label,label]`` of one member."""
        parts = [names[codes[position]] for names, codes in self.labels if codes[position] >= 0]
        return f"{self.kind}[{','.join(parts)}]" if parts else self.kind


def _namer(blocks: Sequence[Block]) -> Callable[[int], str]:
    starts = np.array([block.start for block in blocks])

    def name(position: int) -> str:
        block = blocks[int(np.searchsorted(starts, position, "right")) - 1]
        return block.name(position - block.start)

    return name


@dataclass
class Builder:
    """Gathers columns and rows; `problem` assembles them.

    Every column is counted in a unit of its own (the solver sees value ÷ unit), and every row is scaled by a power of
    ten, so that the coefficients stay near one whatever the scenario's units are.
    """

    column_blocks: list[Block] = field(default_factory=list)
    row_blocks: list[Block] = field(default_factory=list)
    _columns: list[tuple[Floats, Floats, Bools, Ints, Floats]] = field(default_factory=list)
    _rows: list[tuple[Floats, Floats]] = field(default_factory=list)
    _entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    _nonzeros: int = 0

    @property
    def column_count(self) -> int:
        """Number of columns so far."""
        return self.column_blocks[-1].start + self.column_blocks[-1].count if self.column_blocks else 0

    @property
    def row_count(self) -> int:
        """Number of rows so far."""
        return self.row_blocks[-1].start + self.row_blocks[-1].count if self.row_blocks else 0

    def columns(
        self,
        kind: str,
        labels: Labels,
        *,
        lower: Floats | float = 0.0,
        upper: Floats | float = np.inf,
        integer: Bools | bool = False,
        structure: bool = False,
        unit: Floats | float = 1.0,
    ) -> Ints:
        """Add columns and return their numbers.

        Parameters
        ----------
        kind, labels
            The name's first word, and for each label the names and a code for each column.
        lower, upper
            Bounds in the quantity's own unit; the lower ones are at least 0.
        integer, structure
            Whole numbers; of these, those that decide the structure rather than count units.
        unit
            What one of the solver's units stands for.
        """
        count = len(labels[0][1])
        block = Block(kind, self.column_count, count, labels)
        self.guard(count)
        self.column_blocks.append(block)
        whole = np.broadcast_to(np.asarray(integer, dtype=bool), (count,))
        stage = np.full(count, 0 if structure else 1, dtype=np.int64)
        scale = np.broadcast_to(np.asarray(unit, dtype=np.float64), (count,))
        high = np.broadcast_to(np.asarray(upper, dtype=np.float64), (count,))
        low = np.broadcast_to(np.asarray(lower, dtype=np.float64), (count,))
        self._columns.append((low, high, whole, stage, scale))
        return np.arange(block.start, block.start + count)

    def column_name(self, column: int) -> str:
        """Return the name of a column, ``fixed`` for what is in place already."""
        return _namer(self.column_blocks)(column) if column >= 0 else "fixed"

    def upper_of(self, column: Ints) -> Floats:
        """Return the upper bounds of some columns, in their quantity's own unit."""
        return np.concatenate([part[1] for part in self._columns])[column]

    def most(self, row: Ints, term: Term, count: int) -> Floats:
        """Return the most that the entries of each row can amount to within the columns' bounds, shape (count,)."""
        fixed = term.column < 0
        out = sums(row[fixed], term.coefficient[fixed], count)
        if not fixed.all():
            pairs, entry = np.unique(np.stack([row[~fixed], term.column[~fixed]]), axis=1, return_inverse=True)
            coefficient = np.maximum(sums(entry.reshape(-1), term.coefficient[~fixed], pairs.shape[1]), 0.0)
            upper = self.upper_of(pairs[1])
            out += sums(pairs[0], coefficient * np.where(coefficient > 0, upper, 0.0), count)
        return out

    def unit_of(self, column: Ints) -> Floats:
        """Return what one of the solver's units of some columns stands for."""
        return np.concatenate([part[4] for part in self._columns])[column]

    def rows(
        self,
        kind: str,
        labels: Labels,
        entries: Sequence[tuple[Ints, Term]],
        *,
        lower: Floats | float = -np.inf,
        upper: Floats | float = np.inf,
    ) -> None:
        """Add rows lower ≤ Σ entries ≤ upper.

        Parameters
        ----------
        kind, labels
            The name's first word, and for each label the names and a code for each row.
        entries
            Pairs of the row (counted from 0 in this block) of each entry and the entries; constants move to the bounds.
        """
        count = len(labels[0][1])
        if count == 0:
            return
        block = Block(kind, self.row_count, count, labels)
        low = np.array(np.broadcast_to(np.asarray(lower, dtype=np.float64), (count,)))
        high = np.array(np.broadcast_to(np.asarray(upper, dtype=np.float64), (count,)))
        for row, term in entries:
            self.guard(len(row))
            fixed = term.column < 0
            moved = sums(row[fixed], term.coefficient[fixed], count)
            low, high = low - moved, high - moved
            held = term.where(~fixed)
            self._entries.append((row[~fixed] + block.start, held.column, held.coefficient))
        self.row_blocks.append(block)
        self._rows.append((low, high))

    def guard(self, more: int) -> None:
        """Refuse a model beyond `MAX_NONZEROS`.

        Raises
        ------
        TooLarge
            Before the memory is spent.
        """
        self.expect(more)
        self._nonzeros += more

    def expect(self, more: int) -> None:
        """Refuse a model that so many more entries would take beyond `MAX_NONZEROS`, before they are made.

        Raises
        ------
        TooLarge
            Before the memory is spent.
        """
        if self._nonzeros + more > MAX_NONZEROS:
            raise TooLarge(
                f"the model would have more than {MAX_NONZEROS:,} nonzeros: use longer or fewer periods, fewer slices, "
                "offers or workloads"
            )

    def problem(self, objective: Term) -> tuple[Problem, Floats, float]:
        """Return the problem, the unit of each column, and the unit of the objective.

        Columns: quantity = value × unit. Objective: quantity = value × unit of the objective.
        """
        none = (np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64), np.zeros(0))
        columns_ = zip(*(self._columns or [none]), strict=True)
        lower, upper, integer, stage, unit = (np.concatenate(part) for part in columns_)
        size = len(lower)
        held = objective.column >= 0
        cost = sums(objective.column[held], objective.coefficient[held], size) * unit
        offset = float(objective.coefficient[~held].sum())
        typical = np.median(np.abs(cost[cost != 0])) if (cost != 0).any() else 1.0
        money = float(10.0 ** np.round(np.log10(typical)))
        starts, columns, values, low, high = self._matrix(unit, size)
        problem = Problem(
            objective=cost / money,
            column_lower=lower / unit,
            column_upper=upper / unit,
            integer=integer,
            row_lower=low,
            row_upper=high,
            starts=starts,
            columns=columns,
            coefficients=values,
            offset=offset / money,
            stage=stage.astype(np.int8),
            column_names=_namer(self.column_blocks) if self.column_blocks else None,
            row_names=_namer(self.row_blocks) if self.row_blocks else None,
        )
        return problem, unit, money

    def _matrix(self, unit: Floats, size: int) -> tuple[Ints, NDArray[np.int32], Floats, Floats, Floats]:
        count = self.row_count
        low = np.concatenate([part[0] for part in self._rows]) if self._rows else np.zeros(0)
        high = np.concatenate([part[1] for part in self._rows]) if self._rows else np.zeros(0)
        if not sum(len(part[0]) for part in self._entries):
            empty = np.zeros(0)
            return np.zeros(count + 1, dtype=np.int64), empty.astype(np.int32), empty, low, high
        row, column, value = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        value = value * unit[column]
        key = row * size + column
        order = np.argsort(key, kind="stable")
        key = key[order]
        first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        total = np.add.reduceat(value[order], first)
        row, column = row[order][first], column[order][first]
        kept = np.abs(total) > 1e-12 * np.maximum.reduceat(np.abs(value[order]), first)
        row, column, total = row[kept], column[kept], total[kept]
        starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=count))]).astype(np.int64)
        scale = _row_scale(row, total, count)
        return starts, column.astype(np.int32), total * scale[row], low * scale, high * scale


def _row_scale(row: Ints, value: Floats, count: int) -> Floats:
    scale = np.ones(count)
    if len(row):
        size = np.log10(np.abs(value))
        first = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))  # rows come in order
        middle = (np.maximum.reduceat(size, first) + np.minimum.reduceat(size, first)) / 2
        scale[row[first]] = 10.0 ** -np.round(middle)
    return scale
