"""procure compare and procure frontier."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from procure.cli.application import INTERRUPTED, JsonOption, QuietOption, ScenarioArgument, SetOption, app
from procure.cli.failures import failures
from procure.cli.printing import errors, output, say
from procure.cli.reading import plan_of, read, solver

if TYPE_CHECKING:
    from procure.analysis.bridge import Bridge
    from procure.plan.plan import Plan
    from procure.scenario.scenario import Scenario


@app.command(epilog="Examples: procure compare startup plan.json · procure compare frontier-lab "
             "--without vendor-money · procure compare last.json tonight.json --causes")  # fmt: skip
def compare(
    first: Annotated[str, typer.Argument(help="A plan file, or a scenario to be solved.")],
    second: Annotated[str | None, typer.Argument(help="Another.", show_default=False)] = None,
    without: Annotated[str | None, typer.Option(help="vendor-money: the first again, without it.")] = None,
    causes: Annotated[
        bool,
        typer.Option("--causes", help="Solve what lies between: how much of the cost each changed input explains."),
    ] = False,
    changes: SetOption = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds for each solve.")] = None,
    gap: Annotated[float, typer.Option(help="Stop when proven within this share of the best possible.")] = 0.005,
    threads: Annotated[int, typer.Option(help="Threads of the engine.")] = 1,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say what moves between two plans, or what a plan rests on; --set changes what is solved second."""
    from procure.scenario.complaint import Complaint, InvalidData

    with failures(verbose=False):
        if without not in (None, "vendor-money"):
            wrong = Complaint(("without",), str(without), "expected vendor-money", "Write --without vendor-money.")
            raise InvalidData([wrong])
        if second is None and without is None and not changes:
            expected = "expected a second plan or scenario, --without vendor-money, or --set"
            raise InvalidData([Complaint(("SECOND",), "missing", expected, "Name what to compare with.")])
        from procure.analysis.bridge import causes as input_changes
        from procure.analysis.bridge_report import show_bridge
        from procure.analysis.compare import compare as compare_plans
        from procure.analysis.comparison_report import show_comparison, show_worth

        options = {"gap": gap, "time_limit_s": time_limit, "threads": threads}
        one = plan_of(first, None, options, quiet=quiet)
        scenario = one.scenario if second is None else None
        other = plan_of(second or first, changes, options, quiet=quiet, scenario=scenario, without=without)
        found = compare_plans(one, other)
        told = input_changes(one.scenario, other.scenario)
        way = _bridge(one, other, options, quiet=quiet) if causes or len(told) <= 1 else None
        if as_json:
            more = {"causes": [cause.label for cause in told], "bridge": None if way is None else way.to_data()}
            say(json.dumps(found.to_data() | more, allow_nan=False))
            return
        if without:
            show_worth(found, output())
        label = "without" if without else "second" if second is None or second == first else second
        names = (first if label != "without" else "with", label)
        show_comparison(found, output(), names)
        show_bridge(way, told, output(), names)


@app.command(epilog="Examples: procure frontier --vary limits.nvidia_share.max_share=0.3:1.0:0.1 · "
             "procure frontier my.yaml --vary limits.power.max='80 MW,100 MW,150 MW' --out frontier.csv")  # fmt: skip
def frontier(
    scenario: ScenarioArgument,
    vary: Annotated[str, typer.Option(help="What to vary: LOW:HIGH:STEP, or values.", metavar="PATH=VALUES")],
    changes: SetOption = None,
    backend: Annotated[str, typer.Option(help="Engine, as `procure doctor` lists them, or auto.")] = "auto",
    time_limit: Annotated[float | None, typer.Option(help="Seconds for each point.")] = None,
    gap: Annotated[float, typer.Option(help="Stop when proven within this share of the best possible.")] = 0.005,
    threads: Annotated[int, typer.Option(help="Threads of the engine.")] = 1,
    seed: Annotated[int, typer.Option(help="Random seed of the engine.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Also write frontier.csv, or a picture: .html, .svg, .png.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Solve a scenario with one value varied: what the cost buys at each point."""
    from procure.analysis.frontier import Frontier, solve_points, values_of
    from procure.analysis.frontier import vary as varied
    from procure.analysis.frontier_report import check_target, show_frontier, write_frontier

    with failures(verbose=False):
        if out:
            check_target(out)
        path, values = values_of(vary)
        _, problem = read(scenario, changes)
        scenarios = varied(problem, path, values)
        options = {"gap": gap, "time_limit_s": time_limit, "backend": backend, "threads": threads, "seed": seed}
        with solver(options, quiet=quiet) as solve_one:
            found = Frontier(path, values, solve_points(scenarios, solve_one))
        if as_json:
            say(json.dumps(found.to_data(), allow_nan=False))
        else:
            show_frontier(found, output())
        if out and found.solved:
            write_frontier(found, out)
            errors().print(f"wrote {out}", style="dim", markup=False)
        if found.stopped:
            raise typer.Exit(INTERRUPTED)
        if not found.solved:
            raise typer.Exit(3 if found.infeasible else 4)


def _bridge(first: "Plan", second: "Plan", options: dict[str, Any], *, quiet: bool) -> "Bridge":
    from procure.analysis.bridge import bridge

    last = first

    with solver(options, quiet=quiet) as solve_one:

        def between(scenario: "Scenario") -> "Plan":
            nonlocal last
            last = solve_one(scenario, last)
            if last.result["ending"] == "cancelled":
                raise KeyboardInterrupt
            return last

        return bridge(first, second, between)
