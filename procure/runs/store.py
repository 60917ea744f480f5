"""The store: one database, SQLite by default, PostgreSQL by URL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    NotSupportedError,
    ProgrammingError,
    TimeoutError,  # noqa: A004  # of the pool of connections
)
from sqlalchemy.orm import Session

from procure.runs.tables import HEAD
from procure.scenario.complaint import Complaint, InvalidData

if TYPE_CHECKING:
    from procure.runs.desk import Desk

VARIABLE: Final = "PROCURE_DATABASE_URL"
BUSY_S: Final = 30.0
"""How long a writer waits for another on SQLite; with 5 s some gave up."""
CONNECT_S: Final = 10
"""How long a server may take to answer; without a limit it is minutes."""


class StoreUnavailable(Exception):
    """The database cannot be reached, read or written; the message says what to do."""


def data_folder() -> Path:
    """Return the user's folder for data of procure: ``PROCURE_DATA``, or the platform's own."""
    from platformdirs import user_data_path

    named = os.environ.get("PROCURE_DATA")
    folder = Path(named) if named else user_data_path("procure", appauthor=False)
    return folder.absolute()  # a job's process works in another folder


def default_url() -> str:
    """Return ``PROCURE_DATABASE_URL``, or the SQLite file in the user's folder."""
    return os.environ.get(VARIABLE) or URL.create("sqlite", database=str(data_folder() / "store.db")).render_as_string()


class Store:
    """Scenarios, drafts, jobs and plans of everybody; `desk` is what one owner sees of them.

    Parameters
    ----------
    url
        Of the database, such as ``postgresql://user@host/name``; by default `default_url`. A database that is new or
        of an earlier version is brought up to date.

    Raises
    ------
    InvalidData
        When the URL cannot be used.
    StoreUnavailable
        When the database cannot be reached or written.
    """

    def __init__(self, url: str | None = None) -> None:
        self.url = _checked(url or default_url())
        if self.url.get_backend_name() == "sqlite":
            assert self.url.database is not None
            try:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreUnavailable(f"{self.url.database} cannot be made: {error.strerror}") from None
        self.engine = _engine(self.url)
        self._writing = self.engine.execution_options(write=True)
        try:
            with self._reported(opening=True):
                self._bring_up_to_date()
        except BaseException:
            self.engine.dispose()
            raise

    def desk(self, owner: str = "local") -> "Desk":
        """Return what an owner may see and do."""
        from procure.runs.desk import Desk

        return Desk(self, owner)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that only reads."""
        with self._reported(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session whose changes are committed at its end, all or, on an exception, none."""
        with self._reported(), Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    @contextmanager
    def _reported(self, *, opening: bool = False) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            # a statement of ours that is wrong is our fault, but not before the tables are there
            if isinstance(error, IntegrityError | DataError | ProgrammingError | NotSupportedError) and not (
                opening or error.connection_invalidated
            ):
                raise
            raise StoreUnavailable(self._unusable(str(error.orig).strip().split("\n")[0])) from error
        except TimeoutError:
            raise StoreUnavailable(self._unusable("all its connections are in use")) from None

    def _unusable(self, reason: str) -> str:
        remedy = f"Check {VARIABLE}, the server or the disk, and try again."
        return f"the store at {self.shown} cannot be used: {reason}. {remedy}"

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return self.url.set(query={}).render_as_string(hide_password=True)

    def _bring_up_to_date(self) -> None:
        with self.engine.connect() as connection:
            if _revision(connection) == HEAD:
                return
        with self._writing.begin() as connection:
            if self.url.get_backend_name() == "postgresql":  # SQLite lets one writer in by itself
                connection.execute(text("SELECT pg_advisory_xact_lock(7032026)"))
            if _revision(connection) != HEAD:
                self._upgrade(connection)

    def _upgrade(self, connection: Connection) -> None:
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", "procure.runs:migrations")
        config.attributes["connection"] = connection
        found = _revision(connection)
        if found not in (None, *(script.revision for script in ScriptDirectory.from_config(config).walk_revisions())):
            told = f"it is at revision {found}, which this version of procure does not know"
            raise StoreUnavailable(f"the store at {self.shown} cannot be used: {told}. Install a newer version.")
        command.upgrade(config, "head")


def _checked(url: str) -> URL:
    remedy = "Write sqlite:////folder/store.db or postgresql://user@host/name."

    def fault(value: str, expected: str, remedy: str = remedy) -> InvalidData:
        return InvalidData([Complaint((VARIABLE,), value, expected, remedy)])

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter of a port that is no number
        raise fault("not a URL", "expected the URL of a database") from None
    if "@" in (parsed.host or ""):  # what follows the first @ of a password would be shown
        raise fault("two @", "expected one, before the host", "Write %40 for an @ in user or password.")
    if parsed.drivername == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise fault(parsed.drivername, "expected sqlite or postgresql")
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in (None, "", ":memory:") or str(parsed.database).startswith("file:"):
            raise fault("no file", "expected the path of a file: a job's process opens it too")
        return parsed.set(database=str(Path(str(parsed.database)).absolute()))
    return parsed


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() == "postgresql":
            defaults = {"connect_timeout": CONNECT_S, "client_encoding": "utf8"}
            unless_set = {name: value for name, value in defaults.items() if name not in url.query}
            return create_engine(url, pool_pre_ping=True, connect_args=unless_set)
        engine = create_engine(url, connect_args={"timeout": BUSY_S, "check_same_thread": False})
    except (NoSuchModuleError, ModuleNotFoundError):
        remedy = 'Install it with: python -m pip install "procure[postgres]"'
        raise InvalidData([Complaint((VARIABLE,), url.drivername, "expected the package psycopg", remedy)]) from None
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, see _begin
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # a writer takes its turn at once: one that has read before could not wait for another
    writes = connection.get_execution_options().get("write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
