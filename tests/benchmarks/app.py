"""How quick the app is: pages, edits, a stop, and twenty sessions while two solves run.

``python -m tests.benchmarks.app [--sessions 20] [--seconds 60] [--think 4]`` prints a table and writes
``results/app.json``. One window of Chromium measures what a person sees; the other sessions speak the connection of a
browser (`app_session`), since twenty windows of Chromium would be busier than the app on a machine of two cores.
"""

import argparse
import asyncio
import json
import random
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import procure
from tests.apps.conftest import FLAGS
from tests.apps.rows import put_plan
from tests.apps.served import App, chromium
from tests.apps.window import Window
from tests.benchmarks.app_session import Session
from tests.benchmarks.family import family
from tests.benchmarks.machine import machine, versions
from tests.benchmarks.results import write

RESULTS: Final = Path(__file__).parent / "results" / "app.json"
PAGES: Final = {"Scenario": "", "Plan": "plan", "What-if": "what-if", "Trade-offs": "trade-offs", "Runs": "runs"}
LIMITS_S: Final = {
    "page switch, median": 1.0,
    "edit shown, median": 0.5,
    "stop visible, median": 1.0,
    "interaction beside others, p95": 2.0,
    "interaction in a window, p95": 2.0,
}
ROUNDS: Final = 8
STOPS: Final = 5


def timed(do: Callable[[], object]) -> float:
    """Return the seconds something takes."""
    began = time.monotonic()
    do()
    return time.monotonic() - began


def spread(seconds: list[float]) -> dict[str, float]:
    """Return median, 95th percentile and most of durations."""
    ordered = sorted(seconds)
    return {
        "count": len(ordered),
        "median_s": statistics.median(ordered),
        "p95_s": ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))],
        "most_s": ordered[-1],
    }


def pages(window: Window) -> dict[str, list[float]]:
    """Return the seconds of page switches, each until the page is complete."""
    found: dict[str, list[float]] = {page: [] for page in PAGES}
    for _ in range(ROUNDS):
        for page in PAGES:
            found[page].append(timed(lambda page=page: window.to(page)))
    return found


def edits(window: Window) -> list[float]:
    """Return the seconds from a knob that is turned until the page tells what it was before, and back."""
    window.to("What-if")
    badge, found = window.page.get_by_text(re.compile("was 15.0 %")), []
    for number in range(ROUNDS):
        window.settled()
        found.append(timed(lambda number=number: _turned(window, f"{20 + number} %", "visible")))
        window.settled()
        found.append(timed(lambda: _turned(window, "15 %", "hidden")))
    assert not badge.count()
    return found


def _turned(window: Window, value: str, state: Any) -> None:
    window.write("spot_share, written", value)
    window.page.get_by_text(re.compile("was 15.0 %")).wait_for(state=state)


def stops(window: Window) -> dict[str, list[float]]:
    """Return the seconds from the press on Stop until it shows, and until the best plan is there."""
    found: dict[str, list[float]] = {"stop visible": [], "best plan shown": []}
    for _ in range(STOPS):
        window.press(re.compile("^Solve"))
        window.sees(re.compile(r"best [\d.]+ \w* ?USD"), within_s=120)
        began = time.monotonic()
        window.press("Stop")
        window.page.get_by_role("button", name="Stopping…").wait_for()
        found["stop visible"].append(time.monotonic() - began)
        window.sees("was stopped: this is its best plan", within_s=60)
        found["best plan shown"].append(time.monotonic() - began)
    return found


async def visitor(port: int, seed: int, seconds: float, think_s: float) -> tuple[list[float], int]:
    """Click about for a while; return the seconds of each interaction, and how many exceptions pages showed."""
    chance, found = random.Random(seed), []
    async with Session(port) as session:
        await session.show("")
        until = time.monotonic() + seconds
        await asyncio.sleep(chance.uniform(0, think_s))
        while time.monotonic() < until:
            knob = "slide_limits.spot_share.max_share"
            if knob in session.widgets and chance.random() < 0.6:
                found.append(await session.turn(knob, chance.randrange(5, 95) / 100))
            else:
                found.append(await session.show(chance.choice([*PAGES.values(), "what-if"])))
            await asyncio.sleep(chance.expovariate(1 / think_s))
        return found, session.errors


