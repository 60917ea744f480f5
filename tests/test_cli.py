"""The command line as its users meet it: output, files, exit codes, interruption."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import distribution
from pathlib import Path

import pytest
from typer.testing import CliRunner

from procure.cli import app

ROOT = Path(__file__).resolve().parent.parent
TINY = """
name: tiny
horizon: {start: 2027-01-01, periods: 4, period: quarter, discount_rate_per_year: 0}
accelerators: [{id: h100, vendor: nvidia, family: H100, stack: cuda}]
regions: [{id: east, provider: cloud, country: US, zone: us}]
offers:
- {id: rent, accelerator: h100, region: east, contract: on_demand, price_usd_per_unit_hour: 4}
- {id: year, accelerator: h100, region: east, contract: reserved, term: 1 year, price_usd_per_unit_hour: 2}
workloads:
- {id: chat, kind: inference, demand: 1000, throughput: {h100: 100}}
limits:
- {id: budget, quantity: spend, max: 1 m}
"""


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return str(path)


def run(*arguments):
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def test_solve_prints_an_audited_plan(tiny):
    """Ten chips for a year, reserved: 10 x 2 USD x 8,760 h = 175,200 USD, within the budget."""
    result = run("solve", tiny, "--quiet")
    assert result.exit_code == 0
    assert "audited" in result.stdout
    assert "175.2 k USD" in result.stdout
    assert result.stderr == ""


def test_solve_writes_plans_that_read_back(tiny, tmp_path):
    """JSON passes the audit, CSV has a file for each table, the workbook a sheet, and HTML is a page."""
    import openpyxl

    for target in ("plan.json", "plan.xlsx", "plan.html", "plan/"):
        assert run("solve", tiny, "--quiet", "--out", f"{tmp_path}/{target}").exit_code == 0
    assert "holds" in run("audit", str(tmp_path / "plan.json")).stdout
    assert (tmp_path / "plan" / "orders.csv").read_text().splitlines()[1].startswith("year,2027-Q1,10.0,")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx", read_only=True)
    assert {"summary", "orders", "cash", "limits"} <= set(book.sheetnames)
    book.close()
    assert (tmp_path / "plan.html").read_text().startswith("<!DOCTYPE html>")


def test_json_goes_to_standard_output_alone(tiny):
    """`--json` prints one JSON document, the content of a plan file."""
    data = json.loads(run("solve", tiny, "--json").stdout)
    assert data["decisions"]["orders"] == {"offer": ["year"], "period": ["2027-Q1"], "units": [10.0]}


def test_set_changes_a_value(tiny):
    """`--set` reaches into the scenario by dotted path, and names the near misses of a wrong one."""
    assert "350.4 k USD" in run("solve", tiny, "-q", "--set", "workloads.chat.demand=2000").stdout
    wrong = run("solve", tiny, "-q", "--set", "workloads.chta.demand=2000")
    assert wrong.exit_code == 2
    assert "Did you mean chat?" in wrong.stderr


def test_set_adds_an_entry(tiny):
    """`--set` with the values of an entry adds it: 5 reserved chips at most leave 5 to rent, 262.8 k USD."""
    changes = ("--set", "limits.new={quantity: units, where: {offer: year}, max: 5}")
    data = json.loads(run("solve", tiny, "-q", "--json", *changes).stdout)
    assert [limit["id"] for limit in data["scenario"]["limits"]] == ["budget", "new"]
    assert data["decisions"]["orders"]["units"] == [5.0]
    assert data["result"]["objective"] == pytest.approx(5 * (2 + 4) * 8760)
    assert data["provenance"]["gap_asked"] == 0.005
    measured = ("regions.east.pue=1.2", "offers.rent.kw_per_unit=1", "offers.year.kw_per_unit=1")
    changes = ("limits.new={quantity: power, max: 1 MW}", *measured)
    data = json.loads(run("solve", tiny, "-q", "--json", *(f"--set={change}" for change in changes)).stdout)
    assert data["scenario"]["limits"][1] == {"id": "new", "quantity": "power", "max": 1.0}
    assert data["figures"]["power"]["mw"] == pytest.approx([0.012] * 4)


def test_set_sets_the_cash_floor(tiny):
    """50 k USD a quarter pay for the reservation, 43.2 k to 44.2 k; what must be left at the end decides."""
    income, floor = "--set=funding.income_usd=50 k", "--set=funding.floor_usd={2027-01: 0, 2027-Q4: 24 k}"
    paid = run("solve", tiny, "-q", income, floor)
    assert paid.exit_code == 0
    assert "Funding by year" in paid.stdout
    broke = run("solve", tiny, "-q", income, floor.replace("24 k", "25 k"))
    assert broke.exit_code == 3
    assert "cash floor" in broke.stderr
    loan = "--set=funding.tranches.loan={kind: debt, usd: 1 k, interest_per_year: 8 %}"
    data = json.loads(run("solve", tiny, "-q", "--json", income, floor.replace("24 k", "25 k"), loan).stdout)
    assert data["decisions"]["draws"]["tranche"] == ["loan"]


@pytest.fixture
def saved(tiny, tmp_path):
    path = tmp_path / "saved.json"
    assert run("solve", tiny, "-q", "--out", str(path)).exit_code == 0
    return str(path)


def test_a_plan_is_kept_or_changed(tiny, saved):
    """With nothing changed the plan stands; twice the demand is worth ten chips more, at 3 USD each for switching."""
    assert "kept as it was" in run("solve", tiny, "-q", "--baseline", saved).stdout
    more = ("--set", "workloads.chat.demand=2000", "--set", "baseline.switching_usd_per_chip=3")
    data = json.loads(run("solve", tiny, "-q", "--json", "--baseline", saved, *more).stdout)
    assert data["result"]["kept"] is False
    assert data["result"]["objective"] == pytest.approx(2 * 175_200 + 30)
    fixed = json.loads(
        run("solve", tiny, "-q", "--json", "--baseline", saved, "--fixed-until", "2028", *more[:2]).stdout
    )
    assert fixed["decisions"]["orders"]["units"] == [10.0]
    assert fixed["result"]["objective"] == pytest.approx(10 * (2 + 4) * 8760)


def test_a_scenario_says_how_its_plan_may_change(saved, tmp_path):
    """Limits on change and the price of switching stand in the file, last night's orders come with the plan."""
    path = tmp_path / "policy.yaml"
    steady = "- {id: steady, quantity: change, max_share: 0.1}\nbaseline: {switching_usd_per_chip: 7}\n"
    path.write_text(TINY.replace("demand: 1000", "demand: 2000") + steady)
    data = json.loads(run("solve", str(path), "-q", "--json", "--baseline", saved).stdout)
    assert data["decisions"]["orders"]["units"] == [11.0]
    assert data["figures"]["changes"]["switching_usd"] == [7.0]


