"""The plan: a scenario, the decisions that answer it, and every figure that follows from them."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from procure.plan.decisions import DECISIONS
from procure.plan.figures import TABLES, Figures
from procure.plan.table import Table
from procure.scenario.complaint import Complaint, InvalidData, show
from procure.scenario.document import write_bytes
from procure.scenario.scenario import Scenario, build

if TYPE_CHECKING:
    import pandas as pd

    from procure.plan.warm_start import WarmStart

FORMAT: Final = "procure-plan/3"
MAX_BYTES: Final = 500_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """An audited answer to a scenario.

    Parameters
    ----------
    scenario
        What was asked.
    decisions
        Starts, orders, sales, rented units, serving, draws and the rest: the tables of `DECISIONS`.
    result
        How the solve ended: ending, objective and bound (USD), gap (relative), seconds; with a baseline whether it is
        kept, and its objective.
    provenance
        Hash of the scenario, versions, options, seed and threads: what it takes to get the same plan again.
    warm_start
        What `solve` may start from after an edit; it is not saved.
    """

    scenario: Scenario
    decisions: dict[str, Table]
    result: dict[str, Any]
    provenance: dict[str, Any] = field(default_factory=dict)
    warm_start: "WarmStart | None" = None

    @cached_property
    def computed(self) -> Figures:
        """The figures' source: ledger and answer."""
        return Figures(self.scenario, self.decisions)

    @cached_property
    def figures(self) -> dict[str, Table]:
        """Every table of figures by name, as plain columns."""
        return self.computed.all()

    @cached_property
    def totals(self) -> dict[str, float]:
        """Totals by name; money in USD, undiscounted but for ``discounted_cost``."""
        table = self.figures["totals"]
        return {str(name): float(str(value)) for name, value in zip(table["name"], table["value"], strict=True)}

    @property
    def gap(self) -> float:
        """Relative gap between objective and bound."""
        return float(self.result["gap"])

    def frame(self, name: str) -> "pd.DataFrame":
        """Return a table of figures or decisions as a DataFrame.

        Raises
        ------
        KeyError
            When there is no table of this name; it lists those there are.
        """
        import pandas as pd

        tables = {**self.decisions, **self.figures}
        if name not in tables:
            raise KeyError(f"no table {name!r}: there are {', '.join(tables)}")
        table = tables[name]
        empty = not len(next(iter(table.values())))
        return pd.DataFrame(table, dtype=object if empty else None)  # an empty column of names is no number

    def __getattr__(self, name: str) -> "pd.DataFrame":
        if name in TABLES or name in DECISIONS:
            return self.frame(name)
        raise AttributeError(f"a plan has no {name!r}")

    def __repr__(self) -> str:
        return f"<Plan of {self.scenario.name}: {self.result.get('ending')}, {self.result.get('objective')} USD>"

    def __str__(self) -> str:
        from procure.plan.report import summary

        return summary(self)

    def to_data(self) -> dict[str, Any]:
        """Return the plan as plain data, the content of a plan file."""
        return {
            "format": FORMAT,
            "scenario": self.scenario.data(),
            "provenance": self.provenance,
            "result": {key: None if value in (math.inf, -math.inf) else value for key, value in self.result.items()},
            "decisions": self.decisions,
            "figures": self.figures,
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the plan as JSON, whole or not at all."""
        write_bytes(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the content of a plan file, JSON."""
        return json.dumps(self.to_data(), allow_nan=False, separators=(",", ":")).encode()


def read_plan_data(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the plain data of a plan file.

    Raises
    ------
    InvalidData
        When the file cannot be read, is too large, or is not a plan.
    """

    def fault(value: str, expected: str, remedy: str, line: int | None = None) -> InvalidData:
        return InvalidData([Complaint((), value, expected, remedy, str(path), line)])

    try:
        if Path(path).stat().st_size > MAX_BYTES:
            raise fault("too large", f"expected at most {MAX_BYTES:,} bytes", "Is it a plan?")
        with Path(path).open(encoding="utf-8") as stream:
            data = json.load(stream, parse_constant=_no_constant)
    except OSError as error:
        raise fault(str(error.strerror), "cannot be read", "Check the path.") from None
    except json.JSONDecodeError as error:
        raise fault(error.msg, "not valid JSON", "Save the plan again.", error.lineno) from None
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise fault(show(str(error)), "not a plan in JSON", "Save the plan again.") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = show(data.get("format")) if isinstance(data, dict) else show(data)
        raise fault(found, f"expected a plan file, format {FORMAT}", "Make one with `procure solve --out plan.json`.")
    return data


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of a plan")


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """Return the plan of a file, audited.

    Raises
    ------
    InvalidData
        When the file is not a plan, or its scenario is not valid.
    AuditFailed
        When its figures do not follow from its decisions, or its decisions break a rule.
    """
    data = read_plan_data(path)
    check_audit(data)
    return _plan(data)


def stored_plan(data: Mapping[str, Any]) -> Plan:
    """Return the plan of plain data that `Plan.to_data` made and a store kept: its figures are taken as they are."""
    plan = _plan(data)
    vars(plan)["figures"] = data["figures"]
    return plan


def _plan(data: Mapping[str, Any]) -> Plan:
    result = {**data["result"], **{k: math.inf for k in ("gap",) if data["result"].get(k) is None}}
    return Plan(build(data["scenario"]), data["decisions"], result, data["provenance"])


class AuditFailed(Exception):
    """A plan that does not hold: each finding names the row, what is wrong, what was found and what was expected."""


def check_audit(data: Mapping[str, Any]) -> None:
    """Audit a plan's plain data; raise AuditFailed with the findings when it does not hold."""
    from procure.plan.audit import audit

    report = audit(data)
    if not report.ok:
        lines = "\n".join(f"  {finding}" for finding in report.findings[:50])
        raise AuditFailed(f"the audit found {len(report.findings)} faults\n{lines}")
