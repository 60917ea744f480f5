"""The comparison with the engines: its arithmetic, and the runner from end to end on a tiny instance."""

import json

import numpy as np
import pytest

from solvers import Problem, check
from tests.benchmarks import against_engines
from tests.benchmarks.arrays import load, problem_hash, save
from tests.benchmarks.summary import Row, geometric_mean, markdown, middle
from tests.benchmarks.trace import Trace, gap, primal_integral, read, thinned, time_to

TRACE = [(1.0, None, 50.0), (2.0, 120.0, 60.0), (4.0, 100.0, 90.0), (8.0, 100.0, 99.95)]


def trial(seconds_to, *, checked=100.0, ok=True, bound=99.95, memory_mb=50.0, trace=TRACE):
    verdict = {"ok": ok, "objective": checked, "verdict": "row r1 off by 0.5"}
    return {
        "ending": "optimal", "seconds": 8.0, "objective": checked, "bound": bound, "gap": 0.0005,
        "seconds_to": dict(zip(("0.1", "0.01", "0.005", "0.001"), seconds_to, strict=True)), "memory_mb": memory_mb,
        "checked": verdict, "trace": trace, "load": 1.0, "jobs": 1,
    }  # fmt: skip


def row(name, group="S small", **trials):
    return Row(name, group, 10, 30, 20.0, trials)


def test_time_to_a_gap_is_when_the_contestant_proved_it():
    """Gaps are taken against the incumbent: 60 of 120 is 50 %, 90 of 100 is 10 %, 99.95 of 100 is 0.05 %."""
    assert gap(120.0, 60.0) == 0.5
    assert [time_to(TRACE, target, 20.0) for target in (0.5, 0.1, 0.01, 0.0001)] == [2.0, 4.0, 8.0, None]
    assert time_to(TRACE, 0.01, limit_s=7.0) is None  # 8 s is more than 1.05 times the limit


def test_the_primal_integral_weighs_how_far_plans_were_for_how_long():
    """No plan for 2 s, 20 of 120 too dear for 2 s, then the best: 2 * 1 + 2 * 20 / 120."""
    assert primal_integral(TRACE, best=100.0, limit_s=20.0) == pytest.approx(2 + 2 * 20 / 120)
    assert primal_integral([], best=100.0, limit_s=20.0) == 20.0
    assert primal_integral(TRACE, best=100.0, limit_s=3.0) == pytest.approx(2 + 20 / 120)


def test_ratios_count_what_is_unproved_as_the_limit():
    """2 s against 8 s, the limit of 20 s against 5 s, and 10 s against a limit: 1/4, 4, 1/2, and their mean."""
    slower = row("a", procure=trial([1, 8, 8, 8]), highs=trial([1, 2, 2, 2]), cbc=trial([1, 9, 9, 9]))
    faster = row("b", procure=trial([1, 5, 5, 5]), highs=trial([1, None, None, None]))
    lost = row("c", "S large", procure=trial([1, 5, 5, None]), highs=trial([1, 10, 10, 10]))
    assert [instance.ratio(0.001) for instance in (slower, faster, lost)] == [0.25, 4.0, 0.5]
    assert [instance.lost(0.001) for instance in (slower, faster, lost)] == [False, False, True]
    assert geometric_mean([0.25, 4.0, 0.5]) == pytest.approx(0.5 ** (1 / 3))
    text = markdown([slower, faster, lost], 0.001, [])
    # S small: 1 % and 0.5 % alike; S large: 10 / 5 = 2 until 0.1 %, where procure has nothing and highs 10 of 20 s
    assert "| S small | 2 | 1.00 | 0.25 | 0, 1, 0 | 1.00 | 0.25 | 0, 1, 0 | 1.00 | 0.25 | 0, 1, 0 | none |" in text
    assert "| S large | 1 | 2.00 | 2.00 | 0, 0, 0 | 2.00 | 2.00 | 0, 0, 0 | 0.50 | 0.50 | 1, 0, 0 | c |" in text