def test_what_a_plan_has_outside_the_horizon_is_told(tiny, saved, tmp_path):
    """A quarter later the order of the first quarter is left out, in a line on standard error."""
    path = tmp_path / "later.yaml"
    path.write_text(TINY.replace("2027-01-01", "2027-04-01"))
    result = run("solve", str(path), "-q", "--json", "--baseline", saved)
    assert result.stderr == "left out: the order of 10 year in 2027-Q1, outside the horizon\n"
    assert json.loads(result.stdout)["scenario"]["baseline"] == {}


@pytest.mark.parametrize(
    ("old", "new", "more", "place", "words"),
    [
        ("id: year", "id: yaer", (), "saved.json: baseline.orders[0].offer = year", "Did you mean yaer?"),
        ("", "", ("--fixed-until", "2026"), "--fixed-until: baseline.fixed_until = 2026", "inside the horizon"),
        ("", "", ("--fixed-until", "soon"), "--fixed-until: baseline.fixed_until = 'soon'", "2027-03-15"),
        ("limits:", "baseline: [3]\nlimits:", (), "tiny.yaml:11: baseline = list of 1", "keys and values"),
    ],
)
def test_a_baseline_that_does_not_fit_is_told(tiny, saved, old, new, more, place, words):
    """An offer that is gone, a date that is none, another thing than a baseline."""
    Path(tiny).write_text(TINY.replace(old, new) if old else TINY)
    result = run("solve", tiny, "-q", "--baseline", saved, *more)
    assert result.exit_code == 2
    assert place in result.stderr
    assert words in result.stderr


