"""The command line: commands, options and exit codes; no arithmetic.

Results go to standard output, progress and complaints to standard error. Exit codes: 0 done; 1 unexpected failure;
2 wrong usage or invalid data; 3 infeasible; 4 limit reached without a plan; 130 interrupted.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from procure.analysis.bridge import Bridge
    from procure.plan.plan import Plan
    from procure.scenario.document import Document
    from procure.scenario.scenario import Scenario

DEFAULT: Final = "enterprise"
INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141

app = typer.Typer(
    name="procure",
    help="Which accelerator capacity to order, where, when and under which contract, and what runs on it.",
    epilog="Start with: procure solve",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ScenarioArgument = Annotated[
    str,
    typer.Argument(
        help="A bundled scenario (enterprise, startup, frontier-lab), a YAML or .xlsx file.", show_default=True
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Change a value: limits.nvidia_share.max_share=0.5. May be repeated.", metavar="PATH=VALUE"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say more: sizes, and the traceback of a failure.")
]


def main() -> None:
    """Run the command line."""
    app()


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        from importlib.metadata import version as installed

        _say(f"procure {installed('procure')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        _say(context.get_help())
        raise typer.Exit


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

    with _failures(verbose):
        if out:
            check_target(out)
        document, problem = _read(scenario, changes, baseline, fixed_until)
        with _places(document), watch(_errors(), quiet=quiet) as progress:
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
            _say(json.dumps(plan.to_data(), allow_nan=False))
        else:
            from procure.plan.report import show_plan

            show_plan(plan, _output(), full=full)
        if out:
            write_plan(plan, out)
            _errors().print(f"wrote {out}", style="dim", markup=False)
        if plan.result["ending"] == "cancelled":
            raise typer.Exit(INTERRUPTED)


@app.command(epilog="Example: procure check my.yaml")
def check(scenario: ScenarioArgument, changes: SetOption = None, as_json: JsonOption = False) -> None:
    """Validate a scenario's data: every complaint with file, row, field, value, expected and remedy."""
    from procure.scenario.complaint import InvalidData

    with _failures(verbose=False):
        try:
            document, problem = _read(scenario, changes)
            with _places(document):
                from procure.formulation.build import check as check_families

                check_families(problem)
        except InvalidData as error:
            if not as_json:
                raise
            _say(json.dumps([asdict(c) | {"field": c.field} for c in error.complaints], indent=1))
            raise typer.Exit(2) from None
        if as_json:
            _say("[]")
            return
        sizes = f"{len(problem.offers)} offers, {len(problem.workloads)} workloads, {len(problem.limits)} limits"
        _say(f"{problem.name} is valid: {problem.horizon.periods} {problem.horizon.period}s, {sizes}")


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

    with _failures(verbose=False):
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
        one = _plan(first, None, options, quiet=quiet)
        scenario = one.scenario if second is None else None
        other = _plan(second or first, changes, options, quiet=quiet, scenario=scenario, without=without)
        found = compare_plans(one, other)
        told = input_changes(one.scenario, other.scenario)
        way = _bridge(one, other, options, quiet=quiet) if causes or len(told) <= 1 else None
        if as_json:
            more = {"causes": [cause.label for cause in told], "bridge": None if way is None else way.to_data()}
            _say(json.dumps(found.to_data() | more, allow_nan=False))
            return
        if without:
            show_worth(found, _output())
        label = "without" if without else "second" if second is None or second == first else second
        names = (first if label != "without" else "with", label)
        show_comparison(found, _output(), names)
        show_bridge(way, told, _output(), names)


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

    with _failures(verbose=False):
        if out:
            check_target(out)
        path, values = values_of(vary)
        _, problem = _read(scenario, changes)
        scenarios = varied(problem, path, values)
        options = {"gap": gap, "time_limit_s": time_limit, "backend": backend, "threads": threads, "seed": seed}
        with _solver(options, quiet=quiet) as solve_one:
            found = Frontier(path, values, solve_points(scenarios, solve_one))
        if as_json:
            _say(json.dumps(found.to_data(), allow_nan=False))
        else:
            show_frontier(found, _output())
        if out and found.solved:
            write_frontier(found, out)
            _errors().print(f"wrote {out}", style="dim", markup=False)
        if found.stopped:
            raise typer.Exit(INTERRUPTED)
        if not found.solved:
            raise typer.Exit(3 if found.infeasible else 4)


