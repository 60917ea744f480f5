"""What a nightly batch solves, with what, and what it says in the morning."""

import glob
import math
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from procure.analysis.frontier import values_of
from procure.scenario.complaint import Complaint, InvalidData, near
from procure.scenario.document import read_document
from procure.scenario.noun import Id, Noun
from procure.scenario.units import LARGEST, Plain, Positive, Share
from procure.scenario.validate import validate
from procure.scenario_file import bundled

MOST_UNITS: Final = 20_000
"""No manifest may ask for more: a grid that explodes is a mistake."""
MOST_SPREAD: Final = 5.0
"""Of the logarithm of a drawn value: with it one in six is more than 148 times the median."""


def _values(value: object) -> object:
    """Return the values of ``LOW:HIGH:STEP``, or those listed; one value is a list of one."""
    if isinstance(value, str) and ":" in value:
        try:
            return values_of(f"values={value}")[1]
        except InvalidData as error:
            fault = error.complaints[0]
            raise ValueError(f"{fault.expected}: write LOW:HIGH:STEP or a list") from None
    values = tuple(value) if isinstance(value, list | tuple) else (value,)
    if any(isinstance(one, float) and not math.isfinite(one) for one in values):
        raise ValueError("expected finite numbers")
    return values


def _once(group: "Sweep | Draws") -> None:
    """Complain of a path that is both set and scaled: the names of the units would not tell them apart."""
    both = sorted({*group.set} & {*group.scale})
    if both:
        raise ValueError(f"expected {both[0]} under set or scale, not both: multiply the values under set instead")


Values = Annotated[tuple[Any, ...], BeforeValidator(_values), Field(min_length=1)]


