"""procure solve."""

import json
from pathlib import Path
from typing import Annotated

import typer

from procure.cli.application import (
    DEFAULT,
    INTERRUPTED,
    JsonOption,
    QuietOption,
    ScenarioArgument,
    SetOption,
    VerboseOption,
    app,
)
from procure.cli.failures import failures, places
from procure.cli.printing import errors, output, say
from procure.cli.reading import read


@app.command(epilog="Examples: procure solve · procure solve startup --out plan.xlsx · "
             "procure solve my.yaml --set limits.nvidia_share.max_share=0.5 --time-limit 60 · "
             "procure solve my.yaml --baseline plan.json --fixed-until 2027-07")  # fmt: skip
def solve(
    scenario: ScenarioArgument = DEFAULT,
    changes: SetOption = None,
    backend: Annotated[str, typer.Option(help="Engine, as `procure doctor` lists them, or auto.")] = "auto",
    time_limit: Annotated[float | None, typer.Option(help="Seconds; the best plan so far is kept.")] = None,
    gap: Annotated[float, typer.Option(help="Stop when proven within this share of the best possible.")] = 0.005,
    threads: Annotated[int, typer.Option(help="Threads of the engine.")] = 1,
    seed: Annotated[int, typer.Option(help="Random seed of the engine.")] = 0,
    baseline: Annotated[
        Path | None, typer.Option(help="A plan file: keep its orders and starts unless a change pays.")
    ] = None,
    fixed_until: Annotated[
        str | None, typer.Option(help="With a baseline: what it decides before this date is placed.", metavar="DATE")
    ] = None,
    out: Annotated[str | None, typer.Option(help="Also write plan.json, plan.xlsx, plan.html, or plan/ (CSV).")] = None,
    full: Annotated[bool, typer.Option("--full", help="Print every row.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Solve a scenario and print the audited plan."""
    from procure.plan.export import check_target, write_plan
    from procure.progress import watch

    with failures(verbose):
        if out:
            check_target(out)
        document, problem = read(scenario, changes, baseline, fixed_until)
        with places(document), watch(errors(), quiet=quiet) as progress:
            from procure.plan.solve import solve as solve_scenario

            plan = solve_scenario(
                problem,
                gap=gap,
                time_limit_s=time_limit,
                backend=backend,
                threads=threads,
                seed=seed,
                progress=progress,
            )
        if as_json:
            say(json.dumps(plan.to_data(), allow_nan=False))
        else:
            from procure.plan.report import show_plan

            show_plan(plan, output(), full=full)
        if out:
            write_plan(plan, out)
            errors().print(f"wrote {out}", style="dim", markup=False)
        if plan.result["ending"] == "cancelled":
            raise typer.Exit(INTERRUPTED)
