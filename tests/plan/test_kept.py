"""Which of two answers is taken when a plan continues from a baseline, and what is known of it, however they end."""

from pathlib import Path

import pytest

from procure.formulation.build import build as build_problem
from procure.formulation.model import Formulation
from procure.plan.kept import SHARE, Answer, Stages, continued
from procure.scenario.document import read_document
from procure.scenario.scenario import build
from solvers import Ending, Options, Problem, Result, solve

GAP = 0.01
"""At this gap the plan changes: 34 instead of 38."""


@pytest.fixture(scope="module")
def formulation() -> Formulation:
    """Return the hand-worked instance; the objective is in tens of USD."""
    path = Path(__file__).parents[1] / "instances" / "baseline.yaml"
    return build_problem(build(read_document(path).data))


def ended(ending: Ending, bound: float = 3.0) -> Result:
    """Return a result without an answer."""
    return Result(ending, None, float("inf"), bound, float("inf"), 0.1, "highs", "", "", 0, None)


def answer(formulation: Formulation, held: Result | None = None, whole: Result | None = None) -> Answer:
    """Continue, with a solve of the baseline alone, or of the whole, that ends as given."""

    def first(problem: Problem, options: Options) -> Result:
        given = whole if problem is formulation.problem else held
        return solve(problem, options) if given is None else given

    return continued(formulation, Options(gap=GAP, time_limit_s=20), Stages(first, None))


def test_a_change_that_pays_is_made(formulation: Formulation) -> None:
    """34 instead of 38."""
    found = answer(formulation)
    assert found.result.objective == pytest.approx(3.4)
    assert found.told == {"baseline_objective": pytest.approx(38), "kept": False}


@pytest.mark.parametrize(
    ("whole", "ending", "bound"),
    [
        (ended(Ending.LIMIT_EMPTY), Ending.LIMIT, 3.0),
        (ended(Ending.CANCELLED_EMPTY), Ending.CANCELLED, 3.0),
        (ended(Ending.FAILED), Ending.LIMIT, float("-inf")),
        (ended(Ending.INFEASIBLE, float("inf")), Ending.LIMIT, float("-inf")),
    ],
)
def test_the_baseline_is_the_answer_where_there_is_no_other(
    formulation: Formulation, whole: Result, ending: Ending, bound: float
) -> None:
    """Time ran out, the engine failed or claims what the baseline refutes: a plan is known, if not how good it is."""
    found = answer(formulation, whole=whole)
    assert (found.result.ending, found.result.bound) == (ending, bound)
    assert found.result.objective == pytest.approx(3.8)
    assert found.told["kept"] is True
    assert found.values is not None


@pytest.mark.parametrize("ending", [Ending.INFEASIBLE, Ending.LIMIT_EMPTY, Ending.FAILED])
def test_without_an_answer_of_the_baseline_the_whole_is_solved(formulation: Formulation, ending: Ending) -> None:
    """It cannot be kept, or nobody knows in time."""
    found = answer(formulation, held=ended(ending))
    assert found.result.objective == pytest.approx(3.4)
    assert found.told == {"kept": False, "baseline_objective": None}


def test_without_any_answer_there_is_none(formulation: Formulation) -> None:
    """Nothing is said about the baseline then."""
    found = answer(formulation, held=ended(Ending.INFEASIBLE), whole=ended(Ending.INFEASIBLE))
    assert found.values is None
    assert found.told["kept"] is None


def test_the_baseline_alone_takes_a_share_of_the_time(formulation: Formulation) -> None:
    """And the whole what is left, from the answer of the baseline."""
    asked: list[Options] = []

    def first(problem: Problem, options: Options) -> Result:
        asked.append(options)
        return solve(problem, options)

    continued(formulation, Options(gap=GAP, time_limit_s=20), Stages(first, None))
    held, whole = asked
    assert held.time_limit_s == pytest.approx(SHARE * 20)
    assert held.gap < whole.gap == GAP
    assert whole.time_limit_s is not None
    assert 10 < whole.time_limit_s < 20
    assert whole.start is not None