def test_plans_and_bounds_that_cannot_be_right_are_noted():
    """A plan that fails the check is no best plan, and a bound above another's checked plan is a contradiction."""
    wrong = row("a", procure=trial([1, 2, 2, 2]), cbc=trial([1, 2, 2, 2], checked=90.0, ok=False, bound=100.1))
    assert wrong.best_known() == 100.0
    failed, contradiction = wrong.notes()
    assert failed == "cbc: plan fails the check, row r1 off by 0.5"
    assert contradiction.startswith("cbc: contradiction, bound 100.1 above a checked plan of 100")
    assert not row("b", procure=trial([1, 2, 2, 2]), cbc=trial([1, 2, 2, 2], bound=100.00005)).notes()


def test_of_several_runs_the_middle_one_counts():
    """3 s lies between 1 s and a run that proved nothing."""
    runs = [trial([1, 1, 1, None]), trial([1, 1, 1, 3.0]), trial([1, 1, 1, 1.0])]
    assert middle(runs, 0.001)["seconds_to"]["0.001"] == 3.0


def test_a_trace_keeps_what_is_better_and_survives_a_kill(tmp_path):
    """Worse news is not written, a line cut short is not read, and thinning keeps the ends and the first plan."""
    with Trace(tmp_path / "trace") as trace:
        for incumbent, bound in ((None, 1.0), (9.0, 0.5), (float("inf"), 2.0), (10.0, 2.0)):
            trace.note(incumbent, bound)
    with (tmp_path / "trace").open("a") as file:
        file.write("[3.0, 8")
    assert [point[1:] for point in read(tmp_path / "trace")] == [(None, 1.0), (9.0, 1.0), (9.0, 2.0)]
    long = [(float(number), 5.0 if number > 40 else None, float(number)) for number in range(1000)]
    short = thinned(long)
    assert len(short) <= 60
    assert {long[0], long[41], long[-1]} <= set(short)


@pytest.fixture
def knapsack():
    """Two of the three items fit: the best are worth 5 + 4."""
    return Problem(
        objective=np.array([-5.0, -4.0, -3.0]), column_lower=np.zeros(3), column_upper=np.ones(3),
        integer=np.ones(3, dtype=bool), row_lower=np.array([-np.inf]), row_upper=np.array([2.0]),
        starts=np.array([0, 3]), columns=np.array([0, 1, 2]), coefficients=np.ones(3), stage=np.array([0, 1, 1]),
    )  # fmt: skip


def test_a_problem_comes_back_from_disk_as_it_was(tmp_path, knapsack):
    """The arrays of a folder have the hash they were saved with; a changed bound has another."""
    save(knapsack, tmp_path)
    again = load(tmp_path)
    assert problem_hash(again) == problem_hash(knapsack)
    assert again.stage is not None
    assert check(again, np.array([1.0, 1.0, 0.0])).objective == -9.0


def test_the_runner_measures_and_repeats_nothing(tmp_path, monkeypatch, knapsack, capsys):
    """Three contestants find the optimum, -9; a second run starts none of them; one may be run again."""
    monkeypatch.setattr(against_engines, "build", lambda instance: knapsack)
    monkeypatch.setattr(against_engines, "SHORT_RUNS", 1)
    flags = ["--scenarios", "startup", "--sizes", "--contestants", "procure", "highs", "cbc"]
    flags += ["--time-limit", "5", "--jobs", "2", "--out", str(tmp_path)]
    assert against_engines.main(flags) == 0
    trials = json.loads((tmp_path / "against_engines.json").read_text())["trials"]
    assert {found["contestant"] for found in trials.values()} == {"procure", "highs", "cbc"}
    for found in trials.values():
        assert found["checked"] == {"ok": True, "objective": -9.0, "verdict": "objective -9, all rows and bounds hold"}
        assert found["seconds_to"]["0.001"] <= found["seconds"] + 0.01
        assert found["contestant"] == "cbc" or 20 < found["memory_mb"] < 500  # CBC is gone before the first look
        assert found["jobs"] == 2
    assert "best engine / procure" in capsys.readouterr().out
    started = []
    monkeypatch.setattr(against_engines, "trial", lambda name, *_: started.append(name) or next(iter(trials.values())))
    assert against_engines.main(flags) == 0
    assert started == []
    assert against_engines.main([*flags, "--again", "highs"]) == 0
    assert started == ["highs"]
    assert len(list(tmp_path.iterdir())) == 2
