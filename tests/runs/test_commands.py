"""The operator's commands, as a terminal runs them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from procure.runs.batches import Batches
from procure.runs.store import Store

ROOT = Path(__file__).resolve().parents[2]
KNAPSACK = ROOT / "tests/instances/knapsack.yaml"


@pytest.fixture
def manifest(tmp_path):
    """Return a manifest of a tiny scenario, twice otherwise, once infeasible and once not valid."""
    (tmp_path / "tiny.yaml").write_text(KNAPSACK.read_text())
    path = tmp_path / "night.yaml"
    path.write_text(
        "name: night\nscenarios: [tiny.yaml]\n"
        "sweeps: [{scale: {offers.*.price_usd_per_unit_hour: [0.5, 2]}}]\n"
        "solver: {gap: 0}\noutputs: {metrics: [csv, parquet], prometheus: true}\n"
    )
    return path


def environment(folder, url=None):
    more = {"PROCURE_DATA": str(folder / "data"), "PYTHONPATH": str(ROOT)}
    kept = {name: value for name, value in os.environ.items() if name != "PROCURE_DATABASE_URL"}
    return {**kept, **more, **({} if url is None else {"PROCURE_DATABASE_URL": url})}


def run(folder, *arguments, url=None):
    command = [sys.executable, "-m", "procure", *map(str, arguments)]
    return subprocess.run(
        command, env=environment(folder, url), capture_output=True, text=True, check=False, cwd=folder
    )


def test_a_batch_on_a_fresh_install(manifest, tmp_path):
    """Nothing configured: the units are solved, told and written, and the second time known."""
    first = run(tmp_path, "batch", manifest)
    assert first.returncode == 0, first.stderr
    assert "3 done" in first.stdout
    assert "× 0.5" in first.stdout  # not taken for markup
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"report.html", "metrics.csv", "metrics.parquet", "metrics.prom"}
    assert [json.loads(line)["units"] for line in first.stderr.splitlines() if line.startswith("{")][-1] == {"done": 3}
    again = json.loads(run(tmp_path, "batch", manifest, "--json", "--quiet").stdout)
    assert [unit["reused"] for unit in again["units"]] == [True] * 3
    assert [unit["change_usd"] for unit in again["units"]] == [0.0] * 3


def test_a_dry_run_solves_nothing(manifest, tmp_path):
    """It says what would be solved, and then what is known."""
    planned = json.loads(run(tmp_path, "batch", manifest, "--dry-run", "--json").stdout)
    assert [unit["state"] for unit in planned] == ["solved"] * 3
    assert json.loads(run(tmp_path, "runs", "list", "--json").stdout) == []
    run(tmp_path, "batch", manifest, "--quiet")
    planned = json.loads(run(tmp_path, "batch", manifest, "--dry-run", "--json").stdout)
    assert [unit["state"] for unit in planned] == ["reused"] * 3


def test_what_fails_is_the_exit_code(manifest, tmp_path):
    """A unit that is not valid stops nothing, is told, and makes the exit code 5."""
    manifest.write_text(manifest.read_text().replace("[0.5, 2]", "[0.5]") + "alerts: {gap_above: 50 %}\n")
    (tmp_path / "wrong.yaml").write_text(KNAPSACK.read_text().replace("name: ", "nmae: ", 1))
    manifest.write_text(manifest.read_text().replace("[tiny.yaml]", "['*i*y.yaml', wrong.yaml]"))
    done = run(tmp_path, "batch", manifest)
    assert done.returncode == 5, done.stderr
    assert "2 done, 1 invalid" in done.stdout
    assert "name = missing: expected a value. Add name." in done.stdout
    logged = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [(line["level"], line["alert"]["unit"]) for line in logged if "alert" in line] == [("warning", "wrong")]


def test_a_manifest_that_cannot_be_used(manifest, tmp_path):
    """Faults have file, line and remedy, before anything is solved."""
    manifest.write_text(manifest.read_text() + "alert: {}\n")
    done = run(tmp_path, "batch", manifest)
    assert done.returncode == 2
    assert "night.yaml:6: alert" in done.stderr
    assert "alerts" in done.stderr


def test_the_batches_of_the_store(manifest, tmp_path):
    """List, show, diff and prune."""
    for factor in ("2]", "3]"):
        manifest.write_text(manifest.read_text().replace("2]", factor))
        assert run(tmp_path, "batch", manifest, "--quiet").returncode == 0
    second, first = json.loads(run(tmp_path, "runs", "list", "--json").stdout)
    assert [one["units"] for one in (first, second)] == [{"done": 3}] * 2
    shown = json.loads(run(tmp_path, "runs", "show", first["id"][:6], "--json").stdout)
    assert [unit["state"] for unit in shown["units"]] == ["done"] * 3
    assert "night" in run(tmp_path, "runs", "diff", first["id"], "latest").stdout
    missing = run(tmp_path, "runs", "show", "zzz")
    assert (missing.returncode, "no batch zzz" in missing.stderr) == (2, True)
    gone = json.loads(run(tmp_path, "runs", "prune", "--keep-days", "0", "--json").stdout)
    assert gone == {"batches": 2, "jobs": 4, "plans": 4, "documents": 4}
    assert json.loads(run(tmp_path, "runs", "list", "--json").stdout) == []


def test_editors_get_the_schema_of_a_manifest(manifest, tmp_path):
    """It names what a manifest may hold."""
    found = json.loads(run(tmp_path, "schema", "--manifest").stdout)
    assert {"scenarios", "sweeps", "draws", "solver", "alerts", "webhook"} <= set(found["properties"])


def test_sigterm_keeps_the_best_plans(tmp_path):
    """Within ten seconds; the same command goes on."""
    manifest = tmp_path / "long.yaml"
    manifest.write_text("name: long\nscenarios: [enterprise]\nsolver: {gap: 0, time_limit_s: null}\n")
    command = [sys.executable, "-m", "procure", "batch", str(manifest)]
    batch = subprocess.Popen(
        command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    store = Store(f"sqlite:///{tmp_path / 'data' / 'store.db'}")
    batches = Batches(store, "local")
    for _ in range(600):
        standing = [unit for one in batches.all() for unit in batches.units(one.id)]
        if standing and standing[0].job is not None and standing[0].job.incumbent is not None:
            break
        time.sleep(0.2)
    batch.send_signal(signal.SIGTERM)
    began = time.monotonic()
    said, _ = batch.communicate(timeout=60)
    assert time.monotonic() - began < 10
    assert batch.returncode == 130
    assert "1 done" in said
    (unit,) = batches.units(batches.all()[0].id)
    assert (unit.job.ending, unit.job.plan_id is not None) == ("cancelled", True)
    planned = json.loads(run(tmp_path, "batch", manifest, "--dry-run", "--json").stdout)
    assert planned[0]["state"] == "solved"  # what was cut short is no answer
    store.close()


def test_a_batch_in_postgresql_on_a_cluster(manifest, tmp_path, postgres):
    """The same command with a server's store and a scheduler's workers."""
    from distributed import LocalCluster

    url = postgres.database()
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        done = run(tmp_path, "batch", manifest, "--scheduler", cluster.scheduler_address, "--json", url=url)
    assert done.returncode == 0, done.stderr
    assert [unit["state"] for unit in json.loads(done.stdout)["units"]] == ["done"] * 3
    again = run(tmp_path, "batch", manifest, "--json", "--quiet", url=url)
    assert [unit["reused"] for unit in json.loads(again.stdout)["units"]] == [True] * 3
