"""What is worth waking somebody for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from procure.plan.report.words import amount, percent, usd
from procure.runs.manifest import Alerts, Manifest
from procure.runs.outcomes import Outcome

if TYPE_CHECKING:
    from procure.runs.morning import Morning

MOST_EVENTS: Final = 100
"""Alerts kept as events of their own; the last event says how many more there are."""
_PLANLESS: Final = {"infeasible": "no plan satisfies it", "limit": "no plan was found in time"}


@dataclass(frozen=True)
class Alert:
    """One rule that a unit breaks.

    Parameters
    ----------
    rule
        As the manifest calls it.
    unit
        Its name.
    sentence
        For people.
    value, threshold
        What was found and what the rule allows, in its unit (shares, days); None where it has none.
    """

    rule: str
    unit: str
    sentence: str
    value: float | None = None
    threshold: float | None = None

    @property
    def event(self) -> str:
        """What is kept of it among the events of its batch."""
        return f"{self.rule}: {self.sentence}"

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


Rule: TypeAlias = Callable[[Outcome, Alerts], Iterator[Alert]]


def cost_up(found: Outcome, rules: Alerts) -> Iterator[Alert]:
    """Say when the cost is up by more than a share of what it was; from 0 up is always more."""
    yield from _moved(found, "cost_up", rules.cost_up, 1)


def cost_down(found: Outcome, rules: Alerts) -> Iterator[Alert]:
    """Say when the cost is down by more than a share of what it was."""
    yield from _moved(found, "cost_down", rules.cost_down, -1)


def _moved(found: Outcome, rule: str, most: float | None, sign: int) -> Iterator[Alert]:
    change, share = found.change_usd, found.change_share
    if most is None or change is None or change * sign <= 0 or (share is not None and share * sign <= most):
        return
    assert found.before is not None
    assert found.before.cost_usd is not None
    assert found.now.cost_usd is not None
    by = "" if share is None else f" by {percent(abs(share))}"
    word = "up" if sign > 0 else "down"
    ends = f"from {usd(found.before.cost_usd)} to {usd(found.now.cost_usd)} USD"
    yield Alert(rule, found.name, f"its cost is {word}{by}, {ends}", share, most)


def gap_above(found: Outcome, rules: Alerts) -> Iterator[Alert]:
    """Say when a plan is proven only to a wider gap, or to none."""
    if rules.gap_above is None or found.now.plan_id is None:
        return
    gap = found.now.gap
    if gap is None:
        yield Alert("gap_above", found.name, "no bound is known of its plan", None, rules.gap_above)
    elif gap > rules.gap_above:
        yield Alert("gap_above", found.name, f"its plan is proven within {percent(gap)} only", gap, rules.gap_above)


def newly_binding(found: Outcome, rules: Alerts) -> Iterator[Alert]:
    """Say which limits bind that did not in the batch before."""
    if found.before is None or found.before.binding is None or found.now.binding is None:
        return
    for limit in sorted(found.now.binding - found.before.binding):
        if rules.newly_binding == "any" or limit in rules.newly_binding:
            yield Alert("newly_binding", found.name, f"limit {limit} binds and did not")


def infeasible(found: Outcome, rules: Alerts) -> Iterator[Alert]:
    """Say when a unit has no plan, unless the batch before said so."""
    if rules.infeasible and found.now.state in _PLANLESS:
        if found.before is not None and found.before.state in _PLANLESS:
            return
        had = found.before is not None and found.before.cost_usd is not None
        said = _PLANLESS[found.now.state] + (", and it had one" if had else "")
        yield Alert("infeasible", found.name, said)


def failed(found: Outcome, rules: Alerts) -> Iterator[Alert]:
    """Say when the data of a unit are not valid or its solve failed."""
    if rules.failed and found.failed:
        what = "its data are not valid" if found.now.state == "invalid" else "its solve failed"
        yield Alert("failed", found.name, what if found.message in ("", what) else f"{what}: {found.message}")


def stale_days(found: Outcome, rules: Alerts) -> Iterator[Alert]:
    """Say when a price that is used is older than so many days."""
    old = [] if rules.stale_days is None else [price for price in found.prices if price.days > rules.stale_days]
    if old:
        more = f", and {len(old) - 1} more are stale" if old[1:] else ""
        first = f"the price of {old[0].offer} is {amount(old[0].days)} days old ({old[0].as_of})"
        yield Alert("stale_days", found.name, first + more, old[0].days, rules.stale_days)


RULES: Final[tuple[Rule, ...]] = (failed, infeasible, cost_up, cost_down, gap_above, newly_binding, stale_days)


def alerts(found: Sequence[Outcome], rules: Alerts) -> tuple[Alert, ...]:
    """Return what the rules say of the outcomes of a batch, rule by rule."""
    return tuple(said for rule in RULES for one in found for said in rule(one, rules))


def alert(found: "Morning", manifest: Manifest) -> tuple[Alert, ...]:
    """Keep the alerts of a batch as events and post them where the manifest asks for it; return them.

    A post that fails is an event and nothing else.
    """
    from procure.runs.webhook import NotPosted, post

    for one in found.alerts[:MOST_EVENTS]:
        found.tell("warning", one.event, one.unit)
    if len(found.alerts) > MOST_EVENTS:
        found.tell("warning", f"{len(found.alerts) - MOST_EVENTS:,} more alerts")
    if manifest.webhook is not None and found.alerts:
        try:
            post(manifest.webhook, found.posted())
        except NotPosted as error:
            found.tell("error", f"the alerts were not posted: {error}")
        else:
            found.tell("info", "the alerts were posted")
    return found.alerts
