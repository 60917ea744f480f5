"""What the README shows runs as it stands."""

import json
import re
import shlex
import shutil
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
    shutil.copytree(ROOT / "seeds/batches", tmp_path / "seeds/batches")  # where a checkout has them
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


def added(text, more, tmp_path):
    """Return the data of a scenario file with that of another added: lists longer, other keys replaced."""
    from procure.scenario.document import read_document

    data = []
    for name, part in (("first", text), ("more", more)):
        path = tmp_path / f"{name}.yaml"
        path.write_text(part)
        data.append(read_document(path).data)
    first, second = data
    return {**first, **{k: [*first.get(k, ()), *v] if isinstance(v, list) else v for k, v in second.items()}}


@pytest.mark.parametrize("number", range(len(blocks("yaml"))))
def test_the_scenario_files_solve(number, tmp_path):
    """The scenario shown has a plan, and so it has with each of the mechanisms that can be added."""
    import procure

    first, *more = blocks("yaml")
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(added(first, ["{}", *more][number], tmp_path)))
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
