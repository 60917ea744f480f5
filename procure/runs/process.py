"""Processes that work on the store: how one is started, and how it is known again."""

import os
import subprocess
import sys
from pathlib import Path

from procure.runs.store import VARIABLE, Store, data_folder


def start(store: Store, module: str, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start a module of this very package in a session of its own, where a signal to the caller does not reach it.

    The store's URL goes through the environment, where no list of processes shows its password.

    Raises
    ------
    OSError
        When it cannot be started.
    """
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    home = str(Path(__file__).resolve().parents[2])  # it finds this package, from another folder
    paths = [home, *(str(Path(one).absolute()) for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one)]
    environment = {
        **os.environ, VARIABLE: store.url.render_as_string(hide_password=False), "PROCURE_DATA": str(folder),
        "PYTHONPATH": os.pathsep.join(paths),
    }  # fmt: skip
    command = [sys.executable, "-P", "-m", module, *arguments]
    with Path(folder, "jobs.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603  # our own program
            command, env=environment, cwd=folder, stdin=stdin, stdout=log, stderr=log, start_new_session=True
        )


def identity(pid: int) -> str | None:
    """Return what tells a process from a later one with the same number, None when it is gone.

    On Linux the start time of ``/proc``; elsewhere the number alone.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return None  # somebody else's: ours is gone
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return f"{pid}@alive"
    return None if fields[0] == "Z" else f"{pid}@{fields[19]}"
