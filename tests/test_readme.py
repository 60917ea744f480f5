"""What the README shows runs as it stands."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from procure.catalogue.table import seeds_folder
from procure.scenario_file import load

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)


COMMANDS = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("procure ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run(command, tmp_path):
    """Every command shown exits with 0."""
    _, *arguments = shlex.split(command)
    done = subprocess.run(
        [sys.executable, "-m", "procure", *arguments],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_library_lines_run(capsys):
    """The library example runs and reports what the cap costs."""
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102  # the README's own lines
    assert "the cap costs" in capsys.readouterr().out


def test_the_scenario_file_solves(tmp_path):
    """The scenario shown is valid and has a plan."""
    import procure

    path = tmp_path / "first.yaml"
    first, *more = blocks("yaml")
    for text in (first, *(first + part for part in more)):
        path.write_text(text)
        plan = procure.solve(load(path), gap=0.01, time_limit_s=60)
        assert plan.gap <= 0.01


def test_the_limits_shown_are_valid():
    """Every limit in the table of examples is accepted by a bundled scenario."""
    from procure.scenario.document import read_value

    scenario = load(seeds_folder() / "scenarios" / "frontier-lab.yaml")
    examples = re.findall(r"^\| `(\{quantity.*?\})` \|", TEXT, flags=re.MULTILINE)
    assert len(examples) == 8
    for example in examples:
        scenario = scenario.with_limit(**read_value(example))
