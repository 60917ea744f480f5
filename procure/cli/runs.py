"""procure runs: the store of batches."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from procure.cli.application import JsonOption, app
from procure.cli.failures import failures
from procure.cli.printing import output, say

if TYPE_CHECKING:
    from procure.runs.batches import Batches

runs = typer.Typer(no_args_is_help=True, help="The batches in the store: list, show, diff, prune.")
app.add_typer(runs, name="runs")

SOLVES_S = 60.0
"""How long a comparison may solve to tell causes apart."""
BatchArgument = Annotated[str, typer.Argument(help="The id of a batch, or its start; latest for the last one.")]


@runs.command("list", epilog="Example: procure runs list")
def list_batches(
    name: Annotated[str | None, typer.Option(help="Only batches of this manifest.")] = None, as_json: JsonOption = False
) -> None:
    """List the batches, the latest first."""
    from procure.plan.report.words import grid

    with failures(verbose=False):
        batches = _batches()
        rows = [(one, batches.counts(one.id)) for one in batches.all(name=name)]
        if as_json:
            told = [
                {"id": one.id, "name": one.name, "state": one.state, "began": str(one.created_at), "units": counts}
                for one, counts in rows
            ]
            say(json.dumps(told))
            return
        out = grid("Batches", "id", "name", "began (UTC)", "state", "units", left=4)
        for one, counts in rows:
            units = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
            out.add_row(one.id[:8], one.name, f"{one.created_at:%Y-%m-%d %H:%M}", one.state, units)
        output().print(out)


@runs.command(epilog="Example: procure runs show latest")
def show(batch: BatchArgument = "latest", as_json: JsonOption = False) -> None:
    """Show what became of each unit of a batch, and what changed since the one before."""
    from procure.runs.morning import morning
    from procure.runs.morning_report import show_morning

    with failures(verbose=False):
        batches = _batches()
        found = morning(batches.store, batches.owner, batches.one(_id(batches, batch)), time_s=0)
        if as_json:
            say(json.dumps(found.to_data(), allow_nan=False))
        else:
            show_morning(found, output())


@runs.command(epilog="Example: procure runs diff 3f2a latest")
def diff(first: BatchArgument, second: BatchArgument = "latest", as_json: JsonOption = False) -> None:
    """Say what differs between two batches: units, endings, costs and their causes."""
    from procure.runs.morning import morning
    from procure.runs.morning_report import show_morning

    with failures(verbose=False):
        batches = _batches()
        one, other = (batches.one(_id(batches, name)) for name in (first, second))
        found = morning(batches.store, batches.owner, other, before=one, time_s=SOLVES_S)
        if as_json:
            say(json.dumps(found.to_data(), allow_nan=False))
        else:
            show_morning(found, output())


@runs.command(epilog="Example: procure runs prune --keep-days 90")
def prune(
    keep_days: Annotated[int, typer.Option(min=0, help="Batches that ended longer ago are removed.")] = 90,
    as_json: JsonOption = False,
) -> None:
    """Remove old batches, and the plans that nothing refers to any longer."""
    from procure.runs.prune import prune as prune_store

    with failures(verbose=False):
        batches = _batches()
        gone = prune_store(batches.store, batches.owner, datetime.now(UTC) - timedelta(days=keep_days))
        words = "removed " + ", ".join(f"{number} {what}" for what, number in gone.items())
        say(json.dumps(gone) if as_json else words)


def _batches() -> "Batches":
    from procure.runs.batches import Batches
    from procure.runs.store import Store

    return Batches(Store(), "local")


def _id(batches: "Batches", name: str) -> str:
    if name != "latest":
        return name
    latest = batches.all(most=1)
    return latest[0].id if latest else name
