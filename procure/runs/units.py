"""The units of work of a manifest: each a scenario, varied or as it is."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from procure.runs.manifest import MOST_UNITS, Distribution, Draws, Manifest, Sweep, sources
from procure.scenario.complaint import Complaint, InvalidData, show
from procure.scenario.edit import set_path
from procure.scenario.scenario import Scenario, build
from procure.scenario_file import load


@dataclass(frozen=True)
class Unit:
    """One solve of a batch.

    Parameters
    ----------
    name
        Of the scenario and its variation, unique in the batch: ``enterprise``, ``enterprise [limits.x.max=3]``.
    scenario
        Name of what it is made of.
    variation
        What is varied: values by dotted path, factors as ``× 1.2``.
    data
        Plain scenario data; None where it is not valid.
    complaints
        Why it is not.
    """

    name: str
    scenario: str
    variation: Mapping[str, Any]
    data: dict[str, Any] | None
    complaints: Sequence[Complaint] = ()


def units(manifest: Manifest, folder: Path) -> list[Unit]:
    """Return the units of a manifest, those without variation first; one bad scenario does not stop the others.

    Raises
    ------
    InvalidData
        When a scenario cannot be found, a sweep is for none, or there would be more than 20,000 units.
    """
    named = sources(manifest, folder)
    read = {_short(name): _read(name) for name in named}
    _check_size(manifest, list(read))
    found: dict[str, Unit] = {}
    for name, given in read.items():
        if isinstance(given, InvalidData):
            found[name] = Unit(name, name, {}, None, given.complaints)
        elif manifest.as_they_are:
            found[name] = Unit(name, name, {}, given.data())
    for name, variation in _variations(manifest, list(read)):
        given = read[name]
        if isinstance(given, Scenario):
            unit = _varied(name, given, variation)
            found.setdefault(unit.name, unit)
    return list(found.values())


def _short(name: str) -> str:
    return Path(name).stem


def _read(name: str) -> Scenario | InvalidData:
    try:
        return load(name)
    except InvalidData as error:
        return error


def _check_size(manifest: Manifest, names: Sequence[str]) -> None:
    complaints = []
    total = len(names) * manifest.as_they_are
    groups: list[tuple[tuple[str, int], Sweep | Draws]] = [
        (("sweeps", n), one) for n, one in enumerate(manifest.sweeps)
    ]
    groups += [(("draws", n), one) for n, one in enumerate(manifest.draws)]
    for path, one in groups:
        mine = _chosen(one, names)
        if not mine:
            remedy = f"Name some of {', '.join(names[:8])}."
            wrong = "matches no scenario of the manifest"
            complaints.append(Complaint((*path, "scenarios"), show(list(one.scenarios)), wrong, remedy))
        total += len(mine) * (one.size if isinstance(one, Sweep) else one.count)
    if total > MOST_UNITS:
        expected = f"expected at most {MOST_UNITS:,} units"
        complaints.append(Complaint(("sweeps",), f"{total:,} units", expected, "Take fewer or larger steps."))
    if complaints:
        raise InvalidData(complaints)


def _chosen(one: Sweep | Draws, names: Sequence[str]) -> list[str]:
    return [name for name in names if not one.scenarios or any(fnmatchcase(name, glob) for glob in one.scenarios)]


_Variation = tuple[tuple[str, str, Any], ...]
"""(``set`` or ``scale``, dotted path, value or factor) of each change."""


def _variations(manifest: Manifest, names: Sequence[str]) -> Iterator[tuple[str, _Variation]]:
    for sweep in manifest.sweeps:
        axes = [("set", path, values) for path, values in sweep.set.items()]
        axes += [("scale", path, values) for path, values in sweep.scale.items()]
        lists = [values for _, _, values in axes]
        for values in zip(*lists, strict=True) if sweep.together else product(*lists):
            changes = tuple((how, path, value) for (how, path, _), value in zip(axes, values, strict=True))
            yield from ((name, changes) for name in _chosen(sweep, names))
    for draws in manifest.draws:
        # one stream for each path: a further path leaves what is drawn for the others as it was
        drawn = [
            (how, path, _draw(distribution, draws.count, draws.seed, f"{how} {path}"))
            for how, group in (("set", draws.set), ("scale", draws.scale))
            for path, distribution in group.items()
        ]
        for number in range(draws.count):
            changes = tuple((how, path, float(values[number])) for how, path, values in drawn)
            yield from ((name, changes) for name in _chosen(draws, names))


def _draw(distribution: Distribution, count: int, seed: int, stream: str) -> Sequence[float]:
    random = np.random.default_rng([seed, *stream.encode()])
    ((name, numbers),) = ((name, value) for name, value in distribution if value is not None)
    if name == "lognormal":
        found = numbers[0] * np.exp(numbers[1] * random.standard_normal(count))
    elif name == "normal":
        found = np.maximum(numbers[0] + numbers[1] * random.standard_normal(count), 0.0)
    else:
        found = getattr(random, name)(*numbers, size=count)
    return [float(f"{value:.6g}") for value in found]


def _varied(name: str, scenario: Scenario, changes: _Variation) -> Unit:
    shown = {path: f"× {value:g}" if how == "scale" else value for how, path, value in changes}
    parts = [f"{path} {value}" if str(value).startswith("× ") else f"{path}={value}" for path, value in shown.items()]
    title = f"{name} [{', '.join(parts)}]"
    data = copy.deepcopy(scenario.data())
    try:
        for how, path, value in changes:
            (set_path if how == "set" else scale)(data, path, value)
        return Unit(title, name, shown, build(data).data())
    except InvalidData as error:
        return Unit(title, name, shown, None, error.complaints)


def scale(data: dict[str, Any], path: str, factor: float) -> None:
    """Multiply the numbers at a dotted path of plain scenario data, where ``*`` stands for any id.

    Of a series every value is multiplied; of one that grows, its start, not its growth.

    Raises
    ------
    InvalidData
        When there is no number.
    """
    if not _scale(data, path.split("."), factor):
        raise InvalidData([Complaint((path,), f"× {factor:g}", "no number there", "Correct the path.")])


def _scale(here: Any, rest: Sequence[str], factor: float) -> int:
    if not rest:
        raise AssertionError("a path has parts")
    if isinstance(here, list):
        count = 0
        for size in range(1, len(rest) + 1):
            pattern = ".".join(rest[:size])
            for entry in here:
                if isinstance(entry, dict) and fnmatchcase(str(entry.get("id")), pattern) and rest[size:]:
                    count += _scale(entry, rest[size:], factor)
            if count:
                break
        return count
    if not isinstance(here, dict) or rest[0] not in here:
        return 0
    if rest[1:]:
        return _scale(here[rest[0]], rest[1:], factor)
    found = multiplied(here[rest[0]], factor)
    if found is None:
        return 0
    here[rest[0]] = found
    return 1


def multiplied(value: Any, factor: float) -> Any:
    """Return a number or series times a factor, None for what is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value * factor
    if isinstance(value, list):
        parts = [multiplied(part, factor) for part in value]
        return None if None in parts else parts
    if isinstance(value, dict):
        found = {key: part if key == "growth_per_year" else multiplied(part, factor) for key, part in value.items()}
        return None if None in found.values() else found
    return None
