"""What a batch has to say in the morning, on a terminal."""

from typing import TYPE_CHECKING, Final

from procure.plan.report.words import grid, percent, usd
from procure.runs.batches import Event
from procure.runs.drift import Drift
from procure.runs.morning import Morning
from procure.runs.outcomes import Outcome

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

MOST_UNITS: Final = 60
"""Shown; of more, those that have no plan and then those whose cost changed most."""
MOST_DRIFTS: Final = 12
MOST_LINES: Final = 20
"""Alerts and events shown."""


def show_morning(found: Morning, console: "Console") -> None:
    """Print what became of each unit, what explains the changes, and what is worth a look; 80 columns are enough."""
    from rich.text import Text

    console.print(Text(summary(found)), soft_wrap=True)
    _units(found, console)
    if found.drifts:
        _drifts(found, console)
    for level, title, lines in (
        ("bold red", "Alerts", [f"{one.unit}: {one.sentence}" for one in found.alerts]),
        ("bold", "Events", [one.message for one in worth_telling(found) if one.level != "info"]),
    ):
        if lines:
            console.print(Text(title, style=level))
            for line in lines[:MOST_LINES]:
                console.print(Text("  ").append_text(plain(line)), soft_wrap=True)
            if len(lines) > MOST_LINES:
                console.print(f"  {len(lines) - MOST_LINES:,} more")


def summary(found: Morning) -> str:
    """Return a batch in a line: its name, how it ended, how many units there are in each state."""
    states = ", ".join(f"{number:,} {state}" for state, number in found.counts.items()) or "no units"
    took = "" if found.seconds is None else f" in {found.seconds:,.0f} s"
    kept = sum(one.reused for one in found.outcomes)
    again = f"; {kept:,} known before" if kept else ""
    against = "" if found.before is None else f"; against {found.before.created_at:%Y-%m-%d %H:%M} UTC"
    return f"{found.batch.name} {found.batch.id[:8]}: {found.batch.state}{took}: {states}{again}{against}"


def ranked(outcomes: tuple[Outcome, ...], most: int) -> list[Outcome]:
    """Return the outcomes; of more than `most` those without a plan and then those that changed most, in order."""
    if len(outcomes) <= most:
        return list(outcomes)

    def weight(position: int) -> tuple[bool, float]:
        one = outcomes[position]
        return one.now.cost_usd is not None, -abs(one.change_usd or 0.0)

    return [outcomes[position] for position in sorted(sorted(range(len(outcomes)), key=weight)[:most])]


def plain(text: str) -> "Text":
    """Return text that is no markup, and tells a terminal nothing: names are whatever a file is called."""
    from rich.text import Text

    return Text("".join(letter if letter.isprintable() else "�" for letter in text))


def signed(value: float) -> str:
    """Return an amount of USD with its sign."""
    return f"+{usd(value)}" if value > 0 else usd(value)


def state(one: Outcome) -> str:
    """Return how a unit stands; of a plan that is not proven within the gap, what it was stopped by."""
    return {"limit": "at limit", "cancelled": "stopped"}.get(one.now.ending, one.now.state)


def took(one: Outcome) -> str:
    """Return the seconds of a solve, or that its answer was known before the batch."""
    return "known" if one.reused else f"{one.now.seconds:,.1f}" if one.now.hash else ""


def worth_telling(found: Morning) -> list[Event]:
    """Return what happened to a batch, without the alerts, which are told on their own."""
    told = {(one.unit, one.event) for one in found.alerts}
    return [one for one in found.events if (one.unit, one.message) not in told]


def _units(found: Morning, console: "Console") -> None:
    changed = ("change", "%") if found.before is not None else ()
    out = grid("Units (discounted cost, USD)", "unit", "state", "cost", *changed, "gap", "s", left=2)
    out.columns[1].no_wrap, out.padding = True, (0, 1, 0, 0)  # names are long
    shown = ranked(found.outcomes, MOST_UNITS)
    for one in shown:
        cost = "" if one.now.cost_usd is None else usd(one.now.cost_usd)
        gap = "" if one.now.gap is None else percent(one.now.gap)
        out.add_row(
            plain(one.name), state(one), cost, *_change(one)[: len(changed)], gap,
            took(one),
            style="bold red" if one.failed else "bold" if one.now.cost_usd is None else None,
        )  # fmt: skip
    if len(shown) < len(found.outcomes):
        out.caption, out.caption_justify = f"{len(found.outcomes) - len(shown):,} more; --json shows all", "left"
    console.print(out)
    told = {one.unit for one in found.alerts if one.rule == "failed"}
    for one in [one for one in shown if one.failed and one.name not in told][:MOST_LINES]:
        console.print(plain(f"{one.name}: {one.message}"), soft_wrap=True)


def _change(one: Outcome) -> tuple[str, str]:
    if one.before is None:
        return "new", ""
    if one.change_usd is None:
        return "" if one.before.cost_usd is None else "lost", ""
    share = "" if one.change_share is None else f"{one.change_share * 100:+,.1f}"
    return signed(one.change_usd), share


def _drifts(found: Morning, console: "Console") -> None:
    out = grid("What changed, and what it does to the cost (USD)", "unit", "input", "change", left=2)
    for drift in found.drifts[:MOST_DRIFTS]:
        for number, (cause, change) in enumerate(cells(drift)):
            out.add_row(plain(drift.unit if number == 0 else ""), plain(cause), change)
    if len(found.drifts) > MOST_DRIFTS:
        out.caption, out.caption_justify = f"{len(found.drifts) - MOST_DRIFTS:,} more; --json shows all", "left"
    for column in out.columns[:2]:
        column.no_wrap = False
    console.print(out)
    if any(step.within_proof for drift in found.drifts[:MOST_DRIFTS] for step in drift.steps):
        console.print("~ within the proof of the plans: of either sign; a smaller gap tells more", style="dim")


def cells(drift: Drift) -> list[tuple[str, str]]:
    """Return what explains a unit as rows of input and change, the last their sum; without steps, what changed."""
    if not drift.steps:
        return [(told, "") for told in _told(drift, tuple(drift.changes))]
    rows = []
    for step in drift.steps:
        told = _told(drift, step.entries)
        text = step.label if len(step.entries) > 1 or not told else told[0]
        mark = "~" if step.within_proof else ""
        rows.append((text, f"{mark}{signed(step.usd)}"))
    if len(rows) > 1 and drift.usd is not None:
        rows.append(("in all", signed(drift.usd)))
    return rows


def _told(drift: Drift, entries: tuple[str, ...]) -> list[str]:
    """Return what changed in entries, one line for each of them."""
    found = []
    for entry in entries:
        changes = drift.changes.get(entry, ())
        more = f" (and {len(changes) - 1} more)" if changes[1:] else ""
        found += [f"{changes[0]}{more}"] if changes else []
    return found