@app.command(epilog="Example: procure audit plan.json")
def audit(
    plan: Annotated[Path, typer.Argument(help="A plan file, from: procure solve --out plan.json")],
    as_json: JsonOption = False,
) -> None:
    """Recompute a plan's feasibility and every figure from its scenario and decisions alone."""
    from procure.plan.audit import audit as audit_plan
    from procure.plan.plan import read_plan_data

    with _failures(verbose=False):
        report = audit_plan(read_plan_data(plan))
        if as_json:
            found = [asdict(finding) for finding in report.findings]
            _say(json.dumps({"ok": report.ok, "findings": found, "checked": report.checked}, default=str))
        else:
            for finding in report.findings:
                _say(str(finding))
            total = sum(report.checked.values())
            verdict = "holds" if report.ok else f"does not hold: {len(report.findings)} findings"
            _say(f"{plan} {verdict}; {total:,} rows recomputed")
        if not report.ok:
            raise typer.Exit(2)


@app.command(epilog="Example: procure export enterprise model.mps")
def export(
    scenario: ScenarioArgument,
    model: Annotated[Path, typer.Argument(help="model.mps or model.lp")],
    changes: SetOption = None,
) -> None:
    """Write the exact model, for any other solver."""
    from procure.scenario.complaint import Complaint, InvalidData

    with _failures(verbose=False):
        if model.suffix not in (".mps", ".lp"):
            wrong = Complaint(("MODEL",), str(model), "expected .mps or .lp", "Name the file model.mps or model.lp.")
            raise InvalidData([wrong])
        document, problem = _read(scenario, changes)
        with _places(document):
            from procure.formulation.build import build
            from solvers import write_model

            built = build(problem)
        try:
            write_model(built.problem, model)
        except OSError as error:
            wrong = Complaint(("MODEL",), str(model), f"cannot be written: {error.strerror}", "Choose another folder.")
            raise InvalidData([wrong]) from None
        low, high = built.problem.coefficient_range()
        rows, columns = len(built.problem.row_lower), len(built.problem.objective)
        _say(
            f"wrote {model}: {rows:,} rows, {columns:,} columns, {len(built.problem.coefficients):,} nonzeros in "
            f"{low:.3g} … {high:.3g}; objective in units of {built.objective_usd:g} USD"
        )


@app.command(epilog="Example: procure schema > procure.schema.json")
def schema() -> None:
    """Print the JSON Schema of a scenario file, for editors."""
    from procure.scenario_file import schema as file_schema

    _say(json.dumps(file_schema(), indent=1))


