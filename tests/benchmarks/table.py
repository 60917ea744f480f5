"""Figures as Markdown tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

_SIZE: Final = ("columns", "rows", "nonzeros")
DASH: Final = "-"


def markdown(instances: Mapping[str, Mapping[str, Any]], engines: Sequence[str]) -> str:
    """Return the table; what was not measured is a dash, what went wrong stands in the last column."""
    heads = ["instance", *_SIZE, "classes", "build s", "s/M nz", "x1 nonzeros", "x1 build s", "x1 s/M nz"]
    heads += [name for engine in engines for name in (f"{engine} s", f"{engine} gap", "ending")]
    heads += ["plan s", "audit s", "MB built", "MB", "MB engine", "faults"]
    rows = [_row(name, figures, engines) for name, figures in instances.items()]
    return table(heads, rows)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table, all columns but the first and the last to the right."""
    rule = ["---", *["---:"] * (len(heads) - 2), "---"]
    lines = [heads, rule, *([cell.replace("|", "/") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _row(name: str, figures: Mapping[str, Any], engines: Sequence[str]) -> list[str]:
    built, alone = figures.get("build", {}), figures.get("unaggregated", {})
    cells = [name, *(_count(built.get(key)) for key in _SIZE)]
    cells.append(_classes(built, figures))
    cells += [_number(built.get("seconds"), 3), _number(built.get("seconds_per_million_nonzeros"), 2)]
    cells += [_count(alone.get("nonzeros")), _number(alone.get("seconds"), 3)]
    cells.append(_number(alone.get("seconds_per_million_nonzeros"), 2))
    for engine in engines:
        solved = figures.get("solve", {}).get(engine, {})
        cells += [_number(solved.get("seconds"), 1), _percent(solved.get("gap")), solved.get("ending", DASH)]
    cells += [_number(figures.get(key), 2) for key in ("plan_s", "audit_s")]
    cells += [_number(figures.get(key), 0) for key in ("memory_built_mb", "memory_mb", "memory_engines_mb")]
    return [*cells, _faults(figures)]


def _classes(built: Mapping[str, Any], figures: Mapping[str, Any]) -> str:
    if not built:
        return DASH
    sources = f"{built['capacity_classes']} of {figures['sources']}"
    return f"{sources}, {built['demand_classes']} of {figures['workloads']}"


def _faults(figures: Mapping[str, Any]) -> str:
    found = figures.get("audit_findings", 0)
    said = [figures["error"][:120]] if "error" in figures else []
    return "; ".join([*said, *([f"audit found {found}"] if found else [])])


def _count(value: int | None) -> str:
    return DASH if value is None else f"{value:,}"


def _number(value: float | None, digits: int) -> str:
    return DASH if value is None else f"{value:.{digits}f}"


def _percent(value: float | None) -> str:
    return DASH if value is None else f"{100 * value:.2f} %"
