"""Live progress of a solve on a terminal, or a few lines in a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from procure.plan.report.words import percent, usd

if TYPE_CHECKING:
    from rich.console import Console

    from solvers import Progress

LOG_EVERY_S: Final = 10.0


@contextmanager
def watch(console: "Console", *, quiet: bool) -> Iterator["Callable[[Progress], None] | None"]:
    """Show progress events on a console: one live line on a terminal, a line every ten seconds elsewhere."""
    if quiet:
        yield None
    elif console.is_terminal:
        with console.status("building the model", spinner="dots") as status:
            yield lambda event: status.update(line(event))
    else:
        last = [-LOG_EVERY_S, False]

        def log(event: "Progress") -> None:
            first_plan = event.incumbent is not None and not last[1]
            now = time.monotonic()
            if first_plan or now - last[0] >= LOG_EVERY_S:
                console.print(line(event), markup=False)
                last[:] = [now, last[1] or first_plan]

        yield log


def line(event: "Progress") -> str:
    """Return one event as a line: elapsed, best plan, bound, gap."""
    best = "no plan yet" if event.incumbent is None else f"best {usd(event.incumbent)} USD"
    bound = "" if event.bound is None else f", bound {usd(event.bound)} USD"
    gap = f", gap {percent(event.gap)}" if event.incumbent is not None and event.gap < 10 else ""
    return f"{event.seconds:6.1f} s  {event.phase}: {best}{bound}{gap}"