class Sweep(Noun):
    """Variations of scenarios: every combination of the values, or, with ``together``, the first of each, and so on.

    ``set`` puts a value at a dotted path; ``scale`` multiplies what is there, and its path may hold ``*`` for ids, as
    in ``workloads.*.demand``.
    """

    scenarios: tuple[str, ...] = Field(default=(), description="Names or globs of those it is for; none: all")
    set: dict[str, Values] = Field(default_factory=dict, description="Values by dotted path: a list, or LOW:HIGH:STEP")
    scale: dict[str, Values] = Field(default_factory=dict, description="Factors by dotted path; * stands for any id")
    together: bool = Field(default=False, description="Values side by side instead of every combination")

    @field_validator("scale")
    @classmethod
    def _factors(cls, value: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
        for path, factors in value.items():
            for factor in factors:
                if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 <= factor < math.inf:
                    raise ValueError(f"expected factors from 0 for {path}, not {factor!r}")
        return value

    @model_validator(mode="after")
    def _something(self) -> "Sweep":
        lengths = {len(values) for values in (*self.set.values(), *self.scale.values())}
        if not lengths:
            raise ValueError("expected set or scale: a sweep varies something")
        _once(self)
        if self.together and len(lengths) > 1:
            raise ValueError(f"expected lists of one length, not {sorted(lengths)}: together takes values side by side")
        return self

    @property
    def size(self) -> int:
        """How many variations it makes of each scenario."""
        lengths = [len(values) for values in (*self.set.values(), *self.scale.values())]
        return lengths[0] if self.together else math.prod(lengths)


class Distribution(Noun):
    """Of a random factor or value: exactly one form, with its parameters."""

    uniform: tuple[float, float] | None = Field(default=None, description="Least, most")
    normal: tuple[float, float] | None = Field(
        default=None, description="Mean, standard deviation; below 0 counts as 0"
    )
    lognormal: tuple[float, float] | None = Field(
        default=None, description="Median, standard deviation of the logarithm"
    )
    triangular: tuple[float, float, float] | None = Field(default=None, description="Least, most likely, most")

    @model_validator(mode="after")
    def _one(self) -> "Distribution":
        given = {name: value for name, value in self if value is not None}
        if len(given) != 1:
            raise ValueError(f"expected one of uniform, normal, lognormal, triangular, not {len(given)}: write one")
        ((name, numbers),) = given.items()
        if not all(abs(number) <= LARGEST for number in numbers):
            raise ValueError(f"expected numbers up to {LARGEST:g} for {name}")
        ordered = list(numbers) == sorted(numbers) and numbers[0] < numbers[-1]
        if name in ("uniform", "triangular") and not ordered:
            raise ValueError(f"expected {name} from least to most, not {list(numbers)}")
        if name in ("normal", "lognormal") and numbers[1] < 0:
            raise ValueError(f"expected a standard deviation from 0, not {numbers[1]}")
        if name == "lognormal" and numbers[0] <= 0:
            raise ValueError(f"expected a median above 0, not {numbers[0]}")
        if name == "lognormal" and numbers[1] > MOST_SPREAD:
            raise ValueError(f"expected a standard deviation of the logarithm up to {MOST_SPREAD:g}, not {numbers[1]}")
        return self


class Draws(Noun):
    """Random variations: ``count`` of each scenario, the same for the same seed whatever else the manifest holds."""

    scenarios: tuple[str, ...] = Field(default=(), description="Names or globs of those they are for; none: all")
    count: int = Field(ge=1, le=MOST_UNITS)
    seed: int = Field(default=0, ge=0)
    set: dict[str, Distribution] = Field(default_factory=dict, description="Distributions of values by dotted path")
    scale: dict[str, Distribution] = Field(default_factory=dict, description="Of factors; * stands for any id")

    @model_validator(mode="after")
    def _something(self) -> "Draws":
        if not self.set and not self.scale:
            raise ValueError("expected set or scale: draws vary something")
        _once(self)
        for path, one in self.scale.items():
            least = (one.uniform or one.triangular or (0.0,))[0]
            if least < 0:
                raise ValueError(f"expected factors from 0 for {path}, not from {least:g}")
        return self


class Prices(Noun):
    """The catalogue of a batch."""

    folder: str | None = Field(
        default=None, description="CSV tables beside the manifest or below, in place of the scenarios' own catalogues"
    )
    as_of: date | None = Field(default=None, description="The day the batch is for: a price of a later day is refused")


class Solver(Noun):
    """How each unit is solved."""

    gap: Share = 0.005
    time_limit_s: Positive | None = Field(default=300.0, description="For each unit; null: none")
    backend: str = "auto"
    threads: int = Field(default=1, ge=1)
    seed: int = Field(default=0, ge=0)


class Alerts(Noun):
    """What is worth waking somebody for; each is compared with the batch of the same name before this one."""

    cost_up: Share | None = Field(default=None, description="Cost of a unit up by more than this share")
    cost_down: Share | None = Field(default=None, description="Cost of a unit down by more than this share")
    gap_above: Share | None = Field(default=None, description="A unit is proven worse than this")
    newly_binding: tuple[Id, ...] | Literal["any"] = Field(default=(), description="Limits that bind and did not")
    infeasible: bool = Field(default=True, description="A unit has no plan, and had one or is new")
    failed: bool = Field(default=True, description="A unit is invalid, or its solve failed")
    stale_days: Plain | None = Field(default=None, description="A price that is used is older than this")


class Webhook(Noun):
    """Where alerts are posted, as JSON."""

    url: str = Field(pattern=r"^https?://[^\s@]+$")
    hosts: tuple[str, ...] = Field(
        min_length=1, description="Hosts that may be posted to; no other, not by redirection"
    )


class Outputs(Noun):
    """What is written in the morning, into one folder."""

    folder: str = Field(default="out", description="Beside the manifest or below")
    report: bool = Field(default=True, description="report.html")
    metrics: tuple[Literal["csv", "parquet"], ...] = Field(default=("csv",), description="metrics.csv, metrics.parquet")
    prometheus: bool = Field(default=False, description="metrics.prom, in the text format of Prometheus")


class Manifest(Noun):
    """A batch: scenarios, their variations, how they are solved, and what is said about it."""

    name: Id
    scenarios: tuple[str, ...] = Field(min_length=1, description="Bundled names, paths, or globs beside the manifest")
    as_they_are: bool = Field(default=True, description="Solve each scenario without variation, too")
    sweeps: tuple[Sweep, ...] = ()
    draws: tuple[Draws, ...] = ()
    catalogue: Prices = Prices()
    solver: Solver = Solver()
    total_time_s: Positive | None = Field(default=None, description="No unit is started after this; null: no limit")
    outputs: Outputs = Outputs()
    alerts: Alerts = Alerts()
    webhook: Webhook | None = None

    @model_validator(mode="after")
    def _something(self) -> "Manifest":
        if not (self.as_they_are or self.sweeps or self.draws):
            raise ValueError("expected sweeps, draws or as_they_are: a batch solves something")
        return self


def read_manifest(path: Path) -> Manifest:
    """Return the manifest of a YAML file.

    Raises
    ------
    InvalidData
        With every complaint, each with file and line.
    """
    document = read_document(path)
    try:
        manifest = validate(Manifest, document.data)
        _check_folders(manifest, path.parent)
    except InvalidData as error:
        raise document.located(error) from None
    return manifest


def _check_folders(manifest: Manifest, beside: Path) -> None:
    complaints = []
    for place, folder in (("outputs", manifest.outputs.folder), ("catalogue", manifest.catalogue.folder)):
        if folder is not None and not _is_inside(beside / folder, beside):
            wrong = "expected a folder in the folder of the manifest"
            complaints.append(Complaint((place, "folder"), folder, wrong, "Move it there."))
    if complaints:
        raise InvalidData(complaints)


def _is_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def dated(manifest: Manifest, as_of: date | None) -> Manifest:
    """Return a manifest for another day, or as it is."""
    if as_of is None:
        return manifest
    return manifest.model_copy(update={"catalogue": manifest.catalogue.model_copy(update={"as_of": as_of})})


def sources(manifest: Manifest, folder: Path) -> tuple[str, ...]:
    """Return the scenarios of a manifest: bundled names, and paths of files beside it.

    Raises
    ------
    InvalidData
        When a name is none, a glob matches nothing, or a path leaves the folder of the manifest.
    """
    found: dict[str | Path, str] = {}
    complaints = []
    for number, name in enumerate(manifest.scenarios):
        if name in bundled():
            found[name] = name
            continue
        paths = [folder / path for path in sorted(glob.glob(name, root_dir=folder, recursive=True))]  # noqa: PTH207  # it takes a plain path, too
        files = [path for path in paths if path.is_file() and _is_inside(path, folder)]
        if not files:
            complaints.append(_nothing(number, name, outside=any(path.is_file() for path in paths)))
        for path in files:
            found.setdefault(path.resolve(), str(path))  # a file that two names lead to is one
    if complaints:
        raise InvalidData(complaints)
    return tuple(found.values())


def _nothing(number: int, name: str, *, outside: bool) -> Complaint:
    if outside:
        wrong, remedy = "expected a file in the folder of the manifest", "Move it there."
    else:
        wrong = "matches no file beside the manifest" if glob.has_magic(name) else "no scenario of this name"
        remedy = near(name, bundled(), "Give a bundled scenario, or a file beside the manifest or below")
    return Complaint(("scenarios", number), name, wrong, remedy)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a manifest, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Manifest.model_json_schema(by_alias=True)}
