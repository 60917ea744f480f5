"""Every file that is asked for is written whole; one that cannot be keeps no other from being written."""

import errno
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from procure.runs import metrics_file
from procure.runs.batches import Batches
from procure.runs.outputs import write_outputs
from tests.runs.mornings import answer, manifest, outcome, told

ALL = {"metrics": ["csv", "parquet"], "prometheus": True}
FILES = ["report.html", "metrics.csv", "metrics.parquet", "metrics.prom"]


@pytest.fixture
def found(light):
    batches = Batches(light, "local")
    batch = replace(batches.begin(manifest(), []), state="done")
    return replace(told([outcome(answer(5.0), answer(4.0))]), batch=batch, batches=batches)


def events(found) -> list[str]:
    return [one.message for one in found.batches.events(found.batch.id)]


def test_what_is_asked_for_is_written(found, tmp_path) -> None:
    folder = tmp_path / "out" / "last"
    asked = manifest(outputs=ALL | {"folder": "out/last"})
    assert write_outputs(found, asked, tmp_path) == [folder / name for name in FILES]
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert all((folder / name).stat().st_size for name in FILES)
    assert events(found) == []
    assert write_outputs(found, manifest(outputs={"report": False}), tmp_path) == [tmp_path / "out" / "metrics.csv"]
    assert write_outputs(found, manifest(outputs={"report": False, "metrics": []}), tmp_path) == []


def test_one_file_that_cannot_be_written(found, tmp_path) -> None:
    """A folder has its name."""
    (tmp_path / "out" / "metrics.csv").mkdir(parents=True)
    written = write_outputs(found, manifest(outputs=ALL), tmp_path)
    assert [path.name for path in written] == ["report.html", "metrics.parquet", "metrics.prom"]
    (told_of,) = events(found)
    assert "metrics.csv could not be written: Is a directory" in told_of
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)


def test_one_file_that_cannot_be_made(found, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(metrics_file, "parquet_bytes", lambda found: 1 / 0)
    written = write_outputs(found, manifest(outputs=ALL), tmp_path)
    assert [path.name for path in written] == ["report.html", "metrics.csv", "metrics.prom"]
    assert "metrics.parquet could not be written: ZeroDivisionError" in events(found)[0]


def test_a_full_disk_leaves_the_files_of_the_night_before(found, tmp_path, monkeypatch) -> None:
    (tmp_path / "out").mkdir()
    for name in FILES:
        (tmp_path / "out" / name).write_text("before")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert write_outputs(found, manifest(outputs=ALL), tmp_path) == []
    assert len(events(found)) == 4
    assert all("No space left on device" in said for said in events(found))
    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == dict.fromkeys(FILES, "before")


def test_a_folder_that_cannot_be_made(found, tmp_path) -> None:
    (tmp_path / "out").write_text("a file")
    assert write_outputs(found, manifest(outputs=ALL), tmp_path) == []
    (told_of,) = events(found)
    assert told_of.startswith("nothing was written into ")


def test_a_folder_that_may_only_be_read(tmp_path) -> None:
    """Root may write everywhere: somebody else writes then."""
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from procure.runs.outputs import write_outputs\n"
        "from tests.runs.mornings import answer, manifest, outcome, told\n"
        "class Told:\n"
        "    def tell(self, batch_id, level, message, unit): print(level, message)\n"
        "found = told([outcome(answer(5.0), answer(4.0))], batches=Told())\n"
        "asked = manifest(outputs={'metrics': ['csv', 'parquet'], 'prometheus': True})\n"
        "assert len(write_outputs(found, asked, Path(sys.argv[2]))) == 4\n"  # what is imported may be root's alone
        "if os.geteuid() == 0:\n"
        "    os.setgroups([]), os.setgid(65534), os.setuid(65534)\n"
        "assert write_outputs(found, asked, Path(sys.argv[1])) == []\n"
    )
    with tempfile.TemporaryDirectory() as folder:  # not of pytest: its folders are closed to others
        Path(folder, "out").mkdir(mode=0o555)
        Path(folder).chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-c", script, folder, str(tmp_path)], capture_output=True, text=True, timeout=60,
            check=False, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert list(Path(folder, "out").iterdir()) == []
        Path(folder, "out").chmod(0o755)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("error ") and line.endswith("Permission denied") for line in lines)


@pytest.mark.parametrize("name", ["../elsewhere", "/tmp/elsewhere", "link"])
def test_a_folder_elsewhere_is_not_written(found, tmp_path, name) -> None:
    """Not even if a link leads there."""
    here = tmp_path / "here"
    here.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (here / "link").symlink_to(tmp_path / "elsewhere")
    assert write_outputs(found, manifest(outputs=ALL | {"folder": name}), here) == []
    assert "it is not in the folder of the manifest" in events(found)[0]
    assert not list((tmp_path / "elsewhere").iterdir())
    assert not Path("/tmp/elsewhere").exists()