@pytest.mark.parametrize(
    "content", ["{}", '{"format": "procure-plan/3"}', '{"format": "procure-plan/3", "decisions": 5}']
)
def test_a_file_that_is_no_plan_is_told(tiny, tmp_path, content):
    """Another JSON file; and a date without a plan."""
    (tmp_path / "other.json").write_text(content)
    result = run("solve", tiny, "-q", "--baseline", str(tmp_path / "other.json"))
    assert result.exit_code == 2
    assert "other.json" in result.stderr
    result = run("solve", tiny, "-q", "--fixed-until", "2027-07")
    assert result.exit_code == 2
    assert "Add --baseline plan.json." in result.stderr


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ("funding.floor_usd=5 MW", "funding.floor_usd", "unknown unit"),
        ("horizon.periods=", "horizon.periods", "expected PATH=VALUE"),
        ("horizon.periods=[1", "(the whole file)", "not valid YAML"),
        ("limits.new={quantity: powr, max: 1}", "limits[1].quantity", "power"),
        ("limits.new={quantity: power, max: 3 bn}", "limits[1].max", "unknown unit 'bn'"),
        ("limits.new=3", "limits.new", "no entry 'new' there"),
        ("offers.year.region=esat", "offers[1].region", "unknown region"),
        ("offers.rent.price_usd_per_unit_hour=null", "offers[0]", "expected a price"),
    ],
)
def test_complaints_about_set_are_placed_there(tiny, change, field, words):
    """A fault that --set brings in is no fault of the file."""
    result = run("check", tiny, "--json", "--set", change)
    assert result.exit_code == 2
    (found,) = json.loads(result.stdout)
    assert (found["file"], found["field"]) == ("--set", field)
    assert words in found["expected"]
    assert found["remedy"]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("plan.pdf", ".json, .xlsx, .html or a folder"),
        ("absent/plan.json", "Choose a folder that exists and can be written"),
        ("absent/plan/", "Choose a folder that exists and can be written"),
        ("locked/plan.json", "Choose a folder that exists and can be written"),
    ],
)
def test_what_cannot_be_written_is_told_before_the_solve(tiny, tmp_path, monkeypatch, target, words):
    """A folder that is not there or is read-only: no time is spent on a plan that would be lost."""
    (tmp_path / "locked").mkdir()

    def never(*arguments, **options):
        raise AssertionError("solved")

    def accessible(path, mode, access=os.access):  # root may write anywhere
        return Path(path).name != "locked" and access(path, mode)

    monkeypatch.setattr("procure.plan.solve.solve", never)
    monkeypatch.setattr("os.access", accessible)
    result = run("solve", tiny, "--quiet", "--out", f"{tmp_path}/{target}")
    assert result.exit_code == 2
    assert words in result.stderr
    assert "--out" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--set", "limits.budget.max=1000"), 3, "no plan satisfies tiny"),
        (("--set", "offers.rent.price_usd_per_unit_hour=-1"), 2, "at least 0"),
        (("--set", "limits.budget.maxx=1"), 2, "Did you mean max"),
        (("--backend", "hihgs"), 2, "highs"),
        (("--gap", "-1"), 2, "gap"),
        (("--out", "plan.pdf"), 2, ".json, .xlsx, .html or a folder"),
        (("--out", "absent/plan.json"), 2, "its folder does not exist or is read-only"),
        (("--set", "horizon.periods="), 2, "PATH=null to take a value away"),
        (("--set", "horizon.periods= "), 2, "PATH=null to take a value away"),
        (("--set", "horizon.periods"), 2, "expected PATH=VALUE"),
        (("--set", "=3"), 2, "expected PATH=VALUE"),
    ],
)
def test_exit_codes_tell_what_happened(tiny, arguments, code, words):
    """Infeasible is 3, wrong usage and data 2, each with one clear report and no traceback."""
    result = run("solve", tiny, "--quiet", *arguments)
    assert result.exit_code == code
    assert words in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.stderr