def crowd(port: int, sessions: int, seconds: float, think_s: float) -> tuple[list[float], int]:
    """Return the interactions of many sessions at once, and how many exceptions they showed."""

    async def all_() -> list[tuple[list[float], int]]:
        return await asyncio.gather(*(visitor(port, seed, seconds, think_s) for seed in range(sessions)))

    done = asyncio.run(all_())
    return [one for found, _ in done for one in found], sum(errors for _, errors in done)


def beside(window: Window, app: App, sessions: int, seconds: float, think_s: float) -> dict[str, Any]:
    """Return the interactions of sessions, and of one window, while two solves run."""
    desk, found = app.desk(), []
    for name in ("endless", "endless too"):
        saved = next(one for one in desk.scenarios.all() if one.name == name)
        desk.jobs.solve(desk.scenarios.data(saved.version.id), scenario_id=saved.id, label=name, again=True)
    others: list[Any] = []
    thread = threading.Thread(target=lambda: others.extend(crowd(app.port, sessions - 1, seconds, think_s)))
    thread.start()
    time.sleep(2)
    while thread.is_alive():
        for page in PAGES:
            found.append(timed(lambda page=page: window.to(page)))
            time.sleep(think_s / 2)
    thread.join()
    running = desk.jobs.all(active=True)
    for job in running:
        desk.jobs.stop(job.id)
    assert len(running) == 2, "a solve ended before the measurement did"
    return {"others": others[0], "window": found, "exceptions": others[1]}


def measure(sessions: int, seconds: float, think_s: float) -> dict[str, Any]:
    """Return all figures."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        app = App(Path(name))
        try:
            desk = app.desk()
            scenario = procure.load("enterprise")
            saved = desk.scenarios.create(scenario.data())
            put_plan(desk, saved, procure.solve(scenario, gap=0.02, time_limit_s=120))
            for number, title in enumerate(("endless", "endless too")):
                desk.scenarios.create(family("M", "small", number).data(), name=title)
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            window = Window(browser, app).open(f"?scenario={saved.id}")
            window.to("Plan")  # its libraries are imported once
            switches, turns = pages(window), edits(window)
            stopped = stops(Window(browser, app).open(f"what-if?scenario={_id(app, 'endless')}"))
            crowded = beside(window, app, sessions, seconds, think_s)
            assert crowded["exceptions"] == 0
        finally:
            app.close()
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "versions": versions(),
        "sessions": sessions, "think_s": think_s,
        "page switch": spread([one for page in switches.values() for one in page]),
        "pages": {page: spread(found) for page, found in switches.items()},
        "edit shown": spread(turns),
        "stop visible": spread(stopped["stop visible"]), "best plan shown": spread(stopped["best plan shown"]),
        "interaction beside others": spread(crowded["others"]), "interaction in a window": spread(crowded["window"]),
    }  # fmt: skip


def _id(app: App, name: str) -> str:
    return next(one.id for one in app.desk().scenarios.all() if one.name == name)


def report(found: dict[str, Any]) -> str:
    """Return the figures as a table, each beside its limit."""
    lines = [f"{'':32}{'count':>7}{'median':>9}{'p95':>9}{'most':>9}"]
    rows = {name: row for name, row in found.items() if isinstance(row, dict) and "median_s" in row}
    rows |= {f"  {page}": row for page, row in found["pages"].items()}
    lines += [
        f"{name:32}{row['count']:7d}{row['median_s']:8.2f}s{row['p95_s']:8.2f}s{row['most_s']:8.2f}s"
        for name, row in rows.items()
    ]
    for asked, limit in LIMITS_S.items():
        name, _, which = asked.rpartition(", ")
        value = found[name][f"{which}_s"]
        lines.append(f"{asked}: {value:.2f} s, at most {limit} s: {'kept' if value <= limit else 'MISSED'}")
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, default=4, help="seconds between two interactions of a session, mean")
    asked = parser.parse_args()
    found = measure(asked.sessions, asked.seconds, asked.think)
    print(report(found))  # noqa: T201  # a report
    write(RESULTS, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
