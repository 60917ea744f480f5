"""procure check, audit, export, schema, doctor."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from procure.cli.application import JsonOption, ScenarioArgument, SetOption, app
from procure.cli.failures import failures, places
from procure.cli.printing import output, say
from procure.cli.reading import read


@app.command(epilog="Example: procure check my.yaml")
def check(scenario: ScenarioArgument, changes: SetOption = None, as_json: JsonOption = False) -> None:
    """Validate a scenario's data: every complaint with file, row, field, value, expected and remedy."""
    from procure.scenario.complaint import InvalidData

    with failures(verbose=False):
        try:
            document, problem = read(scenario, changes)
            with places(document):
                from procure.formulation.build import check as check_families

                check_families(problem)
        except InvalidData as error:
            if not as_json:
                raise
            say(json.dumps([asdict(c) | {"field": c.field} for c in error.complaints], indent=1))
            raise typer.Exit(2) from None
        if as_json:
            say("[]")
            return
        sizes = f"{len(problem.offers)} offers, {len(problem.workloads)} workloads, {len(problem.limits)} limits"
        say(f"{problem.name} is valid: {problem.horizon.periods} {problem.horizon.period}s, {sizes}")


@app.command(epilog="Example: procure audit plan.json")
def audit(
    plan: Annotated[Path, typer.Argument(help="A plan file, from: procure solve --out plan.json")],
    as_json: JsonOption = False,
) -> None:
    """Recompute a plan's feasibility and every figure from its scenario and decisions alone."""
    from procure.plan.audit import audit as audit_plan
    from procure.plan.plan import read_plan_data

    with failures(verbose=False):
        report = audit_plan(read_plan_data(plan))
        if as_json:
            found = [asdict(finding) for finding in report.findings]
            say(json.dumps({"ok": report.ok, "findings": found, "checked": report.checked}, default=str))
        else:
            for finding in report.findings:
                say(str(finding))
            total = sum(report.checked.values())
            verdict = "holds" if report.ok else f"does not hold: {len(report.findings)} findings"
            say(f"{plan} {verdict}; {total:,} rows recomputed")
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

    with failures(verbose=False):
        if model.suffix not in (".mps", ".lp"):
            wrong = Complaint(("MODEL",), str(model), "expected .mps or .lp", "Name the file model.mps or model.lp.")
            raise InvalidData([wrong])
        document, problem = read(scenario, changes)
        with places(document):
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
        say(
            f"wrote {model}: {rows:,} rows, {columns:,} columns, {len(built.problem.coefficients):,} nonzeros in "
            f"{low:.3g} … {high:.3g}; objective in units of {built.objective_usd:g} USD"
        )


@app.command(epilog="Examples: procure schema > procure.schema.json · procure schema --manifest")
def schema(
    manifest: Annotated[bool, typer.Option("--manifest", help="Of the manifest of a batch instead.")] = False,
) -> None:
    """Print the JSON Schema of a scenario file, for editors."""
    if manifest:
        from procure.runs.manifest import schema as found
    else:
        from procure.scenario_file import schema as found
    say(json.dumps(found(), indent=1))


@app.command(epilog="Example: procure doctor")
def doctor(as_json: JsonOption = False) -> None:
    """Examine the engines: installed, version, features, and a solved self-test, each in its own process."""
    from rich.table import Table

    from solvers.doctor import doctor as examine

    with failures(verbose=False):
        reports = examine()
        if as_json:
            say(json.dumps([asdict(report) for report in reports], default=str))
        else:
            grid = Table("engine", "version", "state", "seconds", "features, or what is wrong")
            for report in reports:
                state = "works" if report.solved else "missing" if not report.available else "fails"
                words = ", ".join(report.can) if report.solved else report.message
                grid.add_row(report.name, report.version, state, f"{report.seconds:.2f}", words)
            output().print(grid)
        if not any(report.solved for report in reports):
            raise typer.Exit(1)
