"""The app as a user starts it, on a free port and a data folder of its own."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from procure.runs.desk import Desk
from procure.runs.store import Store

START_S = 60.0


class App:
    """``procure app`` in a process of its own; `desk` sees what it keeps.

    Parameters
    ----------
    folder
        Its data folder.
    port
        A free one by default.
    """

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.folder, self.port = folder, port or free_port()
        self.store = Store(f"sqlite:///{folder / 'store.db'}")
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://localhost:{self.port}"

    def desk(self, owner: str = "local") -> Desk:
        """Return what an owner sees."""
        return self.store.desk(owner)

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "procure", "app", "--port", str(self.port), "--no-browser"]
        environment = {**os.environ, "PROCURE_DATA": str(self.folder)}
        with (self.folder / "app.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.1)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        """End it and the jobs it started."""
        self.kill()
        for pid, _ in processes(self.folder):
            os.kill(pid, signal.SIGKILL)
        self.store.close()

    def log(self) -> str:
        """Return what it said."""
        return (self.folder / "app.log").read_text(errors="replace")

    def _answers(self) -> bool:
        asking = http.client.HTTPConnection("localhost", self.port, timeout=2)
        try:
            asking.request("GET", "/_stcore/health")
            return asking.getresponse().status == 200
        except (http.client.HTTPException, OSError):
            return False
        finally:
            asking.close()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def chromium() -> str | None:
    """Return where Chromium is, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def processes(folder: Path, word: str = "") -> list[tuple[int, str]]:
    """Return number and command line of the processes that were started with a data folder, the app apart."""
    mark, found = b"PROCURE_DATA=" + os.fsencode(folder), []
    for entry in Path("/proc").iterdir():
        try:
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if word in command and command and "streamlit" not in command:
                    found.append((int(entry.name), command))
        except OSError:
            continue
    return found
