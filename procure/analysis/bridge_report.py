"""A bridge of costs as a planner reads it on a terminal."""

import math
from typing import TYPE_CHECKING, Final

from procure.analysis.bridge import Bridge, Cause, Step
from procure.plan.report.words import grid, usd

if TYPE_CHECKING:
    from rich.console import Console

_NAMED: Final = 4


def show_bridge(found: Bridge | None, told: tuple[Cause, ...], console: "Console", names: tuple[str, str]) -> None:
    """Print what each changed input does to the cost; without a bridge, which inputs differ and how to get one.

    Parameters
    ----------
    names
        What the two plans are called.
    """
    if found is None:
        size = sum(len(cause.entries) for cause in told)
        some = ", ".join(cause.label for cause in told[:_NAMED]) + (", …" if len(told) > _NAMED else "")
        text = f"{size} inputs differ ({some}); --causes solves what lies between and says what each explains"
        console.print(text, markup=False, soft_wrap=True)
        return
    if not found.steps or (not found.causes[0].entries and found.steps[0].usd == 0):
        console.print("no input differs")
        return
    out = grid("What each changed input does to the discounted cost (USD)", "input", "change", "cost", "proven")
    out.add_row(names[0], "", usd(found.costs[0]), _within(found.gaps[0]))
    for step, cost, gap in zip(found.steps, found.costs[1:], found.gaps[1:], strict=True):
        note = f"{_within(gap)}; sign not proven" if step.within_proof else _within(gap)
        out.add_row(step.label, _signed(step), usd(cost), note)
    console.print(out)
    console.print(f"{names[1]} costs {usd(found.costs[-1] - found.costs[0])} USD more than {names[0]}"
                  if found.costs[-1] >= found.costs[0]
                  else f"{names[1]} costs {usd(found.costs[0] - found.costs[-1])} USD less than {names[0]}",
                  markup=False)  # fmt: skip
    loose = [step.label for step in found.steps if step.within_proof]
    if loose:
        text = (
            f"Within the proof of the plans, and may be of either sign: {', '.join(loose)}; a smaller --gap tells more"
        )
        console.print(text, markup=False, soft_wrap=True)


def _signed(step: Step) -> str:
    return f"+{usd(step.usd)}" if step.usd > 0 else usd(step.usd)


def _within(gap: float) -> str:
    return f"within {usd(gap)}" if math.isfinite(gap) else "no proof"
