"""The recipes of the README run a batch, as far as they can be run here."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text()
MANIFEST = "name: nightly\nscenarios: [startup]\nsolver: {gap: 5 %}\noutputs: {folder: morning}\n"


def blocks(language):
    found = re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert found, f"the README has no {language}"
    return found


@pytest.fixture
def server(tmp_path):
    """Return a folder like /srv/procure, with an environment and a manifest."""
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/bin/procure").write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m procure "$@"\n')
    (tmp_path / "venv/bin/procure").chmod(0o755)
    (tmp_path / "nightly.yaml").write_text(MANIFEST)
    return tmp_path


def test_the_line_of_cron_runs_as_cron_runs_it(server):
    """Five fields, then a command for sh with next to no environment."""
    (line,) = blocks("crontab")
    *when, command = line.strip().split(maxsplit=5)
    assert all(re.fullmatch(r"[\d*/,-]+", field) for field in when)
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("/srv/procure", str(server))],
        env={"PATH": "/usr/bin:/bin", "HOME": str(server), "SHELL": "/bin/sh", "LOGNAME": "planner"},
        capture_output=True, text=True, check=False, cwd=server,
    )  # fmt: skip
    assert done.returncode == 0, (done.stderr, (server / "nightly.log").read_text())
    assert "nightly" in done.stdout
    assert (server / "morning/report.html").exists()


def test_systemd_takes_the_units(server):
    """`systemd-analyze verify` has nothing to say of service and timer."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    for kind, text in zip(("service", "timer"), blocks("ini"), strict=True):
        (server / f"procure-nightly.{kind}").write_text(text.replace("/srv/procure", str(server)))
    files = [str(server / f"procure-nightly.{kind}") for kind in ("service", "timer")]
    done = subprocess.run([program, "verify", *files], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "procure-nightly" in line]
    assert not said, said


def test_kubernetes_takes_the_job():
    """The CronJob fits the schema of its kind, strictly."""
    import kubernetes_validate
    from ruamel.yaml import YAML

    (text,) = blocks("kubernetes")
    kubernetes_validate.validate(YAML(typ="safe", pure=True).load(text), "1.35", strict=True)


def test_airflow_takes_the_dag():
    """The DAG is Python, with a schedule and one task at a time that runs the batch."""
    (text,) = blocks("airflow")
    calls = {ast.unparse(node.func): node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)}
    dag = {
        keyword.arg: ast.literal_eval(keyword.value) for keyword in calls["DAG"].keywords if keyword.arg != "start_date"
    }
    assert dag == {"schedule": "0 2 * * *", "catchup": False, "max_active_runs": 1}
    task = {keyword.arg: ast.literal_eval(keyword.value) for keyword in calls["BashOperator"].keywords}
    assert task["bash_command"].startswith("procure batch ")