@app.command("app", epilog="Examples: procure app · procure app --port 8600 --no-browser")
def planner(
    port: Annotated[int | None, typer.Option(help="Port; by default the first that is free from 8501.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    allow: Annotated[
        list[str] | None, typer.Option(help="A name that others reach it by. May be repeated.", metavar="NAME")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
) -> None:
    """Open the what-if app on the bundled scenarios and the user's store."""
    from importlib.util import find_spec

    from procure.runs.store import Store

    with _failures(verbose=False):
        Store().close()  # a store that cannot be used is told here, not in the browser
        found = find_spec("apps")
        assert found is not None
        assert found.submodule_search_locations is not None
        page = Path(found.submodule_search_locations[0], "planner.py")
        command = [sys.executable, "-m", "streamlit", "run", str(page), "--server.address", host]
        command += ["--server.headless", str(no_browser).lower()]
        command += [] if port is None else ["--server.port", str(port)]
        if allow:
            command += [part for name in ("localhost", "127.0.0.1", *allow) for part in ("--server.allowedHosts", name)]
        os.execv(sys.executable, command)  # noqa: S606  # its signals and exit code are then the app's


@app.command(epilog="Example: procure doctor")
def doctor(as_json: JsonOption = False) -> None:
    """Examine the engines: installed, version, features, and a solved self-test, each in its own process."""
    from rich.table import Table

    from solvers.doctor import doctor as examine

    with _failures(verbose=False):
        reports = examine()
        if as_json:
            _say(json.dumps([asdict(report) for report in reports], default=str))
        else:
            grid = Table("engine", "version", "state", "seconds", "features, or what is wrong")
            for report in reports:
                state = "works" if report.solved else "missing" if not report.available else "fails"
                words = ", ".join(report.can) if report.solved else report.message
                grid.add_row(report.name, report.version, state, f"{report.seconds:.2f}", words)
            _output().print(grid)
        if not any(report.solved for report in reports):
            raise typer.Exit(1)


def _plan(
    name: str, changes: list[str] | None, options: dict[str, Any], *, quiet: bool,
    scenario: "Scenario | None" = None, without: str | None = None,
) -> "Plan":  # fmt: skip
    """Return the plan of a file, or of a scenario (by name, or given) once it is solved."""
    from procure.plan.plan import load_plan
    from procure.plan.solve import solve as solve_scenario
    from procure.progress import watch

    if scenario is None and name.endswith(".json") and not changes and not without:
        return load_plan(name)
    document = None
    if scenario is None:
        document, scenario = _read(name, changes)
    elif changes:
        scenario = scenario.with_(_edits(changes))
    if without:
        scenario = scenario.without_vendor_money()
    with _places(document), watch(_errors(), quiet=quiet) as progress:
        return solve_scenario(scenario, progress=progress, **options)


def _bridge(first: "Plan", second: "Plan", options: dict[str, Any], *, quiet: bool) -> "Bridge":
    from procure.analysis.bridge import bridge

    last = first

    with _solver(options, quiet=quiet) as solve_one:

        def between(scenario: "Scenario") -> "Plan":
            nonlocal last
            last = solve_one(scenario, last)
            if last.result["ending"] == "cancelled":
                raise KeyboardInterrupt
            return last

        return bridge(first, second, between)


@contextmanager
def _solver(options: dict[str, Any], *, quiet: bool) -> "Iterator[Callable[[Scenario, Plan | None], Plan]]":
    """Lend what solves a scenario from the plan of a neighbour, with engines kept warm."""
    from procure.plan.solve import solve as solve_scenario
    from procure.progress import watch
    from solvers import Session

    def solve_one(scenario: "Scenario", before: "Plan | None") -> "Plan":
        with watch(_errors(), quiet=quiet) as progress:
            return solve_scenario(scenario, previous=before, session=session, progress=progress, **options)

    with Session() as session:
        yield solve_one


def _read(
    name: str, changes: list[str] | None, baseline: Path | None = None, fixed_until: str | None = None
) -> tuple["Document", "Scenario"]:
    from procure.scenario.complaint import InvalidData
    from procure.scenario.scenario import build
    from procure.scenario_file import load_data

    document = load_data(name)
    with _places(document):
        if baseline is not None or fixed_until is not None:
            _continue(document, baseline, fixed_until)
        scenario = build(document.data)
        try:
            return document, scenario.with_(_edits(changes)) if changes else scenario
        except InvalidData as error:
            raise InvalidData([complaint.at("--set", None) for complaint in error.complaints]) from None


def _edits(changes: list[str]) -> dict[str, Any]:
    from procure.scenario.complaint import Complaint, InvalidData
    from procure.scenario.document import read_value

    edits: dict[str, Any] = {}
    for change in changes:
        path, equals, value = change.partition("=")
        if not equals or not path or not value.strip():
            remedy = "Write --set horizon.periods=8, or PATH=null to take a value away."
            raise InvalidData([Complaint((path,), value, "expected PATH=VALUE", remedy, "--set")])
        edits[path.strip()] = read_value(value)
    return edits


def _continue(document: "Document", plan: Path | None, fixed_until: str | None) -> None:
    """Put the orders and starts of a plan file into the baseline of a scenario; what else that says stays."""
    from procure.plan.plan import read_plan_data
    from procure.scenario.baseline import baseline_of
    from procure.scenario.complaint import Complaint, InvalidData
    from procure.scenario.horizon import Horizon
    from procure.scenario.validate import validate

    stated = document.data.get("baseline") or {}
    if not isinstance(stated, dict):
        return  # the scenario's own complaint says so
    if plan is None and not stated:
        remedy = "Add --baseline plan.json."
        raise InvalidData([Complaint((), str(fixed_until), "expected a baseline", remedy, "--fixed-until")])
    if plan is not None:
        horizon = validate(Horizon, document.data.get("horizon") or {}, ("horizon",))
        data = read_plan_data(plan)
        try:
            found, outside = baseline_of(data["decisions"], horizon)
        except (KeyError, TypeError, ValueError):
            expected, remedy = "expected the decisions of a plan", "Make one with `procure solve --out plan.json`."
            raise InvalidData([Complaint(("decisions",), "unreadable", expected, remedy, str(plan))]) from None
        for what in outside:
            _errors().print(f"left out: {what}, outside the horizon", markup=False, soft_wrap=True)
        document.put(("baseline", "orders"), [order.data() for order in found.orders], str(plan))
        document.put(("baseline", "starts"), [start.data() for start in found.starts], str(plan))
    if fixed_until is not None:
        document.put(("baseline", "fixed_until"), fixed_until, "--fixed-until")


@contextmanager
def _places(document: "Document | None") -> Iterator[None]:
    from procure.scenario.complaint import InvalidData

    try:
        yield
    except InvalidData as error:
        if document is None:
            raise
        raise document.located(error) from None


@contextmanager
def _failures(verbose: bool) -> Iterator[None]:
    """Turn what a user can mend into a message and an exit code; leave no traceback but in verbose mode."""
    from procure.scenario.complaint import InvalidData

    try:
        yield
    except (typer.Exit, SystemExit):
        raise
    except InvalidData as error:
        _complain(error)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        _errors().print("interrupted before the first plan")
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        code = _exit_code(error)
        if type(error).__name__ == "StoreUnavailable":  # by name: the store is imported by those who use it
            _errors().print(str(error), markup=False, soft_wrap=True, style="red")
            raise typer.Exit(code) from None
        name = f"{type(error).__name__}: " if code == 1 else ""
        _errors().print(f"{name}{error}", markup=False, soft_wrap=True, style="red")
        if code == 1:
            if verbose:
                raise
            _errors().print("This is a failure of the program; --verbose shows where.", highlight=False)
        raise typer.Exit(code) from None


def _exit_code(error: Exception) -> int:
    from procure.formulation.builder import TooLarge
    from procure.plan.solve import Infeasible, LimitReached
    from solvers import BackendUnavailable, Ending, UnknownBackend

    if isinstance(error, Infeasible):
        return 3
    if isinstance(error, LimitReached):
        return INTERRUPTED if error.result.ending is Ending.CANCELLED_EMPTY else 4
    if isinstance(error, TooLarge | BackendUnavailable | UnknownBackend | ValueError):
        return 2
    return 1


def _complain(error: Any) -> None:
    console = _errors()
    count = len(error.complaints)
    console.print(f"{count} complaint{'' if count == 1 else 's'} about the data", style="bold red", highlight=False)
    for complaint in error.complaints:
        place = (complaint.file or "") + (f":{complaint.row}" if complaint.row is not None else "")
        where = f"  {place}{': ' if place else ''}{complaint.field} = {complaint.value}"
        for line in (where, f"      {complaint.expected}. {complaint.remedy}"):
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def _say(text: str) -> None:
    """Print a line of the result; a reader that stopped listening ends the program quietly."""
    try:
        typer.echo(text)
    except BrokenPipeError:
        _close()


def _close() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(CLOSED_PIPE)


def _output() -> "Console":
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            _close()

    # a pipe or file is as wide as the tables need; a terminal keeps its own width
    known = sys.stdout is None or sys.stdout.isatty() or "COLUMNS" in os.environ
    return Output(highlight=False, emoji=False, width=None if known else 130)


def _errors() -> "Console":
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False)
