"""Labels, and selections by them: the one way in which limits, prices and workloads point at things."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, WithJsonSchema

from procure.scenario.complaint import near

SourceLabel = Literal[
    "accelerator", "vendor", "stack", "family", "provider", "region", "country", "zone", "contract", "status", "offer"
]
WorkLabel = Literal["workload", "kind", "codebase"]
Label = Literal[SourceLabel, WorkLabel, "project", "agreement", "tranche", "ledger", "period", "year"]
SOURCE_LABELS: Final[tuple[str, ...]] = get_args(SourceLabel)
WORK_LABELS: Final[tuple[str, ...]] = get_args(WorkLabel)
LABELS: Final[tuple[str, ...]] = (
    *SOURCE_LABELS, *WORK_LABELS, "project", "agreement", "tranche", "ledger", "period", "year",
)  # fmt: skip
LEDGERS: Final = ("opex", "capex")


def parse_selection(value: object) -> dict[str, tuple[str, ...]]:
    """Return a selection: label to the values it may have.

    ``{vendor: nvidia, zone: [eu, us]}`` selects what has one of the values for every label; a value with ``*``
    matches by pattern; an empty selection selects everything.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError("expected a selection: write labels and their values, such as vendor: nvidia")
    selection: dict[str, tuple[str, ...]] = {}
    for label, wanted in value.items():
        if label not in LABELS:
            raise ValueError(f"unknown label {label!r}. {near(label, LABELS)}")
        values = wanted if isinstance(wanted, Sequence) and not isinstance(wanted, str) else [wanted]
        if not values:
            raise ValueError(f"expected at least one value for {label}")
        if any(isinstance(entry, bool) or not isinstance(entry, str | int) for entry in values):
            raise ValueError(f"expected names as values of {label}")
        selection[label] = tuple(dict.fromkeys(str(entry) for entry in values))
    return selection


Selection = Annotated[
    dict[str, tuple[str, ...]],
    BeforeValidator(parse_selection),
    WithJsonSchema({
        "type": "object",
        "propertyNames": {"enum": list(LABELS)},
        "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    }),
]  # fmt: skip


def matches(value: str, wanted: Iterable[str]) -> bool:
    """Whether a label's value is one of those wanted, or fits one of their patterns."""
    return any(value == entry or ("*" in entry and fnmatchcase(value, entry)) for entry in wanted)


def unknown_values(selection: Mapping[str, Iterable[str]], known: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """Return the (label, value) pairs of a selection that match nothing known."""
    return [
        (label, wanted)
        for label, values in selection.items()
        for wanted in values
        if not any(matches(value, (wanted,)) for value in known.get(label, ()))
    ]


class Labelled:
    """Values of labels over a list of things, as integer codes.

    Parameters
    ----------
    columns
        For each label, one value for each thing.
    """

    def __init__(self, columns: Mapping[str, Sequence[str]]) -> None:
        self.values: dict[str, tuple[str, ...]] = {}
        self.codes: dict[str, NDArray[np.int64]] = {}
        for label, column in columns.items():
            names = tuple(dict.fromkeys(column))
            number = {name: code for code, name in enumerate(names)}
            self.values[label] = names
            self.codes[label] = np.array([number[name] for name in column], dtype=np.int64)
        self.size = len(next(iter(columns.values()), ()))

    def mask(self, selection: Mapping[str, Iterable[str]]) -> NDArray[np.bool_]:
        """Return which things a selection selects, shape (things,); labels that these things lack are left aside."""
        chosen = np.ones(self.size, dtype=bool)
        for label, wanted in selection.items():
            if label in self.codes:
                allowed = np.array([matches(name, wanted) for name in self.values[label]], dtype=bool)
                chosen &= allowed[self.codes[label]] if self.size else chosen
        return chosen

    def row(self, position: int) -> dict[str, Any]:
        """Return the labels of one thing."""
        return {label: self.values[label][codes[position]] for label, codes in self.codes.items()}
