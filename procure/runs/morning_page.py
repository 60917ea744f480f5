"""What a batch has to say in the morning, as one HTML file: no scripts, nothing fetched, light or dark."""

from typing import Final

import pandas as pd

from procure.plan.charts import comparison
from procure.plan.html import Grid, Section, grid, picture, template
from procure.plan.report.words import percent, usd
from procure.plan.view.headline import Number
from procure.runs.manifest import Manifest
from procure.runs.morning import Morning
from procure.runs.morning_report import cells, ranked, state, summary, took, worth_telling
from procure.scenario.validate import validate

MOST_UNITS: Final = 500
MOST_DRIFTS: Final = 100
MOST_LINES: Final = 300
"""Rows shown of alerts and of events."""
NAMES: Final = ("before", "this batch")


def page(found: Morning) -> str:
    """Return the report of a batch as HTML."""
    sections = [_alerts(found), _costs(found), _units(found), _drifts(found), _events(found)]
    return template("procure.runs", "morning.html.j2").render(
        found=found, summary=summary(found), numbers=_numbers(found), provenance=_provenance(found),
        sections=[one for one in sections if one.pictures or (one.grid and one.grid.rows)],
        made=f"procure {found.batch.code}", all_rows="procure runs show --json",
    )  # fmt: skip


def _numbers(found: Morning) -> list[Number]:
    known = [one for one in found.outcomes if one.now.cost_usd is not None]
    moved = [one for one in found.outcomes if one.change_usd is not None and abs(one.change_usd) >= 0.01]
    again = sum(one.reused for one in found.outcomes)
    states = ", ".join(f"{number:,} {state}" for state, number in found.counts.items())
    numbers = [
        Number("units", "Units", f"{len(found.outcomes):,}", f"{again:,} known before."),
        Number("plans", "With a plan", f"{len(known):,}", f"{states}."),
        Number("alerts", "Alerts", f"{len(found.alerts):,}", "By the rules of the manifest."),
    ]  # fmt: skip
    if found.before is not None:
        largest = max(moved, key=lambda one: abs(one.change_usd or 0.0), default=None)
        told = "No cost changed." if largest is None else f"Most: {largest.name}, {usd(largest.change_usd or 0.0)} USD."
        numbers.append(Number("changed", "Costs that changed", f"{len(moved):,}", told))
    return numbers


def _alerts(found: Morning) -> Section:
    rows = [(one.rule, one.unit, one.sentence) for one in found.alerts]
    return Section("Alerts", [], grid(pd.DataFrame(rows, columns=["Rule", "Unit", "What"]), MOST_LINES))


def _costs(found: Morning) -> Section:
    rows = [
        (one.name, one.before.cost_usd, one.now.cost_usd, one.change_usd)
        for one in found.outcomes
        if one.before is not None and one.change_usd is not None and abs(one.change_usd) >= 0.01
    ]
    frame = pd.DataFrame(rows, columns=["name", "first", "second", "change"])
    frame = frame.sort_values("change", key=abs, ascending=False, kind="stable")
    title = "Discounted cost (USD)"
    drawn = picture(lambda: comparison.chart(frame, NAMES, title, "Unit"), comparison.alt_text(frame), "costs")
    return Section("Costs against the batch before", drawn, None, "The units whose cost changed most.")


def _units(found: Morning) -> Section:
    shown = ranked(found.outcomes, MOST_UNITS)
    columns = {
        "Unit": [one.name for one in shown], "State": [state(one) for one in shown],
        "Cost (USD)": [one.now.cost_usd for one in shown],
        "Before (USD)": [None if one.before is None else one.before.cost_usd for one in shown],
        "Change (USD)": [one.change_usd for one in shown], "Change (%)": [one.change_share for one in shown],
        "Gap (%)": [one.now.gap for one in shown],
        "Seconds": [took(one) for one in shown],
        "Said": [one.message if one.now.cost_usd is None else "" for one in shown],
    }  # fmt: skip
    frame = pd.DataFrame(columns)
    for name in ("Cost (USD)", "Before (USD)", "Change (USD)", "Change (%)", "Gap (%)"):
        frame[name] = frame[name].astype(float)
    if found.before is None:
        frame = frame.drop(columns=["Before (USD)", "Change (USD)", "Change (%)"])
    listed = grid(frame, MOST_UNITS)
    return Section("Units", [], Grid(listed.titles, listed.rows, listed.numbers, len(found.outcomes) - len(shown)))


def _drifts(found: Morning) -> Section:
    rows = [
        (drift.unit if number == 0 else "", cause, change)
        for drift in found.drifts[:MOST_DRIFTS]
        for number, (cause, change) in enumerate(cells(drift))
    ]
    titles = ["Unit", "Input", "USD (~ within the proof)"]
    listed = grid(pd.DataFrame(rows, columns=titles), len(rows))
    hidden = max(len(found.drifts) - MOST_DRIFTS, 0)
    return Section("What changed, and what it does to the cost", [],
                   Grid(listed.titles, listed.rows, [False, False, True], hidden))  # fmt: skip


def _events(found: Morning) -> Section:
    rows = [(f"{one.at:%Y-%m-%d %H:%M:%S}", one.level, one.unit, one.message) for one in worth_telling(found)]
    return Section("Events", [], grid(pd.DataFrame(rows, columns=["At (UTC)", "Level", "Unit", "What"]), MOST_LINES))


def _provenance(found: Morning) -> Grid:
    batch, before = found.batch, found.before
    asked = validate(Manifest, dict(batch.manifest)).solver.gap
    rows = {
        "Batch": batch.id, "Manifest": batch.name, "State": batch.state,
        "Began (UTC)": f"{batch.created_at:%Y-%m-%d %H:%M:%S}",
        "Ended (UTC)": "" if batch.finished_at is None else f"{batch.finished_at:%Y-%m-%d %H:%M:%S}",
        "Gap asked for": percent(asked), "procure": batch.code,
        "Compared with": "nothing" if before is None else f"{before.id}, began {before.created_at:%Y-%m-%d %H:%M:%S}",
    }  # fmt: skip
    return Grid(["", ""], [[name, value] for name, value in rows.items()], [False, False], 0)
