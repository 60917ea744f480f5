"""The store: one database, SQLite by default, PostgreSQL by URL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from procure.runs.tables import HEAD
from procure.scenario.complaint import Complaint, InvalidData

if TYPE_CHECKING:
    from procure.runs.desk import Desk

VARIABLE: Final = "PROCURE_DATABASE_URL"
BUSY_S: Final = 30.0
"""How long a writer waits for another on SQLite; with 5 s some gave up."""


class StoreUnavailable(Exception):
    """The database cannot be reached, read or written; the message says what to do."""


def data_folder() -> Path:
    """Return the user's folder for data of procure: ``PROCURE_DATA``, or the platform's own."""
    from platformdirs import user_data_path

    named = os.environ.get("PROCURE_DATA")
    return Path(named) if named else user_data_path("procure", appauthor=False)


def default_url() -> str:
    """Return ``PROCURE_DATABASE_URL``, or the SQLite file in the user's folder."""
    return os.environ.get(VARIABLE) or f"sqlite:///{data_folder() / 'store.db'}"


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
        if self.url.get_backend_name() == "sqlite" and self.url.database:
            try:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreUnavailable(f"{self.url.database} cannot be made: {error.strerror}") from None
        self.engine = _engine(self.url)
        self._writing = self.engine.execution_options(write=True)
        with self._reported():
            self._bring_up_to_date()

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
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if not (error.connection_invalidated or type(error).__name__ in ("OperationalError", "InterfaceError")):
                raise
            first = str(error.orig).strip().split("\n")[0]
            remedy = f"Check {VARIABLE}, the server or the disk, and try again."
            raise StoreUnavailable(f"the store at {self.shown} cannot be used: {first}. {remedy}") from error

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return self.url.render_as_string(hide_password=True)

    def _bring_up_to_date(self) -> None:
        with self.engine.connect() as connection:
            if _revision(connection) == HEAD:
                return
        with self._writing.begin() as connection:
            if self.url.get_backend_name() == "postgresql":  # SQLite lets one writer in by itself
                connection.execute(text("SELECT pg_advisory_xact_lock(7032026)"))
            if _revision(connection) != HEAD:
                _upgrade(connection)


def _checked(url: str) -> URL:
    remedy = "Write sqlite:////folder/store.db or postgresql://user@host/name."
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InvalidData([Complaint((VARIABLE,), "not a URL", "expected the URL of a database", remedy)]) from None
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise InvalidData([Complaint((VARIABLE,), parsed.drivername, "expected sqlite or postgresql", remedy)])
    return parsed


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() == "postgresql":
            return create_engine(url, pool_pre_ping=True)
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


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "procure.runs:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
