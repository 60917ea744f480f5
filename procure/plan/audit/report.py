"""What an audit found."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

Shown = float | int | str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a plan.

    Parameters
    ----------
    row
        Name of the row, such as ``capacity[aws/us-east-1/p5/on_demand,2027-Q1,peak]``, or place in the data.
    what
        What is wrong, as a sentence about the row.
    found, expected
        What the plan says, and what is right (or the bound that is broken).
    """

    row: str
    what: str
    found: Shown
    expected: Shown

    def __str__(self) -> str:
        return f"{self.row} {self.what}: found {_text(self.found)}, expected {_text(self.expected)}"


@dataclass(frozen=True)
class AuditReport:
    """The findings of an audit, and how many rows of each kind were tested."""

    findings: tuple[Finding, ...] = ()
    checked: dict[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def __str__(self) -> str:
        rows = sum(self.checked.values())
        if self.ok:
            return f"audit: {rows:,} rows tested, nothing wrong"
        lines = "\n".join(f"  {finding}" for finding in self.findings)
        return f"audit: {rows:,} rows tested, {len(self.findings):,} wrong\n{lines}"


class Findings:
    """Gathers findings, and counts what was tested."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._checked: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._findings)

    def add(self, row: str, what: str, found: object, expected: object) -> None:
        """Add a finding."""
        self._findings.append(Finding(row, what, _shown(found), _shown(expected)))

    def count(self, kind: str, rows: int = 1) -> None:
        """Count rows of a kind as tested."""
        self._checked[kind] += int(rows)

    def report(self) -> AuditReport:
        """Return the report, its findings in the order of their rows' names."""
        ordered = sorted(self._findings, key=lambda finding: (finding.row, finding.what, str(finding.found)))
        return AuditReport(tuple(ordered), dict(sorted(self._checked.items())))


def row_name(table: str, key: Iterable[object]) -> str:
    """Return the name of a row: ``table[label,label]``."""
    return f"{table}[{','.join(map(str, key))}]"


def _shown(value: object) -> Shown:
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return value if abs(value) <= 1e300 else str(value)[:80]
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else text[:199] + "…"


def _text(value: Shown) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)
