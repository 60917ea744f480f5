"""The house keeps its order: who may import whom, and what is imported late."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("scenario", "catalogue", "throughput", "scenario_file", "formulation", "plan", "analysis", "runs", "cli")
ENGINES = {"highspy", "pulp", "ortools", "gurobipy", "cplex", "xpress", "coptpy", "mosek", "cuopt"}
FILES = sorted(path for top in ("procure", "solvers", "apps") for path in (ROOT / top).rglob("*.py"))


def imports(path):
    """Return the modules a file imports at run time, with relative ones made absolute."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""


def layer(module):
    parts = module.split(".")
    return LAYERS.index(parts[1]) if parts[0] == "procure" and len(parts) > 1 and parts[1] in LAYERS else None


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_what_its_room_may(path):
    """Apps import procure, procure imports solvers, and inside procure imports go down the layers only."""
    room = path.relative_to(ROOT).with_suffix("").parts
    own = layer(".".join(room))
    for module in imports(path):
        top = module.split(".")[0]
        if room[0] == "solvers":
            assert top not in ("procure", "apps", "seeds", "streamlit"), f"{path} imports {module}"
        if room[0] == "procure":
            assert top not in ("apps", "seeds", "streamlit"), f"{path} imports {module}"
        if own is not None and layer(module) is not None:
            assert layer(module) <= own, f"{path} imports {module}, which is above it"
        if top in ENGINES:
            assert room[:2] == ("solvers", "backends"), f"{path} imports {module}"


def test_the_audit_shares_no_code_with_what_it_audits():
    """The audit imports the scenario nouns and nothing else of the product."""
    for path in (ROOT / "procure/plan/audit").glob("*.py"):
        for module in imports(path):
            top = module.split(".")[0]
            own = module.startswith(("procure.scenario", "procure.plan.audit"))
            assert top not in ("procure", "solvers", "apps") or own, f"{path} imports {module}"


def test_seeds_hold_data_only():
    """There is no code among the seeds."""
    assert not list((ROOT / "seeds").rglob("*.py"))


def test_import_procure_stays_light():
    """Importing procure, or asking for help, brings in neither numpy, pandas nor an engine."""
    heavy = "{'numpy', 'pandas', 'pydantic', 'highspy', 'pulp', 'ruamel'}"
    code = f"import sys, procure; import procure.cli; print(sorted({heavy} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"
