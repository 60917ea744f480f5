"""The units of work of a manifest: each a scenario, varied or as it is."""

import copy
import os
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from procure.runs.manifest import MOST_UNITS, Distribution, Draws, Manifest, Prices, Sweep, sources
from procure.scenario.complaint import Complaint, InvalidData, show
from procure.scenario.edit import set_path
from procure.scenario.scenario import Scenario, build
from procure.scenario_file import bundled, load


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


def units(manifest: Manifest, folder: Path, stop: threading.Event | None = None) -> list[Unit]:
    """Return the units of a manifest, those without variation first; one bad scenario does not stop the others.

    Raises
    ------
    KeyboardInterrupt
        When it is stopped before all are made.
    InvalidData
        When a scenario cannot be found, a sweep is for none, or there would be more than 20,000 units.
    """
    named = _named(sources(manifest, folder), folder)
    _check_size(manifest, list(named))
    read = {name: _read(source, manifest.catalogue, folder) for name, source in named.items()}
    found: dict[str, Unit] = {}
    for name, given in read.items():
        if isinstance(given, InvalidData):
            found[name] = Unit(name, name, {}, None, given.complaints)
        elif manifest.as_they_are:
            found[name] = Unit(name, name, {}, given.data())
    for name, variation in _variations(manifest, list(read)):
        given = read[name]
        if stop is not None and stop.is_set():
            raise KeyboardInterrupt
        if isinstance(given, Scenario):
            unit = _varied(name, given, variation)
            found.setdefault(unit.name, unit)
    return list(found.values())


def _named(found: Sequence[str], folder: Path) -> dict[str, str]:
    """Return sources by short names: without folder and ending, unless two would have the same."""
    short = Counter(Path(source).stem for source in found)
    bare = set(bundled())

    def name(source: str) -> str:
        alone = short[Path(source).stem] == 1
        return source if source in bare else Path(source).stem if alone else os.path.relpath(source, folder)

    return {name(source): source for source in found}


def _read(source: str, prices: Prices, folder: Path) -> Scenario | InvalidData:
    try:
        scenario = load(source, None if prices.folder is None else folder / prices.folder)
        _check_dates(scenario, prices.as_of)
    except InvalidData as error:
        return error
    return scenario


def _check_dates(scenario: Scenario, as_of: date | None) -> None:
    newer = [offer for offer in scenario.offers if as_of is not None and offer.as_of > as_of.isoformat()]
    if newer:
        value = f"{len(newer)} of {len(scenario.offers)} offers are newer, such as {newer[0].id} of {newer[0].as_of}"
        remedy = "Give the folder of a catalogue of that day, or a later day."
        raise InvalidData([Complaint(("catalogue", "as_of"), value, f"expected prices of {as_of} or before", remedy)])


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
    shown = [float(f"{value:.6g}") for value in found]
    if name in ("uniform", "triangular"):  # rounded, one may be a little outside
        shown = [min(max(value, numbers[0]), numbers[-1]) for value in shown]
    return shown


def _varied(name: str, scenario: Scenario, changes: _Variation) -> Unit:
    shown = {path: f"× {_text(value)}" if how == "scale" else value for how, path, value in changes}
    parts = [f"{path} {value}" if str(value).startswith("× ") else f"{path}={value}" for path, value in shown.items()]
    title = f"{name} [{', '.join(parts)}]"
    data = copy.deepcopy(scenario.data())
    try:
        for how, path, value in changes:
            (set_path if how == "set" else scale)(data, path, value)
        return Unit(title, name, shown, build(data).data())
    except InvalidData as error:
        return Unit(title, name, shown, None, error.complaints)


def _text(factor: float) -> str:
    short = f"{factor:g}"
    return short if float(short) == factor else repr(factor)


def scale(data: dict[str, Any], path: str, factor: float) -> None:
    """Multiply the numbers at a dotted path of plain scenario data, where ``*`` stands for any id or part of one.

    Of a series every value is multiplied; of one that grows, its start, not its growth.

    Raises
    ------
    InvalidData
        When there is no number.
    """
    found = list(_leaves(data, path.split(".")))
    if not found:
        raise InvalidData([Complaint((path,), f"× {factor:g}", "no number there", "Correct the path.")])
    for here, key in found:
        here[key] = multiplied(here[key], factor)


def _leaves(here: Any, rest: Sequence[str]) -> Iterator[tuple[Any, Any]]:
    """Yield where the numbers of a path are, each with its key; an id may hold dots, and so take several parts."""
    if isinstance(here, list):
        named = [(str(entry.get("id")), number) for number, entry in enumerate(here) if isinstance(entry, dict)]
        sizes = range(1, len(rest))  # a path leads into an entry
    elif isinstance(here, dict):
        named, sizes = [(str(key), key) for key in here], range(1, len(rest) + 1)
    else:
        return
    patterns = [re.compile(re.escape(".".join(rest[:size])).replace(r"\*", ".*")) for size in sizes]
    for name, key in named:
        for size, pattern in zip(sizes, patterns, strict=True):
            if not pattern.fullmatch(name):
                continue
            below = list(_leaves(here[key], rest[size:])) if rest[size:] else [(here, key)]
            found = [(place, last) for place, last in below if multiplied(place[last], 1.0) is not None]
            yield from found
            if found:
                break


def multiplied(value: Any, factor: float) -> Any:
    """Return a number or series times a factor, None for what is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if factor == 1 else float(f"{value * factor:.15g}")  # 100 × 1.1 is 110
    if isinstance(value, list):
        parts = [multiplied(part, factor) for part in value]
        return None if None in parts else parts
    if isinstance(value, dict):
        found = {key: part if key == "growth_per_year" else multiplied(part, factor) for key, part in value.items()}
        return None if None in found.values() else found
    return None
