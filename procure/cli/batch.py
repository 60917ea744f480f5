"""procure batch."""

import json
import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from procure.cli.application import INTERRUPTED, JsonOption, QuietOption, app
from procure.cli.failures import failures
from procure.cli.printing import errors, output, say

if TYPE_CHECKING:
    from procure.runs.batch import Executor
    from procure.runs.manifest import Manifest
    from procure.runs.store import Store

SOME_FAILED = 5


@app.command(epilog="Examples: procure batch nightly.yaml · procure batch nightly.yaml --dry-run · "
             "procure batch nightly.yaml --scheduler tcp://host:8786")  # fmt: skip
def batch(
    manifest: Annotated[Path, typer.Argument(help="A manifest in YAML: scenarios, sweeps, draws, solver, alerts.")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes on this machine; by default as many as cores.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Of a Dask cluster that does the work instead.", metavar="ADDRESS")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day it is for: a scenario with newer prices is refused."),
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Do not begin while a batch of this name runs, instead of sharing its work.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be solved, and solve nothing.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Solve many scenarios and variations; what is known is not solved again, what was interrupted goes on."""
    from procure.runs.manifest import dated, read_manifest
    from procure.runs.store import Store

    with failures(verbose=False):
        asked = dated(read_manifest(manifest), None if as_of is None else as_of.date())
        store = Store()
        if dry_run:
            _tell(store, asked, manifest.parent, as_json=as_json)
            return
        from procure.runs.alerts import alert
        from procure.runs.batch import run_batch
        from procure.runs.morning import morning
        from procure.runs.outputs import write_outputs

        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        done = run_batch(
            store, asked, manifest.parent, _executor(workers, scheduler), alone=alone, stop=stop,
            progress=None if quiet else _progress,
        )  # fmt: skip
        found = morning(store, "local", done, stop=stop)
        for one in alert(found, asked):
            _log("warning", alert=one.to_data())
        written = write_outputs(found, asked, manifest.parent)
        if as_json:
            say(json.dumps(found.to_data(), allow_nan=False))
        else:
            from procure.runs.morning_report import show_morning

            show_morning(found, output())
        for path in written:
            errors().print(f"wrote {path}", style="dim", markup=False)
        if done.state != "done":
            errors().print("interrupted: the same command goes on where this one stopped", markup=False)
            raise typer.Exit(INTERRUPTED)
        if found.failed or found.alerts:
            raise typer.Exit(SOME_FAILED)


def _executor(workers: int | None, scheduler: str | None) -> "Callable[[Store, str], Executor]":
    if scheduler is not None:
        from procure.runs.cluster import Cluster

        return lambda store, batch_id: Cluster(store, batch_id, scheduler)
    from procure.runs.local import Local

    return lambda store, batch_id: Local(store, batch_id, workers or os.cpu_count() or 1)


def _tell(store: "Store", asked: "Manifest", folder: Path, *, as_json: bool) -> None:
    """Say what would be solved."""
    from rich.markup import escape

    from procure.plan.report.words import grid
    from procure.runs.batches import Batches
    from procure.runs.units import units

    planned = Batches(store, "local").known(asked, units(asked, folder))
    if as_json:
        rows = [{"unit": unit.name, "state": state, "complaints": [str(one) for one in unit.complaints]}
                for unit, state in planned]  # fmt: skip
        say(json.dumps(rows))
        return
    out = grid(f"{asked.name}: {len(planned)} units", "unit", "would be", left=2)
    for unit, state in planned:
        out.add_row(escape(unit.name), state)
    output().print(out)
    for unit, _ in planned:
        for complaint in unit.complaints:
            errors().print(f"{unit.name}: {complaint}", markup=False, soft_wrap=True)


def _progress(counts: dict[str, int]) -> None:
    """Tell how a batch goes on: a line on a terminal, JSON elsewhere, for logs."""
    console = errors()
    if console.is_terminal:
        console.print(", ".join(f"{number} {state}" for state, number in sorted(counts.items())), markup=False)
    else:
        _log("info", units=counts)


def _log(level: str, **told: object) -> None:
    """Write a line of JSON where standard error is a log and no terminal."""
    if not errors().is_terminal:
        line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "level": level, **told}
        typer.echo(json.dumps(line), err=True)
