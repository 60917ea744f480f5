"""The store opens on either database, by many at once, and says plainly why it cannot."""

import json
import socket
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, text

from procure.runs.store import Store, StoreUnavailable, data_folder, default_url
from procure.runs.tables import HEAD, Base, Moment
from procure.scenario.complaint import InvalidData
from tests.runs.postgres import PASSWORD

ELSEWHERE = Path(__file__).with_name("elsewhere.py")


def elsewhere(number: int, action: str, *arguments: str) -> list:
    """Return what a number of processes found that did the same at once."""
    line = [sys.executable, str(ELSEWHERE), str(number), action, *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def refused(url: str) -> str:
    with pytest.raises((StoreUnavailable, InvalidData)) as caught:
        Store(url)
    return str(caught.value)


def test_the_newest_migration_is_the_one_the_tables_name() -> None:
    config = Config()
    config.set_main_option("script_location", "procure.runs:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_migrated_store_has_the_tables_that_are_mapped(empty_url) -> None:
    store = Store(empty_url)
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
    store.close()


def earlier(url: str, revision: str) -> None:
    """Make a store as an earlier version did, with a scenario and a job that was done."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    config = Config()
    config.set_main_option("script_location", "procure.runs:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        rows = MetaData()
        rows.reflect(connection)
        document, moment = {"hash": "a" * 64, "content": b"x"}, datetime(2026, 11, 1, tzinfo=UTC)
        connection.execute(rows.tables["documents"].insert(), document)
        scenario = {"id": "s", "owner": "one", "name": "kept", "head": 1, "created_at": moment}
        connection.execute(rows.tables["scenarios"].insert(), scenario)
        version = {"id": "v", "scenario_id": "s", "number": 1, "author": "one", "at": moment, "note": "n"}
        connection.execute(rows.tables["versions"].insert(), version | {"document_hash": "a" * 64})
        job = {"id": "j", "owner": "one", "key": "k", "kind": "solve", "label": "l", "document_hash": "a" * 64}
        job |= {"options": {}, "state": "done", "ending": "optimal", "stop_asked": False, "attempt": 1, "host": "h"}
        job |= {"process": "", "created_at": moment, "phase": "", "message": "", "complaints": []}
        connection.execute(rows.tables["jobs"].insert(), job)
    engine.dispose()


@pytest.mark.parametrize("revision", ["0001"])
def test_what_an_earlier_version_kept_is_still_there(empty_url, revision, tmp_path) -> None:
    (tmp_path / "new").mkdir()
    earlier(empty_url, revision)
    store = Store(empty_url)
    desk = store.desk("one")
    assert [(one.name, one.version.note) for one in desk.scenarios.all()] == [("kept", "n")]
    assert [(job.id, job.state) for job in desk.jobs.all()] == [("j", "done")]
    assert desk.jobs.all()[0].created_at == datetime(2026, 11, 1, tzinfo=UTC)
    store.close()


def test_a_second_opening_finds_what_the_first_left(empty_url) -> None:
    first = Store(empty_url)
    known = [saved.name for saved in first.desk().scenarios.all()]
    first.close()
    second = Store(empty_url)
    assert [saved.name for saved in second.desk().scenarios.all()] == known != []
    second.close()


def test_eight_processes_may_open_a_fresh_store_at_once(empty_url) -> None:
    assert elsewhere(8, "open", empty_url) == ["opened"] * 8


def test_a_store_of_a_newer_version_is_left_alone(empty_url) -> None:
    store = Store(empty_url)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    message = refused(empty_url)
    assert "revision 9999" in message
    assert "Install a newer version" in message
    assert PASSWORD not in message


def test_somebody_elses_database_is_left_alone(empty_url) -> None:
    store = Store(empty_url)
    with store.engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    assert "already exists" in refused(empty_url)
    store.close()


@pytest.mark.parametrize(
    "server",
    ["postgresql://u:s3cret-word@127.0.0.1:{port}/d", "postgresql://u@127.0.0.1:{port}/d?password=s3cret-word"],
)
def test_a_server_that_is_not_there(server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        message = refused(server.format(port=free.getsockname()[1]))
    assert "cannot be used" in message
    assert "PROCURE_DATABASE_URL" in message
    assert PASSWORD not in message


def test_a_wrong_password_and_a_database_that_is_not_there(postgres) -> None:
    wrong = refused(postgres.url("postgres").replace(PASSWORD, "another-word"))
    assert "password authentication failed" in wrong
    assert "another-word" not in wrong
    assert 'database "none" does not exist' in refused(postgres.url("none"))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "not a URL"),
        ("postgresql://u:s3cret-word@host:port/d", "not a URL"),
        ("postgresql://u:s3cret@s3cret-word@host/d", "Write %40"),
        ("mysql://u:s3cret-word@host/d", "expected sqlite or postgresql"),
        ("postgresql+none://u:s3cret-word@host/d", "psycopg"),
        ("postgresql://u:s3cret-word@127.0.0.1/d?nonsense=1", "nonsense"),
        ("sqlite://", "expected the path of a file"),
        ("sqlite:///:memory:", "expected the path of a file"),
        ("sqlite:///file:x?mode=memory&uri=true", "expected the path of a file"),
    ],
)
def test_a_wrong_url(url, said) -> None:
    message = refused(url)
    assert said in message
    assert PASSWORD not in message


def test_a_file_that_is_no_database(tmp_path) -> None:
    (tmp_path / "store.db").write_text("not a database, though it is long enough to be looked at" * 100)
    assert "not a database" in refused(f"sqlite:///{tmp_path / 'store.db'}")


def test_a_folder_that_cannot_be_made(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be made: Not a directory" in refused(f"sqlite:///{tmp_path / 'file' / 'below' / 'store.db'}")
    assert "cannot be used: unable to open" in refused(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_that_may_only_be_read(there, tmp_path) -> None:
    """Root may write everywhere: somebody else looks at the folder then."""
    script = (
        "import os, sys\n"
        "from procure.runs.store import Store, StoreUnavailable\n"
        "Store('sqlite:///' + sys.argv[2]).close()\n"  # what is imported on the way may be root's alone
        "if os.geteuid() == 0:\n"
        "    os.setgroups([]), os.setgid(65534), os.setuid(65534)\n"
        "try:\n"
        "    Store(sys.argv[1]).desk().scenarios.all()\n"
        "except StoreUnavailable as error:\n"
        "    print(error)\n"
    )
    with tempfile.TemporaryDirectory() as folder:  # not of pytest: its folders are closed to others
        url = f"sqlite:///{folder}/store.db"
        if there:
            Store(url).close()
            Path(folder, "store.db").chmod(0o444)
        Path(folder).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", script, url, str(tmp_path / "other")],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        Path(folder).chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert "cannot be used" in done.stdout
    assert "Check PROCURE_DATABASE_URL" in done.stdout


def test_a_full_disk_is_told_and_leaves_the_store_whole(light, small) -> None:
    script = (
        "import resource, signal, sys\n"
        "from procure.runs.store import Store, StoreUnavailable\n"
        "store = Store(sys.argv[1])\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "import os\n"
        "from procure.runs.documents import keep\n"
        "try:\n"
        "    with store.write() as session:\n"
        "        for _ in range(50):\n"
        "            keep(session, {'noise': os.urandom(20_000).hex()})\n"
        "except StoreUnavailable as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(light.url)], capture_output=True, text=True, timeout=60, check=False
    )
    assert "cannot be used" in done.stdout, done.stderr
    with light.read() as session:
        assert session.scalar(text("SELECT count(*) FROM documents")) == 0
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
    assert light.desk().scenarios.create(small).version.number == 1


def test_a_relative_folder_is_where_it_was_when_the_store_was_opened(tmp_path, monkeypatch) -> None:
    """A job's process works in another folder and must find the same store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROCURE_DATA", "some folder? yes # 100%")
    assert data_folder() == tmp_path / "some folder? yes # 100%"
    for url in (default_url(), "sqlite:///below/store.db"):
        store = Store(url)
        assert Path(store.url.database).is_absolute()
        again = Store(store.url.render_as_string(hide_password=False))
        assert again.url.database == store.url.database
        assert Path(store.url.database).exists()
        again.close()
        store.close()


def test_moments_are_utc_whatever_the_zone(store, small, monkeypatch) -> None:
    """The server of these tests lives in Tokyo."""
    saved = store.desk().scenarios.create(small)
    found = store.desk().scenarios.one(saved.id).version.at
    assert found == saved.version.at
    assert found.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - found) < timedelta(seconds=30)
    tokyo = datetime(2027, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    assert Moment().process_bind_param(tokyo, None) == datetime(2027, 1, 1, tzinfo=UTC)


def test_eight_writers_wait_for_one_another(store, small) -> None:
    saved = store.desk("one").scenarios.create(small)
    assert elsewhere(8, "edit", store.url.render_as_string(hide_password=False), saved.id, "12") == ["described"] * 8
    assert len(store.desk("one").drafts.unsaved(saved.id)) == 8


def test_a_store_that_is_closed_leaves_no_file_open(light, small) -> None:
    light.desk().scenarios.create(small)
    light.close()
    open_files = [str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    assert not [name for name in open_files if light.url.database in name]