def test_check_reports_every_fault_with_its_place(tmp_path):
    """All complaints come at once, each with file, line, field, value, expected and remedy."""
    path = tmp_path / "bad.yaml"
    path.write_text(TINY.replace("region: east, contract: reserved", "region: esat, contract: reserved")
                    .replace("throughput: {h100: 100}", "throughput: {h200: 100}"))  # fmt: skip
    result = run("check", str(path), "--json")
    assert result.exit_code == 2
    found = {(entry["field"], entry["row"]) for entry in json.loads(result.stdout)}
    assert found == {("offers[1].region", 8), ("workloads[0].throughput.h200", 10)}
    assert all(entry["file"] == str(path) and entry["remedy"] for entry in json.loads(result.stdout))
    assert "east" in run("check", str(path)).stderr


def test_audit_names_a_corrupted_number(tiny, tmp_path):
    """A plan whose orders were changed by hand no longer holds: exit code 2, and the row is named."""
    path = tmp_path / "plan.json"
    run("solve", tiny, "--quiet", "--out", str(path))
    data = json.loads(path.read_text())
    data["decisions"]["orders"]["units"] = [9.0]
    path.write_text(json.dumps(data))
    result = run("audit", str(path))
    assert result.exit_code == 2
    assert "capacity[year,2027-Q1" in result.stdout


@pytest.mark.parametrize("ending", ["mps", "lp"])
def test_export_writes_the_model_with_its_names(tiny, tmp_path, ending):
    """The exported model carries readable names."""
    path = tmp_path / f"model.{ending}"
    assert run("export", tiny, str(path)).exit_code == 0
    assert "order" in path.read_text()
    assert run("export", tiny, str(tmp_path / "model.txt")).exit_code == 2


def test_schema_and_doctor_answer(tiny):
    """The schema is JSON Schema of a scenario file; the doctor finds the free engines working."""
    schema = json.loads(run("schema").stdout)
    assert {"horizon", "offers", "catalogue", "include"} <= set(schema["properties"])
    engines = {report["name"]: report["solved"] for report in json.loads(run("doctor", "--json").stdout)}
    assert {name for name, solved in engines.items() if solved} >= {"highs", "scip", "cbc", "cp_sat", "glop", "pdlp"}


def test_help_has_examples():
    """Every command's help ends with an example."""
    for command in ("solve", "check", "audit", "export", "schema", "doctor"):
        result = run(command, "--help")
        assert result.exit_code == 0
        assert f"procure {command}" in result.stdout


def test_the_default_scenario_solves_from_any_folder(tmp_path):
    """`procure solve` in a strange folder proves the bundled enterprise plan to half a percent."""
    command = [sys.executable, "-P", "-m", "procure", "solve", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, env=environment)
    plan = json.loads(done.stdout)
    assert plan["scenario"]["name"] == "enterprise"
    assert plan["result"]["gap"] <= 0.005


def test_the_installed_package_brings_its_seeds():
    """A wheel carries the catalogue and the scenarios; an editable install reads them from the checkout."""
    files = {str(file) for file in distribution("procure").files or ()}
    direct = distribution("procure").read_text("direct_url.json") or "{}"
    if json.loads(direct).get("dir_info", {}).get("editable"):
        assert (ROOT / "seeds/scenarios/enterprise.yaml").exists()
    else:
        assert {"procure/seeds/catalogue/offers.csv", "procure/seeds/scenarios/enterprise.yaml"} <= files


@pytest.mark.parametrize("request_to_end", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_interrupt_keeps_the_best_plan(request_to_end):
    """Ctrl-C or SIGTERM during a solve prints the best plan found so far and exits with 130."""
    command = [sys.executable, "-m", "procure", "solve", "enterprise", "--gap", "0", "--json"]
    solving = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    for line in solving.stderr:
        if "best" in line:
            break
    time.sleep(0.5)
    solving.send_signal(request_to_end)
    out, err = solving.communicate(timeout=60)
    assert solving.returncode == 130, err
    assert json.loads(out)["result"]["ending"] == "cancelled"


def test_a_reader_that_stops_listening_ends_it_quietly(tiny):
    """`procure solve X | head -1`, with a head that has gone already: 141, like any program of a pipeline."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = [sys.executable, "-m", "procure", "solve", tiny, "--quiet"]
        done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")
