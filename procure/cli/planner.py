"""procure app."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from procure.cli.application import app
from procure.cli.failures import failures


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

    with failures(verbose=False):
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
