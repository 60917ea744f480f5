"""A PostgreSQL server of the tests' own, on a free port of this machine."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from sqlalchemy import create_engine, text

PASSWORD = "s3cret-word"  # noqa: S105  # of a server that lives for a minute


class Server:
    """A server whose data lie in a temporary folder; durability is left out."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="procure-postgres-"))
        self._as = []
        if os.geteuid() == 0:  # initdb refuses root
            self._as = ["runuser", "-u", "postgres", "--"]
            os.chown(self.folder, pwd.getpwnam("postgres").pw_uid, -1)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        self._run(
            "initdb", "-D", self._data, "--no-sync", "--no-instructions", "-U", "procure", "-A", "scram-sha-256",
            f"--pwfile={secret}",
        )  # fmt: skip
        self._number = 0
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        told = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
        told += f" -c timezone=Asia/Tokyo -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "-D", self._data, "-w", "-l", str(self.folder / "log"), "-o", told, "start")

    def stop(self) -> None:
        """Stop as a crash would."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        """Stop, and remove its data."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://procure:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def database(self) -> str:
        """Make a database; return its URL."""
        self._number += 1
        name = f"store_{self._number}"
        engine = create_engine(
            self.url("postgres").replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as, str(self.programs / program), *arguments]
        environment = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
        }  # nothing by which a test would take it for a job's
        subprocess.run(command, check=True, cwd="/", env=environment, stdout=subprocess.DEVNULL, timeout=60)


def programs() -> Path | None:
    """Return the folder of the newest server on this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else None
