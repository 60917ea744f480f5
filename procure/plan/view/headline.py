"""The few numbers at the top of a page."""

from dataclasses import dataclass

from procure.plan.plan import Plan
from procure.plan.report.headline import largest_share
from procure.plan.report.words import CENTS, amount, percent, usd


@dataclass(frozen=True)
class Number:
    """A number of the top row.

    Parameters
    ----------
    name
        Which it is, for programs.
    label
        What it is called.
    value
        The number with its unit, as text.
    help
        What it means, in a sentence.
    """

    name: str
    label: str
    value: str
    help: str


def headline(plan: Plan) -> list[Number]:
    """Return the numbers of the top row, the most important first."""
    totals, horizon = plan.totals, plan.scenario.horizon
    span = f"{horizon.labels[0]} to {horizon.labels[-1]}"
    after = f"; {usd(totals['committed_tail'])} USD are owed after it" if totals["committed_tail"] > CENTS else ""
    numbers = [
        Number("discounted_cost", "Discounted cost", f"{usd(totals['discounted_cost'])} USD",
               f"All in, discounted at {percent(horizon.discount_rate_per_year)} a year to {horizon.start}."),
        Number("cost", "Cash cost", f"{usd(totals['cost'])} USD", f"Not discounted, {span}{after}."),
        Number("peak_chips", "Chips at the peak", amount(totals["peak_chips"]), "Most chips active at one time."),
        Number("peak_power", "Power at the peak", f"{amount(totals['peak_power'])} MW",
               "Most power drawn at the meter at one time, over all regions."),
        Number("gap", "Gap", _gap(plan), "How far the objective is at most above the best possible."),
    ]  # fmt: skip
    if (largest := largest_share(plan, "vendor")) is not None:
        name, share, most, year = largest
        text = f"{name} has this share of all spend; at most {percent(most)}, in {year}."
        numbers.append(Number("largest_vendor", f"Largest vendor: {name}", percent(share), text))
    numbers.append(_unmet(plan))
    made = ((f"{len(plan.figures[name][name[:-1]])}", name) for name in ("agreements", "projects"))
    for (count, name), known in zip(made, (plan.scenario.agreements, plan.scenario.projects), strict=True):
        if known:
            done = "signed" if name == "agreements" else "started"
            text = f"Of {len(known)} that the scenario offers."
            numbers.append(Number(name, f"{name.capitalize()} {done}", count, text))
    return numbers


def _gap(plan: Plan) -> str:
    return "no bound" if plan.result["bound"] is None else percent(plan.gap)


def _unmet(plan: Plan) -> Number:
    """Return the largest share of a workload's demand that is not served: units differ and cannot be added."""
    asked: dict[str, float] = {}
    left: dict[str, float] = {}
    table = plan.figures["unmet"]
    for work, demand, unmet in zip(table["workload"], table["demand"], table["unmet"], strict=True):
        asked[str(work)] = asked.get(str(work), 0.0) + float(str(demand))
        left[str(work)] = left.get(str(work), 0.0) + float(str(unmet))
    shares = {work: left[work] / asked[work] for work in asked}
    worst = max(shares, key=lambda work: shares[work], default="")
    short = sum(share > 1e-6 for share in shares.values())
    if not short:
        return Number("unmet", "Work left undone", percent(0.0), f"All {len(shares)} workloads are served in full.")
    text = f"Of {worst}, the workload served least; {len(shares) - short} of {len(shares)} are served in full."
    return Number("unmet", "Work left undone", percent(max(shares[worst], 0.001)), text)
