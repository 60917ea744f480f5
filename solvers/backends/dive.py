"""From the relaxation of a problem to plans with whole integers, one re-solve of the linear program at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from solvers.backends import Report, highs
from solvers.backends.highs_lp import WarmLP
from solvers.counts import counts, structure
from solvers.integer_rows import IntegerRows
from solvers.options import Options
from solvers.problem import Float, Problem
from solvers.settle import Quiet

Columns = NDArray[np.int64]
NEAR = 1e-6
FLIP_ITERATIONS = 5
"""Simplex iterations for each row that flipping switches may take."""
SLOPE_ROUNDS = 8
PATIENCE = 2
"""Rounds without a cheaper structure after which no more are tried."""
LEAST_OPEN = 1e-3
"""Least value by which a fixed charge is divided: a thousandth of a switch costs no more than the whole one."""
TRIED = 3
"""Structures of the slope scaling that are made into plans, the cheapest first."""
BATCH = 3
"""A third of the fractional columns is settled at a time."""
CHEAP = 1e-3
"""Rise of the cost, as a share, up to which so many are settled at once."""
LARGEST = 1e9
"""Rise of the cost, as a share, that any raise stays below."""
LARGE_COUNT = 20
"""From here on a count may be rounded to the nearest whole number."""
SMALL_BATCH = 6
"""A sixth of the smaller ones is settled at a time."""
FINISH_NODES, FINISH_GAP, FINISH_SHARE = 100, 2e-4, 0.25
"""Nodes, gap and share of the gap asked for of the search for the last counts, where rounding them breaks a row."""


class Dive:
    """Whole-number plans of a problem by slope scaling, a dive over the structure, and rounding of the counts.

    Parameters
    ----------
    problem : Problem
        The problem; without ``stage`` all integers are structure.
    program : WarmLP
        Its relaxation, at the problem's costs and bounds.
    """

    def __init__(self, problem: Problem, program: WarmLP, options: Options, report: Report) -> None:
        self._problem, self._program = problem, program
        self._options, self._quiet = options, Quiet(report.folder, report.stop_requested)
        self._lower, self._upper = problem.column_lower.copy(), problem.column_upper.copy()
        self.structure, self.counts = np.flatnonzero(structure(problem)), np.flatnonzero(counts(problem))
        cost, upper = problem.objective[self.structure], problem.column_upper[self.structure]
        lower = problem.column_lower[self.structure]
        self._charged = self.structure[(cost > 0) & (upper == 1.0) & (lower == 0.0)]
        self._switches = self.structure[(cost == 0) & (upper == 1.0) & (lower == 0.0)]
        self._share = np.zeros(len(self._charged))
        self._rows = IntegerRows(problem)
        self.settled: Float | None = None  # the last point with whole structure, counts as fractions

    def plans(self) -> Iterator[Float]:
        """Plans, float64[n], each with whole integers and all rows held within the engine's tolerance."""
        self._release(self.structure)
        self._release(self.counts)
        for number, share in enumerate(self._structures()):
            point = self._settled(share)
            if point is not None and not number:  # what makes it cheaper takes long: a plan first
                before = self._lower[self.structure], self._upper[self.structure]
                plan = self.around(point)
                if plan is not None:
                    yield plan
                self._release(self.counts)
                self._bound(self.structure, *before)
                point = self._program.solve()
            point = None if point is None else self._cheaper(point)
            if point is not None:
                plan = self.rounded(point)
                if plan is not None:
                    yield plan
            self._release(self.structure)
            self._release(self.counts)

    def around(self, point: Float) -> Float | None:
        """Plan with the structure of a point, its counts made whole; ``None`` where none was found."""
        self._release(self.counts)
        settled = self._fixed(self.structure, np.rint(point[self.structure]))
        if settled is None:
            return None
        self.settled = settled
        return self.rounded(settled)

    def _structures(self) -> list[Float]:
        """Return shares in which fixed charges are used, float64[charged], those that cost least to pay first."""
        program, charged = self._program, self._charged
        base = self._problem.objective[charged]
        point, slope = program.solve(), base.copy()
        tried: dict[bytes, tuple[float, Float]] = {}
        best, idle = np.inf, 0
        for _ in range(SLOPE_ROUNDS):
            if point is None or idle == PATIENCE:
                break
            share = self._share = point[charged]
            opened = share > NEAR
            paid = float(self._problem.objective @ point + base @ (opened - share))
            best, idle = (paid, 0) if paid < best else (best, idle + 1)
            known = tried.setdefault(opened.tobytes(), (paid, share))
            if known[0] > paid:
                tried[opened.tobytes()] = (paid, share)
            changed = np.where(opened, base / np.maximum(share, LEAST_OPEN), slope)
            if not len(charged) or np.array_equal(changed, slope):
                break
            slope = changed
            program.set_costs(charged, slope)
            point = program.solve()
        program.set_costs(charged, base)
        return [share for _, share in sorted(tried.values(), key=lambda one: one[0])[:TRIED]]

    def _settled(self, share: Float) -> Float | None:
        """Point with whole structure, the fixed charges in use paid where that can be.

        Of those that exclude one another, such as the starts of a project, the most used is paid.
        """
        program, charged = self._program, self._charged[np.argsort(-share, kind="stable")]
        used = np.zeros(self._problem.column_count)
        used[self._charged] = np.where(share > NEAR, share, 0.0)
        point = self._fixed(charged, self._rows.raised(used, self._lower, self._upper, charged))
        if point is None and not program.stopped:
            point = program.solve()
        return self._deepest(point)

    def _cheaper(self, point: Float) -> Float | None:
        """Point with whole structure, cheaper by what can be closed or flipped."""
        closed = self._deepest(self._closed(point))
        if closed is None:
            return None
        whole = self._fixed(self.structure, np.rint(closed[self.structure]))
        if whole is not None:
            self.settled = self._flipped(whole)
            return self.settled
        return None

    def _deepest(self, point: Float | None) -> Float | None:
        """Point whose structure is whole, by fixing ever more of it."""
        while point is not None:
            values = point[self.structure]
            open_ = np.abs(values - np.rint(values)) > NEAR
            if not open_.any():
                break
            point = self._deeper(point, self.structure[open_])
        return point

    def _closed(self, point: Float) -> Float:
        """Close the fixed charges one by one that the plan is cheaper without, the least used first."""
        program = self._program
        for column in self._charged[np.argsort(self._share, kind="stable")].tolist():
            if point[column] > NEAR and self._upper[column] > 0:
                best, one = program.objective, np.array([column])
                kept = self._lower[one].copy()
                self._bound(one, np.zeros(1), np.zeros(1))
                closed = program.solve(below=best)
                if closed is None or program.objective >= best:
                    self._bound(one, kept, np.ones(1))
                    program.objective = best
                else:
                    point = closed
        return point

    def _flipped(self, point: Float) -> Float:
        """Flip the switches without a charge one by one, for as long as the plan becomes cheaper.

        A dive opens each for itself, and where runs compete for sites the first ones take what later ones need. The
        reduced costs bound what a flip can save.
        """
        program = self._program
        until = program.iterations + FLIP_ITERATIONS * self._problem.row_count
        tried = number = 0
        reduced = program.reduced_costs()
        while tried < len(self._switches) and program.iterations < until:
            one = int(self._switches[number % len(self._switches)])
            number, tried, cost = number + 1, tried + 1, program.objective
            columns, values = self._flip(point, one)
            least = NEAR * abs(cost)
            if reduced[columns] @ (values - point[columns]) > -least:
                continue
            flipped = self._fixed(columns, values, below=cost - least)
            if flipped is None:
                program.objective = cost
            else:
                point, tried, reduced = flipped, 0, program.reduced_costs()
        return point

    def _flip(self, point: Float, one: int) -> tuple[Columns, Float]:
        """Return a switch and what opening it must close, with their new values."""
        if point[one] > NEAR:
            return np.array([one]), np.zeros(1)
        shut = self._rows.in_the_way(point, one)
        shut = shut[np.isin(shut, self.structure)]
        return np.append(shut, one), np.append(self._problem.column_lower[shut], 1.0)

    def _deeper(self, point: Float, open_: Columns) -> Float | None:
        """Raise a third of the fractions to the next whole number where that costs little, else settle the largest.

        What is not worth its price is given up where that costs little: a reward whose price is above what it brings,
        with the third of the open ones that are least within reach, or a contract.
        """
        program = self._program
        order = open_[np.argsort(np.floor(point[open_]) - point[open_], kind="stable")]
        reward, rewards = -self._problem.objective[order[0]], order[self._problem.objective[order] < 0]
        worth = max(CHEAP, reward / max(abs(program.objective), NEAR))
        down = order[:1] if reward <= 0 else np.append(order[0], rewards[1:][-(len(rewards) // BATCH) :])
        tries = [(order[: max(1, len(order) // BATCH)], True, CHEAP), (order[:1], True, worth), (down, False, CHEAP)]
        for some, raises, dearest in (*tries, (order[:1], True, LARGEST)):
            cost = program.objective
            whole = self._rows.raised(point, self._lower, self._upper, some) if raises else np.floor(point[some])
            deeper = self._fixed(some, whole, below=cost + dearest * max(abs(cost), NEAR))
            if deeper is not None or program.stopped:
                return deeper
            program.objective = cost
        return self._fixed(order[:1], np.floor(point[order[:1]]))

    def rounded(self, point: Float) -> Float | None:
        """Plan with whole counts near a point with whole structure, ``None`` where none was found."""
        while True:
            off = np.abs(point[self.counts] - np.rint(point[self.counts]))
            open_ = self.counts[off > NEAR]
            if not len(open_):
                break
            deeper = self._some_rounded(point, open_)
            if deeper is None:
                return self._finished()
            point = deeper
        last = self._fixed(self.counts, np.rint(point[self.counts]))
        if last is None:
            return None
        whole: Float = np.where(self._problem.integer, np.rint(last), last)
        return whole

    def _some_rounded(self, point: Float, open_: Columns) -> Float | None:
        """Fix a batch of counts: large ones at the nearest whole number, of small ones those nearest to the next.

        Half a unit is little of a hundred and much of two: small counts are settled few at a time and upwards, which
        leaves the smallest fractions without a purpose.
        """
        down = np.floor(point[open_])
        large = down >= LARGE_COUNT
        near = np.where(large, np.rint(point[open_]), down + 1)
        order = np.lexsort((down - point[open_], ~large))
        batches = [max(1, int(large.sum()))] if large.any() else [max(1, len(order) // SMALL_BATCH)]
        for take in dict.fromkeys((*batches, max(1, batches[0] // SMALL_BATCH), 1)):
            some = order[:take]
            kept = [self._rows.nearby(point, open_[some], wanted) for wanted in (near[some], down[some])]
            for whole in (*kept, near[some], down[some]) if take == 1 else kept:  # other counts may make room for one
                deeper = self._fixed(open_[some], whole)
                if deeper is not None or self._program.stopped:
                    return deeper
        return None

    def _finished(self) -> Float | None:
        """Plan with the counts that are not fixed yet, and the small ones, searched by the engine.

        What a fractional plan leaves unused stays so.
        """
        self._release(self.counts[self._lower[self.counts] < LARGE_COUNT])
        self._program.solve()
        left_s = self._program.deadline - time.monotonic()
        reduced = self._program.reduced_costs()
        idle = self.counts[(reduced[self.counts] > NEAR) & (self._lower[self.counts] <= 0.0)]
        upper = self._upper.copy()
        upper[idle] = np.minimum(upper[idle], 0.0)
        if left_s <= 0:
            return None
        rest = replace(self._problem, column_lower=self._lower, column_upper=upper)
        asked = replace(
            self._options, start=None, basis=None, node_limit=FINISH_NODES,
            gap=max(FINISH_GAP, FINISH_SHARE * self._options.gap),
            time_limit_s=left_s if np.isfinite(left_s) else None,
        )  # fmt: skip
        found = highs.solve(rest, asked, self._quiet).values
        return None if found is None else self.exactly(found)

    def exactly(self, values: Float) -> Float | None:
        """Plan with the integers of a nearly whole one, the rest solved anew; ``None`` where there is none."""
        integers = np.flatnonzero(self._problem.integer)
        point = self._fixed(integers, np.rint(values[integers]))
        return None if point is None else np.where(self._problem.integer, np.rint(point), point)

    def _fixed(self, columns: Columns, values: Float, below: float = np.inf) -> Float | None:
        """Point below a cost with some columns fixed; their bounds are as before where there is none."""
        before = self._lower[columns], self._upper[columns]
        self._bound(columns, values, values)
        point = self._program.solve(below)
        if point is None:
            self._bound(columns, *before)
        return point

    def _release(self, columns: Columns) -> None:
        self._bound(columns, self._problem.column_lower[columns], self._problem.column_upper[columns])

    def _bound(self, columns: Columns, lower: Float, upper: Float) -> None:
        self._lower[columns], self._upper[columns] = lower, upper
        self._program.set_bounds(columns, lower, upper)
